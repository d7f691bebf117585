"""Edges of a laser that a person switches: marked by the person, or seen by the power meter.

Such a laser is not under labctl's control: no lease, no beam off. Its edges are only found, so that
the check knows when the light was on.
"""

from __future__ import annotations

from labctl.events import Beam, Emission, Reading

_ON_W = 0.020
"""At the sample. Rising through it is ON; below half of it is OFF again."""


class ManualEdges:
    """Turns a person's marks and the meter's readings into `Emission` events."""

    def __init__(self, manual: bool, has_meter: bool) -> None:
        self._manual = manual
        self._has_meter = has_meter
        self._lit = False
        self._mark: bool | None = None

    def marked(self, lit: bool) -> None:
        """A person says so; it is told at the next tick."""
        self._mark = lit

    def look(self, now_ns: int, power: Reading | None) -> tuple[Emission, ...]:
        """Edges since the last look; empty for a laser under control."""
        if not self._manual:
            return ()
        if self._has_meter:
            if power is None:
                return ()
            threshold_w = _ON_W / 2 if self._lit else _ON_W
            lit, how, at_ns = power.value > threshold_w, "manual: power meter", power.t_ns
        elif self._mark is not None:
            lit, how, at_ns = self._mark, "manual: marked by a person", now_ns
            self._mark = None
        else:
            return ()
        if lit == self._lit:
            return ()
        self._lit = lit
        beam = Beam.ON if lit else Beam.OFF
        power_w = power.value if power is not None and lit else None
        return (Emission(at_ns, beam, how, power_w, why="not under labctl's control"),)
