"""The guard's host: arming, the lease, off and its confirmation, on a source made for the test."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import pytest

from labctl.clock import NS, Clock, ns, run_virtual
from labctl.errors import PortDisconnectedError, RefusedError, SafetyError
from labctl.events import Beam, Invalid, Reading
from labctl.evidence import Eyes
from labctl.guard import Guard
from labctl.instruments import Emitter, Seal, SourceState
from labctl.talk import Arm, Emit, Heartbeat, Phase, Trip
from tests.unit.guard.test_rules import SPEC


@dataclass
class FakeSource:
    """A source that does as told, except where a test says otherwise."""

    clock: Clock
    confirms: bool = True
    sets_power_before_on: bool = True
    takes_power_lit: bool = True
    needs_shutter: bool = False
    lit: bool = False
    level_set: float = 0.0
    interlock_closed: bool = True
    ignores_off: bool = False
    unplugged: bool = False
    faults: tuple[str, ...] = ()
    slow_s: float = 0.0
    """From on being written to light."""
    log: list[str] = field(default_factory=list)

    async def off(self) -> None:
        self.log.append("off")
        if self.unplugged:
            raise PortDisconnectedError("gone", where="laser at sim://laser")
        if not self.ignores_off:
            self.lit = False

    async def read(self) -> SourceState:
        await self.clock.sleep(ns(0.01))
        if self.unplugged:
            raise PortDisconnectedError("gone", where="laser at sim://laser")
        beam = Beam.ON if self.lit else Beam.OFF
        return SourceState(
            beam=beam if self.confirms else Beam.UNKNOWN,
            level=None,
            set_level=self.level_set,
            interlock_closed=self.interlock_closed,
            key_on=True,
            faults=self.faults,
        )

    async def emitter(self, seal: Seal) -> Emitter:
        return FakeEmitter(self)

    async def reopen(self) -> None:
        self.log.append("reopen")
        await self.off()

    def level(self, power_w: float) -> float:
        return power_w


@dataclass
class FakeEmitter:
    source: FakeSource

    async def set_level(self, level: float) -> None:
        self.source.log.append(f"level {level:g}")
        self.source.level_set = level

    async def limit_level(self, level: float) -> None:
        self.source.log.append(f"limit {level:g}")

    async def on(self) -> None:
        self.source.log.append("on")
        await self.source.clock.sleep(ns(self.source.slow_s))
        self.source.lit = True


@dataclass
class FakeMeter:
    source: FakeSource

    async def read_power_at_sample(self) -> Reading | Invalid:
        value = self.source.level_set if self.source.lit else 0.0
        return Reading("meter.power", value, "W", self.source.clock.now_ns())


class Bench:
    """A guard with its source, its meter and what it told."""

    def __init__(self, clock: Clock, *, meter: bool = True, **source: bool) -> None:
        self.clock = clock
        self.source = FakeSource(clock, **source)
        self.trips: list[Trip] = []
        self.guard = Guard(
            Eyes(SPEC, self.source, FakeMeter(self.source) if meter else None, clock),
            self.trips.append,
        )

    async def tick(self, temperature_degc: float | None = None) -> None:
        """What a control step does: read everything, then give the guard the guarded reading."""
        await self.guard.eyes.read()
        now_ns = self.clock.now_ns()
        value = 25.0 + now_ns / NS * 0.01 if temperature_degc is None else temperature_degc
        self.guard.heartbeat(Heartbeat(now_ns, value))

    async def light(self, power_w: float = 1.0) -> None:
        """Arm and light as the engine does."""
        await self.tick()
        await self.guard.arm(Arm("test", SPEC.digest()))
        await self.guard.emit(Emit(power_w, 600 * NS))
        await self.tick()


def on_bench(scenario: Callable[[Bench], Awaitable[None]], **knobs: bool) -> None:
    """Run a scenario in virtual time and leave nothing behind."""

    async def main(clock: Clock) -> None:
        bench = Bench(clock, **knobs)
        try:
            await scenario(bench)
        finally:
            bench.source.unplugged = bench.source.ignores_off = False
            await bench.guard.beam_off("end of the test")
            await bench.guard.close()

    run_virtual(main)


def test_a_healthy_emission_is_confirmed_on_and_off() -> None:
    """Armed, lit, read back ON, switched off, read back OFF; the hardware limit was set first."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        assert (Phase.EMITTING, Beam.ON) == (
            bench.guard.known.phase,
            bench.guard.eyes.emission()[0],
        )
        report = await bench.guard.beam_off("done")
        assert (True, Beam.OFF, "read back") == (report.confirmed, report.beam, report.how)
        log = bench.source.log
        assert log.index("limit 1.5") < log.index("level 1") < log.index("on")
        assert [] == bench.trips

    on_bench(scenario)


