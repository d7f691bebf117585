"""Bytes through pyserial: /dev/ttyUSB0, COM3, socket://host:port, rfc2217://host:port."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from labctl.errors import LabctlError, PortDisconnectedError, PortTimeoutError
from labctl.instruments._capabilities import SerialSettings
from labctl.instruments._transport import SLICE_S

_WRITE_S = 0.2


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

    def open(self) -> None:
        import serial

        line = self._settings
        with self._translated("open"):
            port: Any = serial.serial_for_url(self._url, do_not_open=True)
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
        # pyserial has no word for it; without it a command and a query close together take 44 ms.
        link = getattr(port, "_socket", None)
        if isinstance(link, socket.socket):
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        port, self._port = self._port, None
        if port is not None:
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
            raise PortDisconnectedError(
                f"could not {doing} the port",
                where=self._where,
                seen=str(error),
                fix="Look whether it is plugged in and switched on, whether the address is right, "
                "and whether another program has it.",
            ) from error
