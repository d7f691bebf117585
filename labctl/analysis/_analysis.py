"""A record through every method, beside each other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labctl.analysis._check import checked, thinned
from labctl.analysis._given import Basis, Given, basis
from labctl.analysis._load import Loaded
from labctl.errors import Exit
from labctl.events import Alarm, Verdict
from labctl.photothermal import (
    MODEL_LOSS_RELATIVE_SD,
    Bias,
    Estimate,
    Finding,
    LostError,
    MapFit,
    PowerSteps,
    Record,
    RecordError,
    Severity,
    UnusableError,
    audit,
    classical_methods,
    edges,
    efficiency,
    fit_one_node,
    fit_record,
    judge_fit,
    thermal,
    usable,
    with_light,
)

_MOST = 4000
"""Rows that check and batch fit are given; of more, means of neighbours."""
_MOST_FITTED = 2000
_LONGEST_S = 30.0 * 86400.0
_LONGEST_FIT_S = 12.0 * 3600.0
"""The batch fit bridges every gap in steps of seconds."""
_HOTTEST = 1e4
_EDGE_S = 1.0
"""As a run's check has it: how far the liquid may be behind the light."""
_UNIFORM_SD = 0.29
"""Of what may lie anywhere between two rows, in their distance."""
PASS, FAIL, CANNOT_TELL = "pass", "fail", "cannot tell"


@dataclass(frozen=True, slots=True)
class Row:
    """What one method gives. What is None could not be computed: `why`, or an input not known."""

    name: str
    about: str
    efficiency: Estimate | None = None
    time_constant: Estimate | None = None
    heat_loss: Estimate | None = None
    rate: Estimate | None = None
    biases: tuple[Bias, ...] = ()
    notes: tuple[str, ...] = ()
    why: str = ""

    @property
    def bias_percent(self) -> float | None:
        """The computable ones together."""
        known = [bias.percent for bias in self.biases if bias.percent is not None]
        return sum(known) if known else None


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything that is to be said of a record."""

    loaded: Loaded
    findings: tuple[Finding, ...]
    rows: tuple[Row, ...]
    verdict: str
    """`pass`, `fail` or `cannot tell`."""
    reasons: tuple[str, ...]
    alarms: tuple[Alarm, ...] = ()
    one_node: tuple[str, ...] = ()
    """Why one time constant is not enough; empty where it is, or could not be tried."""
    assumptions: tuple[str, ...] = ()
    asked: tuple[tuple[str, str], ...] = ()
    budget: Mapping[str, Any] = field(default_factory=dict)
    used: Record | None = None
    """The rows that were computed with, light known; None where there were none."""

    @property
    def exit_code(self) -> Exit:
        """As a run's check would end."""
        codes = {PASS: Exit.PASS, FAIL: Exit.CHECK_FAILED}
        return codes.get(self.verdict, Exit.CANNOT_TELL)


def analyse(loaded: Loaded, given: Given | None = None) -> Analysis:
    """Audit the record, and put every method's answer beside the others'. Never raises for what
    stands in the record: what cannot be computed says why."""
    given = given or Given()
    try:
        part, _ = usable(loaded.record)
        lit = part if part.light is not None else with_light(part)
        if lit is None or lit.light is None or not lit.light.any():
            raise UnusableError("it is not known when the light was on")
        _bound(lit)
        start = basis(given, lit)
    except UnusableError as error:
        findings = audit(loaded.record)
        outcome, reasons = _weigh(None, findings)
        return Analysis(loaded, findings, (), outcome, (f"{error}", *reasons))
    findings = audit(loaded.record, start.setting, start.expected)
    rows: list[Row] = []
    said = [*loaded.said, *start.assumptions]
    short, several = thinned(lit, _MOST)
    if several > 1:
        said.append(f"check and batch fit take means of {several} neighbouring readings")
    verdict, alarms = _check(short, start, rows, said)
    _batch(short, start, rows)
    rows += _classical(lit, start)
    return Analysis(
        loaded,
        findings,
        tuple(rows),
        *_weigh(verdict, findings),
        alarms=alarms,
        one_node=_one_node(lit),
        assumptions=tuple(dict.fromkeys(said)),
        asked=start.asked,
        budget={} if verdict is None else verdict.budget,
        used=lit,
    )


def _bound(record: Record) -> None:
    """UnusableError for times and temperatures that are no run's: computing with them would take
    for ever, or overflow."""
    span_s = float(record.time_s[-1]) - float(record.time_s[0])
    if not span_s < _LONGEST_S:
        raise UnusableError(f"the times span {span_s / 86400.0:.3g} days")
    if float(np.ptp(record.temperature_degc)) == 0.0:
        raise UnusableError("the temperature does not change")
    hottest = float(np.abs(record.temperature_degc).max())
    if hottest > _HOTTEST:
        raise UnusableError(f"{hottest:.3g} is no temperature")


def _weigh(verdict: Verdict | None, findings: tuple[Finding, ...]) -> tuple[str, tuple[str, ...]]:
    """The check's verdict, lowered by what the audit found: a contradiction fails, a doubt leaves
    it open. A finding never raises one."""
    outcome = CANNOT_TELL if verdict is None else verdict.verdict
    reasons: list[str] = []
    weighty = {Severity.WRONG: FAIL, Severity.DOUBTFUL: CANNOT_TELL}
    for finding in findings:
        due = weighty.get(finding.severity)
        if due is None:
            continue
        reasons.append(f"{finding.code}: {finding.seen}")
        if due == FAIL or outcome == PASS:
            outcome = due
    if verdict is None:
        reasons.append("the check could not be run on these readings")
    elif verdict.verdict == outcome or verdict.verdict != PASS:
        reasons += verdict.reasons
    return outcome, tuple(reasons)


