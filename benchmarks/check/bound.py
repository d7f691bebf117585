"""Efficiency of the estimator: one-node cells, the wall fixed to zero, beside the Cramer-Rao bound.

The cell of the design's section on limits: 5.28 J/K, 24 mW/K, 23.8 K of rise, 0.05 K of white noise
at 1 Hz, 60 s of baseline. Nuisances: surroundings, start, drift, lag, light on the bead, each drawn
from its prior; the heat loss too. The world is the check's own equations (inference alone). The
bound is computed: derivatives of the solved curve by differences, plus the precision of the priors.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks._figures import Figure
from benchmarks.check._cells import AMBIENT_DEGC, Floats, draw_cell, on_all_cores, record
from labctl.photothermal import (
    BankPrior,
    CellParameters,
    Moments,
    PowerSteps,
    run_record,
    solve_cell,
    thermal,
)

_NOISE_K = 0.05
_POWER_W = 1.5
_HEAT_PER_WATT = 23.8 * 0.024 / _POWER_W

PRIOR = BankPrior(
    heat_capacity_j_per_k=5.28,
    heat_loss_w_per_k=0.024,
    heat_loss_relative_sd=0.25,
    wall_j_per_k=1.1,
    wall_relative_sd=0.45,
    coupling_w_per_k=0.15,
    coupling_relative_sd=0.47,
    lag_s=1.0,
    lag_relative_sd=0.3,
    heat_per_watt=0.4,
    heat_per_watt_sd=0.6,
    light_k_per_w=0.3 / _POWER_W,
    offset_sd_k=0.7,
    drift_k2_per_s=0.0,
    drift_sd_k_per_s=0.3 / 600.0,
).one_node()

_MOVED = (
    ("heat_per_watt", PRIOR.heat_per_watt_sd),
    ("heat_loss_w_per_k", PRIOR.heat_loss_relative_sd),
    ("lag_s", PRIOR.lag_relative_sd),
    ("light_k_per_w", PRIOR.light_k_per_w),
    ("offset_k", PRIOR.offset_sd_k),
    ("drift_k_per_s", PRIOR.drift_sd_k_per_s),
    ("start", PRIOR.start_sd_k),
    ("bead_k", 0.1),
)
"""What is not known, and its prior deviation (of the logarithm for loss and lag)."""
_LOGARITHMIC = frozenset({"heat_loss_w_per_k", "lag_s"})
_STEP = 1e-3

_SCHEDULES = {
    "5 + 5 min": (300.0, 300.0, "0.19 / 0.27"),
    "10 + 10 min": (600.0, 600.0, "0.15 / 0.082"),
    "10 min, no cooling": (600.0, 0.0, "0.37 / 0.47"),
    "2 min, no cooling": (120.0, 0.0, "0.72 / 2.4"),
}
"""Name -> heating, cooling, sd in % of efficiency / heat loss in the design's table."""


def measure(profile: str) -> Iterator[Figure]:
    """Yield the figures of this part."""
    names = list(_SCHEDULES)[:2] if profile == "short" else list(_SCHEDULES)
    cells = 300 if profile == "short" else 1000
    for name in names:
        heat_s, cool_s, table = _SCHEDULES[name]
        work = partial(one, heat_s=heat_s, cool_s=cool_s)
        found = np.array(list(on_all_cores(work, range(1, cells + 1))))
        bound, loss_bound = np.sqrt((found[:, 1] ** 2).mean()), np.sqrt((found[:, 4] ** 2).mean())
        errors, loss_errors = found[:, 0], found[:, 3]
        ratio, bias = errors.std() / bound, errors.mean()
        beside = (
            f"bound {bound:.3f} % ({cells} cells; the design's table has {table} % for efficiency "
            f"/ heat loss)"
        )
        yield Figure(
            f"one node, {name}: sd of the efficiency over the bound",
            float(ratio),
            "",
            profile,
            beside=beside,
            goal="<= 1.2",
            holds=bool(ratio <= 1.2),
        )
        reach = 1.96 * errors.std() / math.sqrt(cells)
        yield Figure(
            f"one node, {name}: bias of the efficiency",
            float(bias),
            "%",
            profile,
            beside=f"its own uncertainty of +- {reach:.3f} %",
            goal="below 0.1 %",
            holds=bool(abs(bias) < 0.1),
        )
        yield Figure(
            f"one node, {name}: stated sd over the bound",
            float(np.sqrt((found[:, 2] ** 2).mean()) / bound),
            "",
            profile,
        )
        yield Figure(
            f"one node, {name}: sd of the heat loss over the bound",
            float(loss_errors.std() / loss_bound),
            "",
            profile,
            beside=f"bound {loss_bound:.3f} %",
        )


def one(seed: int, *, heat_s: float, cool_s: float) -> tuple[float, float, float, float, float]:
    """A cell: error, bound and stated deviation of its efficiency, error and bound of its heat
    loss, all in %."""
    rng = np.random.default_rng(seed)
    cell = replace(draw_cell(PRIOR, rng), heat_per_watt=_HEAT_PER_WATT)
    drawn = record(
        PRIOR,
        cell,
        rng,
        heat_s=heat_s,
        cool_s=cool_s,
        power_w=_POWER_W,
        noise_sd_k=_NOISE_K,
        flutter_k2_per_s=0.0,
    )
    bound = _bound(cell, drawn.times_s, drawn.power)
    run = run_record(PRIOR, drawn.times_s, drawn.readings_degc, drawn.power, AMBIENT_DEGC, passes=2)
    found = thermal(run.moments, PRIOR.heat_capacity_j_per_k, _POWER_W, PRIOR.wall_loss_share)
    rate = _HEAT_PER_WATT / PRIOR.heat_capacity_j_per_k
    loss = run.moments.mean[Moments.LN_LOSS] + math.log(PRIOR.heat_capacity_j_per_k)
    return (
        (found.rate.k_per_s_w / rate - 1.0) * 100.0,
        bound[0] / _HEAT_PER_WATT * 100.0,
        found.rate.sd / rate * 100.0,
        (loss - math.log(float(cell.heat_loss_w_per_k))) * 100.0,
        bound[1] * 100.0,
    )


def _bound(cell: CellParameters, times: Floats, power: PowerSteps) -> Floats:
    """Least deviation that any unbiased use of readings and priors has, for each of `_MOVED`."""
    sds = np.array([sd for _, sd in _MOVED])
    steps = _STEP * sds
    moves = np.concatenate([np.diag(steps), -np.diag(steps)])
    moved = {name: moves[:, i] for i, (name, _) in enumerate(_MOVED)}
    start = moved.pop("start")
    values = {
        name: getattr(cell, name) * np.exp(by) if name in _LOGARITHMIC else getattr(cell, name) + by
        for name, by in moved.items()
    }
    values["bead_k"] = values["bead_k"] + start
    cells = replace(cell, **values, liquid_k=cell.liquid_k + start)
    curves = solve_cell(cells, times, power, AMBIENT_DEGC).bead_degc
    n = len(_MOVED)
    jacobian = (curves[:n] - curves[n:]) / (2.0 * steps[:, None])
    information = jacobian @ jacobian.T / _NOISE_K**2 + np.diag(1.0 / sds**2)
    bound: Floats = np.sqrt(np.diag(np.linalg.inv(information)))
    return bound
