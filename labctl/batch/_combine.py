"""One quantity of several runs: mean and interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, variance

from labctl.photothermal import two_sided

_MANY = 1e6
"""Degrees of freedom: as good as without end."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one run says of one quantity, in SI units."""

    value: float
    sd_statistical: float
    """Of the readings: another run has another one."""
    sd_inputs: float
    """Of what went in (power, volume, absorbance): the runs of a lot share it."""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Mean:
    """The same of all runs of a lot."""

    value: float
    low: float
    high: float
    runs: int
    unit: str = ""


def mean_of(runs: Sequence[Measurement], confidence: float) -> Mean:
    """Mean and two-sided interval. ValueError for no run at all.

    What differs from run to run is taken from their scatter where that is the larger, with
    Student's t, else from the deviations that they state; it shrinks with their number. What they
    share does not. The two are added in squares, degrees of freedom after Welch and Satterthwaite,
    rounded down.
    """
    number = len(runs)
    if not number:
        raise ValueError("no run")
    value = fmean(run.value for run in runs)
    own = fmean(run.sd_statistical**2 for run in runs) / number
    shared = max(run.sd_inputs for run in runs) ** 2
    normal = NormalDist().inv_cdf(0.5 + confidence / 2.0)
    factor = normal
    if number > 1:
        scatter = variance(run.value for run in runs) / number
        if scatter > own:
            own = scatter
            freedom = (number - 1) * ((own + shared) / own) ** 2
            factor = two_sided(confidence, math.floor(min(freedom, _MANY)))
    wide = factor * math.sqrt(own + shared)
    return Mean(value, value - wide, value + wide, number, runs[0].unit)
