"""Does a fit leave noise, or does it leave a curve? What is left says whether the model is one.

A model that is too small can look well: its deviation is small, its curve runs through the points.
What gives it away is memory: residuals of noise do not know of each other, residuals of a missing
node do. Three checks, each with its threshold, each with a sentence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from labctl.photothermal._map import MapFit
from labctl.photothermal._whiteness import LAGS, ljung_box

_MEMORY_SD = 3.0
"""Of the correlation between neighbours in white residuals, 1/sqrt(n)."""
_LEAST_P = 0.01
_SIZE = 1.25
"""Residuals may be larger than the noise said by this, and by three deviations of their own."""
_TOO_FEW = 10


@dataclass(frozen=True, slots=True)
class FitCheck:
    """One look at what a fit left."""

    name: str
    """`memory`, `whiteness` or `size`."""
    value: float
    threshold: float
    holds: bool
    said: str
    """A sentence for people."""


def judge_fit(fit: MapFit) -> tuple[FitCheck, ...]:
    """Look at the residuals about the fitted curve (n,), flutter not allowed for.

    *memory*: correlation of each with the next, against 3/sqrt(n). *whiteness*: Ljung-Box (1978)
    over 20 lags, p at least 0.01; left out below 100 readings. *size*: rms in K against 1.25 times
    the noise that the fit was told, and three deviations of an rms of n. Empty for fewer than 10
    readings. A fit is one when all hold; and where they hold with a wall left out, heat capacity
    and rate may still be wrong together: residuals do not see that in a short record.
    """
    n = len(fit.residuals_k)
    if n < _TOO_FEW:
        return ()
    nodes = {1: "one node leaves", 2: "two nodes leave", 3: "the full model leaves"}[fit.nodes]
    allowed = _MEMORY_SD / math.sqrt(n)
    lag1 = fit.lag1
    checks = [
        FitCheck(
            "memory",
            lag1,
            allowed,
            lag1 <= allowed,
            f"{nodes} residuals that follow each other at {lag1:.2f} from one reading to the next "
            f"(noise: at most {allowed:.2f})",
        )
    ]
    p = ljung_box(fit.residuals_k)
    if p is not None:
        probability = f"{p:.2g}" if p >= 1e-9 else "< 1e-9"
        checks.append(
            FitCheck(
                "whiteness",
                p,
                _LEAST_P,
                p >= _LEAST_P,
                f"{nodes} residuals that are white with p {probability} (Ljung-Box, {LAGS} lags; "
                f"at least {_LEAST_P:g})",
            )
        )
    largest = fit.noise_sd_k * max(_SIZE, 1.0 + 3.0 / math.sqrt(2.0 * n))
    checks.append(
        FitCheck(
            "size",
            fit.rms_k,
            largest,
            fit.rms_k <= largest,
            f"{nodes} {fit.rms_k:.3g} K rms beside a noise of {fit.noise_sd_k:.2g} K "
            f"(at most {largest:.2g} K)",
        )
    )
    return tuple(checks)
