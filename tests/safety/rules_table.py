"""`python -m tests.safety.rules_table` writes docs/reference/guard-rules.md from the tests.

A row is a rule: when it holds, what fires it in `tests/unit/guard/test_rules.py`, the whole run of
`tests/safety/stories.py` in which it ends the light, and how long that took there.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.guard._without import names
from labctl.guard import decide
from labctl.talk import LIT, LIVE, Phase
from tests.safety.stories import STORIES, RuleStory, measure
from tests.unit.guard.test_rules import NOW_NS, SPEC, VIOLATIONS, healthy

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "guard-rules.md"
HEAD = """# Guard rules, their tests and their latencies

This page is written by `python -m tests.safety.rules_table` from the tests; a test compares it.

Every latency is of a **simulated laser**, in virtual time, from the moment at which the world
goes wrong to the last light at the sample, by the world's own log. It is what rule, bench and
port add up to, not a promise for your hardware. A reading is taken every 0.5 s in these runs; the
lease is 2 s. What killing and stopping processes costs in real time is measured by `python -m
benchmarks guard`.

A row's run is a whole one, through a protocol on a shipped bench, in
`tests/safety/test_stories.py`. *Guard alone* is the guard on a source made for the test, because
on a simulated bench something else ends the light before. What fires a rule as a level is in
`tests/unit/guard/test_rules.py`, and so is `test_no_rule_fires_on_a_healthy_emission`; healthy
whole runs are in `tests/scenario/test_healthy.py` and `test_gates.py`. `python -m benchmarks
guard mutation` takes one rule out at a time and shows that tests fail.

"""
COLUMNS = (
    "rule",
    "holds while",
    "goes wrong",
    "fired by",
    "run",
    "light ended after",
    "limit",
)


TOP = HEAD + f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}\n"


def page() -> str:
    """The page as it must be now."""
    by_rule = {story.rule: story for story in STORIES}
    return TOP + "".join(f"{row(by_rule[name])}\n" for name in names() if name in by_rule)


def row(story: RuleStory) -> str:
    """The line of a story's rule, measured."""
    fired = ", ".join(f"`{fire.__name__}`" for name, fire in VIOLATIONS if name == story.rule)
    told = measure(story)
    how = " ".join(f"`{fault}`" for fault in story.faults) or f"{story.delay_s:g} s from ON"
    how = f"{how} on `{story.bench}`" if story.bench else "*guard alone*"
    return (
        f"| {story.rule} | {_phases(story.rule)} | {story.what} | {fired} | {how} "
        f"| {told.latency_s:.2f} s | {story.bound_s:g} s: {story.because} |"
    )


def _phases(rule: str) -> str:
    """When it holds: in which phases its violation fires it."""
    fires: set[Phase] = set()
    for phase in Phase:
        for name, violate in VIOLATIONS:
            known = healthy()
            violate(known)
            known.phase = phase
            if name == rule and rule in {trip.rule for trip in decide(SPEC, known, NOW_NS)}:
                fires.add(phase)
    if fires == LIT:
        return "lit"
    return "armed, lit" if fires == LIVE else "dark"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
