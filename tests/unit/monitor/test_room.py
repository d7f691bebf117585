"""An ambient probe that is far off: named where the record can tell, and else left open."""

from dataclasses import replace

import pytest

from labctl.clock import NS
from labctl.events import Criterion, Event, Reading, Sample, Verdict
from labctl.monitor import Priors, _monitor
from labctl.monitor._alarms import PROBE_OFF
from labctl.monitor._room import NAME
from labctl.monitor._room import _judged as _judged_room
from labctl.photothermal import FilterBank, Surroundings
from tests.unit.monitor.story import events, every_alarm, fixed, heat_per_watt, play
from tests.unit.photothermal.cell import Cell, Point, curve

pytestmark = pytest.mark.usefixtures("as_it_stands")
CELL = Cell(heat_per_watt=heat_per_watt(0.4))


@pytest.fixture
def as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """No passes by narrow filters, which are not what is tried."""
    monkeypatch.setattr(_monitor, "settled", lambda bank: bank)


def _told(points: list[Point], off_k: float) -> list[Event]:
    """With the ambient channel off by so much."""
    told: list[Event] = []
    for event in events(points):
        if isinstance(event, Sample):
            readings = tuple(
                replace(r, value=r.value + off_k)
                if isinstance(r, Reading) and r.channel == "ambient.temperature"
                else r
                for r in event.readings
            )
            event = replace(event, readings=readings)
        told.append(event)
    return told


def _judged(points: list[Point], off_k: float) -> tuple[Verdict, Criterion, list[Event]]:
    monitor, said = play(_told(points, off_k), fixed())
    verdict = monitor.verdict(round(points[-1].t_s * NS))
    return verdict, next(c for c in verdict.criteria if c.name == NAME), said


def test_an_ambient_probe_that_is_ten_kelvin_off_is_named() -> None:
    """With its size; the run cannot tell, no other cause is given, and the numbers are those with
    the surroundings left open, which hold the truth."""
    points = curve(CELL, seed=4, every_s=12.0)
    verdict, room, said = _judged(points, 10.0)

    assert "cannot tell" == verdict.verdict == room.outcome
    assert room.value == pytest.approx(-10.0, abs=1.0)
    assert "that probe is off" in room.why
    assert all(PROBE_OFF in alarm.causes for alarm in every_alarm(said))
    assert not any(word in reason for reason in verdict.reasons for word in ("overlap", "bleach"))
    found = verdict.results["efficiency"]
    assert found["low"] < 0.4 < found["high"]


def test_a_sample_from_the_refrigerator_leaves_the_probe_alone() -> None:
    """It begins 8 K below its surroundings, and goes there."""
    points = curve(CELL, seed=5, every_s=12.0)
    cold = [replace(p, degc=p.degc - 8.0 * 2.718281828 ** (-p.t_s / 220.0)) for p in points]
    verdict, room, _ = _judged(cold, 0.0)

    assert "pass" == room.outcome, room
    assert abs(room.value or 0.0) < 1.0
    assert "off" not in room.why
    assert verdict.verdict != "fail"


def test_a_sample_that_begins_at_the_probe_is_not_asked_about() -> None:
    points = curve(CELL, seed=6, every_s=12.0, heat_s=120.0, cool_s=60.0)
    _, room, _ = _judged(points, 0.0)
    assert ("pass", "") == (room.outcome, room.why)


def test_without_dark_a_probe_that_is_off_is_left_open() -> None:
    """No baseline, no cooling: the sample may be warm, or the probe off."""
    points = curve(CELL, seed=7, every_s=8.0, baseline_s=8.0, heat_s=160.0, cool_s=0.0)
    verdict, room, _ = _judged(points, -10.0)

    assert "cannot tell" == room.outcome
    assert "cannot be told" in room.why
    assert "pass" != verdict.verdict
    found = verdict.results["efficiency"]
    assert found["low"] < 0.4 < found["high"]


@pytest.mark.parametrize(
    ("over_k", "sd_k", "log_ratio", "outcome", "named"),
    [
        (-10.0, 0.2, 50.0, "cannot tell", True),
        (-10.0, 0.2, 3.0, "cannot tell", False),
        (-10.0, 3.0, 50.0, "cannot tell", False),
        (-4.0, 0.2, 50.0, "cannot tell", False),
        (0.1, 0.2, -4.0, "pass", False),
        (-4.0, 0.3, -900.0, "pass", False),
    ],
)
def test_the_probe_is_named_by_far_near_and_likely_together(
    over_k: float, sd_k: float, log_ratio: float, outcome: str, named: bool
) -> None:
    """Of a sample that begins 10 K below it. Where any of the three is missing: left open, or the
    probe holds."""
    bank = FilterBank(Priors.from_plain(fixed().priors).bank, 22.0, 22.0)
    room = _judged_room(-10.0, Surroundings(over_k, sd_k, log_ratio, bank))
    assert (outcome, named) == (room.outcome, room.named), room
