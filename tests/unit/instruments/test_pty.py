"""pyserial on a real terminal device, as far as a pseudo-terminal is one."""

from __future__ import annotations

import os
import pty
import threading
import tty
from collections.abc import Iterator

import pytest

from labctl.clock import Clock, run_real
from labctl.instruments import Line, PortDisconnectedError, SerialSettings
from labctl.instruments._serial import SerialTransport
from labctl.instruments._threaded import ThreadPort
from labctl.instruments._visa import VisaTransport


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
