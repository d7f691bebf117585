"""Numbers for people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.cli._view import _numbers as numbers
from labctl.clock import NS


@pytest.mark.parametrize(
    ("value", "sd", "unit", "expected"),
    [
        (0.4102, 0.0213, "", "0.410 ± 0.021"),
        (0.4102, 0.0996, "", "0.41 ± 0.10"),
        (182.34, 1.2, "s", "182.3 ± 1.2 s"),
        (1534.0, 123.4, "s", "1530 ± 120 s"),
        (0.01172, 0.00058, "W/K", "11.72 ± 0.58 mW/K"),
        (25.2239, 0.065, "degC", "25.224 ± 0.065 °C"),
        (-0.0001, 0.21, "K", "0.00 ± 0.21 K"),
        (0.41023, None, "", "0.4102"),
        (0.41023, 0.0, "", "0.4102"),
    ],
)
def test_value_has_the_digits_of_its_uncertainty(
    value: float, sd: float | None, unit: str, expected: str
) -> None:
    """Two significant digits of the standard deviation, as many decimals in the value."""
    assert expected == numbers.with_sd(value, sd, unit)


@given(
    st.floats(-1e6, 1e6, allow_nan=False),
    st.floats(1e-6, 1e5, allow_nan=False, allow_infinity=False),
)
def test_value_and_uncertainty_end_at_the_same_decimal(value: float, sd: float) -> None:
    """However large or small, both are written to the same place."""
    left, _, right = numbers.with_sd(value, sd).partition(" ± ")

    assert len(left.partition(".")[2]) == len(right.partition(".")[2])


@given(
    st.floats(-1e6, 1e6, allow_nan=False),
    st.floats(1e-6, 1e5, allow_nan=False, allow_infinity=False),
)
def test_rounding_moves_a_value_by_less_than_a_twentieth_of_its_uncertainty(
    value: float, sd: float
) -> None:
    """What is shown is what was found, for all that the uncertainty can tell."""
    shown = float(numbers.number(value, sd))

    assert abs(shown - value) <= 0.0500001 * sd + 1e-9 * abs(value)


def test_interval_has_the_decimals_of_its_value() -> None:
    """The ends of an interval are rounded like the value beside it, in its unit."""
    assert numbers.interval(0.0106, 0.01291, 0.00058, "W/K") == "10.60 to 12.91"


@pytest.mark.parametrize(
    ("duration_ns", "expected"),
    [
        (4 * NS // 10, "0.4 s"),
        (0, "0 s"),
        (45 * NS, "45 s"),
        (200 * NS, "3 min 20 s"),
        (600 * NS, "10 min"),
        (7500 * NS, "2 h 05 min"),
        (86_400 * NS, "24 h"),
        (9_960_000_000, "10.0 s"),
    ],
)
def test_span_is_in_words(duration_ns: int, expected: str) -> None:
    """A duration is written in the units that one says aloud."""
    assert expected == numbers.span(duration_ns)


def test_moment_counts_hours() -> None:
    """The time of a run goes on beyond a day."""
    assert numbers.moment((25 * 3600 + 61) * NS) == "25:01:01"
