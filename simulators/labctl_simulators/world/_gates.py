"""What stands in the laser's way: a blade in the beam, a relay in the interlock loop.

Both take some milliseconds to move. What drives them is a personality in `labctl_simulators.wire`;
here is only what blade and contact do.
"""

from __future__ import annotations

from collections.abc import Callable

from labctl.clock import NS

_BLADE_NS = NS // 100
_CONTACT_NS = NS // 200

Schedule = Callable[[int, Callable[[], None]], None]


class Blade:
    """A shutter's blade: shut by its spring, open while its coil is driven."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self.driven = False
        self.is_open = False
        self.stuck = False
        """A fault: it stays where it is."""

    def drive(self, open_it: bool, t_ns: int) -> None:
        """Drive the coil, or let go of it; the blade follows."""
        self.driven = open_it
        self._schedule(t_ns + _BLADE_NS, self.follow)

    def follow(self) -> None:
        """The blade is where the coil has it, unless it is stuck."""
        if not self.stuck:
            self.is_open = self.driven


class Relay:
    """A contact in the laser's interlock loop: open unless its coil is driven."""

    def __init__(self, schedule: Schedule, moved: Callable[[bool], None]) -> None:
        """`moved` is told, at its time, whether the contact is closed."""
        self._schedule = schedule
        self._moved = moved
        self.driven = False
        self.closed = False
        self.welded = False
        """A fault: once closed, the contact does not open again."""

    def drive(self, close_it: bool, t_ns: int) -> None:
        """Drive the coil, or let go of it; the contact follows."""
        if close_it != self.driven:
            self.driven = close_it
            self._schedule(t_ns + _CONTACT_NS, self.follow)

    def follow(self) -> None:
        """The contact is where the coil has it, unless it is welded."""
        if not (self.welded and self.closed):
            self.closed = self.driven
        self._moved(self.closed)
