"""One whole run for every guard rule: what goes wrong in the world, and by when the light must end.

Virtual time, the shipped simulated benches, the world's own log of light. A latency is from the
moment at which the world goes wrong to the last light at the sample.
"""

from __future__ import annotations

import dataclasses
import functools
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from labctl.bench import BenchFile
from labctl.clock import NS, Clock, run_virtual
from labctl.events import Tripped
from labctl.evidence import Eyes
from labctl.guard import Guard
from labctl.talk import Arm, Emit, Heartbeat, Trip
from tests.scenario.runs import SHORT, Story, bench_file, emission_delay, run
from tests.unit.guard.test_host import FakeMeter, FakeSource
from tests.unit.guard.test_rules import SPEC

BEGINS_S = 50.0
"""When most of them go wrong; the light of SHORT is on from about 20 s to 110 s."""


@dataclass(frozen=True)
class RuleStory:
    """A run in which one rule, and no other before it, ends the light."""

    rule: str
    """The name that its trip bears."""
    what: str
    """In words, for the table."""
    faults: tuple[str, ...]
    bound_s: float
    """The light must have ended so long after the cause, by construction of rule and bench."""
    because: str
    """Why it may take so long."""
    bench: str = "simulated"
    change: Callable[[BenchFile], BenchFile] = lambda file: file
    begins: Callable[[Story], float] = lambda story: BEGINS_S
    """When it went wrong, in the world's seconds."""
    delay_s: float = 0.02
    """From ON to light."""


@dataclass(frozen=True)
class Measured:
    """What came of a story."""

    rule: str
    latency_s: float
    """Infinite where the light did not end."""
    exit_code: int | None
    """None where there was no whole run."""
    beam: str
    beam_how: str


def limits(**changed: float) -> Callable[[BenchFile], BenchFile]:
    """A bench with other limits."""
    return lambda file: dataclasses.replace(
        file, limits=dataclasses.replace(file.limits, **changed)
    )


def _blind(file: BenchFile) -> BenchFile:
    roles = {name: role for name, role in file.roles.items() if name != "meter"}
    return dataclasses.replace(file, interlock_readable=False, pick_off=None, roles=roles)


def _spent(story: Story) -> float:
    """When 91 J had reached the sample: P until 50 s, 1.12 P from then on."""
    (entry,) = story.truth["emission"]
    on_s, off_s = (entry[edge] / NS for edge in ("on_ns", "off_ns"))
    before, after = BEGINS_S - on_s, off_s - BEGINS_S
    power_w = entry["mean_power_w"] * (before + after) / (before + 1.12 * after)
    return BEGINS_S + (91.0 - power_w * before) / (1.12 * power_w)


