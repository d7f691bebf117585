"""The Arroyo driver, word for word."""

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
    SourceState,
)
from labctl_drivers.arroyo import ArroyoLaser
from tests.unit.drivers.transcript import Step, TranscriptPort

OK: Step = (b"ERR?\r\n", b"0\r\n")
LOOK_DARK: tuple[Step, ...] = (
    (b"LAS:OUT?\r\n", b"0\r\n"),
    (b"KEY?\r\n", b"1\r\n"),
    (b"LAS:EVE?\r\n", b"0\r\n"),
)
CONFIGURE: tuple[Step, ...] = (
    (b"LAS:OUT 0\r\n", None),
    (b"ERR?\r\n", b"123,508\r\n"),
    (b"LAS:EVE?\r\n", b"1024\r\n"),
    (b"LAS:LDI 0\r\n", None),
    OK,
    (b"LAS:SET:LDI?\r\n", b"0.00\r\n"),
    (b"LAS:COND?\r\n", b"0\r\n"),
    (b"LAS:LDI?\r\n", b"0.0\r\n"),
    *LOOK_DARK,
)


def laser(*steps: Step, **settings: Any) -> tuple[ArroyoLaser, TranscriptPort]:
    port = TranscriptPort(*steps)
    return ArroyoLaser(port, settings), port


def configured(**settings: Any) -> tuple[ArroyoLaser, TranscriptPort]:
    driver, port = laser(*CONFIGURE, **settings)
    port.run(driver.configure())
    return driver, port


@pytest.mark.parametrize(
    ("said", "identity"),
    [
        (b"Arroyo 4308 1000123 v2.31\r\n", Identity("Arroyo", "4308", "1000123", "v2.31")),
        (b"Arroyo,6310,v3.12,77\r\n", Identity("Arroyo", "6310", "77", "v3.12")),
        (b"ARROYO 4205\r\n", Identity("Arroyo", "4205")),
    ],
)
def test_identity_is_read_in_any_order(said: bytes, identity: Identity) -> None:
    """Make and model are sure; serial and firmware are taken where they are."""
    driver, port = laser((b"*IDN?\r\n", said))

    assert identity == port.run(driver.identify())


@pytest.mark.parametrize(
    "said", [b"Arroyo 5310 1 v1.0\r\n", b"Newport,4308,1,1\r\n", b"\r\n", b"\xff\xff\r\n", b"7\r\n"]
)
def test_a_stranger_is_refused(said: bytes) -> None:
    """A temperature controller of the same make, another make, or noise: IdentityError."""
    driver, port = laser((b"*IDN?\r\n", said))

    with pytest.raises(IdentityError):
        port.run(driver.identify())


def test_configuring_switches_off_and_zeroes() -> None:
    """Off, old errors and events read away, current zero, and off read back."""
    configured()


def test_a_laser_that_stays_on_is_not_configured() -> None:
    """Output reads on after off was written: refused."""
    lit = (b"LAS:COND?\r\n", b"1024\r\n")
    still = (lit, (b"LAS:LDI?\r\n", b"900.0\r\n"), (b"LAS:OUT?\r\n", b"1\r\n"), *LOOK_DARK[1:])
    driver, port = laser(*CONFIGURE[:6], *still)

    with pytest.raises(DeviceRefusedError, match="does not read off"):
        port.run(driver.configure())


def test_amperes_are_milliamperes_on_the_wire() -> None:
    """1.5 A is 1500 mA out, and read back."""
    driver, port = configured()
    emitter = driver.emitter(Seal("test"))
    port.then((b"LAS:LDI 1500.000\r\n", None), OK, (b"LAS:SET:LDI?\r\n", b"1500.00\r\n"))

    port.run(emitter.set_level(1.5))
    port.then((b"LAS:LIM:LDI 2000.000\r\n", None), OK, (b"LAS:LIM:LDI?\r\n", b"2000.0\r\n"))
    port.run(emitter.limit_level(2.0))


