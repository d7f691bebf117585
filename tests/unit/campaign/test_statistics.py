"""Intervals and effect sizes beside SciPy; variance components beside what they were drawn from."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from labctl.campaign import compare, component, confounded, group, hedges, noncentral_t

A, B = (5.1, 4.7, 5.6, 5.0), (4.2, 4.4, 3.9)


def test_a_mean_has_students_interval() -> None:
    """As SciPy has it."""
    found = group(A, 0.95)
    low, high = stats.t.interval(0.95, 3, np.mean(A), stats.sem(A))

    assert (low, high) == pytest.approx((found.low, found.high), rel=1e-6)


def test_one_run_has_a_value_and_no_interval() -> None:
    """And none at all has nothing."""
    assert (1, 5.0, None, None) == (
        group([5.0], 0.95).n, group([5.0], 0.95).mean, group([5.0], 0.95).sd,
        group([5.0], 0.95).low,
    )  # fmt: skip
    assert None is group([], 0.95).mean


def test_a_difference_has_welchs_interval() -> None:
    """Degrees of freedom rounded down, so never narrower than SciPy's."""
    found = compare(A, B, 0.95)
    wanted = stats.ttest_ind(A, B, equal_var=False).confidence_interval(0.95)

    assert found is not None
    assert found.low is not None and found.high is not None
    assert found.low <= wanted.low
    assert wanted.high <= found.high
    assert found.high - found.low == pytest.approx(wanted.high - wanted.low, rel=0.1)


@pytest.mark.parametrize(
    ("t", "freedom", "centre"), [(0.5, 2, 0.0), (3.0, 5, 2.5), (-2.0, 4, 1.0), (12.0, 3, 9.0)]
)
def test_the_noncentral_t_is_scipys(t: float, freedom: int, centre: float) -> None:
    """To five digits."""
    assert stats.nct.cdf(t, freedom, centre) == pytest.approx(
        noncentral_t(t, freedom, centre), abs=2e-6
    )


def test_hedges_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Groups of three, a true effect of 1.5."""
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(200):
        a, b = rng.normal(1.5, 1.0, 3), rng.normal(0.0, 1.0, 3)
        g, low, high = hedges(a.tolist(), b.tolist(), 0.90)
        correct = g / ((a.mean() - b.mean()) / math.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2))
        held += low <= 1.5 * correct <= high

    assert 0.84 < held / 200 < 0.95


def test_groups_that_do_not_scatter_have_no_effect_size() -> None:
    """The difference alone can be told."""
    found = compare([1.0, 1.0], [2.0, 2.0], 0.95)

    assert found is not None
    assert (-1.0, None, None) == (found.difference, found.low, found.g)


def test_balanced_components_are_those_of_the_analysis_of_variance() -> None:
    """One arm, three lots of two: the mean squares by hand."""
    values = [1.0, 2.0, 4.0, 5.0, 9.0, 8.0]
    found = component("lot", values, ["a"] * 6, ["1", "1", "2", "2", "3", "3"], 0.95)
    within = 0.5
    between = 2.0 * np.var([1.5, 4.5, 8.5], ddof=1)

    assert math.sqrt(within) == pytest.approx(found.within_sd)
    assert math.sqrt((between - within) / 2.0) == pytest.approx(found.between_sd)


def test_components_find_what_was_drawn_and_their_interval_holds_it() -> None:
    """Two arms, eight lots, three runs each; lots differ by 2, runs by 1."""
    rng = np.random.default_rng(7)
    arms = [arm for arm in "ab" for _ in range(24)]
    lots = [str(lot) for _ in "ab" for lot in range(8) for _ in range(3)]
    held, found_sd = 0, []
    for _ in range(60):
        shift = rng.normal(0.0, 2.0, 8)
        values = [
            (5.0 if arm == "a" else 0.0) + shift[int(lot)] + rng.normal()
            for arm, lot in zip(arms, lots, strict=True)
        ]
        found = component("lot", values, arms, lots, 0.95)
        assert found.ratio_low is not None and found.ratio_high is not None
        held += found.ratio_low <= 2.0 <= found.ratio_high
        found_sd.append(found.between_sd)

    assert held >= 54
    assert 2.0 == pytest.approx(float(np.mean(np.array(found_sd, float))), rel=0.15)


@pytest.mark.parametrize(
    ("levels", "why"),
    [("aaaaaa", "all runs are of one day"), ("aaabbb", "too few"), ("abcdef", "another")],
)
def test_where_too_little_is_there_it_cannot_tell(levels: str, why: str) -> None:
    """With the reason."""
    found = component("day", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], ["a"] * 6, list(levels), 0.95)

    assert None is found.between_sd
    assert why in found.why


def test_factors_that_come_together_are_told() -> None:
    """Each lot on a day of its own."""
    assert confounded(["A", "A", "B", "B"], ["1", "1", "2", "2"])
    assert not confounded(["A", "A", "B", "B"], ["1", "2", "1", "2"])
