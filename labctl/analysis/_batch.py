"""The batch fit beside the check: the same model and priors, all readings at once.

Estimates are those with the liquid's heat flutter and the drift of the surroundings as the check
has them. What one smooth curve of the model leaves is told beside: flutter can hide a missing node,
a smooth curve cannot. Where a step is suspected, each kind of it is fitted with the cell.
"""

from __future__ import annotations

import math

import numpy as np

from labctl.analysis._check import thinned
from labctl.analysis._given import Basis
from labctl.analysis._row import Row
from labctl.monitor import (
    EDGE_SPREAD_S,
    GUESSED_LOSS_SD,
    MOSTLY_ASSUMED,
    MOSTLY_ASSUMED_WORDS,
)
from labctl.photothermal import (
    BEAD_STEP,
    HEAT,
    MODEL_LOSS_RELATIVE_SD,
    NOT_TOLD_APART,
    OFFSET,
    Estimate,
    FitCheck,
    MapFit,
    PowerSteps,
    Record,
    RecordError,
    StepFound,
    edges,
    efficiency,
    find_step,
    fit_record,
    judge_fit,
    thermal,
    without_walks,
)

NAME, ABOUT = "full model, batch", "the same model and priors, all readings at once"
_MOST_ROWS = 2000
_LONGEST_S = 12.0 * 3600.0
"""Every gap is bridged in steps of seconds."""
_UNIFORM_SD = 0.29
"""Of what may lie anywhere between two rows, in their distance."""
_KINDS = {
    HEAT: "a step of heat",
    BEAD_STEP: "light on the bead",
    OFFSET: "an offset of the reading",
}
_TROUBLE = (RecordError, ValueError, ArithmeticError, np.linalg.LinAlgError)


def batch(record: Record, start: Basis, *, stepped: bool) -> tuple[Row, tuple[FitCheck, ...]]:
    """The row of the batch fit, and what one smooth curve leaves; `stepped`: check or audit saw a
    step. A usable record."""
    if float(record.time_s[-1] - record.time_s[0]) > _LONGEST_S:
        return Row(NAME, ABOUT, why=f"longer than {_LONGEST_S / 3600.0:.0f} h"), ()
    short, _ = thinned(record, _MOST_ROWS)
    every_s = float(np.median(np.diff(short.time_s))) if len(short) > 1 else 0.0
    spread_s = max(EDGE_SPREAD_S, _UNIFORM_SD * every_s)
    priors = start.priors
    power = _power_steps(short, priors.nominal_power_w)
    ambients = _ambients(short)
    curve = (short.time_s, short.temperature_degc, power, ambients)
    try:
        fit = fit_record(priors.bank, *curve, edge_spread_s=spread_s)
        smooth = fit_record(without_walks(priors.bank), *curve, edge_spread_s=spread_s)
        steps = find_step(priors.bank, *curve, edge_spread_s=spread_s) if stepped else ()
        looks = judge_fit(smooth)
        return _row(fit, start, (_left(smooth, looks), *_named(steps))), looks
    except _TROUBLE as error:
        return Row(NAME, ABOUT, why=f"{error}"), ()


def _row(fit: MapFit, start: Basis, notes: tuple[str, ...]) -> Row:
    priors = start.priors
    capacity, watts = priors.bank.heat_capacity_j_per_k, priors.nominal_power_w
    found = thermal(fit.moments, capacity, watts)
    known = priors.inputs.liquid_heat_capacity_j_per_k
    loss, tau, rate = found.loss_per_s, found.time_constant_s, found.rate
    heat_loss = None
    learned = priors.bank.heat_loss_relative_sd < GUESSED_LOSS_SD or (
        math.hypot(tau[1], tau[2]) <= MOSTLY_ASSUMED * tau[0]
    )
    if not learned:
        notes = (*notes, MOSTLY_ASSUMED_WORDS)
    if known is not None and learned:
        value = loss[0] * capacity
        relative = math.hypot(known.sd / known.value, MODEL_LOSS_RELATIVE_SD)
        inputs = math.hypot(loss[2] * capacity, value * relative)
        heat_loss = Estimate(value, loss[1] * capacity, inputs, "W/K")
    # With the power not known, the efficiency of `priors.inputs` would be one of a made-up power.
    eta = None if start.setting.power_w is None else efficiency(rate, priors.inputs)
    return Row(
        NAME,
        ABOUT,
        None if eta is None else eta[0],
        Estimate(tau[0], tau[1], math.hypot(tau[2], tau[0] * MODEL_LOSS_RELATIVE_SD), "s")
        if learned
        else None,
        heat_loss,
        Estimate(rate.k_per_s_w * watts, rate.sd * watts, rate.sd_wall * watts, "K/s"),
        notes=notes,
    )


def _left(fit: MapFit, looks: tuple[FitCheck, ...]) -> str:
    words = (
        f"one smooth curve leaves {fit.rms_k:.2g} K rms beside a noise of {fit.noise_sd_k:.2g} K"
    )
    if all(look.holds for look in looks):
        return words
    return (
        f"{words}; neighbours correlate at {fit.lag1:.2f}: heat that flutters, or something that "
        "the model leaves out"
    )


def _named(steps: tuple[StepFound, ...]) -> tuple[str, ...]:
    """The step, as each kind that the record does not tell from the most probable one."""
    if not steps:
        return ()
    best = steps[0]
    alike = [step for step in steps if step.log_ratio > best.log_ratio - NOT_TOLD_APART]
    said = " or ".join(
        f"{_KINDS[step.shape]} of {_size(step)} from {step.onset_s:.0f} s" for step in alike
    )
    others = [_KINDS[step.shape] for step in steps if step not in alike]
    less = f"; {' and '.join(others)} less probable" if others else ""
    return (f"a step is in the record: {said}{less}",)


def _size(step: StepFound) -> str:
    if step.shape == HEAT:
        return f"{100.0 * step.size:+.0f} ± {100.0 * step.sd:.0f} %"
    return f"{step.size:+.2f} ± {step.sd:.2f} K"


def _power_steps(record: Record, nominal_w: float) -> PowerSteps:
    """The power as the record has it, else the nominal one, between the edges."""
    found = edges(record)
    steps = {edge.time_s: nominal_w if edge.on else 0.0 for edge in found}
    if record.power_w is not None:
        watts = np.nan_to_num(record.power_w)
        by_row = {edge.row: edge for edge in found}
        lit = False
        for row in range(len(record)):
            edge = by_row.get(row)
            if edge is not None:
                # The first reading of a light speaks of the time since its edge.
                lit = edge.on
                steps[edge.time_s] = float(watts[row]) if lit else 0.0
            elif lit and row > 0:
                steps[float(record.time_s[row - 1])] = 0.5 * float(watts[row - 1] + watts[row])
    times = sorted(steps)
    return PowerSteps(np.array(times), np.array([steps[time_s] for time_s in times]))


def _ambients(record: Record) -> float | np.ndarray:
    """The ambient probe's readings, gaps filled with their mean; without one the first reading."""
    first = float(record.temperature_degc[0])
    values = record.ambient_degc
    if values is None:
        return first
    finite = np.isfinite(values)
    return np.where(finite, values, float(values[finite].mean()) if finite.any() else first)
