"""The page for the laser safety officer names tests that exist and figures that were measured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.safety.stories import STORIES, measure

ROOT = Path(__file__).resolve().parents[2]
LINES = (ROOT / "docs" / "explanation" / "hazards.md").read_text(encoding="utf-8").splitlines()
FIGURES = [line for line in LINES if line.startswith("|") and " s, virtual time" in line]


def test_every_test_that_is_named_is_there() -> None:
    """By file or by name, anywhere below tests/."""
    named = set(re.findall(r"`(?:tests/\S+/)?(test_\w+(?:\.py)?)`", "\n".join(LINES)))
    files = list((ROOT / "tests").rglob("test_*.py"))
    there = {path.name for path in files}
    for path in files:
        there |= set(re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8")))

    assert len(named) > 10
    assert set() == named - there


@pytest.mark.parametrize("line", FIGURES, ids=lambda line: line.split("|")[1].strip())
def test_a_figure_in_virtual_time_is_what_its_rule_took(line: str) -> None:
    """The row's first rule is the one that was measured."""
    by_rule = {story.rule: story for story in STORIES}
    rule = next(word for word in re.findall(r"`([a-z-]+)`", line) if word in by_rule)
    (figure,) = re.findall(r"(\d+\.\d\d) s, virtual time", line)

    assert f"{measure(by_rule[rule]).latency_s:.2f}" == figure
