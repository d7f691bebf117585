"""From the bank's parameters to what people ask for: rate, heat loss, time constant, rise.

Heat loss is linearised at the plateau that the last power would reach, surroundings held, as seen
by the liquid:

    hS = k C_l (1 + 2 c D) (f_l + f_w G/(G + f_w k C_l)),    tau = (C_l + C_w)/hS

with D from k D (1 + c D) (f_l + ...) = a P. The wall's part of each variance (what would vanish,
were C_w known) is told apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from labctl.photothermal._combine import RateEstimate
from labctl.photothermal._discretise import Floats
from labctl.photothermal._layout import WALL_LOSS_SHARE
from labctl.photothermal._told import Moments

_STEP = 0.1
"""Deviations that a parameter is moved by, to see what it does."""


@dataclass(frozen=True, slots=True)
class Thermal:
    """Values with (sd given the wall, sd from the wall)."""

    rate: RateEstimate
    loss_per_s: tuple[float, float, float]
    """hS/C_l in 1/s."""
    time_constant_s: tuple[float, float, float]
    rise_k: float
    """Of the liquid over its surroundings at the plateau."""
    rise_sd_k: float


def thermal(
    moments: Moments,
    heat_capacity_j_per_k: float,
    power_w: float,
    wall_loss_share: float = WALL_LOSS_SHARE,
) -> Thermal:
    """What the moments say of a cell of that liquid heat capacity under that power. The loss is
    the one under light."""
    mean, covariance = moments.mean, moments.covariance
    n = len(mean)
    steps = _STEP * np.sqrt(np.maximum(np.diag(covariance), 0.0))
    # The values, and what moving each parameter up and down makes of them.
    points = np.tile(mean, (2 * n + 1, 1))
    points[1 : n + 1] += np.diag(steps)
    points[n + 1 :] -= np.diag(steps)
    values = _at_plateau(points, heat_capacity_j_per_k, power_w, wall_loss_share)
    apart = np.where(steps > 0.0, 2.0 * steps, 1.0)
    loss, tau, rise = (
        (float(found[0]), *_split((found[1 : n + 1] - found[n + 1 :]) / apart, covariance))
        for found in values
    )
    by_rate = np.zeros(n)
    by_rate[Moments.RATE] = 1.0
    rate = RateEstimate(float(mean[Moments.RATE]), *_split(by_rate, covariance))
    return Thermal(rate, loss, tau, rise[0], math.hypot(*rise[1:]))


def _at_plateau(
    parameters: Floats, capacity: float, power_w: float, share: float
) -> tuple[Floats, Floats, Floats]:
    """hS/C_l, tau and rise for each row of parameters, in the order of `Moments`."""
    rate, ln_loss, ln_wall, ln_coupling = parameters[:, :4].T
    curve = parameters[:, Moments.CURVE]
    k = np.exp(ln_loss)
    wall, coupling = np.exp(ln_wall) / capacity, np.exp(ln_coupling) / capacity
    seen = (1.0 - share) + share * coupling / (coupling + share * k)
    flat = np.maximum(0.0, rate * power_w / (k * seen))
    # The root that goes over into the linear one as the curvature goes to 0.
    rise = 2.0 * flat / (1.0 + np.sqrt(np.maximum(0.04, 1.0 + 4.0 * curve * flat)))
    loss = k * seen * np.maximum(0.2, 1.0 + 2.0 * curve * rise)
    return loss, (1.0 + wall) / loss, rise


def _split(gradient: Floats, covariance: Floats) -> tuple[float, float]:
    """Standard deviation with the wall given, and what the wall adds."""
    across = covariance @ gradient
    total = float(gradient @ across)
    wall_variance = float(covariance[Moments.LN_WALL, Moments.LN_WALL])
    wall = float(across[Moments.LN_WALL]) ** 2 / wall_variance if wall_variance > 0.0 else 0.0
    return math.sqrt(max(0.0, total - wall)), math.sqrt(min(wall, max(0.0, total)))