def test_the_lease_ends_the_emission_when_no_control_step_comes() -> None:
    """Without heartbeats the beam is off one lease after the last one, and the cause is named."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        lit_until_ns = bench.guard.known.lease_until_ns
        await bench.clock.sleep_until(lit_until_ns - ns(0.01))
        assert bench.source.lit
        await bench.clock.sleep_until(lit_until_ns + ns(0.01))
        assert not bench.source.lit
        assert ["lease"] == [trip.rule for trip in bench.trips]

    on_bench(scenario)


def test_heartbeats_keep_the_emission_alive() -> None:
    """Ten seconds of control steps keep the beam on without a trip."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        for _ in range(20):
            await bench.clock.sleep(ns(0.5))
            await bench.tick()
        assert bench.source.lit
        assert [] == bench.trips

    on_bench(scenario)


def test_a_trip_is_latched() -> None:
    """After a trip nothing lights, also when the cause is gone."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        await bench.clock.sleep(ns(0.1))
        await bench.tick(80.0)
        await bench.clock.sleep(ns(0.1))
        assert not bench.source.lit
        await bench.tick(25.0)
        with pytest.raises(SafetyError, match="tripped"):
            await bench.guard.emit(Emit(1.0, NS))
        with pytest.raises(SafetyError, match="tripped"):
            await bench.guard.arm(Arm("test", SPEC.digest()))
        assert Phase.TRIPPED == bench.guard.known.phase

    on_bench(scenario)


@pytest.mark.parametrize("power_w", [0.0, -1.0, 1.51])
def test_a_power_outside_the_limit_is_refused_and_stays_dark(power_w: float) -> None:
    """A limit refuses; it never clips."""

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(Arm("test", SPEC.digest()))
        with pytest.raises(SafetyError, match="outside the limit"):
            await bench.guard.emit(Emit(power_w, NS))
        assert "on" not in bench.source.log

    on_bench(scenario)


def test_nothing_lights_before_it_is_armed() -> None:
    """Emission without arming is refused."""

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        with pytest.raises(RefusedError, match="DISARMED"):
            await bench.guard.emit(Emit(1.0, NS))
        assert "on" not in bench.source.log

    on_bench(scenario)


def test_arming_is_refused_with_an_open_interlock() -> None:
    """Levels are looked at when arming, not only when something changes."""

    async def scenario(bench: Bench) -> None:
        bench.source.interlock_closed = False
        await bench.tick()
        with pytest.raises(SafetyError, match="interlock"):
            await bench.guard.arm(Arm("test", SPEC.digest()))

    on_bench(scenario)


def test_arming_is_refused_under_other_limits_than_were_shown() -> None:
    """The digest of the limits shown must be that of the limits enforced."""

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        with pytest.raises(SafetyError, match="not those that were shown"):
            await bench.guard.arm(Arm("test", replace(SPEC, max_power_w=9).digest()))

    on_bench(scenario)


def test_a_laser_that_ignores_off_is_tried_by_every_path_and_reported() -> None:
    """Off, level 0 and a reopened port are tried; the report says ON and not confirmed."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        bench.source.ignores_off = True
        report = await bench.guard.beam_off("done")
        assert (False, Beam.ON) == (report.confirmed, report.beam)
        assert {"level 0", "reopen", "off"} <= set(bench.source.log)

    on_bench(scenario)


def test_an_unplugged_laser_is_not_reported_off() -> None:
    """A port that is gone gives no read-back: the beam is not confirmed off."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        bench.source.unplugged = True
        report = await bench.guard.beam_off("done")
        assert not report.confirmed

    on_bench(scenario, meter=False)


def test_a_meter_that_saw_the_emission_confirms_off_for_a_laser_without_read_back() -> None:
    """Without read-back, only a meter that saw this emission on can say off."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        report = await bench.guard.beam_off("done")
        assert (True, Beam.OFF, "power meter") == (report.confirmed, report.beam, report.how)

    on_bench(scenario, confirms=False)


