"""Are the innovations what the model says: right in size, and without memory?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LAGS = 20
"""Of the Ljung-Box test; even, so that its tail has a closed form."""


def chi2_tail(x: float, dof: int) -> float:
    """P(chi2 > x) for an even number of degrees of freedom: e^{-x/2} sum (x/2)^i / i!."""
    if dof % 2:
        raise ValueError(f"chi2_tail has a closed form for even dof only, got {dof}")
    if x <= 0.0:
        return 1.0
    half = x / 2.0
    term = total = math.exp(-half)
    for i in range(1, dof // 2):
        term *= half / i
        total += term
    return min(1.0, total)


def ljung_box(residuals: Floats, lags: int = LAGS) -> float | None:
    """p of the Ljung-Box test on standardised residuals; None for fewer than 5 x `lags`."""
    n = len(residuals)
    if n < 5 * lags:
        return None
    centred = residuals - residuals.mean()
    power = float(centred @ centred)
    if power <= 0.0:
        return None
    statistic = 0.0
    for lag in range(1, lags + 1):
        r = float(centred[lag:] @ centred[:-lag]) / power
        statistic += r * r / (n - lag)
    return chi2_tail(n * (n + 2) * statistic, lags)


def nis_band(n: int, noise_dof: float) -> tuple[float, float]:
    """Where the mean squared standardised innovation of `n` readings lies in 99 of 100 good runs.

    Chi-square over n (Wilson-Hilferty), widened for a noise level itself estimated with
    `noise_dof` degrees of freedom.
    """
    spread = 2.0 / (9.0 * n) + 2.0 / (9.0 * max(noise_dof, 1.0))
    middle = 1.0 - 2.0 / (9.0 * n)
    reach = 2.576 * math.sqrt(spread)
    return max(0.0, middle - reach) ** 3, (middle + reach) ** 3


def sign_runs(residuals: Floats, edges: Sequence[int] = (), block: int = 20) -> float | None:
    """p of too few runs of sign among the means of `block` residuals, branch by branch.

    `edges` are the places at which a new branch begins; a run does not reach across one. Errors
    that stay on one side for long make few runs (Wald and Wolfowitz 1940, normal approximation
    with a correction for continuity). None where the branches hold fewer than 20 means.
    """
    runs, expected, variance, count = 0.0, 0.0, 0.0, 0
    bounds = [0, *sorted(edge for edge in edges if 0 < edge < len(residuals)), len(residuals)]
    for begin, end in pairwise(bounds):
        whole = (end - begin) // block
        if whole < 2:
            continue
        means = residuals[end - whole * block : end].reshape(whole, block).mean(axis=1)
        above = means > 0.0
        up = int(above.sum())
        both = 2.0 * up * (whole - up)
        runs += 1.0 + float((above[1:] != above[:-1]).sum())
        expected += 1.0 + both / whole
        variance += both * (both - whole) / (whole * whole * (whole - 1.0))
        count += whole
    if count < 20 or variance <= 0.0:
        return None
    z = (runs + 0.5 - expected) / math.sqrt(variance)
    return 0.5 * math.erfc(-z / math.sqrt(2.0))
