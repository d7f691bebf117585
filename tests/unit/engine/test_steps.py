"""Steps at their edges: shorter than a period, met at once, late, repeated, asking a person."""

from __future__ import annotations

import concurrent.futures
from pathlib import Path

import pytest

from labctl.engine import Answer
from labctl.errors import Exit, StoppedError
from labctl.events import (
    Beam,
    Emission,
    EmissionIntent,
    PromptAnswered,
    PromptAsked,
    Sample,
    StateChanged,
    StepBegun,
    StepEnded,
    Tripped,
)
from tests.scenario.runs import Story, run

HEAD = (
    "schema: labctl.protocol/1\nname: edges\ntitle: edges\n"
    "needs: {laser: laser, probe: thermometer}\nrecord: {every: 500 ms}\nsteps:\n"
)
BASELINE = "  - baseline: {for: 3 s}\n"


def carried_out(tmp_path: Path, steps: str, **how: object) -> Story:
    return run(tmp_path, protocol=HEAD + steps, parameters=(), **how)


def answering(*answers: str) -> object:
    """A person who answers at once, in order; one who has no answer left has gone home."""
    left = list(answers)

    def ask(text: str) -> concurrent.futures.Future[str]:
        future: concurrent.futures.Future[str] = concurrent.futures.Future()
        if left:
            future.set_result(left.pop(0))
        else:
            future.set_exception(StoppedError("standard input ended at a prompt"))
        return future

    return ask


def test_a_step_shorter_than_a_period_is_lit_for_its_time(tmp_path: Path) -> None:
    """200 ms of light between two samples are 200 ms."""
    story = carried_out(
        tmp_path, BASELINE + "  - irradiate: {power: 1 W, for: 200 ms}\n  - cool: {for: 3 s}\n"
    )
    ((on_s, off_s),) = story.light

    assert "completed" == story.ended.outcome
    assert off_s is not None
    assert 0.1 < off_s - on_s < 0.23


def test_a_protocol_may_begin_with_light(tmp_path: Path) -> None:
    """Without a baseline the guard has its reading first all the same."""
    story = carried_out(tmp_path, "  - irradiate: {power: 1 W, for: 5 s}\n  - cool: {for: 3 s}\n")
    first = story.of(Sample)[0]

    assert "completed" == story.ended.outcome
    assert first.t_ns < story.of(EmissionIntent)[0].t_ns


def test_a_condition_met_at_once_ends_the_light_after_one_reading(tmp_path: Path) -> None:
    """The condition is looked at after the first reading of the step, not before."""
    story = carried_out(
        tmp_path,
        BASELINE
        + "  - irradiate: {power: 1 W, until: {above: {channel: probe, value: 1 degC}},"
        + " at_most: 60 s}\n  - cool: {for: 3 s}\n",
    )
    ((on_s, off_s),) = story.light

    assert "completed" == story.ended.outcome
    assert off_s is not None
    assert off_s - on_s < 1.0


@pytest.mark.parametrize(
    ("if_late", "outcome", "ends"),
    [("stop", "fail", [1]), ("continue", "cannot tell", [1, 2, 3])],
)
def test_a_late_condition_ends_the_run_or_is_noted(
    tmp_path: Path, if_late: str, outcome: str, ends: list[int]
) -> None:
    """Either way the light ends at its bound, and the criterion says that it was late."""
    story = carried_out(
        tmp_path,
        BASELINE
        + "  - irradiate: {power: 1 W, until: {above: {channel: probe, value: 70 degC}},"
        + f" at_most: 5 s, if_late: {if_late}}}\n  - cool: {{for: 3 s}}\n",
    )
    ((on_s, off_s),) = story.light
    verdict = story.result.verdict

    assert verdict is not None
    assert outcome in {c.outcome for c in verdict.criteria if c.name == "step in time"}
    assert ends == [event.index for event in story.of(StepEnded)]
    assert off_s is not None
    assert off_s - on_s < 5.1
    assert "completed" == story.ended.outcome
    assert story.ended.exit_code in {Exit.CHECK_FAILED, Exit.CANNOT_TELL}
    assert (if_late == "stop") == (story.ended.exit_code == Exit.CHECK_FAILED)


