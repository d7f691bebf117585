"""What a run could tell, before it is done: the bank on a design record without noise."""

from __future__ import annotations

import numpy as np

from labctl.photothermal._combine import efficiency
from labctl.photothermal._forward import CellParameters, solve_cell
from labctl.photothermal._inputs import Inputs
from labctl.photothermal._layout import BankPrior
from labctl.photothermal._light import PowerSteps
from labctl.photothermal._run import run_record
from labctl.photothermal._stopping import sd_without_inputs
from labctl.photothermal._thermal import thermal

_LEAST_S = 60.0
_AMBIENT_DEGC = 22.0


def reachable_sd(
    prior: BankPrior,
    inputs: Inputs,
    *,
    power_w: float,
    baseline_s: float,
    heat_s: float,
    every_s: float,
    noise_sd_k: float,
) -> float:
    """Relative deviation of the efficiency without the inputs (see `sd_without_inputs`) that a
    heating of at most `heat_s` can reach in the middlemost cell of the prior; infinite where these
    inputs give no efficiency.

    The readings are the model's own without noise, so that only the covariance matters and the
    answer is the same every time. At best: a cell that flutters, or one off the middle, takes
    longer or does not get there.
    """
    return min(
        _after(prior, inputs, power_w, baseline_s, lit_s, every_s, noise_sd_k)
        for lit_s in {min(heat_s, max(_LEAST_S, 0.25 * heat_s)), heat_s}
    )


def _after(
    prior: BankPrior,
    inputs: Inputs,
    power_w: float,
    baseline_s: float,
    lit_s: float,
    every_s: float,
    noise_sd_k: float,
) -> float:
    cell = CellParameters(
        heat_capacity_j_per_k=prior.heat_capacity_j_per_k,
        heat_per_watt=prior.heat_per_watt,
        heat_loss_w_per_k=prior.heat_loss_w_per_k,
        wall_j_per_k=prior.wall_j_per_k,
        coupling_w_per_k=prior.coupling_w_per_k,
        lag_s=prior.lag_s,
        curve_per_k=prior.curve_per_k,
        holder_share=prior.holder_share,
        holder_s=prior.holder_s,
        wall_loss_share=prior.wall_loss_share,
    )
    end_s = baseline_s + lit_s
    times = np.arange(0.0, end_s + 0.5 * every_s, every_s)
    power = PowerSteps.on_off(power_w, (baseline_s, end_s + every_s))
    readings = solve_cell(cell, times, power, _AMBIENT_DEGC).bead_degc
    run = run_record(prior, times, readings, power, _AMBIENT_DEGC, noise_sd_k=noise_sd_k)
    rate = thermal(run.moments, prior.heat_capacity_j_per_k, power_w).rate
    found = efficiency(rate, inputs, run.moments)
    return float("inf") if found is None else sd_without_inputs(*found)
