"""The states of the model, their places in a state vector, and what the bank starts from.

    liquid   dT_l/dt = a P - g_l (T_l - T_w) - f_l k (1 + c D) (T_l - T_s)
    wall     dT_w/dt = g_w (T_l - T_w) - f_w (k/r) (1 + c D) (T_w - T_s)
    bead     dT_m/dt = (T_l + d P - T_m) / tau_c
    holder   ds/dt   = (b_h (T_w - T_a) - s) / tau_h
    T_s = T_a + s, T_a = ambient probe + offset + drift t, D = T_l - T_s

a = Q/(C_l P) [K/(s W)], P = power at the sample [W], g_l = G/C_l, g_w = G/C_w, r = C_w/C_l,
k = hS/C_l [1/s], c = growth of the loss with temperature [1/K] (radiation, convection and
evaporation all steepen), d = direct light on the bead [K/W]. f_l + f_w = 1 split the loss between
the liquid's surface and the wall. While it is dark k e^n stands for k: without light the liquid
mixes otherwise, and real cells cool a little slower or faster than they warm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from labctl.photothermal._discretise import Floats

LIQUID, WALL, BEAD, HOLDER = 0, 1, 2, 3
"""Dynamic states: temperatures above a reference; the holder's is its excess over ambient."""
DYNAMIC = 4
OFFSET, RATE, LIGHT, LOSS, COUPLING, WALL_MASS, SHARE, LAG, CURVE, DARK, DRIFT = range(4, 15)
"""Parameters carried as states. LOSS, COUPLING, WALL_MASS and LAG are logarithms of k, G, C_w and
1/tau_c over their nominal values in each filter. OFFSET stands for T_a over the reference; DARK is
n, DRIFT in K/s."""
STATES = 15

_NOTHING = 1e-9
WALL_LOSS_SHARE = 0.8
"""Share of the heat loss that leaves through the wall; the rest leaves the liquid's surface."""


@dataclass(frozen=True, slots=True)
class BankPrior:
    """Means and standard deviations before the first reading. Relative deviations are of the
    logarithm."""

    heat_capacity_j_per_k: float
    """C_l. Where it is not known, a nominal one: only rates are then meaningful."""
    heat_loss_w_per_k: float
    heat_loss_relative_sd: float
    wall_j_per_k: float
    wall_relative_sd: float
    coupling_w_per_k: float
    coupling_relative_sd: float
    lag_s: float
    lag_relative_sd: float
    heat_per_watt: float
    """Heat in the liquid over power at the sample."""
    heat_per_watt_sd: float
    light_k_per_w: float
    """Standard deviation of the direct light on the bead; its mean is 0."""
    offset_sd_k: float
    """Of the surroundings against the ambient probe, or against the first reading without one."""
    drift_k2_per_s: float
    """Random walk of that offset."""
    flutter_k2_per_s: tuple[float, ...] = (3e-8, 1e-6, 3e-5)
    """Candidate strengths of the liquid's random heat flutter; the readings choose."""
    curve_per_k: float = 0.004
    curve_sd_per_k: float = 0.003
    holder_s: float = 1200.0
    holder_share: float = 0.06
    """Steady excess of the holder over ambient, as a share of the wall's."""
    holder_share_sd: float = 0.05
    holder_start_sd_k: float = 0.2
    """Of the holder's excess over ambient before the first reading, mean 0."""
    start_sd_k: float = 1.0
    drift_sd_k_per_s: float = 0.0
    """Of a steady drift of that offset, mean 0, over the first hour."""
    dark_loss_sd: float = 0.03
    """Of the logarithm of the loss in the dark over that under light, mean 0."""
    wall_loss_share: float = WALL_LOSS_SHARE
    """Share of the heat loss that leaves through the wall."""
    log_covariance: tuple[tuple[float, ...], ...] | None = None
    """(5, 5) over `LOGARITHMS`, in place of their single deviations: what a run in the same cell
    left known of them together."""

    LOGARITHMS: ClassVar[tuple[int, ...]] = (LOSS, COUPLING, WALL_MASS, LAG, CURVE)
    """Parameters that describe the cell, in the order of `covariance`; logarithms but the last."""

    def one_node(self) -> BankPrior:
        """The same for a cell of one node: no wall, no holder, a loss that is the same with light
        and without and does not grow. `heat_capacity_j_per_k` is then that of the whole cell. For
        comparison with the classical methods and with bounds; never to decide when to stop."""
        return replace(
            self,
            # A wall that nothing reaches, in numbers whose ratios stay finite.
            wall_j_per_k=_NOTHING,
            wall_relative_sd=0.0,
            coupling_w_per_k=_NOTHING,
            coupling_relative_sd=0.0,
            wall_loss_share=0.0,
            curve_per_k=0.0,
            curve_sd_per_k=0.0,
            holder_share=0.0,
            holder_share_sd=0.0,
            dark_loss_sd=0.0,
            log_covariance=None,
        )

    def covariance(self) -> Floats:
        """(5, 5) of the cell's parameters before the first reading."""
        if self.log_covariance is not None:
            return np.array(self.log_covariance, dtype=float)
        sds = (
            self.heat_loss_relative_sd,
            self.coupling_relative_sd,
            self.wall_relative_sd,
            self.lag_relative_sd,
            self.curve_sd_per_k,
        )
        return np.diag(np.square(np.array(sds, dtype=float)))

    def grid_directions(self) -> Floats:
        """(5, 2): where one deviation of wall, and of coupling beside it, takes all five."""
        covariance = self.covariance()
        wall_coupling = [self.LOGARITHMS.index(WALL_MASS), self.LOGARITHMS.index(COUPLING)]
        block = covariance[np.ix_(wall_coupling, wall_coupling)]
        values, vectors = np.linalg.eigh(block)
        sds = np.sqrt(np.maximum(values, 0.0))
        # The symmetric root keeps to the axes: for independent ones each moves alone.
        root = (vectors * sds) @ vectors.T
        inverse = (vectors * np.divide(1.0, sds, out=np.zeros(2), where=sds > 0.0)) @ vectors.T
        directions: Floats = covariance[:, wall_coupling] @ inverse
        directions[wall_coupling] = root
        return directions
