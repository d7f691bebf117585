"""The ILX driver, word for word, where it differs from the Arroyo's."""

from __future__ import annotations

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
from labctl_drivers.ilx import IlxLaser
from tests.unit.drivers.transcript import Step, TranscriptPort

OK: Step = (b"ERR?\r\n", b"0\r\n")
LOOK: tuple[Step, ...] = ((b"LAS:OUT?\r\n", b"0\r\n"), (b"LAS:EVE?\r\n", b"0\r\n"))
CONFIGURE: tuple[Step, ...] = (
    (b"LAS:OUT 0\r\n", None),
    (b"ERR?\r\n", b"501\r\n"),
    (b"RADIX DEC\r\n", None),
    OK,
    (b"LAS:MODE:ILBW\r\n", None),
    OK,
    (b"LAS:EVE?\r\n", b"1024\r\n"),
    (b"LAS:LDI 0\r\n", None),
    OK,
    (b"LAS:SET:LDI?\r\n", b"0.00\r\n"),
    (b"LAS:COND?\r\n", b"0\r\n"),
    (b"LAS:LDI?\r\n", b"0.0\r\n"),
    *LOOK,
)


def reads(conditions: int, ma: float, *look: Step) -> tuple[Step, ...]:
    return ((b"LAS:COND?\r\n", b"%d\r\n" % conditions), (b"LAS:LDI?\r\n", b"%.1f\r\n" % ma), *look)


def configured() -> tuple[IlxLaser, TranscriptPort]:
    port = TranscriptPort(*CONFIGURE)
    driver = IlxLaser(port, {"max_current": "2 A"})
    port.run(driver.configure())
    return driver, port


def test_identity() -> None:
    """Make, model, serial and firmware between commas."""
    port = TranscriptPort((b"*IDN?\r\n", b"ILX Lightwave,LDX-3232,32321111,2.00\r\n"))

    found = port.run(IlxLaser(port, {}).identify())
    assert Identity("ILX Lightwave", "LDX-3232", "32321111", "2.00") == found


@pytest.mark.parametrize(
    "said",
    [b"ILX Lightwave,LDX-36025-12,1,1.10\r\n", b"ILX Lightwave,LDC-3706,37061111,1.00-1.00\r\n",
     b"Arroyo 4308 1 v2.3\r\n", b"#H410\r\n", b"\xff\r\n"],
)  # fmt: skip
def test_a_stranger_is_refused(said: bytes) -> None:
    """One that counts in amperes, one that speaks SCPI, another make, noise."""
    port = TranscriptPort((b"*IDN?\r\n", said))

    with pytest.raises(IdentityError, match="LDX-3232"):
        port.run(IlxLaser(port, {}).identify())


def test_status_is_made_decimal_before_it_is_read() -> None:
    """The radix is set first; a box that answers in another one is out of step."""
    driver, port = configured()
    port.then((b"LAS:COND?\r\n", b"#H400\r\n"))

    with pytest.raises(PortProtocolError, match="no number"):
        port.run(driver.read())


def test_a_radix_that_is_not_taken_is_refused() -> None:
    """An error after it ends the connecting."""
    port = TranscriptPort(*CONFIGURE[:3], (b"ERR?\r\n", b"123\r\n"))

    with pytest.raises(DeviceRefusedError, match="configuring"):
        port.run(IlxLaser(port, {}).configure())


def test_the_measured_current_lags_behind_off() -> None:
    """Up to 0.65 s after off it is that of before; then it is held against the output."""
    driver, port = configured()
    on = reads(1024, 1500.0, (b"LAS:OUT?\r\n", b"1\r\n"), LOOK[1])
    assert Beam.ON is port.then(*on).run(driver.read()).beam
    port.then((b"LAS:OUT 0\r\n", None)).run(driver.off())
    first = port.then(*reads(0, 1500.0, *LOOK)).run(driver.read())
    port.arrived_ns += 600_000_000
    second = port.then(*reads(0, 1500.0)).run(driver.read())
    port.arrived_ns += 100_000_000
    third = port.then(*reads(0, 1500.0)).run(driver.read())

    assert [Beam.OFF, Beam.OFF, Beam.UNKNOWN] == [first.beam, second.beam, third.beam]
    assert ("1.500 A flow though the output is said to be off",) == third.faults


def test_what_it_cannot_say_is_none() -> None:
    """No key; interlock and compliance voltage by their bits."""
    driver, port = configured()
    state = port.then(*reads(16 + 64, 0.0)).run(driver.read())

    assert (None, False) == (state.key_on, state.interlock_closed)
    assert ("compliance voltage reached",) == state.faults


def test_milliamperes_on_the_wire() -> None:
    """1.5 A is 1500 mA out."""
    driver, port = configured()
    port.then((b"LAS:LDI 1500.000\r\n", None), OK, (b"LAS:SET:LDI?\r\n", b"1500.00\r\n"))
    port.run(driver.emitter(Seal("test")).set_level(1.5))


def test_a_line_speed_is_no_setting_of_a_box_on_a_bus() -> None:
    """GPIB has none."""
    with pytest.raises(InputError, match="no setting 'baud'"):
        IlxLaser(TranscriptPort(), {"baud": 9600})
