"""Means, differences and effect sizes of small groups, with intervals.

Intervals of means are Student's; of differences Welch's, degrees of freedom rounded down. The
effect size is Hedges' g (the difference over the pooled standard deviation, corrected for small
groups), its interval by inverting the non-central t distribution, which is exact for normal groups
of one variance (Hedges and Olkin, Statistical Methods for Meta-Analysis, 1985, chapter 5). A group
of one has a value and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev, variance

import numpy as np

from labctl.batch import two_sided

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(160)


@dataclass(frozen=True, slots=True)
class Group:
    """One outcome in one arm."""

    n: int
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One outcome, an arm less the arm that it is compared to. None where it cannot be told."""

    difference: float
    low: float | None
    high: float | None
    g: float | None
    g_low: float | None
    g_high: float | None


def group(values: Sequence[float], confidence: float) -> Group:
    """Mean, standard deviation and interval of the mean."""
    n = len(values)
    if n == 0:
        return Group(0, None, None, None, None)
    mean = fmean(values)
    if n == 1:
        return Group(1, mean, None, None, None)
    sd = stdev(values)
    wide = two_sided(confidence, n - 1) * sd / math.sqrt(n)
    return Group(n, mean, sd, mean - wide, mean + wide)


def compare(a: Sequence[float], b: Sequence[float], confidence: float) -> Comparison | None:
    """`a` less `b`; None where one of them is empty."""
    if not a or not b:
        return None
    difference = fmean(a) - fmean(b)
    if len(a) < 2 or len(b) < 2:
        return Comparison(difference, None, None, None, None, None)
    one, two = variance(a) / len(a), variance(b) / len(b)
    if one + two <= 0.0:
        return Comparison(difference, None, None, None, None, None)
    freedom = (one + two) ** 2 / (one**2 / (len(a) - 1) + two**2 / (len(b) - 1))
    wide = two_sided(confidence, max(1, math.floor(freedom))) * math.sqrt(one + two)
    return Comparison(difference, difference - wide, difference + wide, *hedges(a, b, confidence))


def hedges(a: Sequence[float], b: Sequence[float], confidence: float) -> tuple[float, float, float]:
    """Hedges' g of two groups of two or more values that are not all the same, and its
    interval."""
    n, m = len(a), len(b)
    freedom = n + m - 2
    pooled = math.sqrt(((n - 1) * variance(a) + (m - 1) * variance(b)) / freedom)
    d = (fmean(a) - fmean(b)) / pooled
    correct = math.exp(
        math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2) - 0.5 * math.log(freedom / 2)
    )
    root = math.sqrt(n * m / (n + m))
    tail = 0.5 * (1.0 - confidence)
    low = _centre_with(d * root, freedom, 1.0 - tail)
    high = _centre_with(d * root, freedom, tail)
    return correct * d, correct * low / root, correct * high / root


def noncentral_t(t: float, freedom: int, centre: float) -> float:
    """Part of the non-central t distribution below `t`: the mean of Phi(t s - centre) over s, the
    root of a chi-squared over its degrees of freedom."""
    sd = math.sqrt(0.5 / freedom)
    low, high = max(0.0, 1.0 - 9.0 * sd), 1.0 + 9.0 * sd
    half = 0.5 * (high - low)
    s = low + half * (1.0 + _NODES)
    log_density = (
        math.log(2.0)
        + 0.5 * freedom * math.log(0.5 * freedom)
        - math.lgamma(0.5 * freedom)
        + (freedom - 1) * np.log(s)
        - 0.5 * freedom * s**2
    )
    below = np.array([0.5 * math.erfc(-x / math.sqrt(2.0)) for x in t * s - centre])
    return float(half * (_WEIGHTS @ (np.exp(log_density) * below)))


def _centre_with(t: float, freedom: int, part: float) -> float:
    """The centre at which `part` of the distribution is below `t`; it falls as the centre rises."""
    reach = 10.0 + 2.0 * abs(t)
    low, high = t - reach, t + reach
    for _ in range(60):
        middle = 0.5 * (low + high)
        if noncentral_t(t, freedom, middle) > part:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
