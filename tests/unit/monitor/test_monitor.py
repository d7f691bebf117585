"""The check as it runs: events in, assessments, alarms and a verdict out."""

import json
from dataclasses import replace

import pytest

from labctl.clock import NS
from labctl.events import (
    Alarm,
    Assessment,
    Beam,
    Emission,
    Event,
    Invalid,
    Reading,
    Sample,
    Verdict,
    from_dict,
    to_dict,
)
from labctl.photothermal import Inputs
from tests.unit.monitor.story import INPUTS, alarms, events, every_alarm, fixed, heat_per_watt, play
from tests.unit.photothermal.cell import Cell, curve

CELL = Cell(heat_per_watt=heat_per_watt(0.4))
SOLVENT = replace(INPUTS, absorbance=None, particles=False)
END_NS = 700 * NS


@pytest.fixture(scope="module")
def healthy() -> Verdict:
    """Of a run that obeys the model."""
    return play(events(curve(CELL, seed=23)), fixed())[0].verdict(END_NS)


@pytest.fixture(scope="module")
def blank() -> tuple[Verdict, list[Event]]:
    """Of a solvent's run, and what was said in it."""
    cell = Cell(heat_per_watt=heat_per_watt(0.0, SOLVENT))
    monitor, said = play(events(curve(cell, seed=6, heat_s=400.0)), fixed(SOLVENT))
    return monitor.verdict(END_NS), said


@pytest.fixture(scope="module")
def unmonitored() -> list[Alarm]:
    """Alarms of a drop of the heat on a bench with neither meter nor ambient probe."""
    points = curve(CELL, seed=10, absorbed_step=(240.0, 0.7))
    story = events(points, meter=False, ambient=False)
    return every_alarm(play(story, fixed(meter=False, ambient=False))[1])


def test_healthy_run_passes_with_its_efficiency() -> None:
    """A run that obeys the model passes, and its efficiency lies inside the interval."""
    monitor, said = play(events(curve(CELL, seed=1)), fixed())
    verdict = monitor.verdict(END_NS)

    found = verdict.results["efficiency"]
    assert "pass" == verdict.verdict, verdict.reasons
    assert found["low"] < 0.4 < found["high"]
    assert [] == alarms(said)


def test_every_sample_is_assessed_once() -> None:
    """Each sample after the first is answered by one assessment, in order."""
    told = events(curve(CELL, seed=2, heat_s=60.0, cool_s=30.0))
    _, said = play(told, fixed())

    samples = [e.t_ns for e in told if isinstance(e, Sample)]
    assert samples[1:] == [e.t_ns for e in said if isinstance(e, Assessment)]


def test_forecast_is_made_before_the_reading() -> None:
    """Changing the last reading does not change the forecast made for it."""
    told = events(curve(CELL, seed=3, heat_s=30.0, cool_s=0.0))
    last = told[-1]
    if not isinstance(last, Sample):
        raise TypeError
    probe = last.readings[0]
    if not isinstance(probe, Reading):
        raise TypeError
    other = replace(last, readings=(replace(probe, value=probe.value + 0.1), *last.readings[1:]))

    a, b = play(told, fixed())[1][-1], play([*told[:-1], other], fixed())[1][-1]

    assert isinstance(a, Assessment)
    assert isinstance(b, Assessment)
    assert (a.predicted_degc, a.predicted_sd_k) == (b.predicted_degc, b.predicted_sd_k)
    assert a.residual_sd != b.residual_sd


def test_phases_follow_the_light() -> None:
    """Dark, heating, cooling: as the edges say."""
    _, said = play(events(curve(CELL, seed=4, heat_s=30.0, cool_s=30.0)), fixed())

    phases = [e.phase for e in said if isinstance(e, Assessment)]
    assert ["dark", "heating", "cooling"] == list(dict.fromkeys(phases))


