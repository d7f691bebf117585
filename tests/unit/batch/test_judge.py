"""Pass, fail or cannot tell of an interval against limits; mean and interval of several runs."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from labctl.batch import Answer, Bounds, Measurement, judge, mean_of, together, two_sided

NUMBERS = st.floats(-1e6, 1e6)
WIDTHS = st.floats(0.0, 1e6)
SIDES = st.one_of(st.none(), NUMBERS)


@given(NUMBERS, WIDTHS, WIDTHS, st.booleans())
def test_a_value_at_a_limit_cannot_pass(at: float, below: float, above: float, low: bool) -> None:
    """However well it is known, and on whichever side the limit is."""
    bounds = Bounds(at, None) if low else Bounds(None, at)

    assert Answer.PASS is not judge(at - below, at + above, bounds)


@given(NUMBERS, WIDTHS, SIDES, SIDES)
def test_an_answer_is_told_only_where_all_of_the_interval_says_it(
    low: float, width: float, least: float | None, most: float | None
) -> None:
    """Pass: each point is inside. Fail: none is. What remains cannot be told."""
    assume(least is None or most is None or least < most)
    bounds, high = Bounds(least, most), low + width

    def inside(value: float) -> bool:
        return (least is None or value > least) and (most is None or value < most)

    answer = judge(low, high, bounds)

    ends = (inside(low), inside(high))
    assert (answer is Answer.PASS) == all(ends)
    if answer is Answer.FAIL:
        assert (False, False) == ends


@given(NUMBERS, WIDTHS, WIDTHS, SIDES, SIDES)
def test_knowing_less_never_decides(
    middle: float, width: float, more: float, least: float | None, most: float | None
) -> None:
    """A wider interval around the same value turns an answer into cannot tell or leaves it."""
    bounds = Bounds(least, most)

    narrow = judge(middle - width, middle + width, bounds)
    wide = judge(middle - width - more, middle + width + more, bounds)

    assert wide in (narrow, Answer.CANNOT_TELL)


def test_no_interval_is_refused() -> None:
    """A number that is none passes nothing."""
    for low, high in ((1.0, 0.0), (math.nan, 1.0), (0.0, math.nan)):
        with pytest.raises(ValueError, match="no interval"):
            judge(low, high, Bounds(0.0, None))


@given(st.lists(st.sampled_from(Answer)))
def test_one_failure_fails_and_one_doubt_keeps_from_passing(answers: list[Answer]) -> None:
    """And where nothing was judged nothing passes."""
    answer = together(answers)

    assert (Answer.FAIL in answers) == (answer is Answer.FAIL)
    assert (answer is Answer.PASS) == (set(answers) == {Answer.PASS})


@pytest.mark.parametrize(
    ("confidence", "freedom", "expected"),
    [
        # Printed tables of Student's t.
        (0.95, 1, 12.706), (0.95, 2, 4.303), (0.95, 3, 3.182), (0.95, 4, 2.776), (0.95, 9, 2.262),
        (0.95, 30, 2.042), (0.99, 5, 4.032), (0.99, 10, 3.169), (0.90, 7, 1.895),
        (0.95, 120, 1.980),
    ],
)  # fmt: skip
def test_students_t_is_that_of_the_tables(confidence: float, freedom: int, expected: float) -> None:
    """To the three digits that they print."""
    assert expected == pytest.approx(two_sided(confidence, freedom), abs=6e-4)


@given(st.integers(1, 600), st.floats(0.5, 0.9999))
def test_students_t_is_wider_than_the_normal_and_falls_to_it(
    freedom: int, confidence: float
) -> None:
    """More runs never widen an interval of the same scatter."""
    assert two_sided(confidence, freedom) >= two_sided(confidence, freedom + 1) - 1e-9
    assert two_sided(confidence, freedom) >= two_sided(confidence, 100_000) - 1e-9


def test_what_runs_share_does_not_shrink_with_their_number() -> None:
    """Four equal runs know their readings twice as well, and their inputs no better."""
    one = mean_of([Measurement(0.4, 0.02, 0.01)], 0.95)
    four = mean_of([Measurement(0.4, 0.02, 0.01)] * 4, 0.95)

    assert 1.96 * math.hypot(0.02, 0.01) == pytest.approx((one.high - one.low) / 2.0, rel=1e-4)
    assert 1.96 * math.hypot(0.01, 0.01) == pytest.approx((four.high - four.low) / 2.0, rel=1e-4)


def test_scatter_larger_than_stated_widens_the_interval_by_students_t() -> None:
    """Two runs that disagree know little."""
    mean = mean_of([Measurement(0.38, 0.001, 0.0), Measurement(0.42, 0.001, 0.0)], 0.95)

    assert 12.706 * 0.02 == pytest.approx((mean.high - mean.low) / 2.0, rel=1e-3)
