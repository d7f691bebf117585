"""Whole runs with a coil around the cell: healthy, under faults of coil, supply and probe, and
refused beside a probe that the field would heat."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest

from labctl.clock import NS
from labctl.errors import Exit, InputError
from labctl.events import COIL, Beam, Emission, Reading, Sample, Tripped
from labctl.protocol import bind, find
from labctl.protocol import load as load_protocol
from tests.scenario.runs import Story, bench_file, run

BRIEF = ("baseline=20s", "heat=90s", "cool=20s")


def magnetise(tmp_path: Path, *faults: str, **how: Any) -> Story:
    """A short run of the shipped protocol on the shipped bench with a coil; with a fault it is the
    guard's, and no model follows it."""
    how = {
        "bench": "simulated-coil",
        "protocol": "magnetic-heating",
        "parameters": BRIEF,
        "sample": "iron-oxide-citrate",
        "check": not faults,
    } | how
    return run(tmp_path, faults=faults, **how)


def fields(story: Story) -> list[tuple[float, float | None]]:
    """When the field was on, by the world's own log, s."""
    return [
        (one["on_ns"] / NS, None if one["off_ns"] is None else one["off_ns"] / NS)
        for one in story.truth["magnetism"]["field"]
    ]


def test_a_field_heats_as_commanded_and_ends_off(tmp_path: Path) -> None:
    """For ninety seconds, 18 W of the supply as the bench's calibration has it for 15 kA/m; off
    read back; no light."""
    story = magnetise(tmp_path)
    ((on_s, off_s),) = fields(story)
    lit = [event for event in story.of(Emission) if event.beam is Beam.ON]
    measured = [
        reading.value
        for sample in story.of(Sample)
        for reading in sample.readings
        if isinstance(reading, Reading) and reading.channel == "coil.power"
    ]

    assert "completed" == story.ended.outcome
    assert off_s is not None
    assert 90.0 == pytest.approx(off_s - on_s, abs=0.4)
    assert {COIL} == {event.source for event in lit}
    assert 18.0 == lit[0].power_w == pytest.approx(max(measured), rel=0.04)
    assert 18.0 * 90.0 == pytest.approx(story.ended.coil_j, rel=0.05)
    assert (Beam.OFF, "read back") == (story.ended.coil, story.ended.coil_how)
    assert (0.0, 0.0, []) == (story.ended.energy_j, story.ended.electrical_j, story.light)


def test_the_table_has_the_coil_and_what_its_supply_measures(tmp_path: Path) -> None:
    """A column for what is known of it, and its channels as columns."""
    story = magnetise(tmp_path)
    head, *rows = (story.result.folder.path / "data.csv").read_text().splitlines()
    columns = head.split(",")

    assert {"coil_power_W", "coil_voltage_V", "coil_current_A", "coil"} <= set(columns)
    assert "heater" not in columns
    assert {"on", "off"} == {row.split(",")[columns.index("coil")] for row in rows}


def test_absorption_rate_and_loss_power_hold_the_truth(tmp_path: Path) -> None:
    """The check passes, and both intervals hold what is true of this world; no efficiency."""
    story = magnetise(tmp_path, parameters=("heat=6min", "cool=10min"))
    verdict, true = story.result.verdict, story.truth["magnetism"]
    assert verdict is not None
    found = verdict.results
    rate, loss = found["specific_absorption_rate"], found["intrinsic_loss_power"]
    true_rate = true["field"][0]["mean_power_w"] / true["iron_kg"]

    assert "pass" == verdict.verdict
    assert "SAR" in verdict.reasons[0] and "15 kA/m and 300 kHz" in verdict.reasons[0]
    assert ("W/kg", "H m^2/kg") == (rate["unit"], loss["unit"])
    assert rate["low"] < true_rate < rate["high"]
    assert loss["low"] < true["loss_h_m2_per_kg"] < loss["high"]
    assert rate["value"] == pytest.approx(loss["value"] * 15e3**2 * 300e3, rel=0.03)
    assert "efficiency" not in found
    assert {"iron", "field at the sample", "wall heat capacity"} <= set(verdict.budget)
    assert "volume" not in verdict.budget


