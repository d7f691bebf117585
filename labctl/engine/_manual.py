"""Edges of a laser that a person switches: seen by the power meter, marked by the person at the
prompt, or found in the curve.

Such a laser is not under labctl's control: no lease, no beam off. Its edges are only found, so that
the check knows when the light was on.
"""

from __future__ import annotations

from collections import deque

from labctl.clock import NS
from labctl.events import Beam, Emission, Reading

BY_METER = "manual: power meter"

_ON_W = 0.020
"""At the sample. Rising through it is ON; below half of it is OFF again."""
_WINDOW_S = 10.0
"""A slope of the curve is taken over this, and held against the one over as long before."""
_BREAK_K_PER_S = 0.02
"""A change of slope smaller than this is no edge of a laser worth checking."""


class ManualEdges:
    """Turns the meter's readings, a person's marks or the curve itself into `Emission` events."""

    def __init__(self, manual: bool, has_meter: bool) -> None:
        self._manual = manual
        self._has_meter = has_meter
        self._lit = False
        self._mark: bool | None = None
        self._marks = False
        self._curve = _CurveEdges()

    def marked(self, lit: bool) -> None:
        """A person says so; it is told at the next tick. From then on the curve is not asked."""
        self._mark = lit
        self._marks = True

    def look(
        self, now_ns: int, power: Reading | None, probe: Reading | None
    ) -> tuple[Emission, ...]:
        """Edges since the last look; empty for a laser under control."""
        if not self._manual:
            return ()
        found = self._found(now_ns, power, probe)
        if found is None or found[0] == self._lit:
            return ()
        lit, how, at_ns = found
        self._lit = lit
        beam = Beam.ON if lit else Beam.OFF
        # No power was commanded: what the protocol states and what the meter reads is all there is,
        # and the reading that shows the edge is an average over it.
        return (Emission(at_ns, beam, how, None, why="not under labctl's control"),)

    def _found(
        self, now_ns: int, power: Reading | None, probe: Reading | None
    ) -> tuple[bool, str, int] | None:
        if self._has_meter:
            if power is None:
                return None
            threshold_w = _ON_W / 2 if self._lit else _ON_W
            return power.value > threshold_w, BY_METER, power.t_ns
        if self._marks:
            mark, self._mark = self._mark, None
            return None if mark is None else (mark, "manual: marked by a person", now_ns)
        if probe is None:
            return None
        edge = self._curve.look(probe, self._lit)
        return None if edge is None else (edge[0], "manual: found in the curve", edge[1])


class _CurveEdges:
    """A sudden change of slope: up for light, down for its end, dated to between the two slopes."""

    def __init__(self) -> None:
        self._readings: deque[tuple[int, float]] = deque()

    def look(self, probe: Reading, lit: bool) -> tuple[bool, int] | None:
        readings = self._readings
        readings.append((probe.t_ns, probe.value))
        while readings and probe.t_ns - readings[0][0] > 2 * _WINDOW_S * NS:
            readings.popleft()
        middle_ns = probe.t_ns - round(_WINDOW_S * NS)
        before = [r for r in readings if r[0] <= middle_ns]
        after = [r for r in readings if r[0] > middle_ns]
        if len(before) < 4 or len(after) < 4:
            return None
        if probe.t_ns - readings[0][0] < 1.8 * _WINDOW_S * NS:
            return None
        change = _slope(after) - _slope(before)
        if lit:
            change = -change
        if change < _BREAK_K_PER_S:
            return None
        readings.clear()
        return not lit, middle_ns


def _slope(readings: list[tuple[int, float]]) -> float:
    """Least-squares slope, K/s."""
    count = len(readings)
    zero_ns = readings[0][0]
    times = [(t_ns - zero_ns) / NS for t_ns, _ in readings]
    mean_t = sum(times) / count
    mean_v = sum(value for _, value in readings) / count
    spread = sum((t - mean_t) ** 2 for t in times)
    covered = sum((t - mean_t) * (r[1] - mean_v) for t, r in zip(times, readings, strict=True))
    return covered / spread
