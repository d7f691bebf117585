"""Steps in a record that is complete: where, how large, and of which kind.

The live detector has only what came before, and must name a step within seconds. A whole record
says more: what came after, the cooling branch, and the same cell with and without a step. Each kind
of step is fitted with the rest of the cell, and the evidence says which is more probable and which
are not told apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from labctl.photothermal._discretise import Floats
from labctl.photothermal._layout import BankPrior
from labctl.photothermal._light import PowerSteps
from labctl.photothermal._map_mode import Course, Posterior, Problem, modes
from labctl.photothermal._map_model import RATE, STEP, FitOptions, SupposedStep
from labctl.photothermal._run import check_record, noise_of_record
from labctl.photothermal._step_rules import BEAD_STEP, HEAT, OFFSET

_FAR = 5.0
"""Innovations beyond so many deviations are looked at."""
_PLACES = 3
"""So many of them, the largest."""
_ROWS_BEFORE = 2
"""A step may have begun so many readings before it shows."""
_QUIET_S = 12.0
"""After an edge of the light: the liquid is not mixed yet."""
_LEAST_LOG_RATIO = 12.0
"""ln of 1000 readings and a dozen kinds and onsets tried for each, and 20 to 1 on top."""
_HEAT_SD, _BEAD_SD_K = 0.3, 3.0
"""Of a step's size before the record: relative; K."""


@dataclass(frozen=True, slots=True)
class StepFound:
    """One kind of step, fitted with the cell."""

    shape: int
    """HEAT: of the heat while lit. BEAD_STEP: light on the bead, which goes with the light. OFFSET:
    of the reading, which stays."""
    onset_s: float
    """To within a reading."""
    size: float
    """HEAT: relative; K for the others."""
    sd: float
    log_ratio: float
    """Log of how much more probable the record is with this step than without any."""


def find_step(
    prior: BankPrior,
    times_s: Floats,
    readings_degc: Floats,
    power: PowerSteps,
    ambients_degc: float | Floats,
    *,
    noise_sd_k: float | None = None,
    edge_spread_s: float = 0.0,
) -> tuple[StepFound, ...]:
    """The step that a record makes most probable, as each kind that it may be, most probable
    first; empty when there is none. Kinds within ln 20 (`NOT_TOLD_APART`) of the first are not told
    from it. Arguments and errors as those of `fit_record`."""
    times, readings = check_record(times_s, readings_degc)
    ambients = np.broadcast_to(np.asarray(ambients_degc, dtype=float), times.shape)
    if noise_sd_k is None:
        noise_sd_k = noise_of_record(times, readings)
    record = Course(times, readings, power, ambients, noise_sd_k, edge_spread_s)
    base = Problem(record, prior, FitOptions())
    flutter = np.array(prior.flutter_k2_per_s)
    with np.errstate(over="ignore", invalid="ignore"):
        each, _ = modes(base, flutter)
        leader = int(np.argmax([posterior.log_evidence for posterior in each]))
        plain, flutter = each[leader], flutter[[leader]]
        found = []
        for shape in (HEAT, BEAD_STEP, OFFSET):
            best = _of_shape(base, plain, flutter, shape)
            if best is not None and best.log_ratio > _LEAST_LOG_RATIO:
                found.append(best)
    return tuple(sorted(found, key=lambda step: -step.log_ratio))


def _of_shape(base: Problem, plain: Posterior, flutter: Floats, shape: int) -> StepFound | None:
    """The best onset of one kind; onsets are compared with the cell as it is without a step."""
    sd = _HEAT_SD * abs(float(plain.beta[RATE])) if shape == HEAT else _BEAD_SD_K
    best: tuple[float, float, Problem] | None = None
    for onset_s in _onsets(base, plain, flutter):
        supposed = SupposedStep(shape, onset_s, max(sd, 1e-9))
        problem = Problem(base.record, base.prior, replace(base.options, step=supposed))
        problem.multipliers, problem.edge_rate = base.multipliers, base.edge_rate
        likely = float(problem.evaluate(plain.z[None], flutter).log_likelihood[0])
        if best is None or likely > best[0]:
            best = likely, onset_s, problem
    if best is None:
        return None
    _, onset_s, problem = best
    (stepped,), _ = modes(problem, flutter, start=plain.z)
    slope = stepped.slopes[STEP]
    variance = slope @ stepped.z_covariance @ slope + stepped.beta_covariance[STEP, STEP]
    unit = float(stepped.beta[RATE]) if shape == HEAT else 1.0
    return StepFound(
        shape,
        onset_s,
        float(stepped.beta[STEP]) / unit,
        math.sqrt(float(variance)) / abs(unit),
        stepped.log_evidence - plain.log_evidence,
    )


def _onsets(base: Problem, plain: Posterior, flutter: Floats) -> list[float]:
    """Times of the readings before those that are far from their forecasts."""
    record = base.record
    n = len(record.times_s)
    off = np.abs(base.evaluate(plain.z[None], flutter).residuals[0, 1:n])
    for edge_s in record.power.times_s:
        behind = record.times_s[1:] - edge_s
        off[(behind >= 0.0) & (behind < _QUIET_S)] = 0.0
    places = [int(i) for i in np.argsort(-off)[:_PLACES] if off[i] > _FAR]
    rows = {max(0, i - back) for i in places for back in range(_ROWS_BEFORE)}
    return [float(record.times_s[row]) for row in sorted(rows)]