def test_without_iron_that_somebody_stated_there_is_no_absorption_rate(tmp_path: Path) -> None:
    """Said among the assumptions. The guard is told to expect no heat."""
    story = magnetise(tmp_path, sample="water", parameters=(*BRIEF, "least_heat=0 %"))
    verdict = story.result.verdict
    assert verdict is not None and "completed" == story.ended.outcome
    assert "specific_absorption_rate" not in verdict.results
    assert any("the iron of the sample not given" in words for words in verdict.assumptions)


@pytest.mark.parametrize(
    ("fault", "said"),
    [("coil-ignores-off@60s", "it reads ON"), ("coil-lies-about-off@60s", "W flow")],
)
def test_a_coil_that_does_not_switch_off_gets_every_path_and_the_loudest_alarm(
    tmp_path: Path, fault: str, said: str
) -> None:
    """Off, zero volts, port opened anew; then exit code 8, and ON is what is said."""
    story = magnetise(tmp_path, fault)
    alarm = story.of(Tripped)[-1]

    assert [None] == [off_s for _, off_s in fields(story)]
    assert Exit.BEAM_NOT_CONFIRMED_OFF == story.ended.exit_code
    assert story.ended.coil is not Beam.OFF
    assert "coil-not-confirmed-off" == alarm.rule
    assert said in alarm.message


INDUCTION = {"bench": "simulated-induction", "parameters": (*BRIEF, "least_heat=0.02 %")}


def test_an_induction_heater_is_held_by_its_current(tmp_path: Path) -> None:
    """200 A for 15 kA/m, told by the unit; its watts are those of the stated resistance."""
    story = magnetise(tmp_path, **INDUCTION)
    told = {
        channel: max(
            reading.value
            for sample in story.of(Sample)
            for reading in sample.readings
            if isinstance(reading, Reading) and reading.channel == channel
        )
        for channel in ("coil.current", "coil.power", "coil.frequency")
    }

    assert ("completed", Beam.OFF) == (story.ended.outcome, story.ended.coil)
    assert 200.0 == pytest.approx(told["coil.current"], rel=0.01)
    assert 400.0 == pytest.approx(told["coil.power"], rel=0.02)
    assert 300e3 == pytest.approx(told["coil.frequency"], rel=0.01)
    assert 400.0 * 90.0 == pytest.approx(story.ended.coil_j, rel=0.03)


@pytest.mark.parametrize(
    ("fault", "rule", "code"),
    [
        ("coil-breaks@60s", "power-mismatch", Exit.SAFETY),
        ("coil-on-by-itself@5s", "unbidden", Exit.SAFETY),
        ("coil-lies-about-off@60s", "coil-not-confirmed-off", Exit.BEAM_NOT_CONFIRMED_OFF),
    ],
)
def test_faults_of_an_induction_heater_end_its_field_or_are_told(
    tmp_path: Path, fault: str, rule: str, code: Exit
) -> None:
    """As of any source; a current that flows although off is told is never off."""
    story = magnetise(tmp_path, fault, **INDUCTION)

    assert code == story.ended.exit_code
    assert rule in [trip.rule for trip in story.of(Tripped)]
    assert (story.ended.coil is Beam.OFF) == (code is Exit.SAFETY)


def test_a_metal_probe_beside_a_coil_is_refused_with_why(tmp_path: Path) -> None:
    """At bind, before anything is opened: said to be metal, or not said at all."""
    file, plan = bench_file("simulated-coil"), load_protocol(find("magnetic-heating"))
    assert math.isclose(bind(plan, file).most_w(COIL), 18.0)

    for sensor, seen in (("thermocouple", "a thermocouple"), ("", "does not say")):
        with pytest.raises(InputError) as refused:
            bind(plan, dataclasses.replace(file, sensor=sensor))
        (problem,) = refused.value.problems
        assert "P052" == problem.code
        assert "metal in an alternating field warms by itself" in problem.message
        assert "sensor: fibre" in problem.fix
        assert seen in str(problem) or seen


def test_a_field_above_the_coil_s_limit_is_refused_at_its_line() -> None:
    """Never clipped."""
    plan = load_protocol(find("magnetic-heating"), ["field=20 kA/m"])
    with pytest.raises(InputError) as refused:
        bind(plan, bench_file("simulated-coil"))

    (problem,) = refused.value.problems
    assert ("P050", True) == (problem.code, "17 kA/m" in problem.message)
