"""Quantile of Student's t for whole degrees of freedom, by the finite sums of its distribution
(Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4)."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

_LARGE = 400
"""From here on the normal quantile is within 0.3 % of it."""


def two_sided(confidence: float, freedom: int) -> float:
    """t such that a part `confidence` (0 to 1) of the distribution is between -t and t.
    ValueError for less than one degree of freedom, or a confidence outside 0.5 to 0.9999."""
    if freedom < 1 or not 0.5 <= confidence <= 0.9999:
        raise ValueError(f"no quantile for {confidence} and {freedom} degrees of freedom")
    if freedom >= _LARGE:
        return NormalDist().inv_cdf(0.5 + confidence / 2.0)
    return _quantile(confidence, freedom)


@lru_cache(maxsize=256)
def _quantile(confidence: float, freedom: int) -> float:
    low, high = 0.0, 1.0
    while _between(high, freedom) < confidence:
        high *= 2.0
    for _ in range(80):
        middle = 0.5 * (low + high)
        if _between(middle, freedom) < confidence:
            low = middle
        else:
            high = middle
    return high


def _between(t: float, freedom: int) -> float:
    """Part of the distribution between -t and t."""
    angle = math.atan(t / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2 == 1
    term = cosine if odd else 1.0
    total = term if freedom > 1 else 0.0
    first = 3 if odd else 2
    for k in range(first, freedom - 1, 2):
        # From one power of the cosine to the one two above it.
        term *= cosine * cosine * (k - 1) / k
        total += term
    if odd:
        return 2.0 / math.pi * (angle + sine * total)
    return sine * total
