"""The log-linear cooling fit: t = -tau ln theta, theta = (T - T_s)/(T_max - T_s).

Time constants of the field come from this line (Roper, Ahn, Hoepfner 2007 [not checked against its
source; the form is restated in Sanchez et al. 2014]). It weighs the tail, where theta is lost in
noise and in drift of the surroundings, as much as the beginning: on one and the same real curve the
answer has been seen to run from 224 to 525 s with the least theta that is used. So the floor is
part of the answer, and the answer at other floors is given beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from labctl.photothermal._branches import Branches
from labctl.photothermal._record import Record, UnusableError

FLOOR = 0.2
"""Least theta that is used unless another is asked for."""
FLOORS = (0.5, 0.3, 0.2, 0.1, 0.05, 0.02)
_LEAST_ROWS = 5


@dataclass(frozen=True, slots=True)
class LogLinear:
    """The time constant in s, how it was got, and how far it moves with the floor."""

    time_constant_s: float
    sd_s: float
    """Of the line, as white residuals would give it."""
    floor: float
    rows: int
    by_floor: tuple[tuple[float, float], ...]
    """(floor, time constant) for each of FLOORS that the record reaches."""

    @property
    def low_s(self) -> float:
        """The shortest of `by_floor`."""
        return min(tau for _, tau in self.by_floor)

    @property
    def high_s(self) -> float:
        """The longest of `by_floor`."""
        return max(tau for _, tau in self.by_floor)


def log_linear_cooling(
    record: Record,
    cut: Branches,
    surroundings_degc: float,
    hottest_degc: float,
    floor: float = FLOOR,
) -> LogLinear:
    """Fit the cooling branch of a usable record from the switch-off down to the first reading
    below `floor`; a record that does not reach the floor is used to its end. UnusableError where
    there are fewer than 5 such rows or they do not fall."""
    if cut.off_s is None:
        raise UnusableError("the record has no cooling")
    t = record.time_s[cut.cooling] - cut.off_s
    rise = hottest_degc - surroundings_degc
    if rise <= 0.0:
        raise UnusableError("the sample was not warmer than its surroundings at switch-off")
    theta = (record.temperature_degc[cut.cooling] - surroundings_degc) / rise
    line = _line(t, theta, floor)
    if line is None:
        raise UnusableError(f"the cooling branch has too few rows above theta = {floor:g}")
    by_floor = []
    for other in FLOORS:
        reached = bool((theta < other).any()) or other >= floor
        found = _line(t, theta, other) if reached else None
        if found is not None:
            by_floor.append((other, found[0]))
    return LogLinear(line[0], line[1], floor, line[2], tuple(by_floor) or ((floor, line[0]),))


def _line(t: np.ndarray, theta: np.ndarray, floor: float) -> tuple[float, float, int] | None:
    """(tau, sd, rows) of the line through (t, ln theta); None where there is none that falls."""
    below = np.flatnonzero(theta < floor)
    n = int(below[0]) if len(below) else len(theta)
    if n < _LEAST_ROWS:
        return None
    x, y = t[:n], np.log(theta[:n])
    middle = x.mean()
    spread = float(((x - middle) ** 2).sum())
    slope = float(((x - middle) * y).sum()) / spread if spread > 0.0 else 0.0
    if slope >= 0.0:
        return None
    off = y - y.mean() - slope * (x - middle)
    sd = math.sqrt(float(off @ off) / (n - 2) / spread)
    return -1.0 / slope, sd / slope**2, n
