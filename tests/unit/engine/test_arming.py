"""A person is asked to arm when light comes next and what was typed holds no longer; in virtual
time, on guards that want an act."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from labctl.engine import AtBench, carry_out, eyewear
from labctl.events import Note, PromptAnswered, PromptAsked
from labctl.evidence import Acts
from labctl.guard import _guards
from tests.scenario.runs import Story, bench_file, read, request

STEPS = """
schema: labctl.protocol/1
name: two-lights
needs: {{laser: laser, probe: thermometer}}
limits: {{temperature: 75 degC, total: 30 min}}
record: {{every: 500 ms}}
steps:
{}
"""
LIGHT = "  - irradiate: {power: 1 W, for: 5 s}"
DARK = "  - baseline: {for: 60 s}"
PROMPT = "  - prompt: {text: Look, at_most: 1 min}"


@dataclass
class Person:
    """Somebody who types what is wanted, or something else."""

    says: Callable[[str], str] = lambda words: words
    asked: list[str] = field(default_factory=list)

    def __call__(self, text: str) -> concurrent.futures.Future[str]:
        self.asked.append(text)
        future: concurrent.futures.Future[str] = concurrent.futures.Future()
        future.set_result(self.says(text.partition("To arm, type: ")[2]))
        return future


def yes(text: str) -> concurrent.futures.Future[str]:
    future: concurrent.futures.Future[str] = concurrent.futures.Future()
    future.set_result("continue")
    return future


Runs = Callable[..., tuple[Story, Person]]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """A run of these steps, whose guards want an act that holds for 30 s."""
    monkeypatch.setattr(_guards, "Acts", lambda: Acts("simulated", 30.0))

    def run(*steps: str, says: Callable[[str], str] | None = None, nobody: bool = False) -> Any:
        person = Person() if says is None else Person(says)
        asked = request(tmp_path, protocol=STEPS.format("\n".join(steps)), parameters=())
        at_bench = None if nobody else AtBench("ann", "/dev/tty2", person)
        result = carry_out(
            replace(asked, at_bench=at_bench),
            publish=(),
            ask=yes,
            on_begin=lambda begun: None,
            on_signals=lambda loop, stop: lambda: None,
        )
        return read(result), person

    return run


def lit(story: Story) -> int:
    return len(story.light)


def test_one_act_for_lights_that_follow_each_other(runs: Runs) -> None:
    story, person = runs(LIGHT, LIGHT)
    assert (1, 2, "completed") == (len(person.asked), lit(story), story.ended.outcome)
    (armed,) = (note for note in story.of(Note) if "typed at /dev/tty2" in note.text)
    assert "ann" == armed.who
    (answered,) = story.of(PromptAnswered)
    assert 1 == len(story.of(PromptAsked))
    assert "ann" == answered.by


def test_a_prompt_disarms_and_a_new_act_follows_it(runs: Runs) -> None:
    """Not before it: what a person does at a prompt is done with nothing armed."""
    story, person = runs(PROMPT, LIGHT, PROMPT, LIGHT)
    assert (2, 2) == (len(person.asked), lit(story))
    asked = [event.text for event in story.of(PromptAsked)]
    assert ["Look", "REAL", "Look", "REAL"] == [text[:4] for text in asked]


def test_an_act_that_ran_out_in_the_dark_is_asked_for_again_before_the_light(runs: Runs) -> None:
    story, person = runs(DARK, LIGHT)
    assert (2, 1) == (len(person.asked), lit(story))
    assert person.asked[0] != person.asked[1]


def test_nobody_is_asked_where_no_light_comes_any_more(runs: Runs) -> None:
    _, person = runs(LIGHT, PROMPT, DARK)
    assert 1 == len(person.asked)


def test_with_nobody_there_it_ends_dark(runs: Runs) -> None:
    story, _ = runs(LIGHT, nobody=True)
    assert (0, 2) == (lit(story), story.ended.exit_code)
    assert "nobody is at the bench" in story.ended.why


def test_other_words_three_times_end_it_dark(runs: Runs) -> None:
    story, person = runs(LIGHT, says=lambda words: "y")
    assert (3, 0, 2) == (len(person.asked), lit(story), story.ended.exit_code)


def test_who_arms_is_shown_what_light_it_is(runs: Runs) -> None:
    """Bench, limits, how long it goes on at worst, eyewear; the words come last."""
    _, person = runs(LIGHT)
    (text,) = person.asked
    for words in ("REAL light on bench simulated", "limits ", "laser off at worst 0.25 s",
                  "EYEWEAR for 808 nm, which nobody sees"):  # fmt: skip
        assert words in text
    assert "nobody sees" not in eyewear(replace(bench_file("simulated"), wavelength_m=532e-9))
    assert "the laser's wavelength" in eyewear(replace(bench_file("simulated"), wavelength_m=None))
