"""Laser and resistor under one guard: one lit at a time, one trip and one off for all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import pytest

from labctl.clock import NS, Clock, ns, run_virtual
from labctl.errors import RefusedError, SafetyError
from labctl.events import HEATER, LASER, Beam
from labctl.evidence import eyes_of
from labctl.guard import Guards
from labctl.instruments import SourceState
from labctl.talk import STOP, Arm, Emit, Heartbeat, Phase, Trip, not_confirmed
from tests.unit.guard.test_host import FakeMeter, FakeSource
from tests.unit.guard.test_rules import SPEC

HEATER_SPEC = replace(
    SPEC, max_power_w=1.0, max_measured_power_w=1.25, needs_interlock=False, max_energy_j=100.0
)
LASER_SPEC = replace(SPEC, max_energy_j=100.0)


@dataclass
class FakeSupply(FakeSource):
    """A source that measures what it gives, also when it says that it is off."""

    lied_to_off: bool = False
    gives: float = 1.0
    """Over what it should."""

    async def off(self) -> None:
        if self.lied_to_off:
            self.log.append("off")
        else:
            await super().off()

    async def read(self) -> SourceState:
        state = await super().read()
        power_w = self.level_set * self.gives if self.lit else 0.0
        beam = Beam.UNKNOWN if self.lied_to_off and self.lit else state.beam
        faults = (f"{power_w:.1f} W flow",) if beam is Beam.UNKNOWN else ()
        return replace(
            state, beam=beam, interlock_closed=None, key_on=None, power_w=power_w, faults=faults
        )


class Bench:
    """Two sources with their guards, and what was told."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.laser = FakeSource(clock)
        self.supply = FakeSupply(clock)
        self.trips: list[Trip] = []
        self.guards = Guards(
            eyes_of(
                {LASER: LASER_SPEC, HEATER: HEATER_SPEC},
                {LASER: self.laser, HEATER: self.supply},
                FakeMeter(self.laser),
                clock,
            ),
            clock,
            self.trips.append,
        )

    async def tick(self, temperature_degc: float | None = None) -> None:
        await self.guards.readings()
        now_ns = self.clock.now_ns()
        value = 25.0 + now_ns / NS * 0.01 if temperature_degc is None else temperature_degc
        self.guards.heartbeat(Heartbeat(now_ns, value))

    async def light(self, source: str, power_w: float = 0.5, at_most_s: float = 600) -> None:
        await self.tick()
        spec = self.guards.of(source).spec
        if self.guards.of(source).known.phase is Phase.DISARMED:
            await self.guards.arm(Arm("test", spec.digest(), source))
        await self.guards.emit(Emit(power_w, ns(at_most_s), source))
        await self.tick()

    async def ticks(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.5)):
            await self.clock.sleep(ns(0.5))
            await self.tick()


def on_bench(scenario: Callable[[Bench], Awaitable[None]]) -> None:
    """Run a scenario in virtual time and leave nothing behind."""

    async def main(clock: Clock) -> None:
        bench = Bench(clock)
        try:
            await scenario(bench)
        finally:
            for source in (bench.laser, bench.supply):
                source.unplugged = source.ignores_off = False
            bench.supply.lied_to_off = False
            await bench.guards.beam_off("end of the test")
            await bench.guards.close()

    run_virtual(main)


def test_the_resistor_is_energised_and_confirmed_off_as_a_laser_is() -> None:
    """Armed, limited, lit, its power measured, switched off, read back."""

    async def scenario(bench: Bench) -> None:
        await bench.light(HEATER)
        guard = bench.guards.of(HEATER)
        assert (Phase.EMITTING, (Beam.ON, "read back")) == (
            guard.known.phase,
            guard.eyes.emission(),
        )
        await bench.ticks(10.0)
        assert 5.0 == pytest.approx(guard.known.energy_j, rel=0.1)
        reports = await bench.guards.beam_off("done")
        assert [(LASER, True), (HEATER, True)] == [
            (r.source, r.confirmed) for r in reports.values()
        ]
        log = bench.supply.log
        assert log.index("limit 1") < log.index("level 0.5") < log.index("on")
        assert ([], "on" in bench.laser.log) == (bench.trips, False)

    on_bench(scenario)


@pytest.mark.parametrize(("first", "second"), [(LASER, HEATER), (HEATER, LASER)])
def test_two_sources_are_never_lit_together(first: str, second: str) -> None:
    """While one is on, the other is neither armed nor lit; after it, it is."""

    async def scenario(bench: Bench) -> None:
        await bench.light(first)
        with pytest.raises(RefusedError, match=f"the {first} is on"):
            await bench.light(second)
        await bench.guards.beam_off("step over")
        await bench.light(second)
        assert Phase.EMITTING is bench.guards.of(second).known.phase
        assert Phase.DISARMED is bench.guards.of(first).known.phase

    on_bench(scenario)


@pytest.mark.parametrize(("lit", "other"), [(LASER, HEATER), (HEATER, LASER)])
def test_what_nobody_asked_for_trips_while_the_other_is_lit(lit: str, other: str) -> None:
    """The dark source goes on by itself: both go off, latched, and the cause is named."""

    async def scenario(bench: Bench) -> None:
        await bench.light(lit)
        await bench.ticks(5.0)
        stray = bench.supply if other == HEATER else bench.laser
        stray.lit, stray.level_set = True, 0.3
        await bench.tick()
        await bench.clock.sleep(ns(0.1))
        assert ["unbidden"] == [trip.rule for trip in bench.trips]
        assert (other == HEATER) == bench.trips[0].message.startswith("heater: ")
        assert not (bench.laser.lit or bench.supply.lit)
        assert [Phase.TRIPPED] * 2 == [bench.guards.of(n).known.phase for n in (LASER, HEATER)]

    on_bench(scenario)


