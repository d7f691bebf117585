"""The bench supply's driver, word for word."""

from __future__ import annotations

from typing import Any

import pytest

from labctl.instruments import (
    Beam,
    DeviceRefusedError,
    Identity,
    IdentityError,
    InputError,
    PortProtocolError,
    Seal,
)
from labctl_drivers.keysight_e36300 import KeysightE36300
from tests.unit.drivers.transcript import Step, TranscriptPort

NO_ERROR: Step = (b"SYST:ERR?\n", b'+0,"No error"\n')
NO_TRIP: tuple[Step, ...] = (
    (b"VOLT:PROT:TRIP? (@2)\n", b"0\n"),
    (b"CURR:PROT:TRIP? (@2)\n", b"0\n"),
)


def reads(output: int, volts: float, amperes: float, *look: Step) -> tuple[Step, ...]:
    return (
        (b"OUTP? (@2)\n", b"%d\n" % output),
        (b"MEAS:VOLT? (@2)\n", b"%+.8E\n" % volts),
        (b"MEAS:CURR? (@2)\n", b"%+.8E\n" % amperes),
        *look,
    )


def configuration(sense: bytes = b"EXT\n", limit: bytes = b"+1.50000000E-01\n") -> list[Step]:
    return [
        (b"OUTP 0,(@2)\n", None),
        (b"*CLS\n", None),
        (b"VOLT:SENS:SOUR EXT,(@2)\n", None),
        (b"VOLT 0,(@2)\n", None),
        (b"CURR 0.1500,(@2)\n", None),
        (b"CURR:PROT:STAT 1,(@2)\n", None),
        (b"VOLT:PROT:STAT 1,(@2)\n", None),
        NO_ERROR,
        (b"VOLT:SENS:SOUR? (@2)\n", sense),
        (b"CURR? (@2)\n", limit),
        (b"VOLT? (@2)\n", b"+0.00000000E+00\n"),
    ]


DARK = reads(0, 1e-4, 2e-6, *NO_TRIP)


def supply(*steps: Step, **settings: Any) -> tuple[KeysightE36300, TranscriptPort]:
    port = TranscriptPort(*steps)
    return KeysightE36300(port, {"max_current": "150 mA", **settings}), port


def configured(**settings: Any) -> tuple[KeysightE36300, TranscriptPort]:
    driver, port = supply(*configuration(), *DARK, **settings)
    port.run(driver.configure())
    return driver, port


def test_identity() -> None:
    """Make, model, serial and firmware."""
    driver, port = supply((b"*IDN?\n", b"Keysight Technologies,E36313A,MY590,2.1.0\n"))

    assert Identity("Keysight", "E36313A", "MY590", "2.1.0") == port.run(driver.identify())


@pytest.mark.parametrize(
    "said",
    [b"Keysight Technologies,E36311A,MY1,1.0\n", b"Keysight Technologies,34970A,0,1\n",
     b"Acme,E36312A,1,1\n", b"1.98E-02\n"],
)  # fmt: skip
def test_a_stranger_is_refused(said: bytes) -> None:
    """A model without sense wires, a scanner of the same make, another make, a number."""
    driver, port = supply((b"*IDN?\n", said))

    with pytest.raises(IdentityError):
        port.run(driver.identify())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"output": 4}, "output"),
        ({"max_voltage": "30 V"}, "max_voltage"),
        ({"max_voltage": "10 V", "output": 1}, "max_voltage"),
        ({"max_current": "1 V"}, "max_current"),
        ({"sense": "three-wire"}, "sense"),
    ],
)
def test_settings_outside_the_instrument_are_refused(
    settings: dict[str, Any], message: str
) -> None:
    """Output 1 gives 6 V and no more; a current is no voltage."""
    with pytest.raises(InputError, match=message):
        supply(**settings)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (configuration(sense=b"INT\n")[:9], "sense wires were not taken"),
        (configuration(limit=b"+1.00000000E+00\n")[:10], "current limit was not taken"),
        ([*configuration(), *reads(1, 5.0, 0.05, *NO_TRIP)], "does not read off"),
        (
            [
                *configuration(),
                *reads(0, 0.0, 0.0, (b"VOLT:PROT:TRIP? (@2)\n", b"1\n"), NO_TRIP[1]),
            ],
            "has tripped .seen: over voltage",
        ),
        ([*configuration(), *reads(0, 5.0, 0.05, *NO_TRIP)], "does not read off"),
    ],
)
def test_a_supply_that_does_not_do_as_told_is_not_configured(
    steps: list[Step], message: str
) -> None:
    """Wires, limits and off are read back; off with power at the terminals is no off."""
    driver, port = supply(*steps)

    with pytest.raises(DeviceRefusedError, match=message):
        port.run(driver.configure())


