"""A slice of the simulated hours, and that what judges them does find what it looks for."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.guard import hours
from benchmarks.guard._drawn import Acting, Shape, Told, carry, draw_shape
from benchmarks.guard._judged import cap_passed, light_outside, off_said_in_light
from benchmarks.guard._left import Left
from benchmarks.guard._list import LIST, Listed
from benchmarks.guard._seen import judge
from labctl.clock import NS
from labctl.events import Beam, Emission

BY_NAME = {listed.name: listed for listed in LIST}
FIVE = {
    "thermocouple unplugged": 20.0,
    "laser lies about off": 39.0,
    "scanner's port unplugged": 25.0,
    "event loop stalled 2 s": 20.0,
    "SIGINT twice": 20.0,
}
"""When each begins, s."""
HEALTHY = Shape("simulated", 0.5, 1.0, 75.0, 10.0, ((1.5, 30.0),), 8.0, 0.02, (), seed=1)


ROOT = Path(__file__).resolve().parents[3]
SPINS = """
import asyncio
from benchmarks.guard._left import StuckError, watched
from labctl.clock import run_virtual

async def main(clock):
    while True:
        await asyncio.sleep(0)

try:
    with watched(0.1):
        run_virtual(main)
except StuckError as stuck:
    print("ended:", stuck)
"""


def test_a_slice_of_the_hours_with_five_faults_has_nothing_amiss(tmp_path: Path) -> None:
    """Each is seen, nothing that must never be is, and nothing is left behind."""
    tally = hours.Tally()
    for name, at_s in FIVE.items():
        listed = BY_NAME[name]
        bench = "simulated-cni" if "lies" in name else "simulated"
        faults = (Acting(listed.fault, at_s, None, listed),)
        hours.play(replace(HEALTHY, bench=bench, faults=faults), tmp_path / "run", tally)

    assert {} == tally.wrong
    assert set(FIVE) == {name for name, judged in tally.judged.items() if judged}
    figures = {figure.name: figure for figure in hours.figures(tally, "short")}
    assert all(figures[f"seen: {name}"].holds for name in FIVE)
    assert all(figures[f"runs with: {what}"].holds for what in hours.NEVER)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """A run without a fault, for its truth to be changed."""
    told = Told(HEALTHY, HEALTHY.bench_file())
    carry(HEALTHY, tmp_path_factory.mktemp("hours") / "run", told)
    return told


def _with_truth(told: Told, **truth: object) -> Told:
    return replace(told, truth={**told.truth, **truth})


def test_a_healthy_run_is_judged_to_be_one(healthy: Told) -> None:
    """Nothing fires where nothing is wrong."""
    assert ["", "", ""] == [look(healthy) for look in hours.INVARIANTS.values()]


def test_light_longer_than_declared_is_outside_its_lease(healthy: Told) -> None:
    """Half a second more than the time to off on top of the declared end."""
    (light,) = healthy.truth["emission"]
    longer = {**light, "off_ns": light["off_ns"] + 900_000_000}

    assert "light outside a lease" in light_outside(_with_truth(healthy, emission=[longer]))


def test_light_without_fresh_readings_is_outside_its_lease(healthy: Told) -> None:
    """The record says nothing for the last ten seconds of the light: no lease covers them."""
    (light,) = healthy.truth["emission"]
    silent_ns = light["off_ns"] - 10 * NS
    events = [event for event in healthy.events if event.t_ns < silent_ns]

    assert "light outside a lease" in light_outside(replace(healthy, events=events))


def test_light_that_nobody_asked_for_is_outside_a_lease(healthy: Told) -> None:
    """In the dark, for longer than it may go unseen."""
    unbidden = {"on_ns": 2 * NS, "off_ns": 6 * NS, "mean_power_w": 0.5}
    told = _with_truth(healthy, emission=[unbidden, *healthy.truth["emission"]])

    assert light_outside(told).endswith("from 2.00 s")


def test_off_said_in_light_is_found(healthy: Told) -> None:
    """In the middle, and at the end."""
    said = Emission(20 * NS, Beam.OFF, "read back")
    (light,) = healthy.truth["emission"]
    on = _with_truth(healthy, emission=[{**light, "off_ns": None}])

    assert "OFF said at 20.00 s" in off_said_in_light(
        replace(healthy, events=[*healthy.events, said])
    )
    assert off_said_in_light(on)


def test_a_cap_is_passed_by_more_than_lag_explains(healthy: Told) -> None:
    """Six kelvin over the cap, where lag and errors explain a few."""
    assert cap_passed(_with_truth(healthy, peak_liquid_degc=81.0))
    assert not cap_passed(_with_truth(healthy, peak_liquid_degc=76.0))


def test_a_fault_that_does_not_show_is_unseen(healthy: Told) -> None:
    """A run that says nothing of the fault that acted on it."""
    listed = BY_NAME["thermocouple unplugged"]
    judged = judge(healthy, Acting(listed.fault, 15.0, None, listed))

    assert judged is not None
    assert not judged.seen
    assert judge(healthy, Acting(listed.fault, 100.0, None, listed)) is None


@pytest.mark.parametrize("listed", LIST, ids=lambda listed: listed.name)
def test_every_fault_of_the_list_can_be_drawn(listed: Listed) -> None:
    """On a bench that has what it acts on, first among the faults of its run."""
    shape = draw_shape(random.Random(1), listed)

    assert listed is shape.faults[0].listed
    assert shape.bench in listed.benches


def test_a_run_that_does_not_end_is_ended() -> None:
    """From inside a loop that spins; in a process of its own, whose alarm is nobody else's."""
    done = subprocess.run(
        [sys.executable, "-c", SPINS], cwd=ROOT, capture_output=True, text=True, timeout=30,
        check=False,
    )  # fmt: skip

    assert "ended: no end after 0.1 s of real time" == done.stdout.strip(), done.stderr


def test_what_is_left_behind_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that goes on, a file that is open."""
    monkeypatch.setattr("benchmarks.guard._left.GRACE_S", 0.01)
    end, left = threading.Event(), Left()
    thread = threading.Thread(target=end.wait, name="stays")
    with left.looked_for():
        thread.start()
        file = (tmp_path / "open").open("w")
    end.set()
    thread.join()
    file.close()

    assert ["file", "thread"] == sorted(word.split()[0] for word in left.found)
    assert "thread stays" in left.found
