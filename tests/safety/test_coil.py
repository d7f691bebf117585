"""The guard's rules on a field: a whole run for each, in which it ends the field within its bound,
and one in which none of them fires."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path

import pytest

from labctl.clock import NS
from labctl.errors import Exit
from labctl.events import Beam, Reading, Sample, Tripped
from labctl.limits import Limits
from labctl.protocol import find
from tests.scenario.runs import Story, bench_file, run

BEGINS_S = 60.0
HOT_DEGC = 27.0
SAMPLE, BENCH = "iron-oxide-citrate", "simulated-coil"
BRIEF = ("baseline=20s", "heat=90s", "cool=10s")


@dataclass(frozen=True)
class FieldStory:
    """A run in which one rule, and no other before it, ends the field."""

    rule: str
    faults: tuple[str, ...]
    bound_s: float
    """The field must be off so long after it went wrong."""
    because: str
    begins_s: float = BEGINS_S
    """Infinite: with the first reading above `HOT_DEGC`."""
    limits: Limits = dataclasses.field(default_factory=Limits)
    """What the bench sets otherwise."""
    sample: str = SAMPLE


STORIES = (
    FieldStory("open", ("open-thermocouple@60s",), 1.5, "a tick, and off"),
    FieldStory("lease", ("late-reply:fibres=3s@60s+30s",), 3.6, "the lease, a tick, and off"),
    FieldStory("fall", ("bead-out@60s",), 8.0, "the window of the rate, a tick, and off"),
    FieldStory("frozen", ("frozen-reading@60s",), 40.0, "until three steps of change were due"),
    FieldStory(
        "follow", (), 75.0, "until the least rise is beyond the margin", 20.0, sample="water"
    ),
    FieldStory("power-mismatch", ("coil-breaks@60s",), 1.5, "power settles, a tick, and off"),
    FieldStory("unbidden", ("coil-on-by-itself@10s",), 1.5, "a tick, and off", 10.0),
    FieldStory(
        "temperature", (), 0.5, "of the first reading above it: off at once", math.inf,
        Limits(temperature_degc=HOT_DEGC),
    ),
    FieldStory(
        "rise", (), 20.0, "the window of the rate fills, a tick, and off", 20.0,
        Limits(rise_k_per_s=0.05),
    ),
)  # fmt: skip


def field(story: Story) -> tuple[float, float | None]:
    """When the field was on, by the world's own log, s."""
    (one,) = story.truth["magnetism"]["field"]
    return one["on_ns"] / NS, None if one["off_ns"] is None else one["off_ns"] / NS


def begins(story: FieldStory, seen: Story) -> float:
    """When it went wrong, s."""
    if story.begins_s < math.inf:
        return story.begins_s
    return next(
        reading.t_ns / NS
        for sample in seen.of(Sample)
        for reading in sample.readings
        if isinstance(reading, Reading)
        and reading.channel == "probe.temperature"
        and reading.value > HOT_DEGC
    )


def told(tmp_path: Path, story: FieldStory) -> Story:
    """The run, its protocol without limits of its own but the least heat."""
    file = bench_file(BENCH)
    changed = {name: value for name, value in dataclasses.asdict(story.limits).items() if value}
    hard = dataclasses.replace(file.limits, **changed)
    # A protocol may not loosen what the bench sets: of its limits only the least heat stays.
    text = find("magnetic-heating").read_text()
    text = text.replace("limits: {temperature: 75 degC, total: 2 h, ", "limits: {")
    return run(
        tmp_path,
        bench=dataclasses.replace(file, limits=hard),
        protocol=text,
        parameters=BRIEF,
        sample=story.sample,
        faults=story.faults,
    )


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.rule)
def test_a_rule_ends_the_field_within_its_bound(tmp_path: Path, story: FieldStory) -> None:
    """The first cause bears the rule's name and the source's, exit code 4, off read back."""
    seen = told(tmp_path, story)
    _, off_s = field(seen)
    tripped = seen.of(Tripped)[0]

    assert (story.rule, True) == (tripped.rule, tripped.message.startswith("coil: "))
    assert Exit.SAFETY == seen.ended.exit_code
    assert (Beam.OFF, "read back") == (seen.ended.coil, seen.ended.coil_how)
    assert off_s is not None
    assert off_s <= begins(story, seen) + story.bound_s


def test_no_rule_fires_on_a_healthy_field(tmp_path: Path) -> None:
    """The shipped run with nothing amiss, on the same bench with the same limits."""
    story = run(tmp_path, protocol="magnetic-heating", bench=BENCH, sample=SAMPLE, parameters=BRIEF)

    assert [] == story.of(Tripped)
    assert ("completed", Beam.OFF) == (story.ended.outcome, story.ended.coil)
