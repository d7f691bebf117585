"""The Thorlabs diode controllers' driver, word for word."""

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
from labctl_drivers.thorlabs_ld import ThorlabsLaser
from tests.unit.drivers.transcript import Step, TranscriptPort

IDN: Step = (b"*IDN?\n", b"Thorlabs,ITC4005,M00404162,1.8.0/1.5.0/2.3.0\n")
NO_ERROR: Step = (b"SYST:ERR?\n", b'+0,"No error"\n')


def reads(lit: int, amperes: float, *look: Step, interlock: int = 0) -> tuple[Step, ...]:
    return (
        (b"OUTP1:STAT?\n", b"%d\n" % lit),
        (b"MEAS:CURR?\n", b"%.6E\n" % amperes),
        (b"OUTP1:PROT:INTL:TRIP?\n", b"%d\n" % interlock),
        *look,
    )


def look(key: int = 0, volt: int = 0, ext: int = 0, cooler: int = 1) -> tuple[Step, ...]:
    return (
        (b"OUTP1:PROT:KEYL:TRIP?\n", b"%d\n" % key),
        (b"OUTP1:PROT:VOLT:TRIP?\n", b"%d\n" % volt),
        (b"OUTP1:PROT:OTEM:TRIP?\n", b"0\n"),
        (b"OUTP1:PROT:EXT:TRIP?\n", b"%d\n" % ext),
        (b"OUTP2:STAT?\n", b"%d\n" % cooler),
    )


CONFIGURE: tuple[Step, ...] = (
    (b"OUTP1:STAT 0\n", None),
    (b"*CLS\n", None),
    (b"SOUR1:CURR 0\n", None),
    (b"SOUR1:FUNC:MODE CURR\n", None),
    (b"SOUR1:FUNC:SHAP DC\n", None),
    (b"SOUR1:AM 0\n", None),
    NO_ERROR,
    (b"SOUR1:FUNC:MODE?\n", b"CURR\n"),
    (b"SOUR1:FUNC:SHAP?\n", b"DC\n"),
    (b"OUTP1:DEL?\n", b"5.000000E-01\n"),
    (b"SOUR1:CURR?\n", b"0.000000E+00\n"),
)
SET: tuple[Step, ...] = (
    (b"SOUR1:CURR 1.500000\n", None),
    NO_ERROR,
    (b"SOUR1:CURR?\n", b"1.500000E+00\n"),
)


def configured(**settings: Any) -> tuple[ThorlabsLaser, TranscriptPort]:
    port = TranscriptPort(IDN)
    driver = ThorlabsLaser(port, {"max_current": "2 A", **settings})
    port.run(driver.identify())
    seen = look() if "cooler" not in settings else look()[:-1]
    port.then(*CONFIGURE, *reads(0, 1e-5, *seen)).run(driver.configure())
    return driver, port


def test_identity() -> None:
    """Make, model, serial and firmware, however the make is spelt."""
    port = TranscriptPort((b"*IDN?\n", b"THORLABS,LDC4020,M1,1.8.0/1.5.0\n"))

    found = port.run(ThorlabsLaser(port, {}).identify())
    assert Identity("Thorlabs", "LDC4020", "M1", "1.8.0/1.5.0") == found


@pytest.mark.parametrize(
    "said",
    [b"Thorlabs,TED4015,M1,1.0\n", b"Thorlabs,PM100D,P1,2.7.0\n", b"Acme,ITC4001,1,1\n", b"0.5\n"],
)
def test_a_stranger_is_refused(said: bytes) -> None:
    """A cooler's controller and a power meter of the same make, another make, a number."""
    port = TranscriptPort((b"*IDN?\n", said))

    with pytest.raises(IdentityError):
        port.run(ThorlabsLaser(port, {}).identify())


def test_a_cld_is_asked_what_it_knows() -> None:
    """No pulse shape, no modulation on a CLD1015; its diode's connection in place of LD ENABLE."""
    port = TranscriptPort((b"*IDN?\n", b"Thorlabs,CLD1015,M01093719,1.4.0\n"))
    driver = ThorlabsLaser(port, {})
    port.run(driver.identify())
    unknown = (b"SHAP", b":AM", b":DEL")
    said = [step for step in CONFIGURE if not any(word in step[0] for word in unknown)]
    seen = list(look())
    seen[3] = (b"OUTP1:PROT:CONN:TRIP?\n", b"1\n")
    port.then(*said, *reads(0, 0.0, *seen)).run(driver.configure())

    assert ("diode not connected",) == port.then(*reads(0, 0.0)).run(driver.read()).faults


@pytest.mark.parametrize(
    ("step", "said", "what"),
    [(7, b"POW\n", "constant-current mode"), (8, b"PULS\n", "unpulsed output"),
     (6, b'-113,"Undefined header"\n', "configuring"), (9, b"6.0E+00\n", "delayed by 6 s")],
)  # fmt: skip
def test_another_kind_of_drive_is_not_configured(step: int, said: bytes, what: str) -> None:
    """Constant power, pulses, an error on the way, light that comes too late: refused."""
    port = TranscriptPort(IDN)
    driver = ThorlabsLaser(port, {})
    port.run(driver.identify())
    then = [(CONFIGURE[step][0], said)] + ([NO_ERROR] if step == 6 else [])
    port.then(*CONFIGURE[:step], *then)

    with pytest.raises(DeviceRefusedError, match=what):
        port.run(driver.configure())


def test_a_laser_that_stays_on_is_not_configured() -> None:
    """The output reads on after off was written: refused."""
    port = TranscriptPort(IDN)
    driver = ThorlabsLaser(port, {})
    port.run(driver.identify())
    port.then(*CONFIGURE, *reads(1, 0.9, *look()))

    with pytest.raises(DeviceRefusedError, match="does not read off"):
        port.run(driver.configure())


