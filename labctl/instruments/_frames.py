"""Cutting one reply out of bytes that come in any pieces.

Pure: no clock and no I/O, so that the same parser stands above pyserial, PyVISA and the simulator.
A `Framer` serves one reply; what came behind it is left in `rest`.
"""

from __future__ import annotations

import re

from labctl.errors import PortProtocolError
from labctl.instruments._port import Counted, Exactly, Frame, Line, Lines, Packet, Silent

_CHUNK = 4096


class Framer:
    """Collects bytes until they hold one reply of the given frame."""

    __slots__ = ("_buffer", "_frame", "_searched")

    def __init__(self, frame: Frame, already: bytes = b"") -> None:
        self._frame = frame
        self._buffer = bytearray(already)
        self._searched = 0

    @property
    def rest(self) -> bytes:
        """Bytes that belong to no reply yet."""
        return bytes(self._buffer)

    @property
    def wanted(self) -> int:
        """How many bytes to ask the library for: no more than can belong to this reply."""
        frame = self._frame
        if isinstance(frame, Exactly):
            return max(1, frame.count - len(self._buffer))
        return _CHUNK

    def feed(self, chunk: bytes) -> bytes | None:
        """Take bytes in and return the reply once it is whole, terminator included.

        Raises PortProtocolError when so much has come that it cannot be this kind of reply.
        """
        self._buffer += chunk
        frame = self._frame
        if isinstance(frame, Line):
            return self._line(frame)
        if isinstance(frame, Exactly):
            return self._take(frame.count) if len(self._buffer) >= frame.count else None
        if isinstance(frame, Packet):
            return self._packet(frame)
        if isinstance(frame, Lines):
            return self._lines(frame)
        if isinstance(frame, Counted):
            return self._counted(frame)
        return self._silent(frame)

    def _line(self, frame: Line) -> bytes | None:
        found = self._find(frame.end, 0)
        size = len(self._buffer) if found < 0 else found + len(frame.end)
        if size > frame.at_most:
            raise self._too_long(frame.at_most, frame.end)
        return None if found < 0 else self._take(size)

    def _lines(self, frame: Lines) -> bytes | None:
        begin = 0
        while (found := self._buffer.find(frame.end, begin)) >= 0:
            line = self._buffer[begin:found].decode("latin-1")
            begin = found + len(frame.end)
            if begin <= frame.at_most and re.fullmatch(frame.last, line) is not None:
                return self._take(begin)
        if len(self._buffer) > frame.at_most:
            raise self._too_long(frame.at_most, frame.end)
        return None

    def _packet(self, frame: Packet) -> bytes | None:
        buffer = self._buffer
        if not buffer.startswith(frame.start):
            begin = buffer.find(frame.start)
            # A start mark may be cut in two: its first bytes must not be dropped.
            keep = begin if begin >= 0 else len(buffer) - _overlap(buffer, frame.start)
            del buffer[:keep]
            self._searched = 0
            if begin < 0:
                return None
        earliest = max(len(frame.start), frame.at_least - len(frame.end))
        found = self._find(frame.end, earliest)
        size = len(buffer) if found < 0 else found + len(frame.end)
        if size > frame.at_most:
            raise self._too_long(frame.at_most, frame.end)
        return None if found < 0 else self._take(size)

    def _counted(self, frame: Counted) -> bytes | None:
        head = frame.at + 2
        if len(self._buffer) < head:
            return None
        size = head + int.from_bytes(self._buffer[frame.at : head], "big")
        if size > frame.at_most:
            raise PortProtocolError(
                f"a reply that says it has {size} bytes",
                seen=repr(bytes(self._buffer[:40])),
                fix="Look at what is plugged in here.",
            )
        return self._take(size) if len(self._buffer) >= size else None

    def _silent(self, frame: Silent) -> bytes:
        return b""

    def _find(self, end: bytes, earliest: int) -> int:
        buffer = self._buffer
        # Bytes searched before are not searched again, but for an end mark cut in two.
        found = buffer.find(end, max(earliest, self._searched - len(end) + 1))
        self._searched = len(buffer)
        return found

    def _take(self, size: int) -> bytes:
        reply = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._searched = 0
        return reply

    def _too_long(self, at_most: int, end: bytes) -> PortProtocolError:
        return PortProtocolError(
            f"a reply of more than {at_most} bytes without its end {end!r}",
            seen=repr(bytes(self._buffer[:40])),
            fix="Look at the baud rate and at what is plugged in here.",
        )


def is_one_line(frame: Line, chunk: bytes) -> bool:
    """True when the chunk is one whole line and nothing else: what a `Framer` need not see."""
    size = len(chunk)
    return 0 <= chunk.find(frame.end) == size - len(frame.end) and size <= frame.at_most


def _overlap(buffer: bytearray, mark: bytes) -> int:
    """How many bytes at the end of `buffer` could be the beginning of `mark`."""
    for size in range(min(len(mark) - 1, len(buffer)), 0, -1):
        if buffer.endswith(mark[:size]):
            return size
    return 0
