"""The CNI driver, byte for byte."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.instruments import (
    Beam,
    DeviceRefusedError,
    IdentityError,
    InputError,
    PortProtocolError,
    PortTimeoutError,
    Seal,
)
from labctl_drivers.cni import CniLaser, frame
from tests.unit.drivers.transcript import Step, TranscriptPort

ON = bytes.fromhex("55AA030104")
OFF = bytes.fromhex("55AA030003")
MARK = bytes.fromhex("4107010203040D")


def laser(*steps: Step, **settings: Any) -> tuple[CniLaser, TranscriptPort]:
    port = TranscriptPort(*steps)
    return CniLaser(port, settings), port


def test_frames_are_those_of_the_card() -> None:
    """On, off, and the vendor's own example of 100 mW."""

    assert ON == frame(0x03, 0x01)
    assert OFF == frame(0x03, 0x00)
    assert bytes.fromhex("55AA050100646A") == frame(0x05, 0x01, 0x00, 0x64)


@given(st.integers(0, 255), st.lists(st.integers(0, 255), max_size=5))
def test_the_sum_is_the_low_byte(command: int, data: list[int]) -> None:
    """Any frame ends with the low byte of the sum of command and data."""
    made = frame(command, *data)

    assert (command + sum(data)) % 256 == made[-1]
    assert b"\x55\xaa" == made[:2]


@pytest.mark.parametrize(
    ("dialect", "reply"), [("echo", OFF), ("0x41", MARK), (0x41, MARK), ("none", None)]
)
def test_all_three_dialects_identify(dialect: Any, reply: bytes | None) -> None:
    """OFF is acknowledged in the dialect that the bench file names; half a second on each side."""
    driver, port = laser((OFF, reply), acknowledge=dialect, model="MDL-III-808", serial="A1")
    identity = port.run(driver.identify())

    assert ("CNI", "MDL-III-808", "A1") == (identity.make, identity.model, identity.serial)
    assert 1.0 == port.paused_s


@pytest.mark.parametrize("reply", [None, b"ERR=1"])
def test_no_acknowledgement_is_no_cni(reply: bytes | None) -> None:
    """Silence or something else where an echo must be: IdentityError that names the setting."""
    driver, port = laser((OFF, reply))

    with pytest.raises(IdentityError) as caught:
        port.run(driver.identify())
    assert "acknowledge" in caught.value.fix


@pytest.mark.parametrize(("sub", "sums"), [(1, 0xFB), (3, 0xFD)])
def test_lighting_is_on_then_power(sub: int, sums: int) -> None:
    """The level waits for ON, since a power before it is not taken; milliwatts, big endian."""
    power = bytes((0x55, 0xAA, 0x05, sub, 0x01, 0xF4, sums))
    driver, port = laser((ON, ON), (power, power), sub=sub)
    emitter = driver.emitter(Seal("test"))
    port_free = TranscriptPort()
    port_free.run(emitter.set_level(0.5))
    port.run(emitter.on())

    assert 1.0 == port.paused_s


def test_an_on_that_is_not_acknowledged_raises_and_sends_no_power() -> None:
    """A dropped ON is a timeout; nothing follows it."""
    driver, port = laser((ON, None))
    emitter = driver.emitter(Seal("test"))
    TranscriptPort().run(emitter.set_level(0.5))

    with pytest.raises(PortTimeoutError):
        port.run(emitter.on())


def test_a_wrong_echo_raises() -> None:
    """The echo is the acknowledgement: another frame in its place is a protocol error."""
    driver, port = laser((ON, OFF))
    emitter = driver.emitter(Seal("test"))
    TranscriptPort().run(emitter.set_level(0.5))

    with pytest.raises(PortProtocolError, match="echoed wrongly"):
        port.run(emitter.on())


def test_nothing_lights_without_a_level() -> None:
    """ON with no power set is refused before a byte is written."""
    driver, port = laser()

    with pytest.raises(DeviceRefusedError, match="no level was set"):
        port.run(driver.emitter(Seal("test")).on())


def test_no_power_is_sent_at_once() -> None:
    """Level 0 does not wait for an on: it is the path left when OFF is not obeyed."""
    zero = bytes.fromhex("55AA0501000006")
    driver, port = laser((zero, zero))

    port.run(driver.emitter(Seal("test")).set_level(0.0))


def test_configuring_forgets_the_level() -> None:
    """After configuring, the old level is not lit again."""
    driver, port = laser((OFF, OFF))
    emitter = driver.emitter(Seal("test"))
    TranscriptPort().run(emitter.set_level(0.5))
    port.run(driver.configure())

    with pytest.raises(DeviceRefusedError, match="no level was set"):
        TranscriptPort().run(emitter.on())


def test_off_is_written_twice_half_a_second_apart() -> None:
    """The first may come too soon after another command and be dropped; the second cannot."""
    driver, port = laser((OFF, None), (OFF, None))
    port.run(driver.off())

    assert 0.5 == port.paused_s


def test_its_state_is_never_known() -> None:
    """Whatever was commanded, the beam is UNKNOWN; the set level is the one remembered."""
    driver, port = laser()
    before = port.run(driver.read())
    port.run(driver.emitter(Seal("test")).set_level(0.25))
    after = port.run(driver.read())

    assert (Beam.UNKNOWN, None) == (before.beam, before.set_level)
    assert (Beam.UNKNOWN, 0.25, None) == (after.beam, after.set_level, after.interlock_closed)
    assert CniLaser.spec.confirms_emission is False


@pytest.mark.parametrize(
    "settings", [{"acknowledge": "maybe"}, {"sub": 2}, {"max_power": "2"}, {"max_power": "99 W"}]
)
def test_bad_settings_are_bad_input(settings: dict[str, Any]) -> None:
    """A dialect, sub byte or power that there is not."""

    with pytest.raises(InputError):
        laser(**settings)
