"""The early end of a heating, on stories of the check's own model (inference alone)."""

from dataclasses import replace

from labctl.clock import NS
from labctl.events import Assessment, Event, Sample
from labctl.monitor import Monitor
from labctl.photothermal import Inputs
from tests.unit.monitor.story import INPUTS, events, fixed, heat_per_watt
from tests.unit.photothermal.cell import Cell, curve

CELL = Cell(heat_per_watt=heat_per_watt(0.38))


def _first_end_s(told: list[Event], target: float, inputs: Inputs = INPUTS) -> float | None:
    """When a monitor first lets the heating end."""
    monitor = Monitor.from_event(fixed(inputs))
    for event in told:
        monitor.feed(event)
        if isinstance(event, Sample) and not monitor.why_not_yet(target):
            return event.t_ns / NS
    return None


def test_a_good_heating_may_end_after_a_minute_of_light() -> None:
    """A target that the priors allow is met between one and five minutes of light."""
    ended = _first_end_s(events(curve(CELL, seed=51, heat_s=400.0, cool_s=0.0)), 0.05)

    assert ended is not None
    assert 120.0 <= ended <= 360.0


def test_a_fault_keeps_the_light_on() -> None:
    """With a step of the heat at half a minute of light the same heating does not end early."""
    points = curve(CELL, seed=51, heat_s=400.0, cool_s=0.0, absorbed_step=(90.0, 0.8))

    assert _first_end_s(events(points), 0.05) is None


def test_without_an_efficiency_nothing_ends_early() -> None:
    """Where an input is missing there is no efficiency that could be known well enough."""
    inputs = replace(INPUTS, absorbance=None)

    assert _first_end_s(events(curve(CELL, seed=52, heat_s=150.0, cool_s=0.0)), 0.5, inputs) is None


def test_nothing_ends_in_the_dark() -> None:
    """Before and after the light there is nothing to end."""
    monitor = Monitor.from_event(fixed())
    for event in events(curve(CELL, seed=53, heat_s=0.0, cool_s=20.0)):
        monitor.feed(event)

    assert "there is no light" == monitor.why_not_yet(0.5)


def test_the_time_constant_is_told_when_it_is_known() -> None:
    """Before the light there is none; after the heating it is the cell's own to a fifth."""
    monitor = Monitor.from_event(fixed())
    before = monitor.time_constant_s()
    for event in events(curve(CELL, seed=54, heat_s=300.0, cool_s=60.0)):
        for said in monitor.feed(event):
            assert isinstance(said, Assessment)

    found = monitor.time_constant_s()
    assert before is None
    assert found is not None
    assert abs(found / 225.0 - 1.0) < 0.2