def test_replay_says_the_same() -> None:
    """The same events, through JSON and back, give the same words to the last byte."""
    told = events(curve(CELL, seed=5, heat_s=120.0, cool_s=120.0))
    again = [from_dict(json.loads(json.dumps(to_dict(e)))) for e in told]
    priors = fixed()
    monitor, said = play(told, priors)
    other, other_said = play(again, from_priors(priors))

    assert [to_dict(e) for e in said] == [to_dict(e) for e in other_said]
    assert to_dict(monitor.verdict(END_NS)) == to_dict(other.verdict(END_NS))


def from_priors(priors: Event):  # type: ignore[no-untyped-def]
    """The priors as a record has them."""
    return from_dict(json.loads(json.dumps(to_dict(priors))))


def test_blank_never_has_an_efficiency(blank: tuple[Verdict, list[Event]]) -> None:
    """A solvent's run gives heat loss, solvent heat, flutter and lag, never an efficiency."""
    verdict, said = blank

    assert "efficiency" not in verdict.results
    assert {"heat_loss_coefficient", "solvent_share", "flutter", "lag"} <= set(verdict.results)
    assert {None} == {e.efficiency for e in said if isinstance(e, Assessment)}
    share = verdict.results["solvent_share"]
    assert share["low"] < heat_per_watt(0.0, SOLVENT) / 0.964 < share["high"]


@pytest.mark.parametrize(
    "inputs", [replace(INPUTS, absorbance=None), replace(INPUTS, volume_m3=None), Inputs()]
)
def test_missing_input_gives_no_efficiency(inputs: Inputs) -> None:
    """Without volume or absorbance there is no efficiency, but there is a time constant."""
    monitor, said = play(events(curve(CELL, seed=7)), fixed(inputs))
    verdict = monitor.verdict(END_NS)

    assert "efficiency" not in verdict.results
    assert "time_constant" in verdict.results
    assert {None} == {e.efficiency for e in said if isinstance(e, Assessment)}


def test_power_step_seen_by_the_meter_is_named() -> None:
    """A step of the laser's power is named as power, and the efficiency stays right."""
    points = curve(CELL, seed=8, absorbed_step=(200.0, 0.9))
    monitor, said = play(events(points, meter_step=(200.0, 0.9)), fixed())
    verdict = monitor.verdict(END_NS)

    (alarm,) = alarms(said)
    assert ("power-step", 1, ("power",)) == (alarm.name, alarm.fault_class, alarm.causes)
    assert 200.0 == pytest.approx(alarm.onset_ns / NS, abs=3.0)
    assert "fail" == verdict.verdict
    assert verdict.results["efficiency"]["low"] < 0.4 < verdict.results["efficiency"]["high"]


def test_lost_overlap_names_a_class_not_a_cause() -> None:
    """With the meter flat a drop of the heat has several causes, and power is none of them."""
    points = curve(CELL, seed=9, absorbed_step=(240.0, 0.7))
    monitor, said = play(events(points), fixed())

    first = every_alarm(said)[0]
    assert ("heat-step", 1) == (first.name, first.fault_class)
    assert {"overlap of beam and sample", "efficiency", "heat loss"} <= set(first.causes)
    assert "power" not in first.causes
    assert first.split_by
    assert "fail" == monitor.verdict(END_NS).verdict


def test_without_monitors_the_class_is_wider(unmonitored: list[Alarm]) -> None:
    """Without meter and ambient probe, power and surroundings are among the causes."""
    assert {"power", "ambient temperature"} <= set(unmonitored[0].causes)


def test_the_switch_off_rules_causes_out(unmonitored: list[Alarm]) -> None:
    """Lost heat is not lost in the dark: behind the switch-off loss and surroundings are no cause
    any longer, and what is left cannot be split by any curve."""
    first, *_, last = unmonitored
    assert {"heat loss", "ambient temperature"} <= set(first.causes)
    assert first.name == last.refines
    assert {"power", "overlap of beam and sample", "efficiency"} <= set(last.causes)
    assert not {"heat loss", "ambient temperature"} & set(last.causes)


def test_numbers_are_from_before_the_trouble() -> None:
    """After an unexplained step the efficiency is that of the readings before it."""
    points = curve(CELL, seed=11, absorbed_step=(260.0, 0.5))
    verdict = play(events(points), fixed())[0].verdict(END_NS)

    found = verdict.results["efficiency"]
    assert found["low"] < 0.4 < found["high"]
    assert any("readings before" in line for line in verdict.assumptions)


