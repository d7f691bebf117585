"""The two beads in the liquid: whose a step is, and what an alarm says of it then. The healthy runs
and the faults are the simulated world's, through the monitor."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from benchmarks.check._world_runs import Instruments, Schedule, run
from labctl.events import Alarm
from labctl.monitor import Priors
from labctl.monitor._alarms import by_two_beads, of_step
from labctl.monitor._second_watch import SecondWatch, Whose
from labctl.photothermal import BEAD_OUT, BEAD_STEP, HEAT, HEAT_RAMP, OFFSET, Step
from tests.unit.monitor.story import fixed

ONSET_S = 120.0
HEATING_K_PER_S = 0.1
OUT_LAG_S = 8.0
STEPS = {
    "heat": Step(HEAT, ONSET_S, -0.2, 0.01, 30.0),
    "ramp": Step(HEAT_RAMP, ONSET_S, -0.2, 0.01, 30.0),
    "light": Step(BEAD_STEP, ONSET_S, 0.5, 0.03, 30.0),
    "offset": Step(OFFSET, ONSET_S, -0.5, 0.03, 30.0),
    "out": Step(BEAD_OUT, ONSET_S, -8.0, 1.0, 30.0),
}
BESIDE = Instruments(meter=False, ambient=False, second=True)
SCHEDULE = Schedule(heat_s=300.0, cool_s=20.0)
OF_BEAD = {"light on the bead", "offset of the probe", "bead out of the sample"}


def _watched(change_k: float, *, for_s: float = 60.0) -> SecondWatch:
    """A difference that has changed at the onset and stood for so long, in the noise of two."""
    rng = random.Random(1)
    watch = SecondWatch()
    watch.restart(0.0)
    for t in range(int(ONSET_S + for_s)):
        watch.add(float(t), 0.2 + rng.gauss(0.0, 0.035) + (change_k if t > ONSET_S else 0.0))
    return watch


@pytest.mark.parametrize("name", STEPS)
def test_a_difference_that_stands_still_says_the_liquid(name: str) -> None:
    """Whatever shape was found: what the second bead followed was no fault of a bead."""
    said = _watched(0.0).whose(STEPS[name], HEATING_K_PER_S, OUT_LAG_S)

    assert Whose.LIQUID is said


@pytest.mark.parametrize(
    ("name", "change_k"),
    [("heat", -1.1), ("ramp", -0.6), ("light", 0.5), ("offset", -0.5), ("out", -7.9)],
)
def test_a_difference_that_goes_with_the_probe_says_the_bead(name: str, change_k: float) -> None:
    """The second bead did not follow."""
    said = _watched(change_k).whose(STEPS[name], HEATING_K_PER_S, OUT_LAG_S)

    assert Whose.BEAD is said


def test_two_beads_say_nothing_where_they_do_not_tell() -> None:
    """Too few readings, too small a step, none from before, an edge, a second bead with a fault of
    its own: no answer."""
    small = replace(STEPS["light"], size=0.05)
    early = replace(STEPS["light"], onset_s=5.0)
    edged = _watched(0.5)
    edged.restart(200.0)

    for watch, step in (
        (_watched(0.5, for_s=3.0), STEPS["light"]),
        (_watched(0.0), small),
        (_watched(0.0), early),
        (edged, STEPS["light"]),
        (_watched(-0.5), STEPS["light"]),
    ):
        assert watch.whose(step, HEATING_K_PER_S, OUT_LAG_S) is None


def _ambiguous(*, second: bool, shape: int = HEAT) -> Alarm:
    priors = replace(Priors.from_plain(fixed(meter=False).priors), has_second=second)
    near = Step(shape, ONSET_S, -0.3, 0.03, 20.0, (20.0, 19.0, 0.0, 19.5, 18.5))
    return of_step(0, near, True, priors, unsettled_room=False)


def test_a_second_bead_is_named_where_it_would_split() -> None:
    """An alarm of causes in the liquid and at the bead names it, unless there is one."""
    named = "a second thermocouple in the sample tells the bead from the liquid"

    assert named in _ambiguous(second=False).split_by
    assert named not in _ambiguous(second=True).split_by


@pytest.mark.parametrize("shape", [HEAT, BEAD_STEP, BEAD_OUT])
def test_an_alarm_keeps_the_causes_on_the_side_that_the_beads_say(shape: int) -> None:
    """Of a bead: no cause in the liquid; offset and light stay together until the switch-off. Of
    the liquid: no cause at one bead."""
    alarm = _ambiguous(second=True, shape=shape)
    bead = by_two_beads(1, alarm, Whose.BEAD, True)
    liquid = by_two_beads(1, alarm, Whose.LIQUID, True)

    assert OF_BEAD == set(bead.causes)
    assert "switch-off" in bead.split_by
    assert "power meter" not in bead.split_by
    assert not OF_BEAD & set(liquid.causes)
    assert {"power", "heat loss"} <= set(liquid.causes)
    assert {alarm.name} == {bead.refines, liquid.refines}
    assert 7 <= bead.fault_class <= 8


def test_a_heat_step_that_the_second_bead_did_not_see_is_of_the_bead() -> None:
    """Even where the shape had no bead in it: a bead that creeps looks like heat."""
    priors = replace(Priors.from_plain(fixed().priors), has_second=True)
    alarm = of_step(0, STEPS["ramp"], True, priors, unsettled_room=False)
    bead = by_two_beads(1, alarm, Whose.BEAD, True)

    assert ("bead-step", 7, OF_BEAD) == (bead.name, bead.fault_class, set(bead.causes))


def test_what_both_beads_show_at_once_is_their_junction_or_light() -> None:
    """A jump alike on both is no heat, and no fault of one bead."""
    done = run(1, faults=("junction-offset=+1K@260s",), schedule=SCHEDULE, instruments=BESIDE)

    standing = done.alarms[-1]
    assert "bead-step" == standing.refines
    assert "reference junction of the thermocouples" in standing.causes
    assert not OF_BEAD & set(standing.causes)


@pytest.mark.parametrize(
    ("fault", "cause", "of_bead"),
    [
        ("bead-in-beam=1K", "light on the bead", True),
        ("bead-out", "bead out of the sample", True),
        ("power-step=-10%", "power", False),
    ],
)
def test_a_fault_is_named_as_the_beads_or_as_the_liquids(
    fault: str, cause: str, of_bead: bool
) -> None:
    """In the simulated world: the true cause, and none from the other side."""
    done = run(2, faults=(f"{fault}@260s",), schedule=SCHEDULE, instruments=BESIDE)

    standing = done.alarms[-1]
    assert cause in standing.causes
    assert [of_bead] * len(standing.causes) == [c in OF_BEAD for c in standing.causes]


def test_priors_of_an_older_record_have_no_second_bead() -> None:
    """What was written before there was one is read as it was."""
    plain = {k: v for k, v in fixed().priors.items() if k != "has_second"}

    assert not Priors.from_plain(plain).has_second


def test_a_bead_on_its_way_to_something_warmer_may_be_lit() -> None:
    """The air beside a heated sample is cooler: out of the sample is never the only cause then."""
    priors = Priors.from_plain(fixed().priors)
    warmer, cooler = (
        of_step(0, replace(STEPS["out"], size=size), True, priors, unsettled_room=False)
        for size in (3.0, -8.0)
    )

    assert OF_BEAD == set(warmer.causes)
    assert ("bead out of the sample",) == cooler.causes
