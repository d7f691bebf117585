"""Holding a temperature: one light whose power changes, and every way out of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from labctl.bench import Bench
from labctl.engine import carry_out, check_request
from labctl.errors import Exit, RefusedError
from labctl.events import (
    Beam,
    Emission,
    EmissionIntent,
    Invalid,
    Note,
    PromptAsked,
    Reading,
    Sample,
    StateChanged,
    StepEnded,
    Tripped,
)
from labctl.protocol import Baseline, Cool, DoseReached, Elapsed, HoldTemperature, Irradiate, Step
from labctl.replay import replay_run
from labctl.talk import AnyGuards
from tests.scenario.runs import Story, bench_file, emission_delay, nobody, read, request
from tests.unit.engine.medium import TEXT, S, carried_out, stops_at
from tests.unit.engine.test_steps import answering

DARK = Baseline(index=0, name="", duration_ns=5 * S)
COOL = Cool(index=0, name="", at_most_ns=5 * S)
HOLD = HoldTemperature(
    index=0,
    name="",
    low_degc=26.0,
    high_degc=29.0,
    power_limit_w=1.5,
    at_most_ns=120 * S,
    until=Elapsed(20 * S),
)
LIT = Irradiate(index=0, name="", stated_power_w=1.0, irradiance_w_per_m2=None, at_most_ns=20 * S)


def followed(tmp_path: Path, steps: Sequence[Step], **how: Any) -> Story:
    """Carried out with the check, by whose model a temperature is held."""
    return carried_out(tmp_path, steps, **{"check": True} | how)


def powers(story: Story) -> list[float]:
    """What was asked for while lit, in order."""
    return [e.power_w for e in story.of(Emission) if e.beam is Beam.ON and e.power_w is not None]


def probed(story: Story, from_ns: int = 0) -> list[float]:
    return [
        reading.value
        for sample in story.of(Sample)
        for reading in sample.readings
        if reading.channel == "probe.temperature" and hasattr(reading, "value")
        if reading.t_ns >= from_ns
    ]


def test_a_hold_reaches_its_band_in_one_light_and_stays_in_it(tmp_path: Path) -> None:
    """From the dark: full power, then less and less; off once the time in the band is over."""
    story = followed(tmp_path, [DARK, HOLD, COOL])
    asked = powers(story)

    assert "completed" == story.ended.outcome
    assert "reached" == story.of(StepEnded)[1].why
    assert 1 == len(story.light) == len(story.of(EmissionIntent))
    assert 1.5 == story.of(EmissionIntent)[0].power_w == max(asked)
    assert 5 < len(set(asked))
    assert 26.0 < max(probed(story)) < 29.3


def test_a_hold_ends_on_its_dose(tmp_path: Path) -> None:
    """Equivalent seconds at 43 degC, those of the cooling counted in."""
    step = dataclasses.replace(
        HOLD, low_degc=40.0, high_degc=45.0, at_most_ns=900 * S, until=DoseReached(20.0)
    )
    story = followed(tmp_path, [DARK, step, dataclasses.replace(COOL, at_most_ns=120 * S)])
    dose = story.result.verdict

    assert dose is not None
    assert "reached" == story.of(StepEnded)[1].why
    assert 45.3 > max(probed(story))


def test_a_hold_takes_over_from_irradiation_without_going_dark(tmp_path: Path) -> None:
    """Both are intended before the light, which lasts through both."""
    story = followed(tmp_path, [DARK, LIT, HOLD, COOL])
    intents = story.of(EmissionIntent)
    ends = [event.t_ns for event in story.of(StepEnded)]
    before = [e.power_w for e in story.of(Emission) if e.t_ns <= ends[1] and e.power_w is not None]

    assert "completed" == story.ended.outcome
    assert 1 == len(story.light)
    assert [(1.0, 20 * S), (1.5, 120 * S)] == [(i.power_w, i.at_most_ns) for i in intents]
    assert {1.0} == set(before)
    assert story.light[0][0] < ends[1] / 1e9 < (story.light[0][1] or 0.0)


def test_a_hold_takes_over_from_a_hold(tmp_path: Path) -> None:
    """Two bands, one light; each has its own time."""
    second = dataclasses.replace(HOLD, low_degc=28.0, high_degc=31.0)
    story = followed(tmp_path, [DARK, HOLD, second, COOL])

    assert "completed" == story.ended.outcome
    assert ["reached", "reached"] == [event.why for event in story.of(StepEnded)][1:3]
    assert 1 == len(story.light)
    assert 2 == len(story.of(EmissionIntent))
    assert max(probed(story)) < 31.3


def test_irradiation_that_is_late_does_not_hand_its_light_over(tmp_path: Path) -> None:
    """A run that ends there ends dark."""
    late = dataclasses.replace(LIT, until=Elapsed(60 * S), if_late="stop")
    story = followed(tmp_path, [DARK, late, HOLD])

    assert Exit.CHECK_FAILED == story.ended.exit_code
    assert 2 == len(story.of(StepEnded)) + 1
    assert (story.light[0][1] or 0.0) - story.light[0][0] < 20.3


def test_a_sensor_that_breaks_while_holding_ends_the_light_at_once(tmp_path: Path) -> None:
    """The guard's own rule, whatever the hold would have asked for."""
    story = followed(tmp_path, [DARK, HOLD], faults=["open-thermocouple@25s"])
    last = story.light[0][1]

    assert Exit.SAFETY == story.ended.exit_code
    assert "open" == story.of(Tripped)[0].rule
    assert last is not None
    assert last < 26.0


