"""A record through every method, beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from labctl.analysis._batch import batch
from labctl.analysis._check import Checked, around_the_light, checked, thinned
from labctl.analysis._given import Basis, Given, basis
from labctl.analysis._light_column import by_column, judged_anew
from labctl.analysis._load import Loaded
from labctl.analysis._row import Row
from labctl.analysis._weigh import CANNOT_TELL, FAIL, PASS, smooth_criterion, weigh
from labctl.errors import Exit
from labctl.events import Alarm, Criterion, Verdict
from labctl.monitor import NUMBERS, ROOM
from labctl.photothermal import (
    Estimate,
    Finding,
    LostError,
    Record,
    UnusableError,
    audit,
    classical_methods,
    fit_one_node,
    usable,
    with_light,
)

_MOST = 4000
"""Rows that the check is given; of more, means of neighbours."""
_A_TIME_CONSTANT = 40
"""Rows in one are never too many."""
_LONGEST_S = 30.0 * 86400.0
_HOTTEST = 1e4


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
    criteria: tuple[Criterion, ...] = ()
    """Those of a run's check, and one of the batch fit, each with value and threshold."""
    used: Record | None = None
    """The rows that were computed with, light known; None where there were none."""
    check: Checked | None = None
    """What the check of a run said; None where it could not be run."""
    neighbours: int = 1
    """So many rows are one reading of the check and the batch fit."""

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
            raise UnusableError(_no_light(part))
        _bound(lit)
        start = basis(given, lit)
    except UnusableError as error:
        findings = audit(loaded.record)
        outcome, reasons = weigh(None, findings)
        return Analysis(loaded, findings, (), outcome, (f"{error}", *reasons))
    findings = audit(loaded.record, start.setting, start.expected)
    rows: list[Row] = []
    said = [*loaded.said, *start.assumptions]
    tau_s = _tau_s(lit)
    near, left_out = around_the_light(lit, tau_s)
    said += [left_out] if left_out else []
    span_s = float(near.time_s[-1] - near.time_s[0])
    short, several = thinned(near, max(_MOST, round(_A_TIME_CONSTANT * span_s / tau_s)))
    if several > 1:
        said.append(f"check and batch fit take means of {several} neighbouring readings")
    check = _check(short, start, rows, said)
    if check is not None:
        alarms = by_column(check.alarms, findings)
        if alarms != check.alarms:
            anew = judged_anew(check.verdict, alarms, findings)
            check = replace(check, verdict=anew, alarms=alarms)
        if _room_open(check.verdict):
            said.append("the other methods are given no ambient column")
            lit, short = _without_ambient(lit), _without_ambient(short)
            start = basis(given, lit)
    verdict, alarms = (None, ()) if check is None else (check.verdict, check.alarms)
    stepped = bool(alarms) or any(finding.code == "curve-steps" for finding in findings)
    row, looks = batch(short, start, stepped=stepped)
    smooth = smooth_criterion(looks, known_bench=bool(given.bench or given.blank))
    rows += [row, *_classical(lit, start)]
    return Analysis(
        loaded,
        findings,
        tuple(rows),
        *weigh(verdict, findings, smooth),
        alarms=alarms,
        one_node=_one_node(lit),
        assumptions=tuple(dict.fromkeys(said)),
        asked=start.asked,
        budget={} if verdict is None else verdict.budget,
        criteria=(*(() if verdict is None else verdict.criteria), smooth),
        used=lit,
        check=check,
        neighbours=several,
    )


def _room_open(verdict: Verdict) -> bool:
    """True where the check doubts the ambient column."""
    return any(each.name == ROOM and each.outcome == CANNOT_TELL for each in verdict.criteria)


def _without_ambient(record: Record) -> Record:
    return replace(record, ambient_degc=None)


def _no_light(part: Record) -> str:
    if part.light is None:
        return "it is not known when the light was on"
    return "the light is on in none of the rows that can be used"


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


# -- the full model ----------------------------------------------------------------------------


def _check(record: Record, start: Basis, rows: list[Row], said: list[str]) -> Checked | None:
    name, about = "full model, live", "filter bank over liquid, wall, bead and holder"
    try:
        check = checked(record, start.priors, start.assumptions)
    except (RuntimeError, LostError, ValueError) as error:
        rows.append(Row(name, about, why=f"{error}"))
        return None
    verdict = check.verdict
    if record.time_s[0] < 0.0:
        said.append("in what the check says, times count from the first row")
    said += [
        line
        for line in verdict.assumptions
        if line not in start.assumptions and not line.startswith(NUMBERS)
    ]
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
            notes=tuple(line for line in verdict.assumptions if line.startswith(NUMBERS)),
            why=why,
        )
    )
    return check


def _estimate(plain: Mapping[str, Any] | None) -> Estimate | None:
    if plain is None:
        return None
    return Estimate(
        float(plain["value"]),
        float(plain["sd_statistical"]),
        float(plain["sd_inputs"]),
        str(plain["unit"]),
    )


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


def _tau_s(record: Record) -> float:
    """By one node; a cuvette's where there is none."""
    try:
        return fit_one_node(record).time_constant_s[0]
    except UnusableError:
        return 220.0


def _one_node(record: Record) -> tuple[str, ...]:
    try:
        return fit_one_node(record).reasons
    except UnusableError:
        return ()
