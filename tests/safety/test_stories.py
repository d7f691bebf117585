"""Every rule ends the light in a whole run, within its bound, by the word of the world; and the
page that says so is true."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.guard._without import names, without
from labctl.errors import Exit
from labctl.evidence import Known
from labctl.guard import _rules, decide
from tests.safety.rules_table import PAGE, TOP, row
from tests.safety.stories import STORIES, RuleStory, measure
from tests.unit.guard.test_rules import NOW_NS, SPEC, VIOLATIONS, healthy


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.rule)
def test_the_rule_ends_the_light_within_its_bound(story: RuleStory) -> None:
    """This rule is the first cause, the sample is dark in time, and that is what is said."""
    told = measure(story)

    assert story.rule == told.rule
    assert told.latency_s <= story.bound_s
    assert told.exit_code in (Exit.SAFETY, None)
    assert "off" == told.beam
    # Else: python -m tests.safety.rules_table
    assert row(story) in PAGE.read_text(encoding="utf-8").splitlines()


def test_every_rule_has_its_story() -> None:
    """A rule without a story in tests/safety/stories.py has no latency."""
    assert set(names()) == {story.rule for story in STORIES}


def test_the_page_of_the_rules_has_a_line_for_each_and_no_other() -> None:
    """In the order of the code; what each line says is compared where it is measured."""
    text = PAGE.read_text(encoding="utf-8")
    lines = text.removeprefix(TOP).splitlines()

    assert text.startswith(TOP)
    assert list(names()) == [line.split("|")[1].strip() for line in lines]


@pytest.mark.parametrize(("rule", "violate"), VIOLATIONS, ids=lambda v: getattr(v, "__name__", v))
def test_without_its_rule_a_violation_goes_unnoticed(
    rule: str, violate: Callable[[Known], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other rule bears its name: taking it out of the code makes its own test fail."""
    for name, function in without(rule):
        monkeypatch.setattr(_rules, name, function)
    state = healthy()
    violate(state)

    assert rule not in {trip.rule for trip in decide(SPEC, state, NOW_NS)}
