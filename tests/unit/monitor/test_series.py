"""Several pulses in one run, and several concentrations: one number, or a trend."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from labctl.events import Emission, Event, Verdict
from labctl.monitor import AtConcentration, declared_series, over_concentrations
from labctl.monitor._half_time import half_time
from tests.unit.monitor.story import events, fixed, heat_per_watt, play
from tests.unit.photothermal.cell import Cell, Point

CYCLES, POWERS = "T_max over the cycles", "one efficiency over the powers"


def pulses(powers: Sequence[float], kept: Callable[[int, float], float]) -> Verdict:
    """A verdict over pulses of 4 min every 10 min, read every 2 s; `kept` says what part of the
    heat is left in each."""
    cell = Cell(heat_per_watt=heat_per_watt(0.45))
    x = (0.0, 0.0, 0.0)
    points = []
    t_s = 0.0
    for number, power_w in enumerate(powers):
        for lit_w, length_s in ((0.0, 60), (power_w, 240), (0.0, 300)):
            for _ in range(length_s // 2):
                for _ in range(10):
                    x = cell.step(x, lit_w * kept(number, power_w), 0.2)
                t_s += 2.0
                noise = 0.01 * math.sin(1e4 * t_s)
                points.append(Point(t_s, lit_w, 22.0 + x[2] + noise))
    monitor, _ = play([_asked(event, points) for event in events(points)], fixed())
    return monitor.verdict(round(t_s * 1e9))


def _asked(event: Event, points: list[Point]) -> Event:
    """An emission with the power that it asked for: a story has one for all."""
    if not isinstance(event, Emission) or event.power_w is None:
        return event
    after = next(point for point in points if point.t_s * 1e9 > event.t_ns + 1e9)
    return replace(event, power_w=after.power_w)


def outcome(verdict: Verdict, name: str) -> str:
    """Of the criterion of that name."""
    (one,) = [c for c in verdict.criteria if c.name == name]
    return one.outcome


def test_cycles_that_stay_pass_and_their_retention_is_one() -> None:
    """Four pulses of a sample that loses nothing."""
    verdict = pulses([1.0] * 4, lambda number, power_w: 1.0)

    assert "pass" == outcome(verdict, CYCLES)
    assert 1.0 == pytest.approx(verdict.results["retention"]["value"], abs=0.01)


def test_cycles_that_fade_fail_with_what_is_left() -> None:
    """Six percent less in each."""
    verdict = pulses([1.0] * 4, lambda number, power_w: 0.94**number)

    assert "fail" == outcome(verdict, CYCLES)
    assert 0.94**3 == pytest.approx(verdict.results["retention"]["value"], abs=0.04)
    assert "fail" == verdict.verdict


def test_powers_with_one_efficiency_pass() -> None:
    """Whatever their order."""
    verdict = pulses([0.5, 1.5, 0.25, 1.0], lambda number, power_w: 1.0)

    assert "pass" == outcome(verdict, POWERS)
    assert [0.25, 0.5, 1.0, 1.5] == pytest.approx(
        [row["power_w"] for row in verdict.results["powers"]["table"]], rel=0.01
    )


def test_an_efficiency_that_falls_with_the_power_is_flagged() -> None:
    """By a fifth from the lowest to the highest."""
    verdict = pulses([0.5, 1.5, 0.25, 1.0], lambda number, power_w: 1.0 - 0.16 * power_w)

    assert "pass" != outcome(verdict, POWERS)
    assert verdict.results["efficiency_trend"]["high"] < 0.0


@pytest.mark.parametrize(
    ("powers", "name"),
    [((1.0,) * 3, CYCLES), ((0.5, 1.0, 1.5), POWERS), ((1.0, 1.0), ""), ((1.0, None, 1.0), "")],
)
def test_what_a_plan_is_judged_by_is_declared_before(
    powers: tuple[float | None, ...], name: str
) -> None:
    """Two pulses, or a hold among them, are no series."""
    assert [name] * bool(name) == [one.name for one in declared_series(powers)]


def at(concentration: float, efficiency: float, sd: float = 0.003) -> AtConcentration:
    """A run that passed."""
    value = {"value": efficiency, "sd_statistical": sd, "sd_inputs": 0.02}
    verdict = Verdict(0, "pass", (), (), {"efficiency": value}, (), {"volume": 0.005})
    return AtConcentration("S", concentration, verdict)


def test_concentrations_with_one_efficiency_pass_and_with_a_trend_fail() -> None:
    """Ten percent from the lowest to the highest is a trend."""
    alike, _ = over_concentrations([at(0.05, 0.400), at(0.1, 0.403), at(0.2, 0.399)])
    apart, _ = over_concentrations([at(0.05, 0.44), at(0.1, 0.42), at(0.2, 0.39)])

    assert ("pass", "fail") == (alike.outcome, apart.outcome)


def test_two_concentrations_make_no_trend() -> None:
    """A line goes through any two."""
    criterion, lines = over_concentrations([at(0.05, 0.4), at(0.1, 0.5)])

    assert ("not applicable", 2) == (criterion.outcome, len(lines))


def test_the_time_of_half_a_release_is_where_the_fraction_crosses() -> None:
    """Straight from 0 at 100 s to 1 at 1100 s, a tenth either way."""

    def fraction(t_s: float) -> tuple[float, float, float]:
        middle = (t_s - 100.0) / 1000.0
        return middle - 0.1, middle, middle + 0.1

    found = half_time(fraction, 100.0, 1000.0)

    assert found is not None
    assert [400.0, 500.0, 600.0] == pytest.approx(
        [found["low"], found["value"], found["high"]], abs=1.0
    )
    assert half_time(fraction, 100.0, 650.0) is None
