"""A probe whose readings stand still though they used to move: a hard rule."""

from __future__ import annotations

_EQUAL = 12
"""So many equal readings in a row, at least."""
_FINE = 0.5
"""Of the noise: readings in coarser steps than that stand still by themselves."""
_OFTENER = 4
"""Times as long as the longest standstill before: some probes are asked oftener than they read."""
_MOVES = 10
"""Changes that must have been seen before, for that longest standstill to be known."""


class Stuck:
    """Feed it each reading with the noise expected of it.

    White noise of deviation s in steps of g repeats a reading with a chance of g/(2 s sqrt(pi)): at
    g = s/2 that is 0.14, and twelve in a row come once in 1e10 readings. It says nothing of
    a probe whose steps are coarser than half its noise.
    """

    def __init__(self) -> None:
        self._last: float | None = None
        self._since_s = 0.0
        self._noise_k = 0.0
        self._run = 0
        self._longest = 0
        self._moves = 0
        self._grain_k = float("inf")
        self._told = False

    def add(self, t_s: float, value_degc: float, noise_sd_k: float) -> float | None:
        """Since when the probe has stood still, in s; told once, until it moves again."""
        if value_degc != self._last:
            if self._last is not None:
                self._moves += 1
                self._grain_k = min(self._grain_k, abs(value_degc - self._last))
                if not self._told:
                    self._longest = max(self._longest, self._run)
            self._last, self._since_s, self._noise_k = value_degc, t_s, noise_sd_k
            self._run, self._told = 1, False
            return None
        self._run += 1
        if self._told or self._moves < _MOVES or self._grain_k > _FINE * self._noise_k:
            return None
        if self._run < max(_EQUAL, _OFTENER * self._longest):
            return None
        self._told = True
        return self._since_s
