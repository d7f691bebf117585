"""The control chart: its lines, and which points signal."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.batch import Lines, Signal, lines_of, signals

LINES = Lines(10.0, 1.0, declared=True)


def rules(*values: float) -> list[tuple[int, str]]:
    """Index and first word of the rule of every signal."""
    return [(s.index, s.rule.split()[0]) for s in signals(values, LINES)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((10.0, 13.1), [(1, "beyond")]),
        ((10.0, 13.0), []),
        ((10.0, 6.9), [(1, "beyond")]),
        ((12.1, 10.0, 12.1), [(2, "two")]),
        ((12.0, 10.0, 12.0), []),
        ((12.1, 10.0, 7.9), []),
        ((12.1, 10.0, 10.0, 12.1), []),
        ((11.1, 11.1, 9.5, 11.1, 11.1), [(4, "four")]),
        ((11.1, 11.1, 9.5, 9.5, 11.1, 11.1), []),
        # The last point must be beyond itself: a chart that has come back signals no more.
        ((11.1, 11.1, 11.1, 11.1, 9.5), [(3, "four")]),
        ((10.1,) * 8, [(7, "eight")]),
        ((10.1,) * 7, []),
        ((10.1,) * 4 + (9.9,) + (10.1,) * 4, []),
        ((10.0,) * 20, []),
    ],
)
def test_each_rule_signals_where_it_holds_and_nowhere_else(
    values: tuple[float, ...], expected: list[tuple[int, str]]
) -> None:
    """A point on a line is not beyond it."""
    assert expected == rules(*values)


@given(st.lists(st.floats(5.0, 15.0), max_size=30))
def test_a_chart_upside_down_signals_the_same(values: list[float]) -> None:
    """Both sides have the same rules."""
    assert signals(values, LINES) == signals([20.0 - value for value in values], LINES) or any(
        # Turned over, a value may fall on the other side of a line by one rounding.
        abs(abs(value - 10.0) - k) < 1e-9
        for value in values
        for k in (0.0, 1.0, 2.0, 3.0)
    )


def test_lines_are_those_of_the_moving_range() -> None:
    """Mean, and mean range over 1.128: by hand for eight lots."""
    lines = lines_of([40.0, 41.0, 40.0, 41.0, 40.0, 41.0, 40.0, 41.0])

    assert lines is not None
    assert (40.5, 1.0 / 1.128, False) == (lines.centre, lines.sd, lines.declared)


def test_few_lots_have_no_lines_of_their_own() -> None:
    """Seven lots say more of chance than of the process."""
    assert None is lines_of([40.0] * 7)


def test_a_process_in_control_seldom_leaves_its_limits() -> None:
    """Three deviations: 2.7 in a thousand; and lines worked out from it are near its own."""
    draws = random.Random(7)
    values = [draws.gauss(10.0, 1.0) for _ in range(4000)]
    lines = lines_of(values)

    assert lines is not None
    assert 1.0 == pytest.approx(lines.sd, abs=0.05)
    beyond = [s for s in signals(values, LINES) if s.rule.startswith("beyond")]
    assert 2 <= len(beyond) <= 22


def test_a_lasting_shift_is_seen() -> None:
    """By one and a half deviations, within ten lots of it in most of 200 histories."""
    draws = random.Random(7)
    seen = 0
    for _ in range(200):
        values = [draws.gauss(11.5, 1.0) for _ in range(10)]
        found: list[Signal] = signals(values, LINES)
        seen += bool(found)
    assert seen >= 180
