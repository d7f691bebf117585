"""What is rare: sources that cannot be read, gates that do not do as told, requests out of turn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from labctl.clock import NS, Clock, ns, run_virtual
from labctl.errors import (
    DeviceRefusedError,
    LabctlError,
    PortDisconnectedError,
    RefusedError,
    SafetyError,
)
from labctl.events import HEATER, LASER, Beam, Invalid, Reading
from labctl.evidence import Eyes, Known, eyes_of
from labctl.guard import Guard, Guards, decide
from labctl.instruments import Gatekeeper, GateState, Seal
from labctl.talk import Arm, Emit, Heartbeat, OffReport, Phase, not_confirmed
from tests.unit.guard.test_host import FakeMeter, FakeSource
from tests.unit.guard.test_rules import SPEC

ARM = Arm("test", SPEC.digest())


@dataclass
class FakeGate:
    """A gate that does as told, except where a test says otherwise."""

    name: str = "shutter"
    in_beam: bool = True
    drops_after_s: float | None = None
    blocks: bool | None = True
    stuck: bool = False
    deaf: bool = False
    fed: int = 0
    log: list[str] = field(default_factory=list)

    async def block(self) -> None:
        if self.deaf:
            raise DeviceRefusedError("no")
        self.log.append("block")
        if not self.stuck:
            self.blocks = True

    async def read(self) -> GateState:
        if self.deaf:
            raise OSError("not even an error of ours")
        return GateState(self.blocks)

    async def gatekeeper(self, seal: Seal) -> Gatekeeper:
        return self

    async def let_through(self) -> None:
        self.log.append("through")
        self.blocks = False

    async def feed(self) -> GateState:
        self.fed += 1
        return await self.read()


def relay(**how: Any) -> FakeGate:
    return FakeGate("deadman", in_beam=False, drops_after_s=0.6, **how)


@dataclass
class Bench:
    """A guard and what it is made of."""

    clock: Clock
    source: FakeSource
    guard: Guard

    async def tick(self) -> None:
        await self.guard.eyes.read()
        self.guard.heartbeat(Heartbeat(self.clock.now_ns(), 25.0 + self.clock.now_ns() / NS * 0.01))

    async def live(self, for_s: float) -> None:
        end_ns = self.clock.now_ns() + ns(for_s)
        while self.clock.now_ns() < end_ns:
            await self.tick()
            await self.clock.sleep(ns(0.2))


def on_bench(
    scenario: Callable[[Bench], Awaitable[None]],
    *gates: FakeGate,
    meter: bool = True,
    **source: Any,
) -> None:
    """Run a scenario in virtual time and leave nothing behind."""

    async def main(clock: Clock) -> None:
        light = FakeSource(clock, **source)
        eye = FakeMeter(light) if meter else None
        guard = Guard(Eyes(SPEC, light, eye, clock, gates), lambda trip: None)
        try:
            await scenario(Bench(clock, light, guard))
        finally:
            light.unplugged = light.ignores_off = False
            for gate in gates:
                gate.deaf = gate.stuck = False
            await guard.beam_off("end of the test")
            await guard.close()

    run_virtual(main)


def refused(work: Awaitable[object], kind: type[LabctlError], words: str) -> Awaitable[None]:
    async def check() -> None:
        with pytest.raises(kind, match=words):
            await work

    return check()


def test_what_is_known_of_a_beam_that_cannot_be_read() -> None:
    """Never more than was seen: nothing, commanded, or a shutter that reads closed."""

    async def blind(bench: Bench) -> None:
        assert (Beam.UNKNOWN, "never read") == bench.guard.eyes.emission()
        await bench.tick()
        assert (Beam.UNKNOWN, "commanded off, not confirmed") == bench.guard.eyes.emission()
        await bench.guard.arm(ARM)
        await bench.guard.emit(Emit(1.0, NS))
        assert (Beam.UNKNOWN, "commanded, not confirmed") == bench.guard.eyes.emission()

    async def shut(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(ARM)
        assert (Beam.OFF, "shutter reads closed") == bench.guard.eyes.emission()
        assert bench.guard.eyes.can_confirm

    on_bench(blind, meter=False, confirms=False)
    on_bench(shut, FakeGate(), meter=False, confirms=False)


def test_a_source_that_is_not_there_is_refused_and_a_timer_in_the_dark_does_nothing() -> None:
    """Neither switches anything."""

    async def scenario(bench: Bench) -> None:
        guards = Guards(
            eyes_of({LASER: SPEC}, {LASER: bench.source}, None, bench.clock),
            bench.clock,
            lambda trip: None,
        )
        with pytest.raises(RefusedError, match="no heater"):
            guards.of(HEATER)
        bench.guard._watch()

    on_bench(scenario)


def test_arming_twice_is_refused() -> None:
    """It says in which state it is."""

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(ARM)
        await refused(bench.guard.arm(ARM), RefusedError, "cannot arm in ARMED")

    on_bench(scenario)


def test_a_source_without_power_before_on_needs_a_shutter() -> None:
    """Refused without one, before anything is let through."""

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await refused(bench.guard.arm(ARM), SafetyError, "no shutter")

    on_bench(scenario, needs_shutter=True, sets_power_before_on=False)


def test_a_source_that_is_lost_while_arming_is_not_armed() -> None:
    """Neither one that fails nor one that is not read at all."""

    async def lost(bench: Bench) -> None:
        await bench.tick()
        quick = bench.source.off

        async def off() -> None:
            await quick()
            bench.source.unplugged = True

        bench.source.off = off  # type: ignore[method-assign]
        await refused(bench.guard.arm(ARM), LabctlError, "gone")
        bench.source.off = quick  # type: ignore[method-assign]

    async def busy(bench: Bench) -> None:
        await bench.tick()
        bench.guard.eyes.lighting = True
        await refused(bench.guard.arm(ARM), SafetyError, "cannot be read")
        bench.guard.eyes.lighting = False

    on_bench(lost)
    on_bench(busy)


def test_everything_is_looked_at_again_at_the_moment_of_emission() -> None:
    """An interlock that was seen open since the last heartbeat trips there and then."""

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(ARM)
        bench.source.interlock_closed = False
        await bench.guard.eyes.read()
        await refused(bench.guard.emit(Emit(1.0, NS)), SafetyError, "interlock")
        assert ("on" in bench.source.log, Phase.TRIPPED) == (False, bench.guard.known.phase)

    on_bench(scenario)


def test_an_emission_without_length_is_refused() -> None:
    """Zero and less, and longer than the bench's longest; the armed source stays armed and dark."""

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(ARM)
        for at_most_ns in (0, -1, round(SPEC.max_exposure_s * NS) + 1):
            asked = bench.guard.emit(Emit(1.0, at_most_ns))
            await refused(asked, SafetyError, "outside the limit")
        assert ("on" in bench.source.log, Phase.ARMED) == (False, bench.guard.known.phase)

    on_bench(scenario)


