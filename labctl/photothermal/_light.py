"""The power over a record: steps between which it is constant, and the pieces that they cut."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from labctl.photothermal._discretise import Floats

_PLACES = 3
"""Times are taken to a millisecond, so that equal steps are found equal."""
_MOST_PARTS = 20_000
"""Of one stretch: 11 h in steps of 2 s. In longer ones, such as a clock that jumps from 1970 to
now, everything has settled, and longer steps are as good."""


@dataclass(frozen=True, slots=True)
class PowerSteps:
    """Power at the sample: `watts[i]` from `times_s[i]` until the next time; before the first, 0.

    A measured power is a step at every reading; a switched laser is a step at each edge, which may
    lie between readings. Both (n,); ValueError when times do not rise or a number is not finite.
    """

    times_s: Floats
    watts: Floats

    def __post_init__(self) -> None:
        times = np.asarray(self.times_s, dtype=float)
        watts = np.asarray(self.watts, dtype=float)
        if times.ndim != 1 or times.shape != watts.shape:
            raise ValueError("times and watts must be two arrays of one length")
        if not (np.isfinite(times).all() and np.isfinite(watts).all()):
            raise ValueError("a time or a power is not a finite number")
        if np.any(np.diff(times) <= 0.0):
            raise ValueError("the times of the power do not rise")
        object.__setattr__(self, "times_s", times)
        object.__setattr__(self, "watts", watts)

    @classmethod
    def on_off(cls, watts: float, *spans_s: tuple[float, float]) -> PowerSteps:
        """Light of one power during each (from, to)."""
        flat = [t for span in spans_s for t in span]
        return cls(np.array(flat), np.array([watts, 0.0] * len(spans_s)))

    def at(self, t_s: float) -> float:
        """W, just behind a time."""
        i = int(np.searchsorted(self.times_s, t_s, side="right"))
        return float(self.watts[i - 1]) if i else 0.0


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of constant power."""

    reading: int
    """Of the reading that the stretch leads to."""
    arrives: bool
    """Whether it ends at that reading."""
    dt_s: float
    power_w: float
    switched: bool
    """Whether light came or went at its beginning."""
    end_s: float


def pieces(times_s: Floats, power: PowerSteps, longest_s: float = math.inf) -> Iterator[Piece]:
    """Cut the way from each reading to the next at the power's edges, and where it is longer than
    `longest_s` (into 20 000 at most). Times are rounded to a millisecond, and must still rise
    then."""
    edges = np.round(power.times_s, _PLACES)
    times_s = np.round(times_s, _PLACES)
    following = int(np.searchsorted(edges, times_s[0], side="right"))
    now_s = float(times_s[0])
    power_w = float(power.watts[following - 1]) if following else 0.0
    was_w = power_w
    for reading in range(1, len(times_s)):
        until_s = float(times_s[reading])
        while now_s < until_s:
            ahead_s = float(edges[following]) if following < len(edges) else math.inf
            stop_s = min(ahead_s, until_s)
            parts = max(1, math.ceil((stop_s - now_s) / longest_s - 1e-9))
            parts = min(parts, _MOST_PARTS)
            dt_s = round((stop_s - now_s) / parts, 9)
            for part in range(parts):
                if dt_s > 0.0:
                    arrives = stop_s == until_s and part == parts - 1
                    switched = (power_w > 0.0) != (was_w > 0.0)
                    end_s = now_s + (part + 1) * dt_s
                    yield Piece(reading, arrives, dt_s, power_w, switched, end_s)
                    was_w = power_w
            now_s = stop_s
            if stop_s == ahead_s:
                power_w = float(power.watts[following])
                following += 1
