"""pyserial on a real terminal device, as far as a pseudo-terminal is one."""

from __future__ import annotations

import os
import pty
import threading
import tty
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

import pytest
from pyvisa.constants import StatusCode
from pyvisa.errors import VisaIOError

from labctl.clock import Clock, run_real
from labctl.instruments import Line, PortDisconnectedError, SerialSettings
from labctl.instruments._serial import SerialTransport
from labctl.instruments._threaded import ThreadPort
from labctl.instruments._visa import VisaTransport


class HalfThere:
    """A VISA resource of a serial line on which only these bytes have come yet. As pyvisa-py does,
    it loses what it has read when its time runs out before it has read all that was asked for."""

    def __init__(self, came: bytes) -> None:
        self.came = came
        self.session = 1
        self.visalib = self
        self.timeout = 0

    @property
    def bytes_in_buffer(self) -> int:
        return len(self.came)

    def ignore_warning(self, *codes: object) -> AbstractContextManager[None]:
        return nullcontext()

    def read(self, session: int, count: int) -> tuple[bytes, StatusCode]:
        got, self.came = self.came[:count], self.came[count:]
        if len(got) < count:
            raise VisaIOError(StatusCode.error_timeout)
        return got, StatusCode.success_max_count_read


@pytest.fixture
def device() -> Iterator[str]:
    """A terminal whose other end answers every line with itself."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    name = os.ttyname(slave)

    def answer() -> None:
        while True:
            try:
                data = os.read(master, 256)
            except OSError:
                return
            if data == b"end":
                return
            os.write(master, data)

    thread = threading.Thread(target=answer, name="instrument on a pty")
    thread.start()
    yield name
    os.write(slave, b"end")
    thread.join()
    os.close(slave)
    os.close(master)


def serial(name: str) -> SerialTransport:
    return SerialTransport(name, SerialSettings(baud=38400), f"thing at {name}")


def visa(name: str) -> VisaTransport:
    return VisaTransport(f"ASRL{name}::INSTR", SerialSettings(), f"thing at {name}")


@pytest.mark.parametrize("make", [serial, visa])
def test_a_terminal_answers(device: str, make: type) -> None:
    """Open, ask, close, over both libraries."""

    async def main(clock: Clock) -> bytes:
        port = ThreadPort(make(device), clock, device, "thing")
        await port.open()
        reply = await port.exchange(b"hello\n", Line(b"\n"), timeout_s=2)
        await port.close()
        return reply

    assert b"hello\n" == run_real(main)


def test_what_has_come_of_a_reply_is_not_lost_when_the_rest_is_late() -> None:
    """Over VISA too: a slow line's reply straddles the slices in which it is read."""
    transport = visa("/dev/ttyS0")
    transport._resource = HalfThere(b"hel")

    assert [b"hel", b""] == [transport.read(256, 0.01) for _ in range(2)]


def test_a_port_is_held_for_one_program_alone(device: str) -> None:
    """A second opening of the same terminal is refused, and says what may be wrong."""

    async def main(clock: Clock) -> None:
        first = ThreadPort(serial(device), clock, device, "first")
        second = ThreadPort(serial(device), clock, device, "second")
        await first.open()
        with pytest.raises(PortDisconnectedError, match="another program has it"):
            await second.open()
        await first.close()
        await second.open()
        await second.close()

    run_real(main)
