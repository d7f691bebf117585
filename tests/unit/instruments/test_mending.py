"""Why a port cannot be opened: one line, and what to do about it."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from labctl.clock import Clock, run_real
from labctl.errors import IdentityError, PortDisconnectedError
from labctl.instruments import SerialSettings, ask_who, make_instrument
from labctl.instruments._mending import mending
from labctl.instruments._serial import SerialTransport
from tests.unit.instruments.tcp import instrument


@pytest.mark.parametrize(
    ("number", "seen", "fix"),
    [
        (errno.EACCES, "Permission denied", "dialout"),
        (errno.ENOENT, "No such file or directory", "plugged in"),
        (errno.EBUSY, "Device or resource busy", "fuser"),
        (errno.ECONNREFUSED, "Connection refused", "switched on"),
    ],
)
def test_what_the_system_said_is_found_behind_what_a_library_made_of_it(
    number: int, seen: str, fix: str
) -> None:
    """However deep, with or without `from`."""
    try:
        try:
            raise OSError(number, "x")
        except OSError:
            raise ValueError("Could not open port: [Errno 1]\nwhat a library says")  # noqa: B904
    except ValueError as error:
        told = mending(error, "otherwise")
    assert told[0] == seen
    assert fix in told[1]


def test_what_is_not_known_is_told_on_one_line_with_the_general_help() -> None:
    assert mending(ValueError("two\nlines"), "Look.") == ("two lines", "Look.")
    assert "labctl[usb]" in mending(ValueError("Please install PyUSB\n."), "Look.")[1]


def test_a_port_that_is_not_there_says_so_once(tmp_path: Path) -> None:
    """pyserial says the number and the name two times over."""
    port = SerialTransport(str(tmp_path / "ttyUSB9"), SerialSettings(), "here")
    with pytest.raises(PortDisconnectedError) as refused:
        port.open()
    assert refused.value.seen == "No such file or directory"
    assert "`labctl devices`" in refused.value.fix


def test_a_scan_tells_what_to_do_about_a_port_that_does_not_open() -> None:
    async def main(clock: Clock) -> None:
        found = await ask_who("/dev/ttyNOSUCH9", clock)
        assert not found.opened
        assert "plugged in" in found.fix

    run_real(main)


def test_a_stranger_at_an_address_is_told_with_how_to_find_out_who_it_is() -> None:
    """Two addresses swapped is what a person has done most often."""
    with instrument(lambda line: b"Thorlabs,PM100D,P1,1.0\n") as served:
        address = f"socket://127.0.0.1:{served.port}"

        async def main(clock: Clock) -> None:
            one = make_instrument("scanner", "keysight-3497x", address, {"channels": [101]}, clock)
            with pytest.raises(IdentityError) as refused:
                await one.connect()
            assert "swapped" in refused.value.fix
            assert f"--at {address}" in refused.value.fix

        run_real(main)