def test_a_repeat_has_an_intent_for_each_light(tmp_path: Path) -> None:
    """Three times on are three intents, three lights, three offs."""
    story = carried_out(
        tmp_path,
        BASELINE
        + "  - repeat:\n      times: 3\n      steps:\n"
        + "        - irradiate: {power: 0.5 W, for: 3 s}\n        - cool: {for: 3 s}\n",
    )

    assert (3, 3) == (len(story.of(EmissionIntent)), len(story.light))
    assert 7 == len(story.of(StepBegun)) == len(story.of(StepEnded))


def test_a_prompt_is_dark_disarmed_and_takes_no_virtual_time(tmp_path: Path) -> None:
    """After the answer the guard is armed anew before the next light."""
    story = carried_out(
        tmp_path,
        BASELINE
        + "  - irradiate: {power: 1 W, for: 3 s}\n"
        + "  - prompt: {text: Stir the sample.}\n"
        + "  - irradiate: {power: 1 W, for: 3 s}\n  - cool: {for: 3 s}\n",
        ask=answering("done"),
    )
    (asked,), (answered,) = story.of(PromptAsked), story.of(PromptAnswered)
    states = [event.new for event in story.of(StateChanged)]

    assert asked.t_ns == answered.t_ns
    assert ("done", "") == (answered.answer, answered.by)
    assert not any(on_s * 1e9 < asked.t_ns < (off_s or 1e9) * 1e9 for on_s, off_s in story.light)
    assert 2 == len(story.light)
    assert ["DARK", "WAITING", "ARMED"] == states[states.index("WAITING") - 1 :][:3]


def test_an_answer_has_the_name_of_whoever_gave_it(tmp_path: Path) -> None:
    """Where the asker knows it; the answer itself stays plain text."""
    story = carried_out(
        tmp_path,
        BASELINE + "  - prompt: {text: Stir the sample.}\n",
        ask=answering(Answer("done", "ann")),
    )
    (answered,) = story.of(PromptAnswered)

    assert ("done", "ann", str) == (answered.answer, answered.by, type(answered.answer))


def test_a_person_who_has_gone_ends_the_run_dark(tmp_path: Path) -> None:
    """A prompt that cannot be answered is a stop, exit code 5."""
    story = carried_out(
        tmp_path, BASELINE + "  - prompt: {text: Stir the sample.}\n", ask=answering()
    )

    assert ("stopped", Exit.STOPPED) == (story.ended.outcome, story.ended.exit_code)
    assert Beam.OFF == story.ended.beam


def test_a_trip_in_the_dark_ends_the_run(tmp_path: Path) -> None:
    """Rules hold between lights as well."""
    story = carried_out(
        tmp_path,
        BASELINE + "  - irradiate: {power: 1 W, for: 3 s}\n  - cool: {for: 30 s}\n",
        faults=["laser-on-by-itself@15s"],
    )

    assert Exit.SAFETY == story.ended.exit_code
    assert "unbidden" == story.of(Tripped)[0].rule
    assert story.ended.t_ns < 17e9


def manual(tmp_path: Path, answers: tuple[str, ...]) -> Story:
    text = HEAD.replace("laser: laser", "laser: manual")
    return run(
        tmp_path,
        protocol=text + BASELINE + "  - irradiate: {power: 1 W, for: 30 s}\n  - cool: {for: 5 s}\n",
        parameters=(),
        bench="thermometer-only",
        ask=answering(*answers),
    )


def test_a_laser_switched_by_hand_is_marked_by_the_person(tmp_path: Path) -> None:
    """Edges come from the key pressed, and nothing says that labctl switched it."""
    story = manual(tmp_path, ("on", "off"))
    told = [(event.beam, event.how) for event in story.of(Emission)]

    assert "completed" == story.ended.outcome
    assert [Beam.ON, Beam.OFF] == [beam for beam, _ in told]
    assert {"manual: marked by a person"} == {how for _, how in told}
    assert [] == story.of(EmissionIntent)


def test_a_laser_by_hand_that_never_comes_on_has_no_edges(tmp_path: Path) -> None:
    """Answered in advance, nobody marks; a flat curve then shows no light."""
    story = manual(tmp_path, ("yes (--yes)", "yes (--yes)"))

    assert "completed" == story.ended.outcome
    assert [] == story.of(Emission)
