"""The SRS LDC500 driver, word for word."""

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
from labctl_drivers.srs_ldc500 import SrsLaser
from tests.unit.drivers.transcript import Step, TranscriptPort

IDN: tuple[Step, ...] = (
    (b"\nTERM LF\n", None),
    (b"*IDN?\n", b"Stanford Research Systems,LDC501,s/n098023,ver2.00\n"),
)
OK: tuple[Step, ...] = ((b"LCME?\n", b"0\n"), (b"LEXE?\n", b"0\n"))
LOOK: tuple[Step, ...] = ((b"LDEV?\n", b"0\n"), (b"TEON?\n", b"ON\n"))


def reads(lit: bytes, ma: float, *look: Step, interlock: bytes = b"CLOSED") -> tuple[Step, ...]:
    return (
        (b"LDON?\n", lit + b"\n"),
        (b"RILD?\n", b"%.3f\n" % ma),
        (b"ILOC?\n", interlock + b"\n"),
        *look,
    )


def configuration(span: bytes = b"HIGH") -> tuple[Step, ...]:
    return (
        (b"\nLDON OFF\n", None),
        (b"TOKN ON\n", None),
        (b"LCME?\n", b"2\n"),
        (b"LEXE?\n", b"0\n"),
        (b"LDEV?\n", b"1024\n"),
        (b"SILD 0\n", None),
        *OK,
        (b"SMOD CC\n", None),
        *OK,
        (b"MODU OFF\n", None),
        *OK,
        (b"RNGE %s\n" % span, None),
        *OK,
        (b"SMOD?\n", b"CC\n"),
        (b"SILD?\n", b"0.000\n"),
        *reads(b"OFF", 0.01, *LOOK),
    )


SET: tuple[Step, ...] = ((b"SILD 300.000\n", None), *OK, (b"SILD?\n", b"300.000\n"))


def configured(span: bytes = b"HIGH", **settings: Any) -> tuple[SrsLaser, TranscriptPort]:
    port = TranscriptPort(*IDN)
    driver = SrsLaser(port, {"max_current": "400 mA", **settings})
    port.run(driver.identify())
    port.then(*configuration(span)).run(driver.configure())
    return driver, port


def test_identity_comes_after_the_line_end_is_known() -> None:
    """Replies may end in five ways: one is chosen first."""
    port = TranscriptPort(*IDN)

    found = port.run(SrsLaser(port, {}).identify())
    assert Identity("SRS", "LDC501", "098023", "ver2.00") == found


def test_ethernet_is_unlocked_first() -> None:
    """A blank line and `ULOC 1`, on Ethernet alone."""
    port = TranscriptPort((b"\n", None), (b"ULOC 1\n", None), *IDN)

    port.run(SrsLaser(port, {"interface": "ethernet"}).identify())


@pytest.mark.parametrize(
    "said", [b"Stanford Research Systems,SR830,s/n1,v1\n", b"Acme,LDC501,1,1\n", b"\n", b"\xff\n"]
)
def test_a_stranger_is_refused(said: bytes) -> None:
    """A lock-in of the same make, another make, nothing, noise."""
    port = TranscriptPort(IDN[0], (b"*IDN?\n", said))

    with pytest.raises(IdentityError):
        port.run(SrsLaser(port, {}).identify())


def test_the_finer_range_where_it_is_enough() -> None:
    """250 mA is half of an LDC501's range."""
    configured(b"LOW", max_current="250 mA")


def test_every_set_waits_for_its_error() -> None:
    """20 ms between a set and what the controller thinks of it."""
    driver, port = configured()
    before_s = port.paused_s
    port.then(*SET).run(driver.emitter(Seal("test")).set_level(0.3))

    assert 0.02 == pytest.approx(port.paused_s - before_s)


@pytest.mark.parametrize(
    ("errors", "held", "what"),
    [((b"9\n", b"0\n"), None, "LCME 9 bad number"), ((b"0\n", b"1\n"), None, "LEXE 1"),
     ((b"0\n", b"0\n"), b"299.500\n", "0.2995 A")],
)  # fmt: skip
def test_a_level_that_was_not_taken_is_refused(
    errors: tuple[bytes, bytes], held: bytes | None, what: str
) -> None:
    """Either kind of error, or another value read back: DeviceRefusedError says which."""
    driver, port = configured()
    port.then(SET[0], (b"LCME?\n", errors[0]), (b"LEXE?\n", errors[1]))
    if held is not None:
        port._steps.append((b"SILD?\n", held))

    with pytest.raises(DeviceRefusedError) as caught:
        port.run(driver.emitter(Seal("test")).set_level(0.3))
    assert what in caught.value.seen


