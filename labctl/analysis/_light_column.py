"""Alarms of a record whose light column lies: they name the column, and no size.

The check takes the light as it was told. Where the audit has found that the temperature bends
elsewhere, what the check saw of that light is no fault of the cell and has no size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from labctl.clock import NS
from labctl.events import Alarm, Criterion, Verdict
from labctl.monitor import AGREE, BY_THE_BANK, NO_ALARM, TO_TELL_APART, in_words
from labctl.photothermal import Finding, Severity

COLUMN = "the light's column"
CONTRADICTED = "the temperature contradicts the light's column"
_EDGE, _BEND = "edge-contradicts", "bend-without-light"
_NEAR_S = 30.0
"""An alarm comes so long behind a bend at most, or its onset so long before it."""


def contradicted(findings: Sequence[Finding]) -> bool:
    """True where the audit found the light's column wrong."""
    return any(f.code == _EDGE and f.severity is Severity.WRONG for f in findings)


def by_column(alarms: Sequence[Alarm], findings: Sequence[Finding]) -> tuple[Alarm, ...]:
    """The alarms as they are told of such a record: of a column that is wrong, with no other cause;
    at a bend that looks like an edge of the light, with the column beside the other causes."""
    wrong = contradicted(findings)
    doubted = any(finding.code == _EDGE for finding in findings)
    bends = [f.time_s for f in findings if f.code == _BEND and f.time_s is not None]
    said: list[Alarm] = []
    for alarm in alarms:
        told = alarm
        if alarm.name in BY_THE_BANK:
            if wrong:
                told = replace(alarm, causes=(COLUMN,), size=CONTRADICTED, split_by="")
            elif doubted:
                told = replace(alarm, causes=(COLUMN, *alarm.causes), size=CONTRADICTED)
            elif any(abs(alarm.onset_ns / NS - bend_s) <= _NEAR_S for bend_s in bends):
                told = replace(alarm, causes=(COLUMN, *alarm.causes))
        if not said or replace(told, t_ns=said[-1].t_ns, refines=said[-1].refines) != said[-1]:
            said.append(told)
    return tuple(said)


def judged_anew(verdict: Verdict, alarms: Sequence[Alarm], findings: Sequence[Finding]) -> Verdict:
    """The verdict with these alarms in its words; it stays what it is."""
    wrong = contradicted(findings)
    standing = {alarm.refines or alarm.name: alarm for alarm in alarms}
    words = "; ".join(in_words(alarm) for alarm in standing.values())
    said = {NO_ALARM: words} if alarms else {}
    if wrong:
        said[AGREE] = f"{CONTRADICTED}: neither branch is what it was taken for"

    def anew(criterion: Criterion) -> Criterion:
        told = said.get(criterion.name)
        return criterion if told is None or not criterion.why else replace(criterion, why=told)

    criteria = tuple(anew(criterion) for criterion in verdict.criteria)
    reasons = []
    for reason in verdict.reasons:
        name = reason.partition(": ")[0]
        if not (wrong and name == TO_TELL_APART):
            reasons.append(f"{name}: {said[name]}" if name in said else reason)
    return replace(verdict, criteria=criteria, reasons=tuple(reasons))
