"""Staged release on the simulated bench, with the bath, the pumps and the fluorimeter speaking
their own protocols: whole runs, what goes wrong with each, and what is left at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.errors import Exit
from labctl.events import Alarm, Assayed, Beam, Dosed, Emission, MediumSet, Sample, StepEnded
from labctl.replay import replay_run
from tests.scenario.runs import Story, run

HEAD = """
schema: labctl.protocol/1
name: staged
needs: {laser: laser, probe: thermometer, meter: power_meter, thermostat: thermostat, doser: doser,
        assay: assay}
record: {every: 1 s}
steps:
"""
STIMULUS = """
  - thermostat: {temperature: 26 degC, within: 3 K, for: 20 s, at_most: 30 min}
  - release: {species: [quinidine, doxorubicin], stimulus: {pH: 5.5, glutathione: 10 mM}}
"""
STAGED = (
    HEAD
    + STIMULUS
    + """
  - name: gate
    wait:
      until: {released: {species: quinidine, at_least: 2 %, probability: 95 %}}
      assay_every: 60 s
      at_most: 60 min
  - hold_temperature: {between: [28 degC, 31 degC], power_limit: 1 W, for: 90 s}
  - cool: {for: 5 s}
"""
)


def staged(tmp_path: Path, protocol: str = STAGED, **how: object) -> Story:
    return run(tmp_path, protocol=protocol, parameters=(), bench="simulated-release", **how)


def bath(story: Story) -> dict[str, float]:
    """What the bath said of itself last."""
    return {
        reading.channel: reading.value
        for sample in story.of(Sample)
        for reading in sample.readings
        if reading.channel.startswith("thermostat.") and hasattr(reading, "value")
    }


def test_a_staged_release_runs_from_bath_to_light(tmp_path: Path) -> None:
    """Doses as asked, gate, one light, no alarm; the same again from the journal."""
    story = staged(tmp_path)
    (told,) = story.of(MediumSet)

    assert "completed" == story.ended.outcome
    assert [] == story.of(Alarm)
    assert ["acid", "glutathione"] == [event.agent for event in story.of(Dosed)]
    assert 5.5 == pytest.approx(told.ph, abs=0.05)
    assert 5.5 == pytest.approx(story.truth["release"]["medium"]["ph"], abs=0.5)
    assert len(story.of(Assayed)) >= 4
    assert 1 == len(story.light)
    assert 26.0 == bath(story)["thermostat.set"]
    assert replay_run(story.result.folder.path).same


def test_what_was_released_is_what_the_assays_say(tmp_path: Path) -> None:
    """The world's own fraction, within four deviations of every measurement."""
    story = staged(tmp_path)
    marks = {
        round(mark["t_ns"] / 1e9): mark["fraction"]
        for mark in story.truth["release"]["marks"]
        if mark["what"].startswith("assay")
    }
    seen = 0
    for event in story.of(Assayed):
        near = [true for t_s, true in marks.items() if abs(t_s - event.taken_ns / 1e9) < 4]
        if near and event.fraction is not None and event.sd_fraction is not None:
            seen += 1
            bound = 4.0 * event.sd_fraction + 0.02
            assert abs(event.fraction - near[0][event.species]) < bound

    assert 3 <= seen


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    """Bath, pumps and assays included."""
    journals = {
        (staged(tmp_path).result.folder.path / "journal.jsonl").read_bytes() for _ in range(2)
    }

    assert 1 == len(journals)


@pytest.mark.parametrize(
    ("fault", "outcome", "exit_code", "words"),
    [
        ("pump-stalled@1s", "instrument-lost", Exit.INSTRUMENT, "acid"),
        ("thermostat-stops@30s", "tripped", Exit.SAFETY, "thermostat"),
        ("thermostat-runs-away@1s", "tripped", Exit.SAFETY, ""),
        ("assay-saturated@1s+2h", "held", Exit.CANNOT_TELL, "measurements of quinidine"),
        ("unplugged-port:bath@60s", "instrument-lost", Exit.INSTRUMENT, "bath"),
        ("unplugged-port:pumps@1s", "instrument-lost", Exit.INSTRUMENT, "pumps"),
    ],
)
def test_what_goes_wrong_with_the_medium_ends_the_run_dark(
    tmp_path: Path, fault: str, outcome: str, exit_code: Exit, words: str
) -> None:
    """Never lit, whatever the rest of the protocol says."""
    story = staged(tmp_path, faults=[fault])

    assert (outcome, exit_code) == (story.ended.outcome, story.ended.exit_code)
    assert words in story.ended.why
    assert [] == story.light
    assert Beam.OFF == story.ended.beam
    assert "hold_temperature" not in {event.why for event in story.of(StepEnded)}


def test_a_trip_under_light_stops_the_bath_too(tmp_path: Path) -> None:
    """Off, then still: the world's bath regulates no longer."""
    text = HEAD + STIMULUS + "  - irradiate: {power: 1 W, for: 30 s}\n"
    whole = staged(tmp_path / "a", text)
    lit_s = whole.light[0][0]
    story = staged(tmp_path / "b", text, faults=[f"interlock-open@{lit_s + 5:.0f}s"])

    assert Exit.SAFETY == story.ended.exit_code
    assert Beam.OFF == story.of(Emission)[-1].beam
    assert not any("medium-not-stopped" in str(event) for event in story.events)
