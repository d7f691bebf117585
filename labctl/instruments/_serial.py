"""Bytes through pyserial: /dev/ttyUSB0, COM3, socket://host:port, rfc2217://host:port."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from labctl.clock import NS, real_ns, real_sleep
from labctl.errors import LabctlError, PortDisconnectedError, PortTimeoutError
from labctl.instruments._capabilities import SerialSettings
from labctl.instruments._mending import mending
from labctl.instruments._transport import SLICE_S

_WRITE_S = 0.2
_AGAIN_S = 0.3
"""A server that was left is not called again sooner: it may take one client at a time."""

UsbDevice = tuple[int, int, str]
"""Vendor, product, serial number."""


def usb_devices() -> list[tuple[str, UsbDevice]]:
    """Name of the moment and USB device of every serial port that tells a serial number."""
    from serial.tools import list_ports

    try:
        ports = list_ports.comports()
    except OSError:
        # A system that cannot list its ports has them by their names alone.
        return []
    return [
        (port.device, (port.vid, port.pid, port.serial_number))
        for port in ports
        if port.vid is not None and port.pid is not None and port.serial_number
    ]


def usb_device(name: str) -> UsbDevice | None:
    """The USB device behind a port's name, or behind a link to it; None where it is not known."""
    real = os.path.realpath(name)
    found = [usb for device, usb in usb_devices() if os.path.realpath(device) == real]
    return found[0] if found else None


class SerialTransport:
    """Fulfils `BlockingTransport`. The read timeout is set once, to a slice: changing it would set
    the line up anew, which some ports refuse."""

    writes_alongside = True
    stream = True

    def __init__(self, url: str, settings: SerialSettings, where: str) -> None:
        self._url = url
        self._settings = settings
        self._where = where
        # Any: what serial_for_url gives is one of several classes, of which only some are typed.
        self._port: Any = None
        self._left_ns: int | None = None
        """When a server was left last."""
        self._usb: UsbDevice | None = None
        """Which USB device was opened, known from the first time on."""

    def open(self) -> None:
        import serial

        line = self._settings
        if self._left_ns is not None:
            real_sleep(max(0.0, _AGAIN_S - (real_ns() - self._left_ns) / NS))
        with self._translated("open"):
            name = self._present_name()
            port: Any = serial.serial_for_url(name, do_not_open=True)
            port.baudrate = line.baud
            port.bytesize = line.bits
            port.parity = line.parity
            port.stopbits = line.stop_bits
            port.timeout = SLICE_S
            if not self._url.lower().startswith("rfc2217://"):
                # pyserial refuses one there; its socket buffers what is written.
                port.write_timeout = _WRITE_S
            if "://" not in self._url:
                # Two programs on one port mix their replies.
                port.exclusive = True
            port.open()
        self._port = port
        if self._usb is None and "://" not in self._url:
            self._usb = usb_device(self._url)
        # pyserial has no word for it; without it a command and a query close together take 44 ms.
        link = getattr(port, "_socket", None)
        if isinstance(link, socket.socket):
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _present_name(self) -> str:
        """The name that the device has now: one that was plugged out and in may have another. It
        is known by its USB serial number and by nothing else; who answers there is identified in
        any case."""
        if self._usb is None or usb_device(self._url) == self._usb:
            return self._url
        return next((name for name, usb in usb_devices() if usb == self._usb), self._url)

    def close(self) -> None:
        port, self._port = self._port, None
        if port is None:
            return
        link = getattr(port, "_socket", None)
        if self._url.lower().startswith("socket://") and isinstance(link, socket.socket):
            # pyserial waits 0.3 s here, for a server that one may want again at once. Whoever
            # leaves for good need not; `open` waits for it.
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()
            port.is_open = False
            self._left_ns = real_ns()
            return
        port.close()

    def write(self, data: bytes) -> None:
        with self._translated("write to"):
            self._opened().write(data)

    def read(self, at_most: int, timeout_s: float) -> bytes:
        port = self._opened()
        with self._translated("read from"):
            if timeout_s <= 0 and not port.in_waiting:
                return b""
            got: bytes = port.read(1)
            while got and len(got) < at_most and (waiting := port.in_waiting):
                # Over socket:// `waiting` is 1 for any number.
                got += port.read(min(waiting, at_most - len(got)))
            return got

    def clear(self) -> None:
        """Nothing: a stream is drained by reading."""

    def _opened(self) -> Any:
        if self._port is None:
            raise PortDisconnectedError("the port is not open", where=self._where)
        return self._port

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        """pyserial lets OSError, termios.error and, from a port closed meanwhile, TypeError out."""
        import serial

        try:
            yield
        except LabctlError:
            raise
        except serial.SerialTimeoutException as error:
            raise PortTimeoutError(
                f"could not {doing} the port in time", where=self._where, seen=str(error)
            ) from error
        except Exception as error:
            seen, fix = mending(
                error,
                "Look whether it is plugged in and switched on, whether the address is right, and "
                "whether another program has it.",
            )
            raise PortDisconnectedError(
                f"could not {doing} the port", where=self._where, seen=seen, fix=fix
            ) from error