STORIES = (
    RuleStory(
        "unbidden",
        "the laser emits although nobody asked",
        ("laser-on-by-itself@10s",),
        0.6,
        "one reading of source or meter (0.5 s)",
        begins=lambda story: 10.0,
    ),
    RuleStory(
        "lease",
        "the thermometer's replies come late: no fresh reading, no control step",
        ("late-reply:scanner=20s@50s+60s",),
        2.6,
        "the lease (2 s) and one reading before it",
    ),
    RuleStory(
        "temperature",
        "the reading jumps above the cap",
        ("junction-offset=+70K@50s",),
        0.6,
        "one reading (0.5 s)",
    ),
    RuleStory(
        "temperature-low",
        "the reading jumps below the floor",
        ("junction-offset=-60K@50s",),
        0.6,
        "one reading",
    ),
    RuleStory(
        "open",
        "the thermocouple breaks",
        ("open-thermocouple@50s",),
        0.6,
        "one reading",
    ),
    RuleStory(
        "stale",
        "the thermometer's replies come late; the limit on age (1.5 s) is tighter than the lease",
        (),
        1.65,
        "the limit on age and one tick of the guard",
        bench="",
    ),
    RuleStory(
        "rise",
        "the reading rises faster than the liquid can",
        ("junction-offset=+20K@50s",),
        0.6,
        "one reading",
    ),
    RuleStory(
        "fall",
        "the thermocouple falls out of the sample",
        ("bead-out@50s",),
        5.5,
        "the window of the rate (5 s) and one reading",
    ),
    RuleStory(
        "frozen",
        "the reading repeats itself",
        ("frozen-reading@50s",),
        7.0,
        "twelve equal readings (6 s) and one before",
    ),
    RuleStory(
        "follow",
        "the thermocouple has been shorted all along and tells the air's temperature",
        ("shorted-thermocouple@0s",),
        35.0,
        "31 J make 0.5 K at least, by what the sample file states; noise, and one reading",
        begins=lambda story: story.light[0][0],
    ),
    RuleStory(
        "interlock",
        "the interlock loop opens; the laser drops by itself",
        ("interlock-open@50s",),
        0.0,
        "the laser's own hardware",
    ),
    RuleStory(
        "gate",
        "the shutter falls shut by itself",
        ("shutter-falls-shut@50s",),
        0.1,
        "the blade",
        bench="simulated-gates",
    ),
    RuleStory(
        "power",
        "the laser gives more than the cap",
        ("power-step=+12%@50s",),
        1.1,
        "the meter's lag and one reading",
        change=limits(measured_power_w=1.05),
    ),
    RuleStory(
        "power-mismatch",
        "the laser gives a fifth more than commanded; three deviations and drift are 18 %",
        ("power-step=+20%@50s",),
        1.1,
        "the meter's lag and one reading",
    ),
    RuleStory(
        "starting",
        "light never comes, and the controller says that its delay runs",
        (),
        0.0,
        "there is no light",
        begins=lambda story: 0.0,
        delay_s=600.0,
    ),
    RuleStory(
        "fault",
        "the source tells a fault and stays lit",
        (),
        0.2,
        "the guard's next reading, here every 0.04 s",
        bench="",
    ),
    RuleStory(
        "dropped",
        "the laser drops out, on a bench without a meter that cannot read its interlock",
        ("interlock-open@50s",),
        0.0,
        "the laser's own hardware",
        change=_blind,
    ),
    RuleStory(
        "exposure",
        "the laser's cable is out just before its declared end; the shutter ends the light",
        ("unplugged-port:diode@110.2s",),
        0.5,
        "the declared end (0.4 s later) and the blade",
        bench="simulated-gates",
        begins=lambda story: 110.2,
    ),
    RuleStory(
        "energy",
        "the laser gives more than commanded, until the bench's energy is spent",
        ("power-step=+12%@50s",),
        3.5,
        "the meter's deviation (3 % of 91 J) and one reading",
        change=limits(energy_j=91.0),
        begins=_spent,
    ),
    RuleStory(
        "source-silent",
        "the laser does not answer any more, and its port does not say so",
        (),
        1.65,
        "the limit on silence (1.5 s) and one tick of the guard",
        bench="",
    ),
)
"""In the order of the rules; without a bench: the guard alone, on a source made for the test,
because on a simulated bench something else ends the light before."""


def measure(story: RuleStory) -> Measured:
    """Carry the story's run out and say what came of it; the same story is run once."""
    return _measure(story.rule)


@functools.cache
def _measure(rule: str) -> Measured:
    story = next(each for each in STORIES if each.rule == rule)
    return _on_bench(story) if story.bench else _alone(story)


def _alone(story: RuleStory) -> Measured:
    """A guard that looks at every tick, in virtual time; either its readings or its source end."""
    spec = dataclasses.replace(SPEC, lease_s=2.0)
    trips: list[Trip] = []

    async def main(clock: Clock) -> Measured:
        source = FakeSource(clock)
        guard = Guard(Eyes(spec, source, FakeMeter(source), clock), trips.append)
        await guard.eyes.read()
        guard.heartbeat(Heartbeat(clock.now_ns(), 25.0))
        await guard.arm(Arm("test", spec.digest()))
        await guard.emit(Emit(1.0, 60 * NS))
        await guard.eyes.read()
        guard.heartbeat(Heartbeat(clock.now_ns(), 25.0))
        begun_ns = clock.now_ns()
        while source.lit and clock.now_ns() < begun_ns + 10 * NS:
            await clock.sleep(NS // 25)
            if story.rule == "fault":
                source.faults = ("the cooler is off",)
            if story.rule in ("stale", "fault"):
                await guard.eyes.read()
            else:
                guard.heartbeat(Heartbeat(clock.now_ns(), 25.0 + clock.now_ns() / NS / 100))
            guard.look()
        took_s = (clock.now_ns() - begun_ns) / NS
        report = await guard.beam_off("end of the story")
        await guard.close()
        rule = trips[0].rule if trips else ""
        return Measured(rule, took_s, None, report.beam.value, report.how)

    return run_virtual(main)


def _on_bench(story: RuleStory) -> Measured:
    with tempfile.TemporaryDirectory() as folder, emission_delay("Arroyo", story.delay_s):
        told = run(
            Path(folder),
            bench=story.change(bench_file(story.bench)),
            faults=story.faults,
            parameters=SHORT,
        )
    trips = told.of(Tripped)
    ends = [off_s for _, off_s in told.light]
    last_s = float("inf") if None in ends else max((e for e in ends if e is not None), default=0.0)
    return Measured(
        trips[0].rule if trips else "",
        max(0.0, last_s - story.begins(told)),
        int(told.ended.exit_code),
        told.ended.beam.value,
        told.ended.beam_how,
    )