def test_a_level_is_limited_set_read_back_and_switched_on() -> None:
    """Over-voltage protection a little above, the set point read back, then on."""
    driver, port = configured(max_voltage="11 V")
    emitter = driver.emitter(Seal("test"))
    port.then(
        (b"VOLT:PROT 8.500,(@2)\n", None), NO_ERROR, (b"VOLT:PROT? (@2)\n", b"+8.50000000E+00\n")
    )
    port.run(emitter.limit_level(8.0))
    port.then(
        (b"VOLT 7.0711,(@2)\n", None), NO_ERROR, (b"VOLT? (@2)\n", b"+7.07110000E+00\n")
    )  # fmt: skip
    port.run(emitter.set_level(7.07107))
    port.then((b"OUTP 1,(@2)\n", None), NO_ERROR)
    port.run(emitter.on())
    port.then(*reads(1, 7.0709, 0.070712, *NO_TRIP))
    state = port.run(driver.read())

    assert (Beam.ON, 7.0709) == (state.beam, state.level)
    assert pytest.approx(0.5, rel=1e-4) == state.power_w
    assert ["power", "voltage", "current"] == [r.channel for r in state.readings]


def test_off_with_power_at_the_terminals_is_unknown() -> None:
    """A supply that says OFF while current flows is not believed."""
    driver, port = configured()
    port.then(*reads(0, 7.07, 0.0707))
    state = port.run(driver.read())

    assert Beam.UNKNOWN is state.beam
    assert "0.500 W flow though the output is said to be off" in state.faults


def test_a_protection_that_has_tripped_is_told() -> None:
    """On, then off by itself: why is asked for at once."""
    driver, port = configured()
    driver._output = True
    port.then(*reads(0, 0.0, 0.0, NO_TRIP[0], (b"CURR:PROT:TRIP? (@2)\n", b"1\n")))

    assert ("over current, switched off by itself",) == port.run(driver.read()).faults


def test_a_level_that_is_not_taken_is_refused_and_not_lit() -> None:
    """A set point that reads back otherwise: refused, and on is refused after it."""
    driver, port = configured()
    emitter = driver.emitter(Seal("test"))
    port.then((b"VOLT 7.0000,(@2)\n", None), NO_ERROR, (b"VOLT? (@2)\n", b"+6.18000000E+00\n"))
    with pytest.raises(DeviceRefusedError, match="voltage was not taken"):
        port.run(emitter.set_level(7.0))
    with pytest.raises(DeviceRefusedError, match="no level was set"):
        port.run(emitter.on())


@pytest.mark.parametrize("said", [b"9.91E+37\n", b"OVER\n", b"nan\n"])
def test_what_is_no_number_is_a_garbled_reply(said: bytes) -> None:
    """Neither an overload nor a word becomes a power."""
    driver, port = configured()
    port.then((b"OUTP? (@2)\n", b"0\n"), (b"MEAS:VOLT? (@2)\n", said))

    with pytest.raises(PortProtocolError, match="no number"):
        port.run(driver.read())
