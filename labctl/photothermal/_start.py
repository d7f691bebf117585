"""What every filter of a bank knows before the first reading."""

from __future__ import annotations

import numpy as np

from labctl.photothermal._discretise import Floats
from labctl.photothermal._layout import (
    BEAD,
    CURVE,
    DARK,
    DRIFT,
    HOLDER,
    LIGHT,
    LIQUID,
    OFFSET,
    RATE,
    SHARE,
    STATES,
    WALL,
    BankPrior,
)
from labctl.photothermal._nominal import kernels

START_SPREAD_K = 0.1
"""Of wall and bead against the liquid in a cell that has stood."""
_HOLDER_SD_K = 0.2


def before_readings(prior: BankPrior, filters: int, curve_off: Floats, first_k: float) -> Floats:
    """(K, STATES, STATES + 1): covariances, and behind them the means. `first_k` is the first
    reading over the reference, `curve_off` (K,) what the grid adds to the growth of the loss."""
    both = np.zeros((filters, STATES, STATES + 1))
    p, x = both[:, :, :STATES], both[:, :, STATES]
    x[:, [LIQUID, WALL, BEAD]] = first_k
    x[:, RATE] = prior.heat_per_watt / prior.heat_capacity_j_per_k
    x[:, CURVE] = prior.curve_per_k + curve_off
    temperatures = np.array([LIQUID, WALL, BEAD])
    p[:, temperatures[:, None], temperatures] = prior.start_sd_k**2
    p[:, WALL, WALL] += START_SPREAD_K**2
    p[:, BEAD, BEAD] += START_SPREAD_K**2
    for state, sd in (
        (HOLDER, _HOLDER_SD_K if prior.holder_share_sd else 0.0),
        (RATE, prior.heat_per_watt_sd / prior.heat_capacity_j_per_k),
        (OFFSET, prior.offset_sd_k),
        (SHARE, prior.holder_share_sd),
        (LIGHT, prior.light_k_per_w),
        (DARK, prior.dark_loss_sd),
        (DRIFT, prior.drift_sd_k_per_s),
    ):
        p[:, state, state] = sd**2
    # What the grid's own spread leaves of the prior is each filter's.
    directions = prior.grid_directions()
    within = prior.covariance() - directions * (1.0 - kernels() ** 2) @ directions.T
    states = np.array(BankPrior.LOGARITHMS)
    p[:, states[:, None], states] = within
    return both
