"""The Center driver, byte for byte."""

from __future__ import annotations

from typing import Any

import pytest

from labctl.instruments import (
    DeviceRefusedError,
    Identity,
    IdentityError,
    InputError,
    Invalid,
    PortProtocolError,
    Reading,
)
from labctl_drivers.center_309 import Center309
from tests.unit.drivers.transcript import Step, TranscriptPort

SHEET = bytes.fromhex(
    "02 80 06 01 02 02 02 00 EF 7F FF 7F FF 7F FF 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
    "00 00 00 00 00 00 00 00 0E 00 00 00 0E 03"
)
"""The example of the maker's protocol sheet: 23.9 degC on T1, nothing on the others."""


def packet(**bytes_at: int) -> bytes:
    """The example with other bytes, by `b1=...`."""
    changed = bytearray(SHEET)
    for name, value in bytes_at.items():
        changed[int(name[1:])] = value
    return bytes(changed)


def meter(*steps: Step, **settings: Any) -> tuple[Center309, TranscriptPort]:
    port = TranscriptPort(*steps)
    return Center309(port, settings), port


def test_identity() -> None:
    """`K` is answered by the model; there is no serial number."""
    driver, port = meter((b"K", b"309"))

    assert Identity("Center", "309") == port.run(driver.identify())


def test_a_stranger_is_refused() -> None:
    """A meter of another size of packet is none of these."""
    driver, port = meter((b"K", b"306"))

    with pytest.raises(IdentityError):
        port.run(driver.identify())


def test_the_sheet_s_example() -> None:
    """One input at 23.9 degC; three with nothing on them are open, though they have a value."""
    driver, port = meter((b"A", SHEET), channels=[1, 2, 4])
    first, second, fourth = port.run(driver.read_temperatures())

    assert Reading("1", 23.9, "degC", 1_000_000) == first
    assert [("2", "open"), ("4", "open")] == [(r.channel, r.reason) for r in (second, fourth)]


@pytest.mark.parametrize(
    ("said", "degc"),
    [
        (packet(b7=0xFF, b8=0xCE), -5.0),  # signed
        (packet(b7=0x03, b8=0xE8), 100.0),
        (packet(b1=0x00, b7=0x02, b8=0xE4), 23.333),  # 74.0 degF
    ],
)
def test_values_are_signed_and_may_be_fahrenheit(said: bytes, degc: float) -> None:
    """Below zero is below zero, and the unit goes by the mode byte."""
    driver, port = meter((b"A", said))
    [reading] = port.run(driver.read_temperatures())

    assert isinstance(reading, Reading)
    assert reading.value == pytest.approx(degc, abs=1e-3)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (packet(b7=0x7F, b8=0xFF), "open"),
        (packet(b7=0x80, b8=0x00), "open"),
        (packet(b39=0x0F), "open"),
        (packet(b43=0x0F), "range"),  # whole degrees or tenths: nobody knows
        (packet(b7=0x7F, b8=0x00), "range"),
        (packet(b1=0xA0), "device"),  # HOLD
        (packet(b1=0x82), "device"),  # MAX
        (packet(b1=0x90), "device"),  # REL
        (packet(b1=0x88), "device"),  # T1-T2
    ],
)
def test_what_is_no_reading_says_why(said: bytes, reason: str) -> None:
    """Open, of unknown scale, or not what the meter measures now: never a number."""
    driver, port = meter((b"A", said))
    [reading] = port.run(driver.read_temperatures())

    assert isinstance(reading, Invalid)
    assert reason == reading.reason


def test_a_garbled_packet_raises() -> None:
    """There is no checksum; bits that are never set are all there is to tell by."""
    driver, port = meter((b"A", packet(b39=0xFF)))

    with pytest.raises(PortProtocolError):
        port.run(driver.read_temperatures())


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (packet(b1=0xA0), "HOLD"),
        (packet(b1=0x84), "extreme"),
        (packet(b1=0xC0), "battery is low"),
        (packet(b2=0x86), "switch itself off"),
    ],
)
def test_a_meter_that_would_mislead_is_refused(said: bytes, what: str) -> None:
    """Held, showing an extreme, with an empty battery, or one that goes to sleep."""
    driver, port = meter((b"A", said))

    with pytest.raises(DeviceRefusedError, match=what):
        port.run(driver.configure())


def test_switching_itself_off_may_be_accepted() -> None:
    """For a run that is shorter than the meter's patience."""
    driver, port = meter((b"A", packet(b2=0x86)), auto_off="accept")

    port.run(driver.configure())


@pytest.mark.parametrize(
    "settings", [{"channels": [5]}, {"channels": [1, 1]}, {"channels": ["T1"]}, {"auto_off": "no"}]
)
def test_bad_settings_are_bad_input(settings: dict[str, Any]) -> None:
    """Inputs that there are not, one twice, or another word."""

    with pytest.raises(InputError):
        meter(**settings)
