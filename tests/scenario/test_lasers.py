"""Whole runs with each diode controller, in place of the shipped bench's: healthy, with
interlock or key opened, and with an output that stays on whatever the controller says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from labctl.bench import BenchFile, InstrumentEntry
from labctl.errors import Exit
from labctl.events import Alarm, Beam, Tripped
from tests.scenario.runs import CHECKED, Story, bench_file, emission_delay, guarded, run

# The light begins a while after ON: what the controllers take for it, and a little.
STARTS = {"thorlabs-laser": 0.6, "ilx-laser": 0.15, "srs-laser": 0.15}
MOST = {"thorlabs-laser": "3.0 A", "ilx-laser": "3.0 A", "srs-laser": "2.0 A"}
every_laser = pytest.mark.parametrize("driver", STARTS)


def bench_with(driver: str) -> BenchFile:
    """The shipped bench, its diode on another controller."""
    file = bench_file("simulated")
    entry: InstrumentEntry = replace(
        file.instruments["diode"], driver=driver, settings={"max_current": MOST[driver]}
    )
    # No LDC500 drives a diode to 2 W.
    limits = replace(file.limits, power_w=1.4)
    return replace(file, instruments={**file.instruments, "diode": entry}, limits=limits)


def story_of(tmp_path: Path, driver: str, *faults: str) -> Story:
    return guarded(tmp_path, bench=bench_with(driver), faults=faults)


@every_laser
def test_a_healthy_run_is_lit_as_long_as_planned(tmp_path: Path, driver: str) -> None:
    """But for what the controller takes from ON to light; no rule trips meanwhile."""
    story = story_of(tmp_path, driver)
    ((on_s, off_s),) = story.light

    assert ("completed", []) == (story.ended.outcome, story.of(Tripped))
    assert off_s is not None
    assert 90.0 - STARTS[driver] <= off_s - on_s <= 90.3
    assert Beam.OFF is story.ended.beam


def test_five_seconds_of_emission_delay_end_in_a_verdict(tmp_path: Path) -> None:
    """A class 4 laser warns by itself: the emission's time counts from ON, no rule trips, and the
    check takes what the meter saw."""
    with emission_delay("Thorlabs", 5.0):
        story = run(tmp_path, bench=bench_with("thorlabs-laser"), parameters=CHECKED)
    ((on_s, off_s),) = story.light

    assert ("completed", [], []) == (story.ended.outcome, story.of(Tripped), story.of(Alarm))
    assert story.ended.exit_code in {Exit.PASS, Exit.CANNOT_TELL}
    assert off_s is not None
    assert 294.5 <= off_s - on_s <= 295.3


@pytest.mark.parametrize("delay_s", [600.0, 4.0])
def test_light_that_comes_never_or_too_late_ends_the_run_by_that_name(
    tmp_path: Path, delay_s: float
) -> None:
    """The controller says that it is starting for longer than its driver declares (2 s); an off
    before the light leaves it dark."""
    with emission_delay("Srs", delay_s):
        story = guarded(tmp_path, bench=bench_with("srs-laser"))

    assert [] == story.light
    assert ["starting"] == [trip.rule for trip in story.of(Tripped)]
    assert (Exit.SAFETY, Beam.OFF) == (story.ended.exit_code, story.ended.beam)


def test_light_that_comes_late_and_in_time_is_no_fault(tmp_path: Path) -> None:
    """Just before what is declared."""
    with emission_delay("Srs", 1.9):
        story = guarded(tmp_path, bench=bench_with("srs-laser"))
    ((on_s, off_s),) = story.light

    assert ("completed", []) == (story.ended.outcome, story.of(Tripped))
    assert off_s is not None
    assert 87.9 <= off_s - on_s <= 88.3


@pytest.mark.parametrize("opened_s", [20.6, 23.0, 25.2])
def test_an_interlock_opened_in_a_long_delay_leaves_it_dark(
    tmp_path: Path, opened_s: float
) -> None:
    """On is commanded at 20.3 s, and light would come five seconds later."""
    with emission_delay("Thorlabs", 5.0):
        story = guarded(
            tmp_path, bench=bench_with("thorlabs-laser"), faults=[f"interlock-open@{opened_s}s"]
        )

    assert [] == story.light
    assert "interlock" == story.of(Tripped)[0].rule
    assert (Exit.SAFETY, Beam.OFF) == (story.ended.exit_code, story.ended.beam)


@every_laser
def test_an_opened_interlock_ends_the_run(tmp_path: Path, driver: str) -> None:
    """The controller says so, and it is told as what it is."""
    story = story_of(tmp_path, driver, "interlock-open@60s")

    assert "interlock" in [trip.rule for trip in story.of(Tripped)]
    assert Exit.SAFETY == story.ended.exit_code
    assert story.light[0][1] == pytest.approx(60.0, abs=0.2)


def test_a_key_that_is_turned_off_is_told_as_what_it_is(tmp_path: Path) -> None:
    """By the one of the three that can be asked for its key."""
    story = story_of(tmp_path, "thorlabs-laser", "key-off@60s")

    assert any("key" in trip.message for trip in story.of(Tripped))
    assert story.light[0][1] == pytest.approx(60.0, abs=0.2)


@pytest.mark.parametrize(
    ("driver", "fault"),
    [
        ("thorlabs-laser", "laser-ignores-off@60s"),
        ("ilx-laser", "laser-lies-about-off@60s"),
        ("srs-laser", "laser-lies-about-off@60s"),
    ],
)
def test_an_output_that_stays_on_is_not_said_to_be_off(
    tmp_path: Path, driver: str, fault: str
) -> None:
    """By its own read-back, or by the meter where the controller lies."""
    story = story_of(tmp_path, driver, fault)

    assert Exit.BEAM_NOT_CONFIRMED_OFF == story.ended.exit_code
    assert Beam.OFF is not story.ended.beam
