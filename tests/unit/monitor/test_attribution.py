"""Which causes an alarm names: what is not told apart stays together, what a monitor or the
switch-off tells apart does not. Short versions of `python -m benchmarks check attribution` and
`world`: the simulated world, through the monitor."""

from __future__ import annotations

import pytest

from benchmarks.check import attribution, world
from benchmarks.check._world_runs import Instruments, Schedule, run
from labctl.monitor._ambient_watch import AmbientStep, AmbientWatch

CASES = {case.name: case for case in attribution.CASES}


@pytest.mark.parametrize(
    "name", ["power step -10 %", "ambient step +2 K", "light on the bead 1 K/W"]
)
def test_with_monitors_the_class_is_right(name: str) -> None:
    """With a power meter and an ambient probe the class of a fault is right, and no cause that
    these rule out is named."""
    outcome = attribution.one(CASES[name], 1, monitors=True)

    assert (True, True, 0) == (outcome.first, outcome.last, outcome.alone_wrong)


@pytest.mark.parametrize(
    ("name", "splits"),
    [
        ("power step -10 %", False),
        ("ambient step -3 K", True),
        ("heat loss +30 % (lid off)", True),
        ("offset +1 K", True),
    ],
)
def test_without_monitors_the_switch_off_splits_what_it_can(name: str, splits: bool) -> None:
    """Without monitors no cause of a degenerate class stands alone while the light is on. Behind
    the switch-off loss, surroundings and offset do; power, overlap and efficiency never."""
    outcome = attribution.one(CASES[name], 2, monitors=False)

    assert (True, 0, 0) == (outcome.last, outcome.alone_before, outcome.alone_wrong)
    assert splits == outcome.alone_right


def test_healthy_cells_of_the_richer_world_pass() -> None:
    """Of two cells with errors of every input none fails, and intervals hold the truth."""
    outcomes = [world.healthy(seed) for seed in (1, 2)]

    assert "fail" not in {outcome.verdict for outcome in outcomes}
    assert all(outcome.errors["efficiency"][2] for outcome in outcomes)


def test_a_step_of_the_room_is_seen_by_its_probe_and_not_called_heat() -> None:
    """Two kelvin more in the room are named as such, once, within ten seconds."""
    schedule = Schedule(heat_s=300.0, cool_s=20.0)
    done = run(3, faults=("ambient-step=+2K@240s",), schedule=schedule, instruments=Instruments())

    (alarm,) = done.alarms
    assert ("ambient-step", ("ambient temperature",)) == (alarm.name, alarm.causes)
    assert 240e9 < alarm.t_ns < 250e9


def _steps(rise_k: float) -> list[AmbientStep]:
    watch = AmbientWatch()
    readings = [(float(t), 22.0 + (rise_k if t >= 300 else 0.0)) for t in range(600)]
    return [step for t_s, degc in readings if (step := watch.add(t_s, degc))]


@pytest.mark.parametrize("rise_k", [2.0, -2.0])
def test_an_ambient_step_is_told_once(rise_k: float) -> None:
    """A step is told once, with its sign and its onset to a few seconds."""
    (step,) = _steps(rise_k)

    assert 300.0 == pytest.approx(step.onset_s, abs=4.0)
    assert step.size_k * rise_k > 0.0


def test_a_swing_of_the_room_is_no_step() -> None:
    """What air conditioning does is not told."""
    assert [] == _steps(0.2)


def test_a_junction_that_jumps_is_neither_room_nor_bead() -> None:
    """What the probe and the ambient channel show at once and alike is their reference's."""
    schedule = Schedule(heat_s=300.0, cool_s=20.0)
    done = run(3, faults=("junction-offset=+1K@240s",), schedule=schedule)

    assert {7} == {alarm.fault_class for alarm in done.alarms}
    assert ("reference junction of the thermocouples",) == done.alarms[-1].causes
    assert "bead-step" == done.alarms[-1].refines
