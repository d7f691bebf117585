"""When a heating phase may end early: a rule over what is known, never over the fit alone.

A one-node model claims 1 % after 80 s and is 12 to 21 % high when the wall is a second node, with
innovations that look right at 45 s. So the rule wants all of:

- a model with a wall, whose uncertainty is in the deviation that is held against the target:
  the efficiency's standard deviation without the inputs, that is, what the readings leave open
  with the wall given, and what the wall leaves open, together. It is the deviation that covers;
- light for `least_light_s`, and for `least_wall_constants` time constants C_w/G of the wall: before
  that the wall has not shown itself, and the posterior rests on its prior;
- readings that the model explains: no alarm, never lost, size and whiteness of the innovations
  inside the bands of the verdict.

What the inputs (power, absorbance, ...) leave open is not asked: heating longer does not mend it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from labctl.photothermal._combine import WALL_PART, Estimate
from labctl.photothermal._discretise import Floats
from labctl.photothermal._told import Moments
from labctl.photothermal._whiteness import ljung_box, nis_band

_FEWEST = 100
"""Readings that size and whiteness can be judged by."""


def sd_without_inputs(estimate: Estimate, budget: Mapping[str, float]) -> float:
    """Relative deviation of the efficiency that the readings leave, the wall's part included;
    infinite for a value that is not above 0. `budget` is what `efficiency` gave with it."""
    if estimate.value <= 0.0:
        return math.inf
    return math.hypot(estimate.sd_statistical / estimate.value, budget.get(WALL_PART, 0.0))


def wall_time_constant_s(moments: Moments) -> float:
    """C_w/G: how long the wall takes to follow the liquid."""
    return math.exp(moments.mean[Moments.LN_WALL] - moments.mean[Moments.LN_COUPLING])


@dataclass(frozen=True, slots=True)
class Standing:
    """How a heating phase stands."""

    relative_sd: float
    """See `sd_without_inputs`."""
    light_s: float
    """How long the light of this phase has been on."""
    wall_s: float
    """See `wall_time_constant_s`; 0 for a model without a wall."""
    alarms: int
    """Of any kind, since the run began."""
    lost: int
    """Times that no filter followed the readings."""
    residuals: Floats
    """All innovations so far over their standard deviations."""
    noise_dof: float
    """Squares that the noise's variance rests on, see `NoiseEstimate`."""


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """Declared before the run, with the target."""

    relative_sd: float
    """Target for `sd_without_inputs`."""
    least_light_s: float = 60.0
    least_wall_constants: float = 5.0
    whiteness_p: float = 0.01

    def why_not(self, standing: Standing) -> str:
        """Why the heating may not end yet, in words; '' when it may."""
        if standing.wall_s <= 0.0:
            return "a model without a wall decides nothing"
        if standing.alarms:
            return "an alarm was told"
        if standing.lost:
            return "the readings were those of no cell"
        least_s = max(self.least_light_s, self.least_wall_constants * standing.wall_s)
        if standing.light_s < least_s:
            return f"light for {standing.light_s:.0f} s of {least_s:.0f} s"
        # Not "<": a deviation that is not a number is not small either.
        if not standing.relative_sd <= self.relative_sd:
            return (
                f"deviation without the inputs {standing.relative_sd * 100.0:.2g} % of "
                f"{self.relative_sd * 100.0:.2g} %"
            )
        return self._contradiction(standing)

    def _contradiction(self, standing: Standing) -> str:
        residuals = np.asarray(standing.residuals, dtype=float)
        n = len(residuals)
        if n < _FEWEST:
            return f"{n} readings are too few to judge the model by"
        low, high = nis_band(n, standing.noise_dof)
        size = float(residuals @ residuals) / n
        if not low <= size <= high:
            return "the model's errors are not of the size it states"
        p = ljung_box(residuals)
        if p is None or p < self.whiteness_p:
            return "the model's errors have a memory"
        return ""
