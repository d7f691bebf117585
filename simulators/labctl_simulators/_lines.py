"""Other ways to a served instrument than plain TCP: rfc2217, which tells how the host has set its
line up, and a pseudo-terminal, which looks like a serial port.

A host whose line is set up otherwise than the instrument's says and hears garbage, as on a cable.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

from labctl_simulators._served import HELLO, TRUTH, Connection, Served
from labctl_simulators._uart import LineSettings, heard
from labctl_simulators.bench import Device

_CHUNK = 4096


def line_of(device: Device) -> LineSettings:
    """How the instrument's end is set up."""
    personality = device.personality
    bits, parity = getattr(personality, "frame", (8, "N"))
    return LineSettings(personality.baud or 9600, bits, parity)


class _Lined(Connection):
    """A connection whose host's line settings are known. The simulator's own two questions are of
    no instrument, and are understood at any."""

    def __init__(self, served: Served, device: Device) -> None:
        super().__init__(served, device)
        self._ours = line_of(device)

    def host_line(self) -> LineSettings:
        """As the host has set it up now."""
        raise NotImplementedError

    def from_host(self, data: bytes) -> None:
        """Bytes as the host sent them."""
        if data.strip() in (HELLO, TRUTH):
            super().data_received(data)
            return
        garbled = heard(data, self.host_line(), self._ours)
        if garbled:
            super().data_received(garbled)

    def _send(self, data: bytes) -> None:
        if not data.startswith((b"labctl-sim/", b"{")):
            data = heard(data, self._ours, self.host_line())
        self.to_host(data)

    def to_host(self, data: bytes) -> None:
        """Send bytes as they are."""
        super()._send(data)


class _FakePort:
    """The serial port that pyserial's manager of rfc2217 believes it sets up."""

    def __init__(self) -> None:
        self.baudrate = 9600
        self.bytesize = 8
        self.parity = "N"
        self.stopbits = 1
        self.xonxoff = self.rtscts = self.dsrdtr = False
        self.rts = self.dtr = True
        self.cts = self.dsr = self.cd = True
        self.ri = False
        self.break_condition = False

    def reset_input_buffer(self) -> None:
        """Nothing is kept."""

    def reset_output_buffer(self) -> None:
        """Nothing is kept."""


class Rfc2217Connection(_Lined):
    """One host's connection by Telnet with the options of RFC 2217."""

    def __init__(self, served: Served, device: Device) -> None:
        super().__init__(served, device)
        self._port = _FakePort()
        # Any: pyserial's classes for the server's end are not typed.
        self._manager: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        from serial.rfc2217 import PortManager

        super().connection_made(transport)
        # It is typed for a real port and wants of it what stands in `_FakePort`.
        port: Any = self._port
        raw: Any = _Raw(self.to_host)
        self._manager = PortManager(port, raw)

    def data_received(self, data: bytes) -> None:
        plain = b"".join(self._manager.filter(data))
        if plain:
            self.from_host(plain)

    def host_line(self) -> LineSettings:
        port = self._port
        return LineSettings(int(port.baudrate), int(port.bytesize), str(port.parity))

    def _send(self, data: bytes) -> None:
        if not data.startswith((b"labctl-sim/", b"{")):
            data = heard(data, self._ours, self.host_line())
        self.to_host(b"".join(self._manager.escape(data)))


class _Raw:
    """What the manager writes its negotiations to."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self.write = write


class _PtyTransport(asyncio.Transport):
    """The master's end of a pseudo-terminal."""

    def __init__(self, master: int) -> None:
        super().__init__()
        self._master = master
        self._open = True

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        left = bytes(data)
        while left and self._open:
            # What a full terminal does not take is lost, as on a line without handshake.
            try:
                left = left[os.write(self._master, left) :]
            except (BlockingIOError, OSError):
                return

    def is_closing(self) -> bool:
        return not self._open

    def abort(self) -> None:
        self._open = False

    def close(self) -> None:
        self.abort()


class PtyConnection(_Lined):
    """The instrument on a pseudo-terminal. Parity is not seen there, only the speed."""

    def __init__(self, served: Served, device: Device, slave: int) -> None:
        super().__init__(served, device)
        self._slave = slave

    def host_line(self) -> LineSettings:
        import termios

        speed = termios.tcgetattr(self._slave)[5]
        baud = next(
            (
                int(name[1:])
                for name in dir(termios)
                if name[:1] == "B" and name[1:].isdigit() and getattr(termios, name) == speed
            ),
            self._ours.baud,
        )
        return LineSettings(baud, self._ours.bits, self._ours.parity)


@contextlib.contextmanager
def on_pty(served: Served, device: Device) -> Iterator[str]:
    """Serve one instrument on a new pseudo-terminal; its name. POSIX only."""
    if sys.platform == "win32":
        raise OSError("this system has no pseudo-terminals")
    import pty
    import tty

    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    connection = PtyConnection(served, device, slave)
    transport = _PtyTransport(master)
    loop = asyncio.get_running_loop()

    def arrived() -> None:
        try:
            data = os.read(master, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            loop.remove_reader(master)
            return
        if data:
            connection.from_host(data)

    connection.connection_made(transport)
    loop.add_reader(master, arrived)
    try:
        yield os.ttyname(slave)
    finally:
        loop.remove_reader(master)
        connection.connection_lost(None)
        os.close(master)
        os.close(slave)