@pytest.mark.parametrize(
    ("errors", "held", "what"),
    [(b"508\r\n", None, "E-508 value out of range"), (b"0\r\n", b"1400.00\r\n", "1.4000 A")],
)
def test_a_level_that_was_not_taken_is_refused(
    errors: bytes, held: bytes | None, what: str
) -> None:
    """An error after the set, or another value read back: DeviceRefusedError says which."""
    driver, port = configured()
    port.then((b"LAS:LDI 1500.000\r\n", None), (b"ERR?\r\n", errors))
    if held is not None:
        port._steps.append((b"LAS:SET:LDI?\r\n", held))

    with pytest.raises(DeviceRefusedError) as caught:
        port.run(driver.emitter(Seal("test")).set_level(1.5))
    assert what in caught.value.seen


def test_a_limit_that_was_not_taken_is_refused() -> None:
    """The controller holds another limit than asked: nothing may be lit under it."""
    driver, port = configured()
    port.then((b"LAS:LIM:LDI 2000.000\r\n", None), OK, (b"LAS:LIM:LDI?\r\n", b"4000.0\r\n"))

    with pytest.raises(DeviceRefusedError, match="current limit was not taken"):
        port.run(driver.emitter(Seal("test")).limit_level(2.0))


def test_an_open_interlock_refuses_to_light() -> None:
    """E-202 after the output was asked for: refused in words."""
    driver, port = configured()
    port.then((b"LAS:LDI 1500.000\r\n", None), OK, (b"LAS:SET:LDI?\r\n", b"1500.00\r\n"))
    port.run(driver.emitter(Seal("test")).set_level(1.5))
    port.then((b"LAS:OUT 1\r\n", None), (b"ERR?\r\n", b"202\r\n"))

    with pytest.raises(DeviceRefusedError) as caught:
        port.run(driver.emitter(Seal("test")).on())
    assert "interlock open or key off" in caught.value.seen


def lit(current: bytes = b"1500.2\r\n", conditions: bytes = b"1024\r\n") -> tuple[Step, ...]:
    return ((b"LAS:COND?\r\n", conditions), (b"LAS:LDI?\r\n", current))


def test_a_read_takes_two_exchanges_and_looks_closer_at_a_change() -> None:
    """Lit: the change is held against LAS:OUT?, then two exchanges do; the tenth looks again."""
    driver, port = configured()
    look = ((b"LAS:OUT?\r\n", b"1\r\n"), (b"KEY?\r\n", b"1\r\n"), (b"LAS:EVE?\r\n", b"1024\r\n"))
    port.then(*lit(), *look)
    first: SourceState = port.run(driver.read())
    for _ in range(9):
        port.then(*lit())
        port.run(driver.read())
    port.then(*lit(), *look)
    tenth: SourceState = port.run(driver.read())

    assert Beam.ON == first.beam == tenth.beam
    assert 1.5002 == pytest.approx(first.level or 0)
    assert "current" == first.readings[0].channel
    assert first.interlock_closed and first.key_on
    assert () == first.faults


def test_after_off_the_output_is_asked_for() -> None:
    """Whatever was known before, the read after an off asks LAS:OUT? again."""
    driver, port = configured()
    port.then((b"LAS:OUT 0\r\n", None))
    port.run(driver.off())
    port.then(*lit(b"0.0\r\n", b"0\r\n"), *LOOK_DARK)

    assert Beam.OFF == port.run(driver.read()).beam


def test_output_and_condition_must_agree() -> None:
    """The condition register says off and LAS:OUT? says on: nobody knows, so it raises."""
    driver, port = configured()
    driver._until_look = 0
    port.then(*(*lit(b"0.0\r\n", b"0\r\n"), (b"LAS:OUT?\r\n", b"1\r\n"), *LOOK_DARK[1:]) * 2)

    with pytest.raises(PortProtocolError, match="different things"):
        port.run(driver.read())