def test_bead_in_the_beam_is_class_7() -> None:
    """A bead that light warms by 3 K per watt from the beginning is named as such."""
    cell = replace(CELL, light_k_per_w=3.0)
    monitor, said = play(events(curve(cell, seed=12)), fixed())

    (alarm,) = alarms(said)
    assert ("bead-light", 7) == (alarm.name, alarm.fault_class)
    assert "fail" == monitor.verdict(END_NS).verdict


def test_jump_of_the_bead_is_class_7() -> None:
    """A bead that jumps in the middle of the heating is class 7: light on it or an offset. One that
    does not jump back with the light is an offset."""
    _, said = play(events(curve(CELL, seed=13, bead_jump=(240.0, 2.0))), fixed())

    assert {7} == {alarm.fault_class for alarm in every_alarm(said)}
    assert {"light on the bead", "offset of the probe"} <= set(every_alarm(said)[0].causes)
    assert ("offset of the probe",) == every_alarm(said)[-1].causes


def test_one_bad_reading_is_left_out_and_counted() -> None:
    """A single reading 5 K off changes no verdict, and the record says that it was left out."""
    points = curve(CELL, seed=14)
    points[200] = replace(points[200], degc=points[200].degc + 5.0)
    monitor, said = play(events(points), fixed())
    verdict = monitor.verdict(END_NS)

    assert [] == alarms(said)
    assert any("1 readings that stood alone" in line for line in verdict.assumptions)


def test_light_without_heat_is_found() -> None:
    """Light on a sample that does not warm is an alarm, not an efficiency of zero."""
    cell = replace(CELL, heat_per_watt=0.0)
    monitor, said = play(events(curve(cell, seed=15)), fixed())

    assert ["no-rise"] == [a.name for a in alarms(said)]
    assert "fail" == monitor.verdict(END_NS).verdict


def test_light_in_the_dark_is_named() -> None:
    """A meter that sees light after the beam was told off raises class 5: stuck on."""
    points = [replace(p, power_w=1.0) if p.t_s > 360.0 else p for p in curve(CELL, seed=16)]
    told: list[Event] = []
    for event in events(points):
        told.append(event)
        if isinstance(event, Sample) and event.t_ns == 361 * NS:
            told.append(Emission(event.t_ns, Beam.OFF, "commanded"))
    _, said = play(told, fixed())

    assert ("light-in-the-dark", 5) in {(a.name, a.fault_class) for a in alarms(said)}


def test_power_far_from_the_command_is_an_alarm() -> None:
    """A meter that sees 70 % of the commanded power is not explained by calibration."""
    told = events(curve(CELL, seed=17, power_w=0.7), commanded_w=1.0)
    monitor, said = play(told, fixed())

    assert "power-monitor" in {a.name for a in alarms(said)}
    assert "fail" == monitor.verdict(END_NS).verdict


def test_impossible_efficiency_fails() -> None:
    """An efficiency surely above 1 is a contradiction; the reason says which inputs to check."""
    cell = replace(CELL, heat_per_watt=heat_per_watt(1.6))
    verdict = play(events(curve(cell, seed=18)), fixed())[0].verdict(END_NS)

    assert "fail" == verdict.verdict
    assert any("W/cm2" in reason for reason in verdict.reasons)


def test_time_that_goes_back_is_refused() -> None:
    """A reading no later than the one before is not used, and is an alarm of class 0."""
    told = events(curve(CELL, seed=19, heat_s=100.0, cool_s=50.0))
    told.insert(80, told[70])
    monitor, said = play(told, fixed())

    assert [("time", 18)] == [(a.name, a.fault_class) for a in alarms(said)]
    assert "fail" == monitor.verdict(END_NS).verdict