def test_a_reading_that_is_missed_while_holding_takes_the_power_to_the_least(
    tmp_path: Path,
) -> None:
    """At the tick that misses it; it comes back with the readings, and the light has stayed on."""
    whole = Bench.read_all

    async def missing(self: Bench, guards: AnyGuards | None) -> tuple[Reading | Invalid, ...]:
        readings = await whole(self, guards)
        if not 15 * S < readings[0].t_ns < 15 * S + S // 2:
            return readings
        lost = Invalid("probe.temperature", "timeout", "no reply", readings[0].t_ns)
        return tuple(lost if r.channel == lost.channel else r for r in readings)

    with mock.patch.object(Bench, "read_all", missing):
        story = followed(tmp_path, [DARK, HOLD, COOL])
    asked = powers(story)
    (least,) = [n for n, power_w in enumerate(asked) if power_w == pytest.approx(0.05 * 1.5)]

    assert "completed" == story.ended.outcome
    assert 1 == len(story.light)
    assert 1.5 == asked[least - 1]
    assert asked[least + 1] > 0.5


def test_a_stop_while_holding_is_dark_at_once(tmp_path: Path) -> None:
    """Outcome stopped, exit code 5, light out."""
    story = followed(tmp_path, [DARK, HOLD, COOL], **stops_at(Sample, 60))

    assert ("stopped", Exit.STOPPED) == (story.ended.outcome, story.ended.exit_code)
    assert Beam.OFF == story.ended.beam
    assert (story.light[0][1] or 1e9) < story.ended.t_ns / 1e9 + 1e-9


