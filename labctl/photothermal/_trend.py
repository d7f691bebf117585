"""The slope of the latest readings, and whether they stand still."""

from __future__ import annotations

import math
from collections import deque

_LONGEST_S = 1800.0


class Trend:
    """Least-squares line through the readings of a window."""

    def __init__(self) -> None:
        self._readings: deque[tuple[float, float]] = deque()

    def add(self, t_s: float, value_degc: float) -> None:
        """One more reading."""
        self._readings.append((t_s, value_degc))
        while self._readings[0][0] < t_s - _LONGEST_S:
            self._readings.popleft()

    def slope(self, now_s: float, window_s: float) -> tuple[float, float] | None:
        """(slope, its standard deviation) in K/s over the last `window_s`; None while readings do
        not fill the window. The deviation is that of the readings about the line."""
        begin_s = now_s - window_s
        readings = self._readings
        if not readings or readings[0][0] > begin_s + 0.05 * window_s:
            return None
        n, st, sy, stt, sty, syy = 0, 0.0, 0.0, 0.0, 0.0, 0.0
        zero = readings[-1][1]
        for t_s, value in reversed(readings):
            if t_s < begin_s:
                break
            t, y = t_s - now_s, value - zero
            n += 1
            st += t
            sy += y
            stt += t * t
            sty += t * y
            syy += y * y
        if n < 4:
            return None
        ss_t = stt - st * st / n
        if ss_t <= 0.0:
            return None
        slope = (sty - st * sy / n) / ss_t
        left = max(0.0, syy - sy * sy / n - slope * slope * ss_t)
        return slope, math.sqrt(left / (n - 2) / ss_t)

    def steady(self, within_k: float, for_s: float, now_s: float) -> bool:
        """True when the temperature changes by less than `within_k` over `for_s`, by the line
        through that window with two deviations of its slope on top: noise never makes it true
        early."""
        found = self.slope(now_s, for_s)
        if found is None:
            return False
        slope, sd = found
        return (abs(slope) + 2.0 * sd) * for_s <= within_k
