"""Did the difference of the two beads in the liquid take the step that the probe did?"""

from __future__ import annotations

import math
import statistics
from collections import deque
from enum import Enum

from labctl.photothermal import BEAD_OUT, BEAD_STEP, HEAT, HEAT_RAMP, OFFSET, Step

_QUIET_S = 8.0
"""After an edge, until two beads of unlike lag stand beside each other again."""
_KEEP_S = 300.0
_BEFORE_S = 60.0
_MARGIN_S = 3.0
"""An onset is known to a few seconds: so long before it nothing is taken for healthy."""
_FOLLOW_S = 1.5
"""So long after it a bead is still following."""
_LEAST_BEFORE, _LEAST_AFTER, _MOST_AFTER = 8, 3, 10
_MEDIAN = 1.2533
"""Deviation of a median over that of a mean."""
_FLOOR_K = 0.02
"""What two healthy beads part by: their lags while the slope changes, and their places."""
_UNLIKE = 0.1
"""The same of a change of the liquid that both follow, relative to it."""
_SURE_SD = 3.0


class Whose(Enum):
    """Where a fault is."""

    BEAD = "bead"
    LIQUID = "liquid"


class SecondWatch:
    """Keeps the difference of the two beads, probe less second, since the last edge.

    Asked about a step that was found in the probe's readings, it compares medians of the difference
    before its onset and of late. Had the bead done it, the difference would have changed by as much
    as the probe did; had the liquid, not at all. The answer is the nearer one, given when the
    middle between the two is `_SURE_SD` deviations away. A difference that went the other way is
    no answer: then the second bead has a fault of its own.
    """

    def __init__(self) -> None:
        self._kept: deque[tuple[float, float]] = deque()
        self._from_s = -math.inf

    def restart(self, now_s: float) -> None:
        """An edge, or a gap: the difference begins anew."""
        self._kept.clear()
        self._from_s = now_s + _QUIET_S

    def add(self, t_s: float, difference_k: float) -> None:
        """Readings of both beads of one instant."""
        if t_s < self._from_s:
            return
        self._kept.append((t_s, difference_k))
        while t_s - self._kept[0][0] > _KEEP_S:
            self._kept.popleft()

    def whose(self, step: Step, heating_k_per_s: float, out_lag_s: float) -> Whose | None:
        """Where the fault is that was found as this step; None where the two beads do not tell yet.
        `heating_k_per_s`: what 100 % of the heat adds to the liquid's rate."""
        healthy_s = step.onset_s - _MARGIN_S
        before = [d for t, d in self._kept if healthy_s - _BEFORE_S <= t <= healthy_s]
        after = [(t, d) for t, d in self._kept if t > step.onset_s + _FOLLOW_S][-_MOST_AFTER:]
        if len(before) < _LEAST_BEFORE or len(after) < _LEAST_AFTER:
            return None
        since_s = statistics.median(t for t, _ in after) - step.onset_s
        by_bead = change_at_bead_k(step, since_s, heating_k_per_s, out_lag_s)
        change = statistics.median(d for _, d in after) - statistics.median(before)
        noise = statistics.stdev(before) * _MEDIAN * math.sqrt(1.0 / len(before) + 1.0 / len(after))
        sd = math.hypot(noise, _FLOOR_K, _UNLIKE * by_bead)
        along, half = math.copysign(1.0, by_bead) * change, 0.5 * abs(by_bead)
        if abs(along - half) < _SURE_SD * sd or along < -_SURE_SD * sd:
            return None
        return Whose.BEAD if along > half else Whose.LIQUID


def change_at_bead_k(step: Step, since_s: float, heating_k_per_s: float, out_lag_s: float) -> float:
    """By how much the probe's reading has changed so long after the onset of this step."""
    if step.shape == HEAT:
        return step.size * heating_k_per_s * since_s
    if step.shape == HEAT_RAMP:
        return 0.5 * step.size * heating_k_per_s * since_s**2 / 60.0
    if step.shape in {BEAD_STEP, OFFSET}:
        return step.size
    if step.shape == BEAD_OUT:
        return step.size * (1.0 - math.exp(-since_s / out_lag_s))
    return 0.0