def test_never_read_and_never_valid_are_stale() -> None:
    """Both while armed; an invalid one among valid ones is not."""
    state = Known(phase=Phase.ARMED)
    (never,) = [trip for trip in decide(SPEC, state, NS) if trip.rule == "stale"]
    assert "never been read" in never.message
    state.beat = Heartbeat(NS, None, "timeout")
    (invalid,) = [trip for trip in decide(SPEC, state, NS) if trip.rule == "stale"]
    assert "never been valid" in invalid.message


def test_what_was_never_seen_is_unknown() -> None:
    """A source that has been out since before the first reading, and what is said of a heater."""

    async def scenario(bench: Bench) -> None:
        bench.source.unplugged = True
        report = await bench.guard.beam_off("test")
        assert (False, Beam.UNKNOWN) == (report.confirmed, report.beam)

    on_bench(scenario, meter=False)
    report = OffReport(False, Beam.ON, "it reads ON", 1)
    assert "BEAM" in not_confirmed(report).what
    assert "HEATER" in not_confirmed(replace(report, source=HEATER)).what


# -- gates -----------------------------------------------------------------------------------------


def test_a_healthy_emission_through_shutter_and_relay() -> None:
    """Shut and let through at arming, fed while armed and lit, opened last, shut at off; let go of
    at the end."""
    shutter, deadman = FakeGate(), relay()

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(ARM)
        assert (True, False) == (shutter.blocks, deadman.blocks)
        await bench.guard.emit(Emit(1.0, 60 * NS))
        assert shutter.blocks is False
        await bench.live(2.0)
        assert [] == bench.guard.trips
        assert deadman.fed > 8
        readings = (await bench.guard.eyes.read()).gates
        assert {("shutter.closed", 0.0), ("deadman.closed", 1.0)} == {
            (reading.channel, reading.value) for reading in readings
        }
        assert (await bench.guard.beam_off("done")).confirmed
        assert (True, False) == (shutter.blocks, deadman.blocks)
        # Armed again after an off: the relay stays as it is.
        bench.guard.disarm()
        await bench.clock.sleep(NS)
        assert deadman.blocks

    on_bench(scenario, deadman, shutter)
    assert deadman.blocks


def test_arming_anew_leaves_a_fed_relay_alone() -> None:
    """It is not blocked again, as long as it is fed: the laser's interlock stays closed."""
    deadman = relay()

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(ARM)
        bench.guard.disarm()
        await bench.guard.arm(ARM)
        assert 1 == deadman.log.count("block")

    on_bench(scenario, deadman)