def test_an_off_between_two_questions_is_no_contradiction() -> None:
    """On when the condition was asked for, off at LAS:OUT?: asked anew, it is off, and an event
    that the first look read away is still told."""
    driver, port = configured()
    between = (b"LAS:OUT?\r\n", b"0\r\n"), LOOK_DARK[1], (b"LAS:EVE?\r\n", b"128\r\n")
    port.then(*lit(b"900.0\r\n", b"1024\r\n"), *between, *lit(b"0.0\r\n", b"0\r\n"), *LOOK_DARK)
    state: SourceState = port.run(driver.read())

    assert (Beam.OFF, ("open circuit",)) == (state.beam, state.faults)


def test_current_in_the_dark_is_not_off() -> None:
    """Half an ampere flows though the output is said to be off: UNKNOWN, with a fault."""
    driver, port = configured()
    port.then(*lit(b"500.0\r\n", b"0\r\n"))
    state: SourceState = port.run(driver.read())

    assert Beam.UNKNOWN == state.beam
    assert "said to be off" in state.faults[0]


@pytest.mark.parametrize(
    ("conditions", "closed", "faults"),
    [(1 << 4, False, ()), (1 << 7, True, ("open circuit",)), (1 << 1, True, ("voltage limit",))],
)
def test_conditions_become_words(conditions: int, closed: bool, faults: tuple[str, ...]) -> None:
    """Interlock and faults come out of the condition register."""
    driver, port = configured()
    port.then(*lit(b"0.0\r\n", b"%d\r\n" % conditions))
    state: SourceState = port.run(driver.read())

    assert closed is state.interlock_closed
    assert len(faults) == len(state.faults)
    assert all(seen.startswith(want) for want, seen in zip(faults, state.faults, strict=True))


def test_an_emission_delay_is_starting() -> None:
    """Output on and no current yet: starting."""
    driver, port = configured()
    port.then((b"LAS:LDI 1500.000\r\n", None), OK, (b"LAS:SET:LDI?\r\n", b"1500.00\r\n"))
    port.run(driver.emitter(Seal("test")).set_level(1.5))
    port.then(*lit(b"0.0\r\n"), (b"LAS:OUT?\r\n", b"1\r\n"), *LOOK_DARK[1:])

    assert port.run(driver.read()).starting


@pytest.mark.parametrize("bits", [0, 1 << 0])
def test_the_current_limit_is_a_fault_only_when_it_holds_the_current_back(bits: int) -> None:
    """The bit also stands when the set point is the limit, which is allowed."""
    driver, port = configured()
    port.then((b"LAS:LDI 1500.000\r\n", None), OK, (b"LAS:SET:LDI?\r\n", b"1500.00\r\n"))
    port.run(driver.emitter(Seal("test")).set_level(1.5))
    look = ((b"LAS:OUT?\r\n", b"1\r\n"), (b"KEY?\r\n", b"1\r\n"), (b"LAS:EVE?\r\n", b"0\r\n"))
    port.then(*lit(b"1500.0\r\n", b"%d\r\n" % (1024 | bits)), *look)
    follows: SourceState = port.run(driver.read())
    port.then(*lit(b"1200.0\r\n", b"%d\r\n" % (1024 | bits)))
    held: SourceState = port.run(driver.read())

    assert () == follows.faults
    assert bool(bits) is bool(held.faults)


@pytest.mark.parametrize("said", [b"nan\r\n", b"\r\n", b"on\r\n", b"inf\r\n"])
def test_no_number_is_a_protocol_error(said: bytes) -> None:
    """A current that is none raises and never becomes a number."""
    driver, port = configured()
    port.then((b"LAS:COND?\r\n", b"0\r\n"), (b"LAS:LDI?\r\n", said))

    with pytest.raises(PortProtocolError, match="no number"):
        port.run(driver.read())


@pytest.mark.parametrize("settings", [{"max_current": "2 W"}, {"max_current": 2}, {"baud": 1200}])
def test_bad_settings_are_bad_input(settings: dict[str, Any]) -> None:
    """Wrong unit, no unit, a baud rate that there is not."""

    with pytest.raises(InputError):
        laser(**settings)
