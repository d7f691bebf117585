"""A walk through a bench in the dark, as a careful person would take it before its first use.

Nothing is lit: connecting forces every source off, and a gate is tried only while the source is
seen dark. What needs hands (interlock, key) is asked for and then seen, not believed.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from labctl.bench._connect import Bench, connect
from labctl.bench._latency import off_latency
from labctl.bench._model import BenchFile
from labctl.clock import NS, Clock
from labctl.errors import LabctlError, SafetyError
from labctl.events import LASER, Beam, Invalid, Mode, Reading
from labctl.guard.trying import try_gate
from labctl.instruments import GateRole, SimSession, SourceRole, SourceState

Say = Callable[[str], None]
"""Tells the person something, or asks for their hands."""

_HANDS_NS = 60 * NS
_OFF_NS = 5 * NS
_READINGS = 12
_PERIOD_NS = NS // 4
_ROOM_DEGC = (5.0, 45.0)
_APART_K = 3.0
_STEADY_K = 1.0
_DARK_W = 0.010
"""At the sample, as the guard has it: more is light that nobody asked for."""
_POLL_NS = NS // 10


class StepState(StrEnum):
    """What became of a step."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_THERE = "not there"
    """This bench has nothing of the kind, or cannot read it."""
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at."""

    name: str
    state: StepState
    words: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    """SI, the unit in the name."""


@dataclass(frozen=True, slots=True)
class Walked:
    """The whole walk."""

    mode: Mode
    steps: tuple[Step, ...]


async def walk(
    bench_file: BenchFile,
    clock: Clock,
    say: Say,
    *,
    hands: bool = True,
    hands_ns: int = _HANDS_NS,
    session: SimSession | None = None,
) -> Walked:
    """Go through everything that this bench has. `hands`: a person is there to open and close what
    they are asked to, each within `hands_ns`. `session`: for `sim://`. Raises what
    `connect` raises, with every port released; a step that fails is told and the walk goes on."""
    bench = await connect(bench_file, bench_file.roles, clock, session)
    steps: list[Step] = []

    def note(step: Step) -> None:
        steps.append(step)
        say(_line(step))

    try:
        say(f"{bench.mode.value}  bench {bench_file.name}; nothing is lit on this walk")
        note(_identities(bench))
        for name, source in bench.sources.items():
            note(await _off(name, source, bench_file, clock))
        await _sensors(bench, clock, note)
        asked = await _gates_and_hands(bench, clock, say, note, hands_ns if hands else 0)
        # What came of the hands has been said while they were there.
        steps.extend(asked)
    finally:
        try:
            for source in bench.sources.values():
                await source.off()
        finally:
            await bench.close()
    return Walked(bench.mode, tuple(steps))


def _line(step: Step) -> str:
    return f"{step.state.value:<10} {step.name:<12} {step.words}"


def _identities(bench: Bench) -> Step:
    known = {key: str(one.identity) for key, one in bench.instruments.items()}
    return Step("identities", StepState.PASSED, "; ".join(known.values()), {"instruments": known})


async def _off(name: str, source: SourceRole, bench_file: BenchFile, clock: Clock) -> Step:
    """Off asked for and read back, in the dark: how long the way there and back takes."""
    step = "off" if name == LASER else f"{name} off"
    bound = off_latency(bench_file, name)
    begun_ns = clock.now_ns()
    await source.off()
    state = await source.read()
    while state.beam is Beam.ON and clock.now_ns() - begun_ns < _OFF_NS:
        await clock.sleep(_POLL_NS)
        state = await source.read()
    took_s = (clock.now_ns() - begun_ns) / NS
    figures = {"read_back_s": took_s, "bound_s": bound.asked_s if bound else None}
    if state.beam is Beam.ON:
        return Step(step, StepState.FAILED, "it reads ON after it was switched off", figures)
    if state.beam is Beam.UNKNOWN:
        words = "it cannot be read back: only a power meter can tell"
        return Step(step, StepState.NOT_THERE, words, figures)
    return Step(step, StepState.PASSED, f"reads off, {took_s * 1e3:.0f} ms after asking", figures)


async def _sensors(bench: Bench, clock: Clock, note: Callable[[Step], None]) -> None:
    """Temperatures of a room, steady, and of one another; a meter in the dark."""
    seen: dict[str, list[Reading | Invalid]] = {}
    for _ in range(_READINGS):
        for role in bench.thermometers:
            for reading in await role.read():
                seen.setdefault(reading.channel, []).append(reading)
        if bench.meter is not None:
            seen.setdefault("meter.power", []).append(await bench.meter.read_power_at_sample())
        await clock.sleep(_PERIOD_NS)
    means: dict[str, float] = {}
    for channel, readings in seen.items():
        step = _meter(readings) if channel == "meter.power" else _thermometer(channel, readings)
        note(step)
        if "mean_degc" in step.figures and step.state is StepState.PASSED:
            means[channel] = step.figures["mean_degc"]
    if len(means) > 1:
        apart_k = max(means.values()) - min(means.values())
        figures = {"apart_k": apart_k, "at_most_k": _APART_K}
        state = StepState.PASSED if apart_k <= _APART_K else StepState.FAILED
        note(Step("one room", state, f"temperatures differ by {apart_k:.2f} K", figures))


def _thermometer(channel: str, readings: list[Reading | Invalid]) -> Step:
    name = channel.removesuffix(".temperature")
    values = [reading.value for reading in readings if isinstance(reading, Reading)]
    broken = [reading for reading in readings if isinstance(reading, Invalid)]
    if broken:
        words = f"{len(broken)} of {len(readings)} readings invalid: {broken[0].reason}"
        return Step(name, StepState.FAILED, words, {"invalid": len(broken)})
    mean, noise = statistics.fmean(values), statistics.pstdev(values)
    figures = {"mean_degc": mean, "noise_k": noise, "readings": len(values)}
    words = f"{mean:.2f} degC ± {noise:.2g} K over {len(values)} readings"
    if not _ROOM_DEGC[0] <= mean <= _ROOM_DEGC[1]:
        return Step(name, StepState.FAILED, f"{words}: not the temperature of a room", figures)
    if max(values) - min(values) > _STEADY_K:
        return Step(name, StepState.FAILED, f"{words}: not steady in the dark", figures)
    return Step(name, StepState.PASSED, words, figures)


def _meter(readings: list[Reading | Invalid]) -> Step:
    values = [reading.value for reading in readings if isinstance(reading, Reading)]
    if len(values) < len(readings):
        first = next(r for r in readings if isinstance(r, Invalid))
        return Step("meter", StepState.FAILED, f"invalid in the dark: {first.reason}")
    most = max(values, key=math.fabs)
    figures = {"dark_w": statistics.fmean(values), "most_w": most, "at_most_w": _DARK_W}
    words = f"{statistics.fmean(values) * 1e3:.2g} mW at the sample in the dark"
    if abs(most) >= _DARK_W:
        return Step("meter", StepState.FAILED, f"{words}: zero it, or find the light", figures)
    return Step("meter", StepState.PASSED, words, figures)


async def _gates_and_hands(
    bench: Bench, clock: Clock, say: Say, note: Callable[[Step], None], hands_ns: int
) -> list[Step]:
    """Each gate; and interlock and key, while a dead-man whose contact is a part of the loop is
    fed, because they read open when it is. Returns what came of them, said already."""
    laser = bench.sources.get(LASER)
    eyes = _Eyes(bench, laser)
    asked = _Hands(eyes, clock, say, hands_ns)
    for gate in bench.gates:
        fed = gate.drops_after_s is not None
        try:
            note(await _gate(gate, eyes, clock, asked if fed else None))
        except LabctlError as error:
            note(Step(gate.name, StepState.FAILED, str(error)))
    if laser is None:
        return []
    while not asked.finished:
        if not await eyes.dark():
            note(Step("interlock", StepState.FAILED, "the laser is not seen off"))
            return []
        await asked.poll()
        await clock.sleep(_POLL_NS)
    return asked.steps


async def _gate(gate: GateRole, eyes: _Eyes, clock: Clock, asked: _Hands | None) -> Step:
    if asked is None:
        found = await try_gate(gate, eyes.dark, clock)
    else:
        found = await try_gate(gate, eyes.dark, clock, asked.poll)
    sensed = {
        "blocks": found.blocks_first,
        "lets_through": found.lets_through,
        "blocks_again": found.blocks_last,
    }
    if found.blocks_last is False:
        raise SafetyError(f"the {gate.name} does not block again")
    unseen = "" if found.blocks_first is not None else "; it cannot sense its own position"
    if gate.drops_after_s is None:
        words = f"opened and closed{unseen}"
        return Step(gate.name, StepState.PASSED, words, sensed)
    declared_s = gate.drops_after_s
    figures = {**sensed, "dropped_after_s": found.dropped_after_s, "declared_s": declared_s}
    if found.dropped_after_s is None:
        words = f"NOT dropped {2 * declared_s + 1:.1f} s after it was fed last"
        return Step(gate.name, StepState.FAILED, words, figures)
    words = (
        f"dropped {found.dropped_after_s:.2f} s after it was fed last, {declared_s:.2f} s stated"
    )
    if found.dropped_after_s > 1.5 * declared_s + 0.25:
        return Step(gate.name, StepState.FAILED, f"{words}: too late{unseen}", figures)
    return Step(gate.name, StepState.PASSED, f"{words}{unseen}", figures)


class _Eyes:
    """What is known of the laser just now."""

    def __init__(self, bench: Bench, laser: SourceRole | None) -> None:
        self._meter = bench.meter
        self._laser = laser
        self.state: SourceState | None = None

    async def dark(self) -> bool:
        """Whether the laser is seen off: by itself where it can tell, and by the meter where there
        is one, which overrules it."""
        if self._laser is None:
            return True
        try:
            self.state = await self._laser.read()
            if self._meter is None or self.state.beam is Beam.ON:
                return self.state.beam is Beam.OFF
            seen = await self._meter.read_power_at_sample()
        except LabctlError:
            # Not heard is not seen off.
            return False
        return isinstance(seen, Reading) and abs(seen.value) < _DARK_W


class _Hands:
    """Interlock and key: asked for, and seen, one after the other, as the laser is read."""

    def __init__(self, eyes: _Eyes, clock: Clock, say: Say, within_ns: int) -> None:
        self._eyes = eyes
        self._clock = clock
        self._say = say
        self._within_ns = within_ns
        self._left = [
            ("interlock", "OPEN the interlock (lid, door)", "CLOSE the interlock again"),
            ("key", "turn the key OFF", "turn the key ON again"),
        ]
        self._wants: bool | None = None
        """What it must read next; None before anything was asked."""
        self._asked_ns = 0
        self._opened_s = 0.0
        self.steps: list[Step] = []

    @property
    def finished(self) -> bool:
        return not self._left

    async def poll(self) -> bool:
        """Take the state that was read last; True when there is nothing more to ask for."""
        if self._left and self._eyes.state is not None:
            name = self._left[0][0]
            state = self._eyes.state
            self._see(name, state.interlock_closed if name == "interlock" else state.key_on)
        return self.finished

    def _see(self, name: str, reads: bool | None) -> None:
        if reads is None:
            words = "the laser cannot read it: try it by hand as the bench file says"
            self._done(name, StepState.NOT_THERE, words)
        elif not self._within_ns:
            self._done(name, StepState.NOT_TRIED, "nobody's hands are there")
        elif self._wants is None and not reads:
            # First it must be as it is when the laser is used.
            self._ask(True, self._left[0][2])
        elif self._wants is None or (self._wants and reads and not self._opened_s):
            self._ask(False, self._left[0][1])
        elif reads is self._wants and not reads:
            self._opened_s = max(1e-3, (self._clock.now_ns() - self._asked_ns) / NS)
            self._ask(True, self._left[0][2])
        elif reads is self._wants:
            words = "seen open and closed again" if name == "interlock" else "seen off and on again"
            self._done(name, StepState.PASSED, words)
        elif self._clock.now_ns() - self._asked_ns > self._within_ns:
            shut, opened = ("closed", "open") if name == "interlock" else ("on", "off")
            was = shut if self._wants is False else opened
            words = (
                f"it still reads {was}, {self._within_ns / NS:.0f} s after that was asked for: go "
                "through it again, and if it reads so again look at its wiring"
            )
            self._done(name, StepState.FAILED, words)

    def _ask(self, wants: bool, words: str) -> None:
        self._wants, self._asked_ns = wants, self._clock.now_ns()
        self._say(f"PLEASE     {words}; {self._within_ns / NS:.0f} s")

    def _done(self, name: str, state: StepState, words: str) -> None:
        step = Step(name, state, words)
        self.steps.append(step)
        self._say(_line(step))
        self._left.pop(0)
        self._wants, self._opened_s = None, 0.0
