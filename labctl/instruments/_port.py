"""What a driver sees of the way to its instrument: bytes out, one framed reply in, a deadline.

A transaction (write, read, frame) is one job of the port's one worker. After a timeout the port is
out of step: it must be resynchronised (drained and identified again) before it serves again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Line:
    """A reply that ends with `end`."""

    end: bytes = b"\r\n"
    at_most: int = 65536


@dataclass(frozen=True, slots=True)
class Lines:
    """A reply of one line or more, the last of which says that it is the last: `OK`, `ERR-100`."""

    last: str
    """Regular expression that the whole last line matches, without its end (as latin-1)."""
    end: bytes = b"\r\n"
    at_most: int = 65536


@dataclass(frozen=True, slots=True)
class Exactly:
    """A reply of a known length."""

    count: int


@dataclass(frozen=True, slots=True)
class Packet:
    """A reply between two marks, e.g. `41 07 ... 0D`; bytes before `start` are dropped."""

    start: bytes
    end: bytes
    at_least: int = 0
    at_most: int = 256


@dataclass(frozen=True, slots=True)
class Counted:
    """A reply that says how long it is: two bytes, big endian, at `at` count what follows them."""

    at: int
    at_most: int = 1024


@dataclass(frozen=True, slots=True)
class Silent:
    """No reply is expected: the exchange ends when the bytes are written."""


Frame = Line | Lines | Exactly | Packet | Counted | Silent


class Port(Protocol):
    """One instrument's port. Raises the four port errors of `labctl.errors` and nothing else."""

    @property
    def address(self) -> str: ...

    @property
    def arrived_ns(self) -> int:
        """When the last reply was complete, nanoseconds of the run's clock: what a driver, having
        no clock of its own, stamps its readings with."""
        ...

    async def exchange(
        self, data: bytes, reply: Frame, *, timeout_s: float, retry: bool = False
    ) -> bytes:
        """Write `data` and return one framed reply (terminator included; b"" for Silent).

        `retry` allows one repetition after resynchronising; only a query may have it.
        """
        ...

    async def urgent(self, data: bytes) -> None:
        """Write at once, past any exchange under way, and wait for nothing. Leaves the port out
        of step, because a reply to it may come at any time."""
        ...

    async def pause(self, duration_s: float) -> None:
        """Let the instrument have the time that its manual asks for between two commands."""
        ...
