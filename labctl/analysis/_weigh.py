"""From the check's verdict, the audit's findings and what one smooth curve leaves: the last word.

Nothing here raises a verdict. A contradiction in the record fails; a doubt leaves it open. So does
a curve that the model follows only with heat that flutters, where nothing is known of the bench:
flutter can hide a missing node. And where the light's edges were found in the curve, or one of
them lies in a gap of the readings, what contradicts the model may be those edges; behind a gap of
minutes the temperatures start anew, and what contradicts it may be that; readings in steps of half
a kelvin contradict it by themselves. There the check alone fails nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from labctl.events import Criterion, Verdict
from labctl.photothermal import Finding, FitCheck, Severity

PASS, FAIL, CANNOT_TELL = "pass", "fail", "cannot tell"
NOT_APPLICABLE = "not applicable"
GUESSED = "light-from-curve"
"""The finding that says so."""
_IN_A_GAP = "edge-in-a-gap"
_GAP, _COARSE = "gap", "coarse"
_SMOOTH = "one smooth curve"
_GUESS = (
    "not every edge of the light is known, but found in the curve: what contradicts the model may "
    "be the edges"
)
_UNSEEN = "readings are missing: what contradicts the model may come of the gap"
_STEPS = "the readings come in coarse steps: what contradicts the model may be those"
_HIDDEN = "; heat that fluttered, or a node that the model lacks: a curve alone does not tell"


def smooth_criterion(looks: Sequence[FitCheck], *, known_bench: bool) -> Criterion:
    """What `judge_fit` says of the batch fit without flutter; `known_bench`: a bench or a blank
    was named, and flutter is left to the criteria of a run's check."""
    threshold = "; ".join(f"{look.name} {look.threshold:.3g}" for look in looks)
    value = next((look.value for look in looks if look.name == "memory"), None)
    shown = None if value is None else float(f"{value:.3g}")
    if not looks:
        return Criterion(_SMOOTH, None, threshold, NOT_APPLICABLE, "no smooth curve was fitted")
    if known_bench:
        why = "bench or blank is named: the check's own criteria hold"
        return Criterion(_SMOOTH, shown, threshold, NOT_APPLICABLE, why)
    left = next((look.said for look in looks if not look.holds), "")
    outcome = CANNOT_TELL if left else PASS
    return Criterion(_SMOOTH, shown, threshold, outcome, left + _HIDDEN if left else "")


def weigh(
    verdict: Verdict | None, findings: Sequence[Finding], smooth: Criterion | None = None
) -> tuple[str, tuple[str, ...]]:
    """(`pass`, `fail` or `cannot tell`; the reasons)."""
    outcome = CANNOT_TELL if verdict is None else verdict.verdict
    guessed = any(finding.code in {GUESSED, _IN_A_GAP} for finding in findings)
    doubtful = {f.code for f in findings if f.severity is Severity.DOUBTFUL}
    missing, stepped = _GAP in doubtful, _COARSE in doubtful
    if (guessed or missing or stepped) and outcome == FAIL:
        outcome = CANNOT_TELL
    weighty = {Severity.WRONG: FAIL, Severity.DOUBTFUL: CANNOT_TELL}
    reasons: list[str] = []
    for finding in findings:
        due = weighty.get(finding.severity)
        if due is None:
            continue
        reasons.append(f"{finding.code}: {finding.seen}")
        if due == FAIL or outcome == PASS:
            outcome = due
    if smooth is not None and smooth.outcome == CANNOT_TELL:
        reasons.append(f"{smooth.name}: {smooth.why}")
        outcome = CANNOT_TELL if outcome == PASS else outcome
    if verdict is None:
        reasons.append("the check could not be run on these readings")
    elif verdict.verdict == outcome or verdict.verdict != PASS:
        if verdict.verdict == FAIL:
            reasons += [_GUESS] * guessed + [_UNSEEN] * missing + [_STEPS] * stepped
        reasons += verdict.reasons
    return outcome, tuple(reasons)
