"""What a run leaves known of its cell, all of it together, for a later run in the same cell.

Heating rate, heat loss, coupling, wall, lag and curvature are learned from one curve, so what is
left open in one leans on what is left open in the others: a wall that is larger than thought goes
with a liquid that heats faster at first. Means and single deviations forget that, and overstate
what a later run does not know. Hence a mean and a covariance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from labctl.photothermal._discretise import Floats
from labctl.photothermal._layout import BankPrior
from labctl.photothermal._told import Moments

BETWEEN_RUNS = (0.05, 0.05, 0.01, 0.10, 0.001)
"""Deviations by which the same cell may differ from one run to the next, over (ln k, ln G, ln C_w,
ln 1/tau_c, c): draught and place, stirring, wetted height, where the bead hangs. Declared, not
measured: one number each for a cell that is put back by hand."""

_MOMENTS = (
    Moments.LN_LOSS,
    Moments.LN_COUPLING,
    Moments.LN_WALL,
    Moments.LN_INVERSE_LAG,
    Moments.CURVE,
)
"""Of the cell's parameters, in the order of `BankPrior.LOGARITHMS`."""


@dataclass(frozen=True, slots=True)
class CellKnowledge:
    """Mean (6,) and covariance (6, 6) over `NAMES` after a run; plain numbers, so that they go
    through JSON unchanged."""

    heat_capacity_j_per_k: float
    """C_l that the run's bank was started with; G, C_w and k are stated for it."""
    mean: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]

    NAMES: ClassVar[tuple[str, ...]] = (
        "ln_rate",
        "ln_loss",
        "ln_coupling",
        "ln_wall",
        "ln_inverse_lag",
        "curve",
    )
    """ln a [K/(s W)], ln k [1/s], ln G [W/K], ln C_w [J/K], ln 1/tau_c [1/s], c [1/K]."""

    @classmethod
    def of(cls, moments: Moments, heat_capacity_j_per_k: float) -> CellKnowledge:
        """From a bank's moments; ValueError where nothing heats, whose logarithm there is none."""
        rate = float(moments.mean[Moments.RATE])
        if rate <= 0.0:
            raise ValueError("the heating rate is not above 0")
        places = [Moments.RATE, *_MOMENTS]
        mean = moments.mean[places].copy()
        covariance = moments.covariance[np.ix_(places, places)].copy()
        mean[0] = math.log(rate)
        covariance[0, :] /= rate
        covariance[:, 0] /= rate
        rows = tuple(tuple(float(value) for value in row) for row in covariance)
        return cls(heat_capacity_j_per_k, tuple(float(value) for value in mean), rows)

    def moved_on(self, between: tuple[float, ...] = BETWEEN_RUNS) -> Floats:
        """(5, 5) of the cell's parameters as a later run finds them."""
        moved: Floats = np.array(self.covariance)[1:, 1:] + np.diag(np.square(between))
        return moved

    def prior(
        self,
        start: BankPrior,
        volume_ratio: float = 1.0,
        between: tuple[float, ...] = BETWEEN_RUNS,
    ) -> BankPrior:
        """`start` with the cell as known from this run in place of its own guesses, its liquid's
        heat capacity included: one that is stated otherwise is the same liquid all the same.
        `volume_ratio`: volume of the later run over this one's."""
        _, loss, coupling, wall, inverse_lag, curve = self.mean
        covariance = self.moved_on(between)
        sds = np.sqrt(np.diag(covariance))
        return replace(
            start,
            heat_capacity_j_per_k=self.heat_capacity_j_per_k * volume_ratio,
            heat_loss_w_per_k=math.exp(loss) * self.heat_capacity_j_per_k,
            heat_loss_relative_sd=float(sds[0]),
            coupling_w_per_k=math.exp(coupling),
            coupling_relative_sd=float(sds[1]),
            wall_j_per_k=math.exp(wall),
            wall_relative_sd=float(sds[2]),
            lag_s=math.exp(-inverse_lag),
            lag_relative_sd=float(sds[3]),
            curve_per_k=curve,
            curve_sd_per_k=float(sds[4]),
            log_covariance=tuple(tuple(float(value) for value in row) for row in covariance),
        )


@dataclass(frozen=True, slots=True)
class HeatPerWatt:
    """Heat in the liquid over power at the sample, and what the readings leave open of it."""

    value: float
    sd: float
    """With the wall given."""
    sd_wall: float
    """What the uncertainty of the wall contributes."""


def rate_ratio(
    moments: Moments,
    other: CellKnowledge,
    volume_ratio: float = 1.0,
    between: tuple[float, ...] = BETWEEN_RUNS,
) -> HeatPerWatt:
    """How much faster one watt heats in this run than in the `other` one in the same cell.

    With phi the cell's parameters (`BankPrior.LOGARITHMS`), ln a_other given phi is normal with
    mean m + B (phi - mu) and variance v, where B = S_a,phi (S_phi + W)^-1, v = S_aa - B S_phi,a,
    S the other run's covariance and W the spread between runs; this run's readings say nothing
    else about it. So ln(a/a_other) = ln a - m - B (phi - mu), and what both runs leave open of the
    cell in the same way cancels.

    `volume_ratio` is this run's volume over the other's: rates are put to this one's. This run's
    bank must have started from `other.prior` with the same ratio.
    """
    rate = float(moments.mean[Moments.RATE])
    scale = -math.log(volume_ratio)
    mean = np.array(other.mean)
    covariance = np.array(other.covariance)
    leaning = np.linalg.solve(other.moved_on(between), covariance[1:, 0])
    left = float(covariance[0, 0] - leaning @ covariance[1:, 0])
    places = list(_MOMENTS)
    expected = mean[1:].copy()
    expected[0] += scale
    off = moments.mean[places] - expected
    other_rate = math.exp(mean[0] + scale + float(leaning @ off))
    gradient = np.zeros(len(moments.mean))
    gradient[places] = -leaning * rate
    gradient[Moments.RATE] = 1.0
    across = moments.covariance @ gradient
    total = float(gradient @ across)
    wall_variance = float(moments.covariance[Moments.LN_WALL, Moments.LN_WALL])
    wall = float(across[Moments.LN_WALL]) ** 2 / wall_variance if wall_variance > 0.0 else 0.0
    wall = min(wall, total)
    given_wall = max(0.0, total - wall) + max(0.0, left) * rate * rate
    return HeatPerWatt(
        rate / other_rate, math.sqrt(given_wall) / other_rate, math.sqrt(wall) / other_rate
    )
