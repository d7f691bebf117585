"""Does a number that should be one and the same drift with something: cycle, power, concentration?

A straight line through the logarithms of the values, because what fades, fades by a part of what is
left; weighted by what is known of each. Where the values scatter about the line more than was
stated of them, the scatter counts (Birge's ratio).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FEWEST = 3
"""Values: through two there is always a line, and nothing is known of its scatter."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Relative change from the lowest to the highest x by the line, and its deviation."""

    change: float
    sd: float
    mean: float
    """Weighted geometric mean of the values."""


def drift(x: Sequence[float], y: Sequence[float], sd: Sequence[float]) -> Drift | None:
    """None for fewer than `FEWEST` values, one x only, or a value that is not above 0. ValueError
    for a deviation that is not above 0."""
    if len(x) < FEWEST or len(set(x)) < 2 or min(y) <= 0.0:
        return None
    if min(sd) <= 0.0:
        raise ValueError("a standard deviation must be above 0")
    at, values = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    logs = np.log(values)
    weight = (values / np.asarray(sd, dtype=float)) ** 2
    total = float(weight.sum())
    middle = float(weight @ at) / total
    mean = float(weight @ logs) / total
    squares = float(weight @ (at - middle) ** 2)
    slope = float(weight @ ((at - middle) * logs)) / squares
    left = logs - mean - slope * (at - middle)
    ratio = math.sqrt(float(weight @ left**2) / (len(x) - 2))
    span = float(at.max() - at.min())
    kept = math.exp(slope * span)
    return Drift(kept - 1.0, kept * max(1.0, ratio) / math.sqrt(squares) * span, math.exp(mean))