# -- the full model ----------------------------------------------------------------------------


def _check(
    record: Record, start: Basis, rows: list[Row], said: list[str]
) -> tuple[Verdict | None, tuple[Alarm, ...]]:
    name, about = "full model, live", "filter bank over liquid, wall, bead and holder"
    try:
        verdict, alarms = checked(record, start.priors, start.assumptions)
    except (RuntimeError, LostError, ValueError) as error:
        rows.append(Row(name, about, why=f"{error}"))
        return None, ()
    said += [line for line in verdict.assumptions if line not in start.assumptions]
    found = verdict.results
    why = "" if found else "; ".join(verdict.reasons)
    rows.append(
        Row(
            name,
            about,
            _estimate(found.get("efficiency")),
            _estimate(found.get("time_constant")),
            _estimate(found.get("heat_loss_coefficient")),
            _estimate(found.get("heating_rate")),
            why=why,
        )
    )
    return verdict, alarms


def _estimate(plain: Mapping[str, Any] | None) -> Estimate | None:
    if plain is None:
        return None
    return Estimate(
        float(plain["value"]),
        float(plain["sd_statistical"]),
        float(plain["sd_inputs"]),
        str(plain["unit"]),
    )


def _batch(record: Record, start: Basis, rows: list[Row]) -> None:
    name, about = "full model, batch", "the same model and priors, all readings at once"
    if float(record.time_s[-1] - record.time_s[0]) > _LONGEST_FIT_S:
        rows.append(Row(name, about, why=f"longer than {_LONGEST_FIT_S / 3600.0:.0f} h"))
        return
    short, _ = thinned(record, _MOST_FITTED)
    every_s = float(np.median(np.diff(short.time_s))) if len(short) > 1 else 0.0
    priors = start.priors
    power = _power_steps(short, priors.nominal_power_w)
    ambient = float(short.temperature_degc[0])
    ambients = ambient if short.ambient_degc is None else _whole(short.ambient_degc, ambient)
    try:
        fit = fit_record(
            priors.bank,
            short.time_s,
            short.temperature_degc,
            power,
            ambients,
            edge_spread_s=max(_EDGE_S, _UNIFORM_SD * every_s),
        )
        capacity = priors.bank.heat_capacity_j_per_k
        found = thermal(fit.moments, capacity, priors.nominal_power_w)
    except (RecordError, ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        rows.append(Row(name, about, why=f"{error}"))
        return
    known = priors.inputs.liquid_heat_capacity_j_per_k
    loss, tau, watts = found.loss_per_s, found.time_constant_s, priors.nominal_power_w
    heat_loss = None
    if known is not None:
        value = loss[0] * capacity
        relative = math.hypot(known.sd / known.value, MODEL_LOSS_RELATIVE_SD)
        inputs = math.hypot(loss[2] * capacity, value * relative)
        heat_loss = Estimate(value, loss[1] * capacity, inputs, "W/K")
    # With the power not known, the efficiency of `priors.inputs` would be one of a made-up power.
    eta = None if start.setting.power_w is None else efficiency(found.rate, priors.inputs)
    rate = found.rate
    rows.append(
        Row(
            name,
            about,
            None if eta is None else eta[0],
            Estimate(tau[0], tau[1], math.hypot(tau[2], tau[0] * MODEL_LOSS_RELATIVE_SD), "s"),
            heat_loss,
            Estimate(rate.k_per_s_w * watts, rate.sd * watts, rate.sd_wall * watts, "K/s"),
            notes=(_left(fit),),
        )
    )


def _left(fit: MapFit) -> str:
    """What the fitted curve leaves, heat flutter not allowed for, in words."""
    words = f"leaves {fit.rms_k:.2g} K rms beside a noise of {fit.noise_sd_k:.2g} K"
    if all(look.holds for look in judge_fit(fit)):
        return words
    return (
        f"{words}, and neighbours correlate at {fit.lag1:.2f}: what it leaves counts as heat "
        "flutter of the liquid"
    )


def _power_steps(record: Record, nominal_w: float) -> PowerSteps:
    """The power as the record has it, else the nominal one between the edges."""
    light = record.light
    if record.power_w is not None and light is not None:
        watts = np.where(light, np.nan_to_num(record.power_w), 0.0)
        # A reading speaks of the time up to it; the first row opens the record.
        return PowerSteps(record.time_s[:-1], watts[1:])
    found = edges(record)
    times = np.array([edge.time_s for edge in found])
    return PowerSteps(times, np.array([nominal_w if edge.on else 0.0 for edge in found]))


def _whole(values: np.ndarray, instead: float) -> np.ndarray:
    finite = np.isfinite(values)
    fill = float(values[finite].mean()) if finite.any() else instead
    return np.where(finite, values, fill)


# -- the others --------------------------------------------------------------------------------


def _classical(record: Record, start: Basis) -> list[Row]:
    return [
        Row(
            method.name,
            f"{method.equation}; {method.source}",
            method.efficiency,
            method.time_constant,
            method.heat_loss,
            method.rate,
            method.biases,
            method.notes,
            method.why,
        )
        for method in classical_methods(record, start.setting)
    ]


def _one_node(record: Record) -> tuple[str, ...]:
    try:
        return fit_one_node(record).reasons
    except UnusableError:
        return ()