def test_limits_go_out_in_milliamperes_and_volts() -> None:
    """The clamp and the compliance voltage, each read back."""
    port = TranscriptPort(*IDN)
    driver = SrsLaser(port, {"max_current": "400 mA", "max_voltage": "2.5 V"})
    port.run(driver.identify())
    steps = list(configuration())
    steps[17:17] = [(b"SVLM 2.50\n", None), *OK, (b"SVLM?\n", b"2.500\n")]
    port.then(*steps).run(driver.configure())
    port.then((b"SILM 400.000\n", None), *OK, (b"SILM?\n", b"400.000\n"))
    port.run(driver.emitter(Seal("test")).limit_level(0.4))


def test_lit_is_asked_back_and_off_forgets_the_level() -> None:
    """On, errors, output; after an off a level has to be set anew."""
    driver, port = configured()
    emitter = driver.emitter(Seal("test"))
    port.then(*SET).run(emitter.set_level(0.3))
    port.then((b"TEON?\n", b"ON\n"), (b"LDON ON\n", None), *OK, (b"LDON?\n", b"ON\n"))
    port.run(emitter.on())
    state = port.then(*reads(b"ON", 299.9, *LOOK)).run(driver.read())
    port.then((b"\nLDON OFF\n", None)).run(driver.off())

    assert (Beam.ON, True, None, ()) == (
        state.beam, state.interlock_closed, state.key_on, state.faults
    )  # fmt: skip
    assert 0.2999 == pytest.approx(state.level)
    with pytest.raises(DeviceRefusedError, match="no level"):
        port.run(emitter.on())


@pytest.mark.parametrize(
    ("steps", "what"),
    [(((b"TEON?\n", b"OFF\n"),), "cooler is off"),
     (((b"TEON?\n", b"ON\n"), (b"LDON ON\n", None), *OK, (b"LDON?\n", b"OFF\n")), "did not go on")],
)  # fmt: skip
def test_no_light_without_cooler_or_read_back(steps: tuple[Step, ...], what: str) -> None:
    """Both refuse, though no error was told."""
    driver, port = configured()
    emitter = driver.emitter(Seal("test"))
    port.then(*SET).run(emitter.set_level(0.3))

    with pytest.raises(DeviceRefusedError, match=what):
        port.then(*steps).run(emitter.on())


def test_why_it_went_off_is_told() -> None:
    """Open interlock, and the events that the controller keeps."""
    driver, port = configured()
    port.then((b"\nLDON OFF\n", None)).run(driver.off())
    look: tuple[Step, ...] = ((b"LDEV?\n", b"10240\n"), LOOK[1])
    state = port.then(*reads(b"OFF", 0.0, *look, interlock=b"OPEN")).run(driver.read())

    assert (Beam.OFF, False) == (state.beam, state.interlock_closed)
    assert ("open circuit", "diode too warm") == state.faults


def test_current_though_off_is_no_off() -> None:
    """More than a hundredth of the range flows."""
    driver, port = configured()
    state = port.then(*reads(b"OFF", 6.0)).run(driver.read())

    assert Beam.UNKNOWN is state.beam


@pytest.mark.parametrize("said", [b"", b"2", b"MAYBE", b"nan"])
def test_what_is_no_state_is_a_protocol_error(said: bytes) -> None:
    """Never taken for off or closed, nor for a current."""
    driver, port = configured()
    for steps in (
        [(b"LDON?\n", said + b"\n")],
        [(b"LDON?\n", b"OFF\n"), (b"RILD?\n", b"x" + said + b"\n")],
        [(b"LDON?\n", b"OFF\n"), (b"RILD?\n", b"0\n"), (b"ILOC?\n", said + b"\n")],
    ):
        with pytest.raises(PortProtocolError):
            port.then(*steps).run(driver.read())


@pytest.mark.parametrize(
    "bad", [{"max_current": "3 A"}, {"max_voltage": "11 V"}, {"interface": "usb"}, {"baud": 9601}]
)
def test_bad_settings_are_bad_input(bad: dict[str, Any]) -> None:
    """More than any of the three models gives, and words that there are not."""
    with pytest.raises(InputError):
        SrsLaser(TranscriptPort(), bad)
