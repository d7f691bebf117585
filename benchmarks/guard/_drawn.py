"""One simulated run with faults at random times, and what it said and did."""

from __future__ import annotations

import concurrent.futures
import functools
import json
import random
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

from benchmarks.guard._deeds import Machine
from benchmarks.guard._list import ALL, Listed
from labctl import bench as benches
from labctl import protocol as protocols
from labctl import sample as samples
from labctl.bench import BenchFile
from labctl.engine import RunRequest, carry_out
from labctl.events import Event, RunEnded
from labctl.instruments import simulated_faults
from labctl_simulators.wire import ArroyoController

QUICK_DELAY_S, SLOW_DELAY_S = 0.02, 2.0
_ON_DISK_SPEED = 25.0
"""Of this clock in a real second, where a disk fails: it does so in real time."""
_ARMED_S = 0.3
"""From a baseline's end to the command."""

E = TypeVar("E", bound=Event)


@dataclass(frozen=True)
class Acting:
    """One fault of a run."""

    text: str
    """As asked for, without times."""
    from_s: float
    for_s: float | None
    listed: Listed | None
    """Its row, where it is one of the list."""

    @property
    def until_s(self) -> float:
        return float("inf") if self.for_s is None else self.from_s + self.for_s

    def __str__(self) -> str:
        lasting = "" if self.for_s is None else f"+{self.for_s:.1f}s"
        return f"{self.text}@{self.from_s:.1f}s{lasting}"


@dataclass(frozen=True)
class Shape:
    """What is run, on what, and what goes wrong."""

    bench: str
    period_s: float
    lease_s: float
    cap_degc: float
    baseline_s: float
    lit: tuple[tuple[float, float], ...]
    """(W, s) of each emission."""
    cool_s: float
    delay_s: float
    """The laser's own emission delay."""
    faults: tuple[Acting, ...]
    seed: int
    speed: float | None = None

    def protocol(self) -> str:
        """As YAML."""
        lines = [
            "schema: labctl.protocol/1",
            "name: hours",
            "needs: {laser: laser, probe: thermometer}",
            f"limits: {{temperature: {self.cap_degc:.1f} degC}}",
            f"record: {{every: {round(1e3 * self.period_s)} ms}}",
            "steps:",
            f"  - baseline: {{for: {self.baseline_s:g} s}}",
        ]
        for power_w, lit_s in self.lit:
            lines += [
                f"  - irradiate: {{power: {power_w:.2f} W, for: {lit_s:.1f} s}}",
                f"  - cool: {{for: {self.cool_s:.1f} s}}",
            ]
        return "\n".join(lines) + "\n"

    def bench_file(self) -> BenchFile:
        """The shipped one with this lease."""
        file = benches.load(benches.find_bench(self.bench).path)
        return replace(file, limits=replace(file.limits, lease_s=self.lease_s))