def test_without_read_back_and_meter_off_is_only_commanded() -> None:
    """Nobody is told OFF when nobody knows."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        report = await bench.guard.beam_off("done")
        assert (False, Beam.UNKNOWN) == (report.confirmed, report.beam)
        assert "commanded, not confirmed" == report.how

    on_bench(scenario, confirms=False, meter=False)


def test_a_meter_that_still_sees_light_overrules_a_read_back_off() -> None:
    """A laser that says OFF and still emits is not off."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        shining = FakeSource(bench.clock, lit=True, level_set=1.0)
        bench.guard.eyes._meter = FakeMeter(shining)
        report = await bench.guard.beam_off("done")
        assert not report.confirmed
        assert "still sees" in report.how

    on_bench(scenario)


def test_lighting_that_fails_half_way_is_followed_by_off() -> None:
    """When ON raises, off is written before the error goes on."""

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(Arm("test", SPEC.digest()))
        emitter = bench.guard._off.emitter

        async def breaks() -> None:
            bench.source.lit = True
            raise PortDisconnectedError("gone")

        emitter.on = breaks  # type: ignore[union-attr, method-assign]
        with pytest.raises(PortDisconnectedError):
            await bench.guard.emit(Emit(1.0, NS))
        assert not bench.source.lit

    on_bench(scenario)


def test_a_port_lost_while_lighting_leaves_the_guard_dark() -> None:
    """When neither on nor off can be written, the guard does not go on as if it were lit."""

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(Arm("test", SPEC.digest()))
        emitter = bench.guard._off.emitter

        async def loses_the_port() -> None:
            bench.source.unplugged = True
            raise PortDisconnectedError("gone")

        emitter.on = loses_the_port  # type: ignore[union-attr, method-assign]
        with pytest.raises(PortDisconnectedError):
            await bench.guard.emit(Emit(1.0, NS))
        assert Phase.ARMED == bench.guard.known.phase
        assert not (await bench.guard.beam_off("end")).confirmed

    on_bench(scenario, meter=False)


def test_a_trip_while_the_level_is_set_keeps_the_beam_dark() -> None:
    """A rule that fires between set-level and on must not be overwritten by the emission."""

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(Arm("test", SPEC.digest()))
        emitter = bench.guard._off.emitter

        async def trips_meanwhile(level: float) -> None:
            await bench.clock.sleep(ns(0.1))
            bench.guard.heartbeat(Heartbeat(bench.clock.now_ns(), 80.0))

        emitter.set_level = trips_meanwhile  # type: ignore[union-attr, method-assign]
        with pytest.raises(SafetyError, match="tripped"):
            await bench.guard.emit(Emit(1.0, NS))
        assert "on" not in bench.source.log
        assert Phase.TRIPPED == bench.guard.known.phase

    on_bench(scenario)


def test_disarming_takes_the_right_to_light_away() -> None:
    """After a prompt has disarmed, light needs a new arming."""

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(Arm("test", SPEC.digest()))
        bench.guard.disarm()
        with pytest.raises(RefusedError):
            await bench.guard.emit(Emit(1.0, NS))

    on_bench(scenario)


def test_off_after_a_trip_is_repeated_though_nobody_asks() -> None:
    """A source that does not hear off for three seconds, and an engine that is gone."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        bench.source.ignores_off = True
        bench.guard.latch(Trip("lease", "a test"))
        await bench.clock.sleep(ns(3.0))
        assert bench.source.lit
        bench.source.ignores_off = False
        await bench.clock.sleep(ns(0.2))
        assert not bench.source.lit

    on_bench(scenario)


def test_an_off_at_the_declared_end_is_repeated_though_nobody_asks() -> None:
    """As after a trip, and unconfirmed for a second it is one."""

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(Arm("test", SPEC.digest()))
        await bench.guard.emit(Emit(1.0, ns(0.5)))
        bench.source.ignores_off = True
        await bench.clock.sleep(ns(1.2))
        assert (bench.source.lit, []) == (True, bench.trips)
        await bench.clock.sleep(ns(0.8))
        assert ["unbidden"] == [trip.rule for trip in bench.trips]
        bench.source.ignores_off = False
        await bench.clock.sleep(ns(0.2))
        assert not bench.source.lit

    on_bench(scenario)


def test_what_is_lit_again_after_a_trip_is_switched_off_again() -> None:
    """By its own front panel, long after its off was confirmed; the first cause stays."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        bench.guard.latch(Trip("lease", "a test"))
        for _ in range(6):
            await bench.clock.sleep(ns(0.5))
            await bench.tick()
        bench.source.lit = True
        await bench.tick()
        await bench.clock.sleep(ns(0.1))
        assert not bench.source.lit
        assert (["lease"], Phase.TRIPPED) == (
            [t.rule for t in bench.trips],
            bench.guard.known.phase,
        )

    on_bench(scenario)


