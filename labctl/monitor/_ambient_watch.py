"""Did the surroundings take a step that the ambient probe saw?"""

from __future__ import annotations

import math
from dataclasses import dataclass

_FAST_S, _SLOW_S = 3.0, 60.0
_MOVING_K = 0.25
"""The air conditioning's swing and a room's drift stay well below this in a minute."""
_STEP_K = 0.4
_HOLD_S = 4.0
"""A step is named when it has stood so long: one reading is none, and a reference that all channels
share is told from a room by then."""
_STILL_K = 0.03
"""The step is over when the fast mean moves by less than this in `_FAST_S`."""


@dataclass(frozen=True, slots=True)
class AmbientStep:
    """A step of the ambient temperature."""

    onset_s: float
    size_k: float
    """So far: an ambient probe has a lag of its own."""


class AmbientWatch:
    """Compares a fast and a slow mean of the ambient probe.

    While they differ, `moving` is True: the surroundings that act on the cell are then ahead of
    what the probe shows, and nothing should be concluded from the sample's temperature.
    """

    def __init__(self) -> None:
        self.moving = False
        self.size_k = 0.0
        """Of the latest step, as far as the probe has shown it."""
        self._fast = self._slow = self._before = 0.0
        self._last_s: float | None = None
        self._since_s = 0.0
        self._passed_s: float | None = None
        self.told = False
        """True from when a step was told of until the next begins."""

    @property
    def fast_degc(self) -> float:
        """Mean of the latest seconds."""
        return self._fast

    def add(self, t_s: float, value_degc: float) -> AmbientStep | None:
        """One reading; a step at most once until the surroundings have come to rest again."""
        if self._last_s is None:
            self._fast = self._slow = self._before = value_degc
            self._last_s = self._since_s = t_s
            return None
        dt_s = t_s - self._last_s
        if dt_s <= 0.0:
            return None
        self._last_s = t_s
        gain = 1.0 - math.exp(-dt_s / _FAST_S)
        self._before += gain * (self._fast - self._before)
        self._fast += gain * (value_degc - self._fast)
        off = self._fast - self._slow
        if not self.moving:
            if abs(off) < _MOVING_K:
                horizon = max(dt_s, min(_SLOW_S, t_s - self._since_s))
                self._slow += (1.0 - math.exp(-dt_s / horizon)) * (value_degc - self._slow)
                return None
            self.moving, self._passed_s, self.told = True, t_s, False
        self.size_k = off
        since_s = self._passed_s if self._passed_s is not None else t_s
        found = None
        if not self.told and t_s - since_s >= _HOLD_S and abs(off) >= _STEP_K:
            self.told = True
            found = AmbientStep(since_s - _FAST_S, off)
        at_rest = abs(self._fast - self._before) < _STILL_K
        if at_rest and t_s - since_s >= 2.0 * _HOLD_S:
            self.moving = False
            self._slow, self._since_s = self._fast, t_s - _SLOW_S
        return found
