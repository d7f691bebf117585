"""Gates in the laser's way: when they are let through, when blocked, and when a dead-man is fed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from labctl.clock import NS, ns
from labctl.errors import RefusedError, SafetyError
from labctl.events import Beam
from labctl.instruments import GateState
from labctl.talk import Emit, OffReport, Phase, Trip
from tests.unit.guard.test_corners import ARM, Bench, FakeGate, on_bench, relay
from tests.unit.guard.test_rules import SPEC


@dataclass
class TimedGate(FakeGate):
    """A gate that says when it was told what, on its bench's clock."""

    bench: Bench | None = None

    async def block(self) -> None:
        await super().block()
        self._stamp()

    async def let_through(self) -> None:
        await super().let_through()
        self._stamp()

    def _stamp(self) -> None:
        if self.bench is not None:
            self.log[-1] += f" {self.bench.clock.now_ns() / NS:.3f}"


async def light(bench: Bench) -> None:
    await bench.tick()
    await bench.guard.arm(ARM)
    await bench.guard.emit(Emit(1.0, 600 * NS))
    await bench.tick()


def test_the_shutter_opens_after_the_laser_is_on_and_shuts_in_the_instant_of_off() -> None:
    """Never open in the dark; at off no wait between laser and shutter, in either order."""
    shutter = TimedGate()

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(ARM)
        shutter.log.clear()
        bench.source.log.clear()
        await bench.guard.emit(Emit(1.0, 600 * NS))
        assert ["level 1", "on"] == bench.source.log
        assert ["through"] == shutter.log
        await bench.live(2.0)
        shutter.bench = bench
        asked_s = bench.clock.now_ns() / NS
        await bench.guard.beam_off("done")
        assert f"block {asked_s:.3f}" in shutter.log

    on_bench(scenario, shutter)


def test_a_dead_man_is_fed_while_armed_and_not_before_nor_after() -> None:
    """From arming to disarming four times in its time; then it is blocked and fed no more."""
    dead_man = relay()

    async def scenario(bench: Bench) -> None:
        await bench.live(2.0)
        assert 0 == dead_man.fed
        await bench.guard.arm(ARM)
        before = dead_man.fed
        await bench.live(3.0)
        assert 18 <= dead_man.fed - before <= 22
        bench.guard.disarm()
        await bench.live(0.5)
        assert "block" == dead_man.log[-1]
        after = dead_man.fed
        await bench.live(2.0)
        assert after == dead_man.fed

    on_bench(scenario, dead_man)


def test_a_trip_blocks_every_gate_at_once_and_feeds_no_more() -> None:
    """The lease runs out: shutter and relay are blocked in the same instant as the laser is off."""
    shutter, dead_man = FakeGate(), relay()

    async def scenario(bench: Bench) -> None:
        await light(bench)
        await bench.clock.sleep(ns(1.3))
        assert Phase.TRIPPED is bench.guard.known.phase
        assert (True, True) == (shutter.blocks, dead_man.blocks)
        assert not bench.source.lit
        fed = dead_man.fed
        await bench.clock.sleep(ns(2.0))
        assert fed == dead_man.fed

    on_bench(scenario, shutter, dead_man)


def test_the_relay_is_the_second_path_and_told_after_its_cause() -> None:
    """The laser ignores off: the relay stays let through until off is late, then the trip names
    the laser, and the relay is opened."""
    dead_man = relay()

    async def scenario(bench: Bench) -> None:
        await light(bench)
        bench.source.ignores_off = True
        dead_man.log.clear()
        asked_ns = bench.clock.now_ns()

        async def obey_when_dropped() -> None:
            while dead_man.blocks is not True:
                await bench.clock.sleep(ns(0.01))
            assert bench.clock.now_ns() - asked_ns >= ns(1.0)
            bench.source.lit = False

        report, _ = await bench.clock.together(bench.guard.beam_off("done"), obey_when_dropped())
        assert isinstance(report, OffReport)
        assert (True, Beam.OFF, "read back") == (report.confirmed, report.beam, report.how)
        (trip,) = bench.guard.trips
        assert "unbidden" == trip.rule
        assert "OFF was commanded, it reads ON" in trip.message

    on_bench(scenario, dead_man)


@dataclass
class SlowGate(TimedGate):
    """Its position takes longer to read than the lease lasts, once it is `slow`."""

    slow: bool = False

    async def read(self) -> GateState:
        if self.slow and self.bench is not None:
            await self.bench.clock.sleep(ns(SPEC.lease_s + 0.1))
        return await super().read()


def test_a_lease_that_ran_out_on_the_way_to_the_light_lights_nothing() -> None:
    """On is not written, and the shutter is not opened."""
    shutter = SlowGate()

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(ARM)
        shutter.slow, shutter.bench = True, bench
        with pytest.raises(SafetyError, match="tripped: no control step"):
            await bench.guard.emit(Emit(1.0, 600 * NS))
        shutter.slow = False
        assert "on" not in bench.source.log
        assert not [words for words in shutter.log if "through" in words]

    on_bench(scenario, shutter)


@pytest.mark.parametrize("trips", [True, False])
def test_a_dead_man_is_not_let_through_after_a_trip_or_by_whoever_was_disarmed(trips: bool) -> None:
    """Its first look, that it blocks, took longer than arming was wanted."""
    dead_man = SlowGate("deadman", in_beam=False, drops_after_s=0.6, slow=True)

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        dead_man.bench = bench
        arming = asyncio.ensure_future(bench.guard.arm(ARM))
        await bench.clock.sleep(ns(0.5))
        if trips:
            bench.guard.latch(Trip("lease", "a test"))
        else:
            bench.guard.disarm()
        await asyncio.wait({arming})
        assert isinstance(arming.exception(), SafetyError if trips else RefusedError)
        assert not [words for words in dead_man.log if "through" in words]

    on_bench(scenario, dead_man)
