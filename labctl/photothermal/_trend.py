"""The slope of the latest readings, and whether they stand still."""

from __future__ import annotations

import math

import numpy as np

_LONGEST_S = 1800.0
_FIRST = 1024


class Trend:
    """Least-squares line through the readings of a window."""

    def __init__(self) -> None:
        self._readings = np.zeros((2, _FIRST))
        """Times and values; those from `_begin` to `_end` are within the longest window."""
        self._begin = self._end = 0

    def add(self, t_s: float, value_degc: float) -> None:
        """One more reading, no earlier than the one before."""
        if self._end == self._readings.shape[1]:
            self._make_room()
        self._readings[:, self._end] = t_s, value_degc
        self._end += 1

    def _make_room(self) -> None:
        """Drop what no window reaches; double the room where that leaves less than half free."""
        times = self._readings[0, self._begin : self._end]
        self._begin += int(times.searchsorted(times[-1] - _LONGEST_S))
        kept = self._readings[:, self._begin : self._end].copy()
        count = kept.shape[1]
        if 2 * count > self._readings.shape[1]:
            self._readings = np.zeros((2, 2 * self._readings.shape[1]))
        self._readings[:, :count] = kept
        self._begin, self._end = 0, count

    def slope(self, now_s: float, window_s: float) -> tuple[float, float] | None:
        """(slope, its standard deviation) in K/s over the last `window_s`; None while readings do
        not fill the window. The deviation is that of the readings about the line."""
        begin_s = now_s - window_s
        times, values = self._readings[:, self._begin : self._end]
        if not len(times) or times[0] > begin_s + 0.05 * window_s:
            return None
        first = int(times.searchsorted(begin_s))
        t, y = times[first:] - now_s, values[first:] - values[-1]
        n = len(t)
        if n < 4:
            return None
        t -= t.mean()
        y -= y.mean()
        # Sums, not products of vectors: those of long windows would wake other threads.
        ss_t = float(np.square(t).sum())
        if ss_t <= 0.0:
            return None
        slope = float((t * y).sum()) / ss_t
        left = max(0.0, float(np.square(y).sum()) - slope * slope * ss_t)
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
