"""A probe that repeats one reading."""

from dataclasses import replace

import pytest

from labctl.clock import NS
from tests.unit.monitor.story import alarms, events, fixed, heat_per_watt, play
from tests.unit.photothermal.cell import Cell, Point, curve

CELL = Cell(heat_per_watt=heat_per_watt(0.4))


def _frozen(from_s: float) -> list[Point]:
    points = curve(CELL, seed=31)
    last = points[round(from_s) - 1].degc
    return [replace(point, degc=last) if point.t_s >= from_s else point for point in points]


def test_frozen_probe_is_class_9() -> None:
    """A probe frozen before the light is told as such, once, and by nothing that rests on it."""
    monitor, said = play(events(_frozen(30.0)), fixed())

    assert [("stuck-probe", 9)] == [(a.name, a.fault_class) for a in alarms(said)]
    assert 30.0 == pytest.approx(alarms(said)[0].onset_ns / NS, abs=1.0)
    assert "fail" == monitor.verdict(700 * NS).verdict
