"""Rules are looked at at every tick, in the middle of lighting too: what they find never lights."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from labctl.clock import NS, Clock, ns, run_virtual
from labctl.errors import LabctlError, SafetyError
from labctl.events import Reading
from labctl.evidence import Eyes
from labctl.guard import Guard
from labctl.instruments import Gatekeeper, GateState, Seal
from labctl.talk import Arm, Emit, Heartbeat, Phase, Trip
from tests.unit.guard.test_host import FakeMeter, FakeSource
from tests.unit.guard.test_rules import SPEC


@dataclass
class SlowShutter:
    """A shutter that takes its time to answer."""

    clock: Clock
    name: str = "shutter"
    in_beam: bool = True
    drops_after_s: float | None = None
    shut: bool = True
    log: list[str] = field(default_factory=list)

    async def block(self) -> None:
        self.shut = True

    async def read(self) -> GateState:
        await self.clock.sleep(ns(0.1))
        return GateState(self.shut)

    async def gatekeeper(self, seal: Seal) -> Gatekeeper:
        return self

    async def let_through(self) -> None:
        self.log.append("opened")
        self.shut = False

    async def feed(self) -> GateState:
        return GateState(self.shut)


async def _lit_while(clock: Clock, guard: Guard, happens_ns: int, trip: bool) -> LabctlError | None:
    """Arm, ask for light, and let something happen so long after."""
    await guard.eyes.read()
    guard.heartbeat(Heartbeat(clock.now_ns(), 25.0))
    await guard.arm(Arm("test", SPEC.digest()))
    lighting = asyncio.ensure_future(guard.emit(Emit(1.0, 60 * NS)))
    await clock.sleep(happens_ns)
    if trip:
        guard.latch(Trip("interlock", "opened"))
    else:
        await guard.beam_off("a person")
    await asyncio.wait({lighting})
    error = lighting.exception()
    assert error is None or isinstance(error, LabctlError)
    return error


@pytest.mark.parametrize("trip", [True, False])
def test_nothing_lights_after_a_trip_while_the_shutter_is_read(trip: bool) -> None:
    """A trip, or an off, between the level and on: on is never written."""

    async def main(clock: Clock) -> None:
        source, shutter = FakeSource(clock), SlowShutter(clock)
        guard = Guard(Eyes(SPEC, source, FakeMeter(source), clock, [shutter]), lambda t: None)
        error = await _lit_while(clock, guard, ns(0.05), trip)
        assert isinstance(error, LabctlError)
        assert trip == isinstance(error, SafetyError)
        assert ("on" in source.log, shutter.log) == (False, [])
        await guard.close()

    run_virtual(main)


@pytest.mark.parametrize("trip", [True, False])
def test_the_shutter_stays_shut_after_a_trip_while_the_power_is_measured(trip: bool) -> None:
    """A laser lit behind its shutter: a trip, or an off, while the meter is read opens nothing."""

    async def main(clock: Clock) -> None:
        source, shutter = FakeSource(clock, sets_power_before_on=False), SlowShutter(clock)
        meter = FakeMeter(source)
        quick = meter.read_power_at_sample

        async def slow() -> Reading:
            given = await quick()
            await clock.sleep(ns(0.1))
            assert isinstance(given, Reading)
            return given

        meter.read_power_at_sample = slow  # type: ignore[method-assign]
        guard = Guard(Eyes(SPEC, source, meter, clock, [shutter]), lambda t: None)
        assert await _lit_while(clock, guard, ns(0.15), trip) is not None
        assert (True, []) == (shutter.shut, shutter.log)
        await guard.beam_off("end")
        await guard.close()

    run_virtual(main)


def test_a_tick_in_the_middle_of_lighting_is_no_trip() -> None:
    """The emission begins with its command, not with the one before: nothing is too long or too
    weak yet."""

    async def main(clock: Clock) -> None:
        source, shutter = FakeSource(clock), SlowShutter(clock)
        guard = Guard(Eyes(SPEC, source, FakeMeter(source), clock, [shutter]), lambda t: None)
        await clock.sleep(2000 * NS)
        await guard.eyes.read()
        guard.heartbeat(Heartbeat(clock.now_ns(), 25.0))
        await guard.arm(Arm("test", SPEC.digest()))
        lighting = asyncio.ensure_future(guard.emit(Emit(1.0, 60 * NS)))
        for _ in range(20):
            await clock.sleep(ns(0.01))
            guard.look()
            await guard.eyes.read()
        await lighting
        assert ([], Phase.EMITTING) == (guard.trips, guard.known.phase)
        await guard.beam_off("end")
        await guard.close()

    run_virtual(main)