@pytest.mark.parametrize(
    ("if_late", "answers", "exits", "ends"),
    [
        ("stop", (), {Exit.CHECK_FAILED}, 1),
        ("continue", (), {Exit.CANNOT_TELL}, 3),
        ("ask", ("hm", "continue"), {Exit.CANNOT_TELL}, 3),
        ("ask", ("stop",), {Exit.CHECK_FAILED}, 1),
        ("ask", ("yes (--yes)",), {Exit.CHECK_FAILED}, 1),
    ],
)
def test_a_band_that_is_not_reached_in_time_is_late(
    tmp_path: Path, if_late: str, answers: tuple[str, ...], exits: set[Exit], ends: int
) -> None:
    """A person is asked in the dark, again where the answer is neither; nobody there is a stop."""
    step = dataclasses.replace(HOLD, at_most_ns=10 * S, if_late=if_late)
    story = followed(tmp_path, [DARK, step, COOL], ask=answering(*answers))
    asked = story.of(PromptAsked)

    assert story.ended.exit_code in exits
    assert ends == len(story.of(StepEnded))
    assert len(answers) == len(asked)
    assert (story.light[0][1] or 1e9) - story.light[0][0] < 10.3
    assert all(event.t_ns / 1e9 > (story.light[0][1] or 1e9) for event in asked)
    assert any("the band was not reached" in note.text for note in story.of(Note))


def test_a_hold_for_a_time_lasts_that_long(tmp_path: Path) -> None:
    """From its first light."""
    step = dataclasses.replace(HOLD, at_most_ns=60 * S, until=None)
    story = followed(tmp_path, [DARK, step, COOL])
    ((on_s, off_s),) = story.light

    assert "completed" == story.ended.outcome
    assert "elapsed" == story.of(StepEnded)[1].why
    assert off_s is not None
    assert 59.0 < off_s - on_s < 60.3


def test_a_liquid_above_the_band_cools_before_it_is_lit(tmp_path: Path) -> None:
    """No light is asked for above the band; in time or not, it is lit once at most."""
    hot = dataclasses.replace(LIT, at_most_ns=60 * S)
    low = dataclasses.replace(HOLD, low_degc=23.0, high_degc=25.0, at_most_ns=300 * S)
    story = followed(tmp_path, [DARK, hot, COOL, low, COOL])
    (_, first_off_s), (second_on_s, _) = story.light

    assert "completed" == story.ended.outcome
    assert first_off_s is not None
    assert second_on_s - first_off_s > 30.0
    assert max(probed(story, round(second_on_s * 1e9))) < 25.3


def test_a_probe_that_jumps_above_the_band_ends_the_hold(tmp_path: Path) -> None:
    """Off at once, and never lit again in this step."""
    step = dataclasses.replace(HOLD, until=Elapsed(60 * S), if_late="continue")
    story = followed(tmp_path, [DARK, step, COOL], faults=["probe-offset=+4K@60s"])

    assert 1 == len(story.light)
    assert any("above the band" in note.text for note in story.of(Note)) or story.of(Tripped)
    assert (story.light[0][1] or 1e9) < 63.0


def test_a_hold_replays_to_the_same_verdict(tmp_path: Path) -> None:
    """Power that changes is on the record as it was told."""
    story = followed(tmp_path, [DARK, LIT, HOLD, COOL])
    replay = replay_run(story.result.folder.path)

    assert replay.same
    assert replay.verdict == story.result.verdict


@pytest.mark.parametrize(
    ("bench", "check", "words"),
    [("simulated-cni", True, "takes no other power"), ("simulated", False, "has no check")],
)
def test_a_hold_that_cannot_be_is_refused_before_anything_is_opened(
    tmp_path: Path, bench: str, check: bool, words: str
) -> None:
    """A laser that takes no power while lit; a cell that nobody follows."""
    asked = request(tmp_path, protocol=TEXT, parameters=(), bench=bench)
    plan = dataclasses.replace(asked.plan, steps=(DARK, HOLD))

    with pytest.raises(RefusedError, match=words):
        check_request(dataclasses.replace(asked, plan=plan, check=check))


