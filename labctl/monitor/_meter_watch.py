"""Does the power meter see what was commanded, and did it see a step?"""

from __future__ import annotations

import math
from dataclasses import dataclass

_FAST_S, _SLOW_S = 3.0, 30.0
_QUIET_S = 5.0
"""After an edge, until diode and meter have come up."""
_HOLD_S = 5.0
"""A step is named when it has stood so long."""


@dataclass(frozen=True, slots=True)
class MeterStep:
    """A step of the measured power, relative."""

    onset_s: float
    size: float


class MeterWatch:
    """Compares a fast and a slow mean of measured over commanded power while the light is on.

    A diode's warm-up stays below the threshold (a few percent in minutes); a step does not.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._fast = self._slow = 0.0
        self._since_s: float | None = None
        self._last_s = 0.0
        self._onset_s: float | None = None
        self._passed_s: float | None = None
        self._silent = False
        self._after_sum = 0.0
        self._after_count = 0
        self._sum = 0.0
        self._count = 0

    @property
    def mean_ratio(self) -> float | None:
        """Measured over commanded power, over all the light so far."""
        return self._sum / self._count if self._count else None

    def restart(self) -> None:
        """A commanded edge."""
        self._since_s = self._onset_s = self._passed_s = None
        self._silent = False

    def add(self, t_s: float, lit_for_s: float, ratio: float) -> MeterStep | None:
        """One reading under light, measured over commanded."""
        if lit_for_s < _QUIET_S:
            return None
        self._sum += ratio
        self._count += 1
        if self._since_s is None:
            self._fast = self._slow = ratio
            self._since_s = self._last_s = t_s
            return None
        dt_s = t_s - self._last_s
        self._last_s = t_s
        self._fast += (1.0 - math.exp(-dt_s / _FAST_S)) * (ratio - self._fast)
        off = self._fast / self._slow - 1.0 if self._slow > 0.0 else 0.0
        if abs(off) < self._threshold / 3.0:
            self._onset_s = None
        elif self._onset_s is None:
            self._onset_s = t_s - dt_s
        if abs(off) < self._threshold:
            self._passed_s = None
            # The slow mean stands still while a step is being looked at.
            horizon = min(_SLOW_S, t_s - self._since_s)
            self._slow += (1.0 - math.exp(-dt_s / max(horizon, dt_s))) * (ratio - self._slow)
            return None
        if self._passed_s is None:
            self._passed_s = t_s
            self._after_sum, self._after_count = 0.0, 0
        self._after_sum += ratio
        self._after_count += 1
        if self._silent or t_s - self._passed_s < _HOLD_S:
            return None
        self._silent = True
        onset_s = self._onset_s if self._onset_s is not None else self._passed_s
        return MeterStep(onset_s, self._after_sum / self._after_count / self._slow - 1.0)
