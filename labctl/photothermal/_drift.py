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

from labctl.photothermal._discretise import Floats

FEWEST = 3
"""Values: through two there is always a line, and nothing is known of its scatter."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Relative change from the lowest to the highest x by the line, and its deviation."""

    change: float
    sd: float


def drift(x: Sequence[float], y: Sequence[float], covariance: Floats) -> Drift | None:
    """`covariance` (n, n) is that of the values. None for fewer than `FEWEST` values, one x only,
    or a value that is not above 0. ValueError for a covariance that is none."""
    at, values = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    n = len(at)
    if n < FEWEST or float(np.ptp(at)) == 0.0 or float(values.min()) <= 0.0:
        return None
    try:
        # In relative terms, which is what the logarithm makes of them.
        weight = np.linalg.inv(np.asarray(covariance, dtype=float) / np.outer(values, values))
        np.linalg.cholesky(weight)
    except np.linalg.LinAlgError:
        raise ValueError("a covariance must be positive definite") from None
    design = np.column_stack([np.ones(n), at])
    of_line = np.linalg.inv(design.T @ weight @ design)
    logs = np.log(values)
    level, slope = of_line @ design.T @ weight @ logs
    left = logs - level - slope * at
    ratio = math.sqrt(float(left @ weight @ left) / (n - 2))
    span = float(np.ptp(at))
    kept = math.exp(float(slope) * span)
    return Drift(kept - 1.0, kept * max(1.0, ratio) * math.sqrt(float(of_line[1, 1])) * span)
