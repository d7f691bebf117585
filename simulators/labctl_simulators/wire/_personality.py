"""What every simulated instrument is: bytes in, (bytes, device time) out.

A personality knows its protocol and the world; it knows nothing of sockets, clocks or waiting.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

US = 1_000
MS = 1_000_000

Reply = tuple[bytes, int]
"""Bytes, and nanoseconds between the command's last byte and the reply's first."""


@dataclass(slots=True)
class Upsets:
    """What is wrong with one instrument or the way to it just now; set by faults."""

    unplugged: bool = False
    late_ns: int = 0
    """Replies are held back so long."""
    late_replies: int = 0
    """So many more; negative: all, until the fault ends."""
    frozen: bool = False
    """Readings repeat themselves, on `frozen_channels` or, when that is empty, on all."""
    frozen_channels: set[int] = field(default_factory=set)
    open_channels: set[int] = field(default_factory=set)
    """Thermocouples that are broken."""

    def holds(self, channel: int) -> bool:
        """True when this channel repeats itself."""
        return self.frozen and (not self.frozen_channels or channel in self.frozen_channels)

    def lateness_ns(self) -> int:
        """How late the reply that is being sent now is; counts it."""
        if self.late_replies == 0:
            return 0
        if self.late_replies > 0:
            self.late_replies -= 1
        return self.late_ns


class Personality(Protocol):
    """One instrument."""

    baud: int | None
    """Pace of a serial line; None for USB, GPIB and LAN."""
    upsets: Upsets

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        """Take bytes whose last one has arrived at `t_ns`, to which the world has advanced."""
        ...

    def opened(self, t_ns: int) -> None:
        """A host has opened the port."""
        ...