@pytest.mark.parametrize(
    "gate", [FakeGate(blocks=False, stuck=True), FakeGate(blocks=None, stuck=True),
             relay(blocks=False, stuck=True)],
)  # fmt: skip
def test_a_gate_that_does_not_block_is_not_armed_over(gate: FakeGate) -> None:
    """Stuck open, a position that cannot be read, a contact that is welded shut."""

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await refused(bench.guard.arm(ARM), SafetyError, "does not block")
        assert "through" not in gate.log

    on_bench(scenario, gate)


@pytest.mark.parametrize("how", ["open", "deaf"])
def test_a_shutter_that_does_not_read_closed_is_not_lit_behind(how: str) -> None:
    """Opened by somebody, or not to be read, between arming and light."""
    shutter = FakeGate()

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(ARM)
        shutter.blocks, shutter.deaf = how != "open", how == "deaf"
        await refused(bench.guard.emit(Emit(1.0, NS)), SafetyError, "does not read closed")
        assert "on" not in bench.source.log

    on_bench(scenario, relay(), shutter)


def test_what_the_light_is_seen_by() -> None:
    """A laser that cannot be read, by the meter that saw it; a shutter alone confirms its off."""
    shutter = FakeGate()

    async def by_meter(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(ARM)
        await bench.guard.emit(Emit(1.0, 60 * NS))
        await bench.tick()
        assert (Beam.ON, "power meter") == bench.guard.eyes.emission()
        assert 0 < bench.guard.known.lit_ns <= bench.clock.now_ns()

    async def by_shutter(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(ARM)
        await bench.guard.emit(Emit(1.0, 60 * NS))
        report = await bench.guard.beam_off("done")
        assert (True, "shutter reads closed") == (report.confirmed, report.how)

    on_bench(by_meter, confirms=False)
    on_bench(by_shutter, shutter, meter=False, confirms=False)


def test_light_behind_the_shutter_that_is_as_asked_is_let_through() -> None:
    """Measured first, then opened; the emission begins with the opening."""
    shutter = FakeGate()

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(ARM)
        opened: list[int] = []
        await bench.guard.emit(Emit(1.0, 60 * NS), commanded=opened.append)
        assert (["block", "through"], [bench.guard.known.lit_ns]) == (shutter.log, opened)

    on_bench(scenario, shutter, sets_power_before_on=False)


def test_light_behind_the_shutter_that_is_never_as_asked_stays_there() -> None:
    """Three seconds for a laser that takes its power once it is on; then off, and refused."""
    shutter = FakeGate()

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(ARM)

        async def weak() -> Invalid:
            return Invalid("meter.power", "range", "", bench.clock.now_ns())

        bench.guard.eyes._meter.read_power_at_sample = weak  # type: ignore[union-attr, method-assign]
        await refused(bench.guard.emit(Emit(1.0, 60 * NS)), SafetyError, "not seen as asked")
        assert ("through" in shutter.log, bench.source.lit) == (False, False)

    on_bench(scenario, shutter, sets_power_before_on=False)


def test_a_level_that_cannot_be_set_to_nothing_is_said() -> None:
    """A laser that ignores off, on a port that takes nothing else."""

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(ARM)
        await bench.guard.emit(Emit(1.0, 60 * NS))
        bench.source.ignores_off = True

        async def no(level: float) -> None:
            raise DeviceRefusedError("no")

        bench.guard._off.emitter.set_level = no  # type: ignore[union-attr, method-assign]
        report = await bench.guard.beam_off("test")
        assert "drive level could not be set to 0: no" in report.how

    on_bench(scenario)


def test_a_gate_that_falls_silent_ages_until_its_rule_fires() -> None:
    """A feed that fails is no reading; what cannot be blocked is said."""
    deadman = relay()

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(ARM)
        deadman.deaf = True
        await bench.live(SPEC.staleness_s + 1.0)
        assert "gate" in [trip.rule for trip in bench.guard.trips]
        bench.source.ignores_off = bench.source.lit = True
        report = await bench.guard.beam_off("test")
        assert "deadman could not be blocked: no" in report.how

    on_bench(scenario, deadman)


def test_a_meter_that_is_lost_is_told() -> None:
    """The source is seen all the same."""

    async def scenario(bench: Bench) -> None:
        async def gone() -> Reading:
            raise PortDisconnectedError("gone", where="meter at sim://meter")

        meter = bench.guard.eyes._meter
        assert meter is not None
        meter.read_power_at_sample = gone  # type: ignore[method-assign]
        readings = await bench.guard.eyes.read()
        assert (None, "gone") == (readings.power, readings.lost and readings.lost.what)
        assert readings.source is not None

    on_bench(scenario)
