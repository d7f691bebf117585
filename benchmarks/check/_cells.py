"""Cells drawn from a prior, and their readings by the check's own equations.

For figures of the inference alone: the world here is the model, so that the limit is known. The
richer world of the simulators has a part of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from labctl.photothermal import (
    BankPrior,
    CellParameters,
    Moments,
    PowerSteps,
    solve_cell,
)

Floats = NDArray[np.float64]
T = TypeVar("T")

AMBIENT_DEGC = 22.0
BASELINE_S = 60.0
_START_SPREAD_K = 0.1
"""Of wall and bead against the liquid at the start, as in the bank."""
_HOLDER_SD_K = 0.2


@dataclass(frozen=True, slots=True)
class Drawn:
    """A cell, its flutter, its record."""

    cell: CellParameters
    flutter_k2_per_s: float
    times_s: Floats
    readings_degc: Floats
    power: PowerSteps


def draw_cell(prior: BankPrior, rng: np.random.Generator) -> CellParameters:
    """A cell whose parameters have the distribution that the prior states; the heat is drawn again
    until it is between 2 and 100 % of the power."""
    spread = rng.multivariate_normal(np.zeros(5), prior.covariance(), method="eigh")
    loss, coupling, wall, inverse_lag, curve = spread
    heat = math.nan
    while not 0.02 <= heat <= 1.0:
        heat = rng.normal(prior.heat_per_watt, prior.heat_per_watt_sd)
    start = rng.normal(0.0, prior.start_sd_k)
    return CellParameters(
        heat_capacity_j_per_k=prior.heat_capacity_j_per_k,
        heat_per_watt=heat,
        heat_loss_w_per_k=prior.heat_loss_w_per_k * math.exp(loss),
        wall_j_per_k=prior.wall_j_per_k * math.exp(wall),
        coupling_w_per_k=prior.coupling_w_per_k * math.exp(coupling),
        lag_s=prior.lag_s * math.exp(-inverse_lag),
        light_k_per_w=rng.normal(0.0, prior.light_k_per_w),
        curve_per_k=prior.curve_per_k + curve,
        dark_loss_log=rng.normal(0.0, prior.dark_loss_sd),
        holder_share=prior.holder_share + rng.normal(0.0, prior.holder_share_sd),
        holder_s=prior.holder_s,
        wall_loss_share=prior.wall_loss_share,
        offset_k=rng.normal(0.0, prior.offset_sd_k),
        drift_k_per_s=rng.normal(0.0, prior.drift_sd_k_per_s),
        liquid_k=start,
        wall_k=start + rng.normal(0.0, _START_SPREAD_K),
        bead_k=start + rng.normal(0.0, _START_SPREAD_K),
        holder_k=rng.normal(0.0, _HOLDER_SD_K if prior.holder_share_sd else 0.0),
    )


def record(
    prior: BankPrior,
    cell: CellParameters,
    rng: np.random.Generator,
    *,
    heat_s: float,
    cool_s: float,
    power_w: float,
    noise_sd_k: float,
    flutter_k2_per_s: float,
    every_s: float = 1.0,
) -> Drawn:
    """Baseline, heating, cooling. The surroundings wander from the ambient probe as the prior has
    it; the probe's noise is white."""
    times = np.arange(0.0, BASELINE_S + heat_s + cool_s + 0.5 * every_s, every_s)
    power = PowerSteps.on_off(power_w, (BASELINE_S, BASELINE_S + heat_s))
    walk = rng.normal(0.0, math.sqrt(prior.drift_k2_per_s * every_s), len(times))
    ambient = AMBIENT_DEGC + np.cumsum(walk)
    solved = solve_cell(cell, times, power, ambient, flutter_k2_per_s=flutter_k2_per_s, rng=rng)
    readings = solved.bead_degc + rng.normal(0.0, noise_sd_k, len(times))
    return Drawn(cell, flutter_k2_per_s, times, readings, power)


def truth(cell: CellParameters) -> Moments:
    """The cell's parameters as the bank tells them, with no uncertainty."""
    capacity = float(cell.heat_capacity_j_per_k)
    mean = np.empty(7)
    mean[Moments.RATE] = float(cell.heat_per_watt) / capacity
    mean[Moments.LN_LOSS] = math.log(float(cell.heat_loss_w_per_k) / capacity)
    mean[Moments.LN_WALL] = math.log(float(cell.wall_j_per_k))
    mean[Moments.LN_COUPLING] = math.log(float(cell.coupling_w_per_k))
    mean[Moments.LIGHT] = float(cell.light_k_per_w)
    mean[Moments.LN_INVERSE_LAG] = -math.log(float(cell.lag_s))
    mean[Moments.CURVE] = float(cell.curve_per_k)
    return Moments(mean, np.zeros((7, 7)))


def on_all_cores(work: Callable[[int], T], seeds: Iterable[int]) -> Iterator[T]:
    """`work` of every seed, in order, in two processes."""
    with ProcessPoolExecutor(2) as pool:
        yield from pool.map(work, seeds, chunksize=4)
