"""How far runs of one arm scatter, and how much of it is between lots, days or benches.

The model is value = arm + factor + rest, factor and rest random. The variance of the factor comes
from the sum of squares that it takes off, beyond the arms, set equal to its expectation
(Henderson's method 3 for unbalanced groups; Biometrics 9, 226, 1953). The interval of the ratio of
the two standard deviations inverts the F ratio, whose distribution under each ratio is drawn with a
fixed seed (after Wald; Annals of Mathematical Statistics 18, 586, 1947). One factor
at a time: what comes together (each lot on a day of its own) cannot be told apart, and is said to.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

LEAST_LEVELS = 3
"""Of a factor with fewer levels nothing can be said."""
LEAST_FREEDOM = 2
_DRAWS = 20_000

Array: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Component:
    """One factor: lot, day or bench."""

    factor: str
    levels: int
    within_sd: float | None
    """Of runs of one arm in one level; None where that cannot be told."""
    between_sd: float | None
    """Of the levels; 0 where the scatter between them is explained by that within."""
    ratio_low: float | None
    """Interval of between over within; None where it cannot be told."""
    ratio_high: float | None
    why: str = ""
    """Why it cannot be told."""


def component(
    factor: str,
    values: Sequence[float],
    arms: Sequence[str],
    levels: Sequence[str],
    confidence: float,
) -> Component:
    """The share of one factor in the scatter of `values`; all of one length, one entry a run."""
    count = len(set(levels))
    y = np.asarray(values, dtype=float)
    if count < LEAST_LEVELS:
        within = _within(y, arms) if len(y) else None
        word = {0: "nothing was measured", 1: f"all runs are of one {factor}"}.get(
            count, f"{count} are too few"
        )
        return Component(factor, count, within, None, None, None, word)
    fixed, random = _columns(arms), _columns(levels)
    both = np.hstack([fixed, random])
    rank, whole = _rank(fixed), _rank(both)
    freedom, taken = len(y) - whole, whole - rank
    if freedom < LEAST_FREEDOM or taken < 1:
        why = "each run is of another combination" if taken else f"arm and {factor} come together"
        return Component(factor, count, None, None, None, None, why)
    rest = _squares(both, y)
    share = _squares(fixed, y) - rest
    free = random - fixed @ np.linalg.lstsq(fixed, random, rcond=None)[0]
    weights = np.linalg.svd(free, compute_uv=False)[:taken] ** 2
    within_var = rest / freedom
    between_var = max(0.0, (share - taken * within_var) / float(weights.sum()))
    if within_var <= 0.0:
        why = "runs of one arm do not differ"
        return Component(factor, count, 0.0, math.sqrt(between_var), None, None, why)
    ratio = (share / taken) / within_var
    low, high = _interval(ratio, weights, freedom, confidence)
    return Component(
        factor, count, math.sqrt(within_var), math.sqrt(between_var), low, high
    )  # fmt: skip


def confounded(one: Sequence[str], two: Sequence[str]) -> bool:
    """Two factors that divide the runs in the same way, or nearly: each level of one is in one
    level of the other."""
    pairs = len(set(zip(one, two, strict=True)))
    return len(set(one)) > 1 and len(set(two)) > 1 and pairs == max(len(set(one)), len(set(two)))


def _within(y: Array, arms: Sequence[str]) -> float | None:
    fixed = _columns(arms)
    freedom = len(y) - _rank(fixed)
    return math.sqrt(_squares(fixed, y) / freedom) if freedom >= LEAST_FREEDOM else None


def _columns(names: Sequence[str]) -> Array:
    known = sorted(set(names))
    return np.array([[1.0 if name == each else 0.0 for each in known] for name in names])


def _rank(design: Array) -> int:
    return int(np.linalg.matrix_rank(design))


def _squares(design: Array, y: Array) -> float:
    """Sum of squares that a design leaves."""
    left = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return float(left @ left)


def _interval(ratio: float, weights: Array, freedom: int, confidence: float) -> tuple[float, float]:
    """Of the ratio of the standard deviations: those under which the ratio of mean squares that
    was found is neither too small nor too large."""
    rng = np.random.default_rng(20_261_121)
    factor = rng.chisquare(1, (_DRAWS, len(weights)))
    rest = rng.chisquare(freedom, _DRAWS) / freedom

    def above(sd_ratio: float) -> float:
        drawn = factor @ (1.0 + sd_ratio**2 * weights) / len(weights) / rest
        return float(np.mean(drawn >= ratio))

    tail = 0.5 * (1.0 - confidence)
    return _where(above, tail), _where(above, 1.0 - tail)


def _where(above: Any, part: float) -> float:
    """The ratio at which `part` of the draws is above what was found; 0 where more are anyway."""
    if above(0.0) >= part:
        return 0.0
    low, high = 0.0, 1.0
    while above(high) < part:
        high *= 2.0
        if high > 1e6:
            return math.inf
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if above(middle) < part else (low, middle)
    return 0.5 * (low + high)