def test_who_waits_no_more_for_an_off_does_not_end_it() -> None:
    """The other one who asked hears what came of it."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        bench.source.ignores_off = True
        first = asyncio.ensure_future(bench.guard.beam_off("one"))
        second = asyncio.ensure_future(bench.guard.beam_off("another"))
        await bench.clock.sleep(ns(0.3))
        first.cancel()
        bench.source.ignores_off = False
        report = await second
        assert (True, "read back", True) == (report.confirmed, report.how, first.cancelled())

    on_bench(scenario)


def test_while_an_off_after_a_trip_is_under_way_none_other_is_begun_nor_a_trip_reset() -> None:
    """A laser that ignores off: looked at again and again it is repeated by the one that runs; and
    a trip stays, whoever disarms."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        bench.source.ignores_off = True
        bench.guard.latch(Trip("lease", "a test"))
        for _ in range(8):
            await bench.clock.sleep(ns(0.5))
            await bench.tick()
            bench.guard.disarm()
        assert Phase.TRIPPED is bench.guard.known.phase
        assert (1, ["lease"]) == (len(bench.guard._switching), [t.rule for t in bench.trips])

    on_bench(scenario)


def test_to_disarm_while_it_is_lit_is_an_off() -> None:
    """Every right to light goes back, lit or not."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        bench.guard.disarm()
        await bench.clock.sleep(ns(0.1))
        assert (False, Phase.DISARMED) == (bench.source.lit, bench.guard.known.phase)
        assert [] == bench.trips

    on_bench(scenario)


def test_to_disarm_while_it_is_being_armed_or_lit_ends_that() -> None:
    """Both refuse, and nothing is lit."""

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        arming = asyncio.ensure_future(bench.guard.arm(Arm("test", SPEC.digest())))
        await bench.clock.sleep(ns(0.005))
        bench.guard.disarm()
        with pytest.raises(RefusedError, match="cannot arm in DISARMED: it must be ARMING"):
            await arming
        await bench.guard.arm(Arm("test", SPEC.digest()))
        lighting = asyncio.ensure_future(bench.guard.emit(Emit(1.0, NS)))
        await bench.clock.sleep(ns(0.005))
        bench.guard.disarm()
        with pytest.raises(RefusedError, match="DISARMED"):
            await lighting
        assert (False, Phase.DISARMED) == (bench.source.lit, bench.guard.known.phase)

    on_bench(scenario)


def test_an_off_while_on_is_being_written_wins() -> None:
    """On may reach the source after it: the request to light fails, and off is written again."""

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(Arm("test", SPEC.digest()))
        bench.source.slow_s = 0.5
        lighting = asyncio.ensure_future(bench.guard.emit(Emit(1.0, NS)))
        await bench.clock.sleep(ns(0.1))
        await bench.guard.beam_off("stop")
        with pytest.raises(RefusedError, match="in ARMED: it must be EMISSION DELAY or EMITTING"):
            await lighting
        assert not bench.source.lit

    on_bench(scenario)


def test_whoever_disarms_leaves_the_drive_level_as_a_way_to_darkness() -> None:
    """It comes between the off that is ignored and the time for the other ways."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        bench.source.ignores_off = True
        bench.guard.latch(Trip("lease", "a test"))
        bench.guard.disarm()
        await bench.clock.sleep(ns(2.0))
        assert "level 0" in bench.source.log

    on_bench(scenario)


def test_a_source_that_says_on_is_not_told_never_lit() -> None:
    """Nobody asked for light, and it cannot tell that it is off; that it is on, it says."""

    async def scenario(bench: Bench) -> None:
        dark = await bench.guard.beam_off("before")
        assert (True, "never lit") == (dark.confirmed, dark.how)
        said, read = SourceState(Beam.ON, None, None, True, True), bench.source.read

        async def says_on() -> SourceState:
            return said

        bench.source.read = says_on  # type: ignore[method-assign]
        report = await bench.guard.beam_off("after")
        bench.source.read = read  # type: ignore[method-assign]
        assert (False, Beam.UNKNOWN) == (report.confirmed, report.beam)

    on_bench(scenario, meter=False, confirms=False)
