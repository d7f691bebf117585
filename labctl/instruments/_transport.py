"""What a thread port needs of a library that moves bytes: blocking, and used by one thread.

All trouble comes out as PortDisconnectedError or PortTimeoutError, whatever the library raises.
"""

from __future__ import annotations

from typing import Protocol

SLICE_S = 0.02
"""No read that can be cut short waits longer, so that an urgent write never waits longer."""


class BlockingTransport(Protocol):
    """One library's way to one instrument. Constructing one does no I/O."""

    writes_alongside: bool
    """True when another thread may write while one reads."""

    stream: bool
    """True when bytes come as they come. On a message bus (USBTMC, GPIB) nothing comes unasked, a
    read ends with the message, and `clear` is all there is to drain."""

    def open(self) -> None:
        """Raises PortDisconnectedError when nobody is there or another program has it."""
        ...

    def close(self) -> None:
        """Release it; again changes nothing."""
        ...

    def write(self, data: bytes) -> None:
        """Write all of it."""
        ...

    def read(self, at_most: int, timeout_s: float) -> bytes:
        """What there is, at most so many bytes; b"" when nothing came within a slice or
        `timeout_s`, whichever is shorter. With 0 it does not wait. Only a message bus, whose
        reads cannot be cut short, waits for the whole `timeout_s`."""
        ...

    def clear(self) -> None:
        """Drop what a message bus holds for us; a stream is drained by reading, and this is
        nothing."""
        ...