def test_a_trip_of_one_latches_all() -> None:
    """Too hot while the resistor heats: the laser cannot be lit either."""

    async def scenario(bench: Bench) -> None:
        await bench.light(HEATER)
        await bench.tick(80.0)
        await bench.clock.sleep(ns(0.1))
        with pytest.raises(SafetyError, match="tripped"):
            await bench.light(LASER)
        assert [("temperature", True)] == [
            (t.rule, t.message.startswith("heater: ")) for t in bench.trips
        ]
        assert [Phase.TRIPPED] * 2 == [bench.guards.of(n).known.phase for n in (LASER, HEATER)]

    on_bench(scenario)


def test_the_lease_ends_the_heating_when_no_control_step_comes() -> None:
    """Without heartbeats the resistor is off one lease after the last one."""

    async def scenario(bench: Bench) -> None:
        await bench.light(HEATER)
        until_ns = bench.guards.of(HEATER).known.lease_until_ns
        await bench.clock.sleep_until(until_ns + ns(0.01))
        assert not bench.supply.lit
        assert ["lease"] == [trip.rule for trip in bench.trips]

    on_bench(scenario)


def test_energy_is_counted_over_both_sources() -> None:
    """A limit of 100 J is met by 60 J of light and 40 J of current."""

    async def scenario(bench: Bench) -> None:
        await bench.light(LASER, 1.0)
        await bench.ticks(60.0)
        await bench.guards.beam_off("step over")
        await bench.light(HEATER, 1.0)
        await bench.ticks(30.0)
        assert [] == bench.trips
        await bench.ticks(20.0)
        assert ["energy"] == [trip.rule for trip in bench.trips]

    on_bench(scenario)


def test_a_power_that_is_not_as_commanded_trips() -> None:
    """A resistor that has broken takes no power: measured against commanded says so."""

    async def scenario(bench: Bench) -> None:
        await bench.light(HEATER)
        bench.supply.gives = 0.0
        await bench.ticks(3.0)
        assert ["power-mismatch"] == [trip.rule for trip in bench.trips]

    on_bench(scenario)


@pytest.mark.parametrize("power_w", [0.0, 1.01])
def test_a_power_outside_the_heater_s_own_limit_is_refused(power_w: float) -> None:
    """The laser may give more; the resistor may not."""

    async def scenario(bench: Bench) -> None:
        with pytest.raises(SafetyError, match="outside the limit"):
            await bench.light(HEATER, power_w)
        assert "on" not in bench.supply.log

    on_bench(scenario)


@pytest.mark.parametrize(
    ("fault", "word"),
    [("ignores_off", "reads ON"), ("lied_to_off", "0.5 W flow"), ("unplugged", "gone")],
)
def test_a_supply_that_cannot_be_seen_off_is_not_reported_off(fault: str, word: str) -> None:
    """Stuck on, lying about off, unplugged: every path is tried, the other source is off all the
    same, and the report names this one."""

    async def scenario(bench: Bench) -> None:
        await bench.light(HEATER)
        setattr(bench.supply, fault, True)
        reports = await bench.guards.beam_off("done")
        assert (True, False) == (reports[LASER].confirmed, reports[HEATER].confirmed)
        assert word in reports[HEATER].how
        assert {"level 0", "reopen", "off"} <= set(bench.supply.log)
        assert "THE HEATER IS NOT CONFIRMED OFF" in str(not_confirmed(reports[HEATER]))

    on_bench(scenario)


def test_a_lie_about_off_in_the_dark_is_unbidden() -> None:
    """Nothing was asked for, it says OFF or cannot say, and power flows: a trip."""

    async def scenario(bench: Bench) -> None:
        await bench.ticks(3.0)
        bench.supply.lit, bench.supply.level_set, bench.supply.lied_to_off = True, 0.3, True
        await bench.tick()
        await bench.clock.sleep(ns(0.1))
        assert ["unbidden"] == [trip.rule for trip in bench.trips]

    on_bench(scenario)


def test_two_requests_at_once_arm_and_light_one_source() -> None:
    """The second is refused while the first is under way."""

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        arms = [Arm("test", bench.guards.of(name).spec.digest(), name) for name in (LASER, HEATER)]
        came = await asyncio.gather(*map(bench.guards.arm, arms), return_exceptions=True)
        assert came[0] is None and isinstance(came[1], RefusedError)
        assert [Phase.ARMED, Phase.DISARMED] == [
            bench.guards.of(name).known.phase for name in (LASER, HEATER)
        ]
        emits = (Emit(0.5, NS), Emit(0.5, NS))
        came = await asyncio.gather(*map(bench.guards.emit, emits), return_exceptions=True)
        assert came[0] is None and isinstance(came[1], RefusedError)

    on_bench(scenario)


def test_a_stop_right_after_a_trip_does_not_hide_it() -> None:
    """What tripped first is what is told: a person's stop is kept on no disk, and a trip is."""

    async def scenario(bench: Bench) -> None:
        bench.guards.of(HEATER).latch(Trip("lease", "no control step"))
        assert "lease" == bench.guards.latch(Trip(STOP, "a person")).rule
        await bench.ticks(0.5)
        assert ["lease"] == [trip.rule for trip in bench.trips]

    on_bench(scenario)
