"""The last word on a file: what the check's verdict, the audit and one smooth curve make of it."""

from __future__ import annotations

import numpy as np
import pytest

from labctl.analysis._weigh import GUESSED, smooth_criterion, weigh
from labctl.events import Verdict
from labctl.photothermal import Finding, FitCheck, Severity

GOOD = FitCheck("memory", 0.01, 0.22, True, "white")
LEFT = FitCheck("memory", 0.35, 0.22, False, "residuals that follow each other at 0.35")


def said(word: str) -> Verdict:
    """A check's verdict."""
    return Verdict(0, word, (f"the check says {word}",), (), {}, ())


def finding(severity: Severity, code: str = "code") -> Finding:
    """A finding of that weight."""
    return Finding(code, severity, "seen", "fix")


@pytest.mark.parametrize(
    ("check", "smooth", "due"),
    [
        ("pass", GOOD, "pass"),
        ("pass", LEFT, "cannot tell"),
        ("cannot tell", LEFT, "cannot tell"),
        ("fail", LEFT, "fail"),
        ("fail", GOOD, "fail"),
    ],
)
def test_what_one_smooth_curve_leaves_lowers_a_pass_and_nothing_else(
    check: str, smooth: FitCheck, due: str
) -> None:
    """Memory in what the model leaves may be flutter or a missing node: no pass, and no fail."""
    criterion = smooth_criterion([smooth], known_bench=False)
    outcome, reasons = weigh(said(check), (), criterion)
    assert due == outcome
    assert (smooth is LEFT) == any("a curve alone does not tell" in reason for reason in reasons)


def test_a_named_bench_leaves_flutter_to_the_checks_own_criteria() -> None:
    """Then a file is judged as its run was; the criterion is kept, with its value."""
    criterion = smooth_criterion([LEFT], known_bench=True)
    assert ("not applicable", 0.35) == (criterion.outcome, criterion.value)
    assert "pass" == weigh(said("pass"), (), criterion)[0]


def test_a_fit_that_was_not_there_says_so() -> None:
    """No looks, no outcome."""
    assert "not applicable" == smooth_criterion([], known_bench=False).outcome


def test_edges_that_were_guessed_fail_nothing() -> None:
    """An alarm against light that nobody recorded may be against the guess; what the record itself
    contradicts fails still."""
    guess = finding(Severity.DOUBTFUL, GUESSED)
    outcome, reasons = weigh(said("fail"), (guess,))
    assert "cannot tell" == outcome
    assert any("may be the edges" in reason for reason in reasons)
    assert "the check says fail" in reasons
    assert "fail" == weigh(said("fail"), (guess, finding(Severity.WRONG)))[0]


@pytest.mark.parametrize("check", ["pass", "fail", "cannot tell"])
def test_no_finding_raises_a_verdict(check: str) -> None:
    """Over every weight, alone and together: never further up than the check itself."""
    order = ("fail", "cannot tell", "pass")
    for mask in np.ndindex(2, 2, 2):
        findings = [finding(s) for s, there in zip(Severity, mask, strict=True) if there]
        outcome, reasons = weigh(said(check), findings)
        assert order.index(outcome) <= order.index(check)
        assert reasons


@pytest.mark.parametrize("code", ["edge-in-a-gap", "gap"])
def test_what_lies_in_a_gap_fails_nothing(code: str) -> None:
    """An alarm behind minutes without a reading may come of the gap; a short one is no excuse."""
    outcome, reasons = weigh(said("fail"), [finding(Severity.DOUBTFUL, code)])
    assert outcome == "cannot tell"
    assert "the check says fail" in reasons
    assert weigh(said("fail"), [finding(Severity.NOTE, "gap")])[0] == "fail"


def test_coarse_steps_alone_fail_nothing() -> None:
    """Readings in half kelvins contradict any smooth curve; in tenths they are no excuse."""
    outcome, reasons = weigh(said("fail"), [finding(Severity.DOUBTFUL, "coarse")])
    assert outcome == "cannot tell"
    assert any("coarse steps" in reason for reason in reasons)
    assert weigh(said("fail"), [finding(Severity.NOTE, "coarse")])[0] == "fail"
