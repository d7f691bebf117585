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
    k = math.exp(mean[Moments.LN_LOSS])
    wall = math.exp(mean[Moments.LN_WALL]) / heat_capacity_j_per_k
    coupling = math.exp(mean[Moments.LN_COUPLING]) / heat_capacity_j_per_k
    curve = float(mean[Moments.CURVE])
    share = wall_loss_share
    seen = (1.0 - share) + share * coupling / (coupling + share * k)
    flat = max(0.0, float(mean[Moments.RATE]) * power_w / (k * seen))
    # The root that goes over into the linear one as the curvature goes to 0.
    root = math.sqrt(max(0.04, 1.0 + 4.0 * curve * flat))
    rise = 2.0 * flat / (1.0 + root)
    steep = max(0.2, 1.0 + 2.0 * curve * rise)
    loss = k * seen * steep
    tau = (1.0 + wall) / loss
    gradient = np.zeros(len(mean))
    gradient[Moments.LN_LOSS] = 1.0
    gradient[Moments.CURVE] = 2.0 * rise / steep
    of_loss = _split(gradient, covariance, loss)
    gradient = -gradient
    gradient[Moments.LN_WALL] += wall / (1.0 + wall)
    of_tau = _split(gradient, covariance, tau)
    gradient = np.zeros(len(mean))
    gradient[Moments.RATE] = 1.0
    of_rate = _split(gradient, covariance, 1.0)
    gradient = np.zeros(len(mean))
    if flat > 0.0:
        gradient[Moments.RATE] = rise / mean[Moments.RATE] / root
        gradient[Moments.LN_LOSS] = -rise / root
        gradient[Moments.CURVE] = -rise * rise / root
    return Thermal(
        RateEstimate(float(mean[Moments.RATE]), *of_rate),
        (loss, *of_loss),
        (tau, *of_tau),
        rise,
        math.hypot(*_split(gradient, covariance, 1.0)),
    )


def _split(gradient: Floats, covariance: Floats, scale: float) -> tuple[float, float]:
    """Standard deviation with the wall given, and what the wall adds; times `scale`."""
    across = covariance @ gradient
    total = float(gradient @ across)
    wall_variance = float(covariance[Moments.LN_WALL, Moments.LN_WALL])
    wall = float(across[Moments.LN_WALL]) ** 2 / wall_variance if wall_variance > 0.0 else 0.0
    return math.sqrt(max(0.0, total - wall)) * scale, math.sqrt(min(wall, total)) * scale
