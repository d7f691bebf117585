"""The batch fit on two published curves of real cuvettes (tests/data/heating-curves)."""

import pytest

from benchmarks.check.real_curves import FIRST, SECOND, STEP_S, Curve, fitted, step
from labctl.photothermal import BEAD_STEP, OFFSET, judge_fit


@pytest.mark.parametrize("curve", [FIRST, SECOND], ids=["first", "second"])
def test_one_node_fails_and_says_why(curve: Curve) -> None:
    """Its residuals remember each other, are not white and larger than what digitising leaves."""
    checks = judge_fit(fitted(curve, 1))

    assert ["memory", "whiteness", "size"] == [check.name for check in checks if not check.holds]
    assert all("one node leaves" in check.said for check in checks)


def test_the_full_model_leaves_the_digitising() -> None:
    """On the first curve at most 0.10 K rms, and residuals that pass for noise."""
    fit = fitted(FIRST, 3)

    assert fit.converged
    assert fit.rms_k <= 0.10
    assert [] == [check.said for check in judge_fit(fit) if not check.holds]


def test_the_step_of_the_second_curve_is_found_and_named() -> None:
    """It is a step of the bead or of the reading by more than a kelvin, seen first at 80 s; no step
    of the heat comes near to it."""
    found = step(SECOND)

    assert found[0].shape in (BEAD_STEP, OFFSET)
    assert STEP_S[0] <= found[0].onset_s <= STEP_S[1]
    assert 1.0 < found[0].size < 2.0
    assert {BEAD_STEP, OFFSET} >= {
        kind.shape for kind in found if kind.log_ratio > found[0].log_ratio - 20.0
    }


def test_no_step_is_found_where_there_is_none() -> None:
    """The first curve has none."""
    assert () == step(FIRST)