def test_amperes_are_amperes_on_the_wire() -> None:
    """Limit and set point go out in A and are read back."""
    driver, port = configured()
    emitter = driver.emitter(Seal("test"))
    port.then(
        (b"SOUR1:CURR:LIM 2.000000\n", None), NO_ERROR, (b"SOUR1:CURR:LIM?\n", b"2.000000E+00\n")
    ).run(emitter.limit_level(2.0))
    port.then(*SET).run(emitter.set_level(1.5))


@pytest.mark.parametrize(
    ("error", "held", "what"),
    [(b'-222,"Data out of range"\n', None, "-222"), (b'+0,"No error"\n', b"1.4E+00\n", "1.4000 A")],
)
def test_a_level_that_was_not_taken_is_refused(error: bytes, held: bytes | None, what: str) -> None:
    """An error in the queue, or another value read back: DeviceRefusedError says which."""
    driver, port = configured()
    port.then(SET[0], (b"SYST:ERR?\n", error), *([NO_ERROR] if held is None else []))
    if held is not None:
        port._steps.append((b"SOUR1:CURR?\n", held))

    with pytest.raises(DeviceRefusedError) as caught:
        port.run(driver.emitter(Seal("test")).set_level(1.5))
    assert what in caught.value.seen


def test_lit_is_asked_back() -> None:
    """After ON the error queue and the output are read."""
    driver, port = configured()
    emitter = driver.emitter(Seal("test"))
    port.then(*SET).run(emitter.set_level(1.5))
    on: tuple[Step, ...] = ((b"OUTP2:STAT?\n", b"1\n"), (b"OUTP1:STAT 1\n", None), NO_ERROR)
    port.then(*on, (b"OUTP1:STAT?\n", b"1\n")).run(emitter.on())
    state = port.then(*reads(1, 1.499, *look())).run(driver.read())

    assert (Beam.ON, 1.499, 1.5, True, True) == (
        state.beam, state.level, state.set_level, state.interlock_closed, state.key_on
    )  # fmt: skip
    assert (False, ()) == (state.starting, state.faults)
    port.then((b"OUTP1:STAT 0\n", None)).run(driver.off())
    with pytest.raises(DeviceRefusedError, match="no level"):
        port.run(emitter.on())


def test_an_output_that_does_not_go_on_is_refused() -> None:
    """No error told, and off all the same."""
    driver, port = configured()
    emitter = driver.emitter(Seal("test"))
    port.then(*SET).run(emitter.set_level(1.5))
    port.then((b"OUTP2:STAT?\n", b"1\n"), (b"OUTP1:STAT 1\n", None), NO_ERROR,
              (b"OUTP1:STAT?\n", b"0\n"))  # fmt: skip

    with pytest.raises(DeviceRefusedError, match="did not go on"):
        port.run(emitter.on())


def test_no_light_without_the_cooler_unless_it_is_ignored() -> None:
    """A diode whose cooler is off is not lit; `cooler: ignored` does not ask."""
    driver, port = configured()
    emitter = driver.emitter(Seal("test"))
    port.then(*SET).run(emitter.set_level(1.5))
    port.then((b"OUTP2:STAT?\n", b"0\n"))
    with pytest.raises(DeviceRefusedError, match="cooler is off"):
        port.run(emitter.on())

    driver, port = configured(cooler="ignored")
    emitter = driver.emitter(Seal("test"))
    port.then(*SET).run(emitter.set_level(1.5))
    port.then((b"OUTP1:STAT 1\n", None), NO_ERROR, (b"OUTP1:STAT?\n", b"1\n")).run(emitter.on())


def test_open_interlock_key_and_protections_are_told() -> None:
    """What holds the diode dark is in the state, in words."""
    driver, port = configured()
    port.then((b"OUTP1:STAT 0\n", None)).run(driver.off())
    seen = look(key=1, volt=1, ext=1, cooler=0)
    state = port.then(*reads(0, 0.0, *seen, interlock=1)).run(driver.read())

    assert (Beam.OFF, False, False) == (state.beam, state.interlock_closed, state.key_on)
    assert ("voltage protection tripped", "LD ENABLE input low", "cooler is off") == state.faults


def test_current_though_off_is_no_off() -> None:
    """What flows counts more than what is said."""
    driver, port = configured()
    state = port.then(*reads(0, 0.9)).run(driver.read())

    assert Beam.UNKNOWN is state.beam
    assert ("0.900 A flow though the output is said to be off",) == state.faults


@pytest.mark.parametrize("said", [b"", b"2", b"ON", b"9.9E+37", b"nan"])
def test_what_is_no_state_is_a_protocol_error(said: bytes) -> None:
    """Neither 0 nor 1 for a switch, no number for a current: never taken for off."""
    driver, port = configured()
    port.then((b"OUTP1:STAT?\n", said + b"\n"))
    with pytest.raises(PortProtocolError, match="neither 0 nor 1"):
        port.run(driver.read())
    if said not in (b"2",):
        port.then((b"OUTP1:STAT?\n", b"0\n"), (b"MEAS:CURR?\n", said + b"\n"))
        with pytest.raises(PortProtocolError, match="no number"):
            port.run(driver.read())


@pytest.mark.parametrize("bad", [{"max_current": "2 W"}, {"cooler": "maybe"}])
def test_bad_settings_are_bad_input(bad: dict[str, str]) -> None:
    """A limit in watts and a word that there is not."""
    with pytest.raises(InputError):
        ThorlabsLaser(TranscriptPort(), bad)