def test_invalid_readings_are_survived() -> None:
    """Ten seconds without a valid probe leave the check running, and the verdict a pass."""
    told: list[Event] = []
    for event in events(curve(CELL, seed=20)):
        if isinstance(event, Sample) and 150 * NS < event.t_ns <= 160 * NS:
            lost = Invalid("probe.temperature", "timeout", "no reply", event.t_ns)
            event = replace(event, readings=(lost, *event.readings[1:]))
        told.append(event)
    monitor, said = play(told, fixed())

    assert "pass" == monitor.verdict(END_NS).verdict
    assert len([e for e in said if isinstance(e, Assessment)]) == 649


def test_nothing_to_check_without_light() -> None:
    """A run in which the laser was never on has nothing to check."""
    told = events(curve(CELL, seed=21, heat_s=0.0, cool_s=60.0))

    assert "none" == play(told, fixed())[0].verdict(END_NS).verdict


def test_nothing_to_check_without_readings() -> None:
    """A run without one valid reading has nothing to check, and says so."""
    verdict = play([], fixed())[0].verdict(END_NS)

    assert ("none", ("the check has taken no reading of the probe",)) == (
        verdict.verdict,
        verdict.reasons,
    )


def test_short_light_cannot_tell() -> None:
    """Twenty seconds of light are too few to judge."""
    told = events(curve(CELL, seed=22, heat_s=20.0, cool_s=100.0))

    assert "cannot tell" == play(told, fixed())[0].verdict(END_NS).verdict


def test_criteria_are_those_declared_before_the_run(healthy: Verdict) -> None:
    """The verdict holds every criterion that the priors' event declares, each with the threshold
    declared and a value or the reason why there is none, and no other."""
    priors = fixed()

    assert [c.name for c in priors.declared] == [c.name for c in healthy.criteria]
    assert {"declared"} == {c.outcome for c in priors.declared}
    for before, after in zip(priors.declared, healthy.criteria, strict=True):
        assert before.threshold
        assert after.threshold.startswith(before.threshold)
        assert after.value is not None or after.why


def test_declared_criteria_go_through_json() -> None:
    """The declared criteria are read from a record as they were written."""
    priors = fixed()

    assert priors == from_priors(priors)


def test_every_verdict_says_that_its_limits_are_a_floor(healthy: Verdict) -> None:
    """A statistical deviation is a floor on a real bench; the verdict says so among the first."""
    assert "a floor" in healthy.assumptions[0]


def test_the_budget_says_what_to_improve(healthy: Verdict) -> None:
    """The largest input is named with what bettering it would bring."""
    largest = max(healthy.budget, key=lambda name: healthy.budget[name])

    assert f"the largest part is {largest}" in healthy.improve
    assert "would bring the total to" in healthy.improve


def test_a_blank_with_particles_in_it_cannot_tell(blank: tuple[Verdict, list[Event]]) -> None:
    """A blank that turns more light into heat than its solvent absorbs is not called one."""
    told = events(curve(Cell(heat_per_watt=0.10), seed=6, heat_s=400.0))
    verdicts = [blank[0], play(told, fixed(SOLVENT))[0].verdict(END_NS)]

    outcomes = [
        next(c.outcome for c in v.criteria if c.name == "blank without particles") for v in verdicts
    ]
    assert ["pass", "cannot tell"] == outcomes


def test_verdict_changes_nothing() -> None:
    """Asking for the verdict twice, and in the middle of a run, gives the same final verdict."""
    told = events(curve(CELL, seed=24, heat_s=120.0, cool_s=120.0))
    plain, said = play(told, fixed())
    asked, again = play(told[:203], fixed())
    asked.verdict(200 * NS)
    again += [answer for event in told[203:] for answer in asked.feed(event)]

    assert said == again
    assert to_dict(plain.verdict(END_NS)) == to_dict(asked.verdict(END_NS))


def test_steady_at_the_end_not_at_the_beginning() -> None:
    """The probe is steady in the dark, not just after the light came on."""
    told = events(curve(CELL, seed=25, heat_s=120.0, cool_s=0.0))
    dark, _ = play([e for e in told if e.t_ns <= 60 * NS], fixed())
    lit, _ = play(told, fixed())

    assert dark.steady(0.2, 30 * NS, 60 * NS)
    assert not lit.steady(0.2, 30 * NS, 180 * NS)
