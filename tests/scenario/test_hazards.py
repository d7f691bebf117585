"""What a sample can do is told to whoever handles it; what was assumed of it, with its result."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

import pytest
from click.testing import CliRunner

from labctl.cli import main
from labctl.events import PromptAsked, Verdict
from tests.scenario.runs import run

CHANGE = """\
schema: labctl.protocol/1
name: change
needs: {laser: laser, probe: thermometer}
record: {every: 500 ms}
steps:
  - prompt: {text: Put in the sample.}
  - baseline: {for: 20 s}
  - irradiate: {power: 0.5 W, for: 30 s}
  - cool: {for: 30 s}
"""


def done(text: str) -> Future[str]:
    """Somebody who answers at once."""
    answer: Future[str] = Future()
    answer.set_result("done")
    return answer


@pytest.mark.parametrize(
    ("sample", "hazards"), [("pda-aminoacid-doxorubicin", 2), ("pda-aminoacid", 3), ("water", 0)]
)
def test_a_prompt_tells_the_hazards(tmp_path: Path, sample: str, hazards: int) -> None:
    """All of them, and none for what has none."""
    story = run(tmp_path, protocol=CHANGE, parameters=(), sample=sample, ask=done)

    (asked,) = (event.text for event in story.events if isinstance(event, PromptAsked))
    assert asked.startswith("Put in the sample.")
    assert hazards == asked.count("HAZARD: ")


def test_the_result_repeats_what_was_assumed(tmp_path: Path) -> None:
    """Word for word, as the sample file has it."""
    story = run(tmp_path, protocol=CHANGE, parameters=(), sample="pda-aminoacid", ask=done)

    (verdict,) = (event for event in story.events if isinstance(event, Verdict))
    words = "absorption and efficiency are taken to be those of polydopamine"
    assert f"of the sample: {words}" in verdict.assumptions


@pytest.mark.parametrize(("sample", "told"), [("pda-aminoacid", True), ("water", False)])
def test_a_plan_tells_the_hazards(sample: str, told: bool) -> None:
    """Before anybody has opened a vial."""
    shown = CliRunner().invoke(main, ["plan", "heating-curve", "--sample", sample])

    assert 0 == shown.exit_code
    assert told == ("HAZARD      quinidine: toxic" in shown.output)
    assert told == ("assumed of the sample: " in shown.output)