def test_a_hold_is_kept_by_the_resistor_as_well(tmp_path: Path) -> None:
    """The same temperatures without light."""
    step = dataclasses.replace(HOLD, power_limit_w=1.0, source="heater")
    text = TEXT.replace("laser: laser", "heater: heater").replace("irradiate", "heat")
    asked = request(tmp_path, protocol=text, parameters=(), bench="simulated-heater")
    plan = dataclasses.replace(asked.plan, steps=(DARK, step, COOL))
    story = read(
        carry_out(
            dataclasses.replace(asked, plan=plan),
            publish=(),
            ask=nobody,
            on_begin=lambda begun: None,
            on_signals=lambda loop, stop: lambda: None,
        )
    )

    assert "completed" == story.ended.outcome
    assert "reached" == story.of(StepEnded)[1].why
    assert 1 == len(story.heat)
    assert [] == story.light


def test_people_are_warned_of_light_that_comes_next_and_not_of_light_after_cooling(
    tmp_path: Path,
) -> None:
    """A liquid above the band cools before anybody is warned; then the light follows at once."""
    file = bench_file("simulated")
    file = dataclasses.replace(
        file, arming=dataclasses.replace(file.arming, simulated_warning_s=3.0)
    )
    hot = dataclasses.replace(LIT, at_most_ns=60 * S)
    low = dataclasses.replace(HOLD, low_degc=23.0, high_degc=25.0, at_most_ns=300 * S)
    story = followed(tmp_path, [DARK, hot, COOL, low, COOL], bench=file)
    warned = [event.t_ns for event in story.of(StateChanged) if event.new == "WARNING"]
    (_, first_off_s), (second_on_s, _) = story.light

    assert "completed" == story.ended.outcome
    assert 2 == len(warned)
    assert first_off_s is not None
    assert warned[1] / S - first_off_s > 30.0
    assert 3.0 < second_on_s - warned[1] / S < 6.0


def test_a_band_below_everything_is_never_armed_for(tmp_path: Path) -> None:
    """The sample never comes down to it: late, and nobody was warned."""
    step = dataclasses.replace(HOLD, low_degc=12.0, high_degc=14.0, at_most_ns=30 * S)
    story = followed(tmp_path, [DARK, step])

    assert ("completed", Exit.CHECK_FAILED) == (story.ended.outcome, story.ended.exit_code)
    assert "ARMED" not in {event.new for event in story.of(StateChanged)}
    assert [] == story.light


@pytest.mark.parametrize("fault", ["bead-out@60s", "probe-offset=3K@90s"])
def test_a_probe_that_has_left_the_liquid_ends_the_run_whatever_if_late_says(
    tmp_path: Path, fault: str
) -> None:
    """No later step is lit by it."""
    step = dataclasses.replace(
        HOLD, low_degc=35.0, high_degc=40.0, at_most_ns=300 * S, if_late="continue",
        until=Elapsed(60 * S),
    )  # fmt: skip
    story = followed(tmp_path, [DARK, LIT, step, LIT], faults=[fault])

    assert ("instrument-lost", Exit.INSTRUMENT) == (story.ended.outcome, story.ended.exit_code)
    assert "no longer in this liquid" in story.ended.why
    assert Beam.OFF == story.ended.beam
    assert 1 == len(story.light)


def test_a_hold_that_takes_over_from_a_laser_still_starting_waits_for_its_light(
    tmp_path: Path,
) -> None:
    """Another power is not asked for before there is light, and the run goes on."""
    short = dataclasses.replace(LIT, at_most_ns=S)
    with emission_delay("Arroyo", 1.5):
        story = followed(tmp_path, [DARK, short, HOLD, COOL])

    assert "completed" == story.ended.outcome
    assert "reached" == story.of(StepEnded)[2].why
    assert 1 == len(story.light)


def test_a_band_too_cold_for_any_dose_is_late_and_no_fault(tmp_path: Path) -> None:
    """CEM43 counts from 39 degC on."""
    step = dataclasses.replace(HOLD, at_most_ns=60 * S, until=DoseReached(600.0))
    story = followed(tmp_path, [DARK, step])

    assert ("completed", Exit.CHECK_FAILED) == (story.ended.outcome, story.ended.exit_code)
    assert "was not met" in story.ended.why
