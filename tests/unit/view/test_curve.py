"""The braille curve, its history and its axes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.cli._view import _curve as curve
from labctl.cli._view._curve import Ink
from labctl.cli._view._history import History
from labctl.clock import NS
from labctl.events import Assessment, Beam, Emission, Invalid, Reading, Sample
from tests.unit.view import storyteller as story


def history(*degc: float | None) -> History:
    """One reading a second; None is an open thermocouple."""
    made = History()
    for second, value in enumerate(degc):
        t_ns = second * NS
        reading: Reading | Invalid = Invalid("probe.temperature", "open", "", t_ns)
        if value is not None:
            reading = Reading("probe.temperature", value, "degC", t_ns)
        made.add(Sample(t_ns, t_ns, (reading,)))
    return made


def text(row: curve.Row) -> str:
    """A row without its inks."""
    return "".join(piece for piece, _ in row)


def measured(rows: list[curve.Row]) -> list[str]:
    """The measured curve alone."""
    return [
        "".join(piece if ink is Ink.MEASURED else " " for piece, ink in row)[
            curve.GUTTER :
        ].rstrip()
        for row in rows
    ]


def test_rising_readings_rise() -> None:
    """A straight rise is a straight line from the lower left to the upper right."""
    rows = curve.curve(history(20, 30, 40), 15, 4, 2 * NS)
    letters = [row.rstrip() for row in measured(rows)]
    begins = [len(row) - len(row.lstrip()) for row in letters]

    assert begins == sorted(begins, reverse=True)
    assert "".join(letters).replace(" ", "") != ""


def test_curve_has_no_holes_where_it_is_steep() -> None:
    """A jump between two readings is drawn as a line through every row."""
    rows = measured(curve.curve(history(20, 20, 20, 90, 90), 40, 8, 4 * NS))

    assert all(row.strip() for row in rows[1:-1])


def test_open_thermocouple_is_a_gap() -> None:
    """Where there was no reading nothing is drawn, and no line is made up across it."""
    rows = measured(curve.curve(history(20, 20, None, None, 20, 20), 57, 4, 5 * NS))
    drawn = next(row for row in rows if row)

    assert " " * 10 in drawn.strip()


def test_quiet_reading_does_not_look_like_a_storm() -> None:
    """Noise of a hundredth of a kelvin stays in one row of letters or two."""
    rows = measured(
        curve.curve(history(*(20 + 0.01 * (n % 2) for n in range(20))), 40, 10, 20 * NS)
    )

    assert sum(bool(row) for row in rows) <= 2


def test_wide_band_does_not_press_the_curve_flat() -> None:
    """A prediction that knows nothing yet leaves the readings most of the picture."""
    made = history(20, 25, 30)
    made.add(Assessment(2 * NS, "dark", 25.0, 500.0, 0, *(None,) * 7, False, 0.0))
    rows = measured(curve.curve(made, 30, 10, 2 * NS))

    assert sum(bool(row) for row in rows) >= 7


@given(
    st.lists(st.one_of(st.none(), st.floats(-300, 2000)), max_size=40),
    st.integers(8, 120),
    st.integers(1, 40),
)
def test_any_readings_fit_any_window(degc: list[float | None], width: int, height: int) -> None:
    """Every row is exactly as wide as asked, whatever is drawn."""
    made = history(*degc)
    end_ns = curve.axis_end_ns(len(degc) * NS, None)
    rows = [
        *curve.curve(made, width, height, end_ns),
        curve.laser_bar(made, width, end_ns, end_ns),
        curve.time_axis(width, end_ns),
    ]

    assert [width] * (height + 2) == [len(text(row)) for row in rows]


def test_laser_bar_marks_on_off_and_unknown() -> None:
    """On is solid, off a line, unknown a question mark, and what is to come is empty."""
    made = History()
    made.add(Emission(0, Beam.OFF, "read back"))
    made.add(Emission(2 * NS, Beam.ON, "read back", 1.0))
    made.add(Emission(4 * NS, Beam.UNKNOWN, "commanded"))
    row = text(curve.laser_bar(made, curve.GUTTER + 8, 8 * NS, 6 * NS))

    assert row == " laser│──██??  "


def test_shortest_light_is_seen() -> None:
    """Light for less than a letter's worth of time still marks its letter."""
    made = History()
    made.add(Emission(100, Beam.ON, "read back", 1.0))
    made.add(Emission(200, Beam.OFF, "read back"))

    assert "█" in text(curve.laser_bar(made, curve.GUTTER + 8, 8 * NS, 6 * NS))


@pytest.mark.parametrize(
    ("now_s", "worst_s", "expected_s"),
    [(0, None, 60), (58, None, 120), (58, 90, 90), (100, 90, 100), (8000, None, 10_800)],
)
def test_time_axis_ends_a_little_ahead(now_s: int, worst_s: int | None, expected_s: int) -> None:
    """At a round time, never beyond the longest that the run can last."""
    worst_ns = None if worst_s is None else worst_s * NS

    assert expected_s * NS == curve.axis_end_ns(now_s * NS, worst_ns)


def test_history_of_a_long_run_stays_small_and_whole() -> None:
    """A day of readings keeps its first and its last hour, in bounded memory."""
    made = History()
    for second in range(0, 86_400, 10):
        for event in story.tick(second, lit=False):
            made.add(event)
    times = [point.t_ns // NS for point in made.points]

    assert 1000 <= len(times) <= 2000
    assert times[0] == 0
    assert times[-1] > 86_400 - 200
    assert times == sorted(times)


def test_history_pairs_a_reading_with_its_own_prediction() -> None:
    """However much is thinned out, a prediction stands beside the reading it was made for."""
    made = History()
    for second in range(5000):
        for event in story.tick(second, lit=False):
            made.add(event)

    assert all(
        point.predicted in (None, story.temperature_degc(point.t_ns / NS)) for point in made.points
    )
    assert sum(point.predicted is None for point in made.points) <= 1
