"""The last words of a run."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from labctl.cli._view import Summary
from labctl.cli._view._ending import ASSUMPTIONS_SHOWN, Ending, Tone, ending
from labctl.cli._view._ending_lines import ending_lines
from labctl.cli._view._panel import print_last_words
from labctl.cli._view._seen import Seen
from labctl.clock import NS
from labctl.events import Beam, ReleaseAssessed
from tests.unit.view import storyteller as story


def ended(outcome: str, exit_code: int, **more: object) -> Ending:
    """The last words for a run that ended so."""
    seen = Seen()
    for event in story.begins():
        seen.apply(event)
    closing = story.ended(90 * NS, outcome, exit_code, **more)
    return ending(story.summary(exit_code, run_ended=closing), seen)


@pytest.mark.parametrize(
    ("outcome", "exit_code", "tone", "words"),
    [
        ("stopped", 5, Tone.ENDED, "STOPPED"),
        ("tripped", 4, Tone.BAD, "TRIPPED"),
        ("instrument-lost", 3, Tone.BAD, "INSTRUMENT LOST"),
        ("data-fault", 6, Tone.BAD, "DATA COULD NOT BE WRITTEN"),
        ("refused", 2, Tone.BAD, "REFUSED"),
        ("fault", 70, Tone.BAD, "FAULT IN LABCTL"),
        ("tripped", 8, Tone.LOUD, "BEAM NOT CONFIRMED OFF"),
        ("completed", 8, Tone.LOUD, "BEAM NOT CONFIRMED OFF"),
    ],
)
def test_every_outcome_has_a_headline_and_a_next_action(
    outcome: str, exit_code: int, tone: Tone, words: str
) -> None:
    """What, and the one thing to do now, for each way in which a run can end badly."""
    last = ended(outcome, exit_code, why="something")
    labels = [label for label, _ in last.facts]

    assert (last.tone, True) == (tone, words in last.headline)
    assert ("do now" if tone is Tone.LOUD else "next") in labels
    assert "beam" in labels


@pytest.mark.parametrize(
    ("verdict", "tone"),
    [("pass", Tone.GOOD), ("fail", Tone.BAD), ("cannot tell", Tone.UNSURE), ("none", Tone.ENDED)],
)
def test_completed_run_is_headed_by_its_verdict(verdict: str, tone: Tone) -> None:
    """Pass, fail, cannot tell and nothing to check each look and read differently."""
    assert tone is ended("completed", 0, verdict=verdict).tone


def test_run_without_a_closing_event_says_so() -> None:
    """A run that was cut off is not given an outcome."""
    last = ending(Summary(70), Seen())

    assert last.headline == "THE RUN DID NOT REACH ITS END"


def test_beam_unknown_is_called_unknown() -> None:
    """The words for the beam are those of the closing event, never better ones."""
    last = ended("stopped", 5, beam=Beam.UNKNOWN, beam_how="commanded, not confirmed")

    assert ("beam", "UNKNOWN, commanded, not confirmed") in last.facts


def test_results_come_in_the_field_s_order_with_both_uncertainties() -> None:
    """Efficiency first; statistical and input uncertainty are told apart."""
    seen = Seen()
    for event in story.run(30):
        seen.apply(event)
    facts = ending(story.summary(), seen).facts

    assert facts[0] == (
        "efficiency",
        "0.410 ± 0.021 (95 % 0.369 to 0.451; statistical ± 0.008, inputs ± 0.019)",
    )
    assert [label for label, _ in facts[1:4]] == ["time constant", "heat loss", "temperature rise"]


def test_only_tests_that_did_not_pass_are_named() -> None:
    """A passed criterion needs no words; the others say value, threshold and why."""
    seen = Seen()
    seen.apply(story.verdict(NS, "cannot tell"))
    tests = [text for label, text in ending(story.summary(7), seen).facts if label == "test"]

    assert tests == ["heating and cooling agree: cannot tell (3.4, must be <= 3 sd, few readings)"]


def test_long_list_of_assumptions_points_to_the_record() -> None:
    """What is not shown is counted, not lost."""
    verdict = story.verdict(NS)
    many = tuple(f"assumption {n}" for n in range(9))
    changed = type(verdict)(
        verdict.t_ns, "pass", verdict.reasons, (), verdict.results, many, verdict.budget
    )
    facts = ending(story.summary(verdict=changed), Seen()).facts
    told = [text for label, text in facts if label == "assumed"]

    assert [*many[:ASSUMPTIONS_SHOWN], "5 more, in the record"] == told


def test_no_placeholder_of_a_release_is_left_out() -> None:
    """However long the list of assumptions is: each is named, together."""
    verdict = story.verdict(NS)
    load, assay = "the load of doxorubicin", "the calibration of the assay of quinidine"
    many = (*(f"assumption {n}" for n in range(9)), f"placeholder: {assay}", f"placeholder: {load}")
    changed = type(verdict)(
        verdict.t_ns, "pass", verdict.reasons, (), verdict.results, many, verdict.budget
    )
    facts = ending(story.summary(verdict=changed), Seen()).facts

    assert [f"no measurement: {assay}; {load}"] == [t for la, t in facts if la == "placeholder"]


@pytest.mark.parametrize("width", [80, 100, 200])
def test_panel_says_verdict_paths_and_commands(width: int) -> None:
    """The panel fits the window; record and commands stand whole on a line of their own."""
    seen = Seen()
    for event in story.run(30):
        seen.apply(event)
    console = Console(record=True, width=width, file=io.StringIO())
    print_last_words(console, ending(story.summary(), seen))
    rows = console.export_text().splitlines()

    assert "SIMULATED  PASS: the readings agree with the model" in rows[0]
    assert max(map(len, rows)) <= width
    assert "record   runs/2026-01-31/001-heating-curve-pda" in rows
    assert "  labctl plan heating-curve" in rows


def test_long_path_is_never_broken() -> None:
    """A path wider than the window stays one piece, to be copied."""
    long = story.Path("/data") / ("x" * 120)
    console = Console(record=True, width=80, file=io.StringIO())
    print_last_words(console, ending(story.summary(record=long), Seen()))

    assert f"record   {long}" in console.export_text().splitlines()


def test_loud_panel_is_full_width() -> None:
    """A beam that is not confirmed off takes the whole width of the window."""
    console = Console(record=True, width=100, file=io.StringIO())
    print_last_words(console, ended("tripped", 8, why="rate"))
    rows = console.export_text().splitlines()

    assert len(rows[0]) == 100
    assert "BEAM NOT CONFIRMED OFF" in rows[0]
    assert any("Do not open the enclosure" in row for row in rows)


def test_verdict_is_in_sight_in_a_low_window() -> None:
    """When the panel is taller than the window its headline comes once more, at the end."""
    seen = Seen()
    for event in story.run(30):
        seen.apply(event)
    console = Console(record=True, width=80, height=20, file=io.StringIO())
    print_last_words(console, ending(story.summary(), seen))

    assert console.export_text().splitlines()[-1] == (
        "SIMULATED  PASS: the readings agree with the model  efficiency 0.410 ± 0.021"
    )


def test_a_long_label_keeps_its_distance() -> None:
    """In plain lines every text begins in the same column, two spaces after the longest label."""
    last = Ending(Tone.GOOD, "PASS", (("beam", "OFF"), ("an efficiency of its own", "0.3")), ())
    _, _, beam, longest = ending_lines(last)

    assert "  an efficiency of its own  0.3" == longest
    assert beam.index("OFF") == longest.index("0.3")


def test_while_the_beam_may_be_on_nothing_else_is_said() -> None:
    """No result stands beside the alarm, and in a low window what to do now is said last."""
    seen = Seen()
    for event in story.unconfirmed_run():
        seen.apply(event)
    last = ending(story.summary(8, verdict=story.verdict(91 * NS, "none")), seen)
    console = Console(record=True, width=80, height=12, file=io.StringIO())
    print_last_words(console, last)

    assert "efficiency" not in dict(last.facts)
    closing = console.export_text().rpartition("try next")[2]
    assert "BEAM NOT CONFIRMED OFF" in closing
    assert "Do not open the enclosure." in closing


def test_a_release_in_the_dark_does_not_say_that_readings_agree() -> None:
    """No model was held beside them: what was followed is the release."""
    seen = Seen()
    for event in story.begins():
        seen.apply(event)
    known = {"fraction": 0.5, "low": 0.4, "high": 0.6}
    seen.release = ReleaseAssessed(80 * NS, {"quinidine": known})
    closing = story.ended(90 * NS, "completed", 0, verdict="pass")
    headline = ending(story.summary(0, run_ended=closing), seen).headline

    assert "PASS" in headline
    assert "agree" not in headline
