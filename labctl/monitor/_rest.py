"""When the check rests: while the medium is handled in the dark.

A thermostat moves the surroundings by command, a dose changes what is in the cell, and hours of
waiting say nothing of how light heats it. Judged by the model of a cell that light heats, all of
that would be alarms. The guard's rules and the thermostat's own hold on.
"""

from __future__ import annotations

from labctl.events import Dosed, Event, StepBegun

_HANDLED = frozenset({"thermostat", "release", "dose", "wait", "assay"})
"""Verbs of steps in which it rests."""


class Rest:
    """Told every step that begins and everything that is added."""

    def __init__(self) -> None:
        self.now = False
        """It rests."""
        self.over = False
        """It has rested, and has taken no reading since."""
        self._added_m3 = 0.0

    def step(self, event: StepBegun) -> tuple[Event, ...]:
        """A step begins; there is nothing to say to it."""
        self.over = self.over or self.now
        self.now = event.verb in _HANDLED
        return ()

    def added(self, event: Dosed) -> tuple[Event, ...]:
        """Something was added; there is nothing to say to it yet."""
        self._added_m3 += event.volume_m3
        return ()

    @property
    def words(self) -> tuple[str, ...]:
        """What the check takes for granted since."""
        if not self._added_m3:
            return ()
        return (
            f"{self._added_m3 * 1e9:.3g} uL were added, and volume, heat capacity and absorbance "
            "are taken as they were before",
        )