@dataclass
class Told:
    """What a run said, and what was true."""

    shape: Shape
    file: BenchFile
    events: list[Event] = field(default_factory=list)
    truth: dict[str, Any] = field(default_factory=dict)
    ended: RunEnded | None = None
    done_ns: dict[str, int] = field(default_factory=dict)
    """When the machine's own faults came."""

    def of(self, kind: type[E]) -> list[E]:
        """The events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def light(self) -> list[tuple[int, int]]:
        """Beginning and end of all light at the sample, ns, by the world."""
        until_ns = self.truth["until_ns"]
        listed = self.truth["emission"]
        return [(e["on_ns"], until_ns if e["off_ns"] is None else e["off_ns"]) for e in listed]

    @property
    def lit_at_the_end(self) -> bool:
        return any(e["off_ns"] is None for e in self.truth["emission"])


def draw_shape(draw: random.Random, main: Listed | None) -> Shape:
    """A run in which this fault acts (None: whose faults are none), alone or among others."""
    bench = draw.choice(main.benches if main is not None else ALL)
    on_disk = main is not None and main.fault.startswith("!disk")
    emissions = tuple(
        (draw.uniform(0.4, 2.0), draw.uniform(40.0, 150.0)) for _ in range(draw.choice((1, 1, 2)))
    )
    baseline_s, cool_s = 20.0, draw.uniform(15.0, 40.0)
    if on_disk:
        baseline_s, cool_s, emissions = 5.0, 5.0, ((1.0, 15.0),)
    if main is not None and main.long:
        baseline_s, cool_s, emissions = 30.0, 300.0, ((1.0, 300.0),)
    slow = main is not None and main.when == "emission delay"
    tight = main is not None and not main.long and not main.harmless
    shape = Shape(
        bench=bench,
        period_s=draw.choice((0.25, 0.5)),
        lease_s=draw.choice((1.0, 2.0)),
        cap_degc=draw.uniform(28.0, 50.0) if tight and draw.random() < 0.25 else 75.0,
        baseline_s=baseline_s,
        lit=emissions,
        cool_s=cool_s,
        delay_s=SLOW_DELAY_S if slow else QUICK_DELAY_S,
        faults=(),
        seed=draw.randrange(1000),
        speed=_ON_DISK_SPEED if on_disk else None,
    )
    if main is None:
        return shape
    if main.fault == "!stalled":
        # A stall is seen by the lease, which it has to outlast.
        shape = replace(shape, lease_s=1.0)
    faults = [_acting(draw, main, shape)]
    if not (main.long or main.harmless or on_disk):
        faults += [_other(draw, shape) for _ in range(draw.choice((0, 0, 0, 0, 1, 2)))]
    return replace(shape, faults=tuple(faults))


def _acting(draw: random.Random, listed: Listed, shape: Shape) -> Acting:
    on_s = shape.baseline_s + _ARMED_S
    lit_s = shape.lit[0][1]
    match listed.when:
        case "lit":
            at_s = on_s + draw.uniform(0.0, 0.8) * lit_s
        case "dark":
            at_s = draw.uniform(1.0, shape.baseline_s - 2.0)
        case "off due":
            at_s = on_s + lit_s - draw.uniform(0.0, 1.0)
        case "emission delay":
            at_s = on_s + draw.uniform(0.1, SLOW_DELAY_S - 0.2)
        case _:
            at_s = draw.uniform(2.0, on_s + lit_s)
    # A fault that comes and goes is drawn as often as one that stays, where it may matter so.
    brief = listed.when in ("lit", "any") and not listed.fault.startswith("!")
    for_s = draw.uniform(1.0, 40.0) if brief and draw.random() < 0.3 else None
    return Acting(listed.fault, at_s, for_s, listed)


def _other(draw: random.Random, shape: Shape) -> Acting:
    """Any fault that the simulator knows, or one of the list, at any time."""
    total_s = shape.baseline_s + sum(lit_s + shape.cool_s for _, lit_s in shape.lit)
    for_s = draw.uniform(1.0, 30.0) if draw.random() < 0.5 else None
    return Acting(draw.choice(_names()), draw.uniform(0.0, total_s), for_s, None)


@functools.cache
def _names() -> tuple[str, ...]:
    """Every fault that the simulator lists, by its name."""
    lines = simulated_faults().splitlines()
    words = (line.split()[0] for line in lines if line.startswith("  "))
    return tuple(re.split(r"[=:\[]", word)[0] for word in words)


def carry(shape: Shape, folder: Path, told: Told) -> None:
    """Carry it out; `told` gets what is said as it is said, so that it is there whatever happens.
    InputError where this bench has nothing that such a fault could act on."""
    injected = tuple(str(f) for f in shape.faults if not f.text.startswith("!"))
    deeds = {f.text: f.from_s for f in shape.faults if f.text.startswith("!")}
    machine = Machine(deeds, folder)
    nobody: concurrent.futures.Future[str] = concurrent.futures.Future()
    request = RunRequest(
        plan=protocols.loads(shape.protocol(), bench=told.file),
        bench_file=told.file,
        specimen=samples.load(samples.find("pda-aminoacid")),
        runs_dir=folder,
        seed=shape.seed,
        faults=injected,
        speed=shape.speed,
    )
    delayed = functools.partialmethod(_begun, ArroyoController.__init__, shape.delay_s)
    with machine.at_work(), mock.patch.object(ArroyoController, "__init__", delayed):
        result = carry_out(
            request,
            publish=(told.events.append, machine.saw),
            ask=lambda text: nobody,
            on_begin=lambda begun: None,
            on_signals=machine.on_signals,
        )
    told.ended = result.ended
    told.done_ns = machine.done_ns
    told.truth = json.loads((result.folder.path / "truth.json").read_text())


def _begun(self: Any, begin: Any, delay_s: float, *args: Any, **settings: Any) -> None:
    """The delay is the world's: no driver knows of it."""
    begin(self, *args, **{**settings, "emission_delay_s": delay_s})
