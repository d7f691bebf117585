"""What would have lit too long, hidden stray light, or broken the way to off."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labctl.clock import NS, Clock, ns, run_virtual
from labctl.errors import SafetyError
from labctl.events import Beam, Invalid, Reading
from labctl.evidence import Known, note_source
from labctl.guard import decide
from labctl.guard._rules import take_beat
from labctl.instruments import SourceState
from labctl.talk import Arm, Emit, Heartbeat, Phase
from tests.unit.guard.test_host import Bench, FakeMeter, FakeSource, on_bench
from tests.unit.guard.test_rules import SPEC, healthy, seen


def test_an_expired_lease_is_not_renewed_by_a_late_heartbeat() -> None:
    """A machine that was suspended wakes up with a fresh reading and an expired lease: off."""
    state = healthy()
    late_ns = state.lease_until_ns + 1
    take_beat(SPEC, state, Heartbeat(late_ns, 30.5), late_ns)

    assert "lease" in {trip.rule for trip in decide(SPEC, state, late_ns)}


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 2 * NS), min_size=1, max_size=30))
def test_no_rhythm_of_heartbeats_outlives_a_gap_of_one_lease(gaps_ns: list[int]) -> None:
    """Whatever the rhythm, the lease is live after it only if no gap was longer than a lease."""
    state = healthy()
    now_ns = state.temperatures[-1][0]
    for number, gap_ns in enumerate(gaps_ns):
        now_ns += gap_ns
        take_beat(SPEC, state, Heartbeat(now_ns, 30.0 + 0.01 * (number % 2)), now_ns)
    broken = any(gap_ns > round(SPEC.lease_s * NS) for gap_ns in gaps_ns)

    assert broken == (now_ns > state.lease_until_ns)


def test_an_old_reading_that_comes_late_renews_nothing() -> None:
    """After 10, 5, 7 the reading of 7 is still older than that of 10."""
    state = healthy()
    newest_ns = state.temperatures[-1][0]
    until_ns = state.lease_until_ns
    for age_ns in (ns(0.5), ns(0.3)):
        take_beat(SPEC, state, Heartbeat(newest_ns - age_ns, 30.0), newest_ns + 1)

    assert until_ns == state.lease_until_ns


def test_a_frozen_reading_is_found_behind_invalid_ones() -> None:
    """A timeout between two equal readings does not make the second one new."""
    state = healthy()
    now_ns = state.temperatures[-1][0]
    for step in range(2 * SPEC.frozen_after + 2):
        now_ns += ns(0.1)
        value = 30.0 if step % 2 == 0 else None
        note_source(state, seen(taken_ns=now_ns))
        take_beat(SPEC, state, Heartbeat(now_ns, value, "" if value else "timeout"), now_ns)

    assert "frozen" in {trip.rule for trip in decide(SPEC, state, now_ns)}


def test_cooling_before_the_light_is_not_a_fall_of_this_emission() -> None:
    """A hot sample may be lit again while it still cools."""
    state = Known()
    for step in range(10):
        taken_ns = step * ns(0.5)
        take_beat(SPEC, state, Heartbeat(taken_ns, 60.0 - step), taken_ns)
    lit_ns = 5 * NS
    state.phase, state.commanded_w = Phase.EMITTING, 1.0
    state.lit_ns, state.at_most_ns, state.lease_until_ns = lit_ns, 60 * NS, lit_ns + NS
    take_beat(SPEC, state, Heartbeat(lit_ns + 1, 50.5), lit_ns + 1)

    assert "fall" not in {trip.rule for trip in decide(SPEC, state, lit_ns + 1)}


def test_the_emission_ends_at_its_declared_end_though_its_step_hangs() -> None:
    """With heartbeats alive and nobody saying off, the guard does, and that is no fault."""

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(Arm("test", SPEC.digest()))
        await bench.guard.emit(Emit(1.0, 3 * NS))
        lit_ns = bench.guard.known.lit_ns
        while bench.clock.now_ns() < lit_ns + ns(2.9):
            await bench.clock.sleep(ns(0.4))
            await bench.tick()
        await bench.clock.sleep_until(lit_ns + ns(3.1))
        assert not bench.source.lit
        assert ([], Phase.ARMED) == (bench.trips, bench.guard.known.phase)

    on_bench(scenario)


def test_an_end_that_cannot_be_written_trips() -> None:
    """Off at the declared end that does not get out is a trip, so that every path is tried."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        bench.guard.known.at_most_ns = ns(0.5)
        bench.guard._watch()
        bench.source.unplugged = True
        await bench.clock.sleep(ns(0.9))
        assert ["exposure"] == [trip.rule for trip in bench.trips]

    on_bench(scenario)


def test_arming_sees_stray_light_before_its_own_off_hides_it() -> None:
    """A laser that went on by itself just before is a trip, not something to arm over."""

    async def scenario(bench: Bench) -> None:
        await bench.clock.sleep(5 * NS)
        await bench.tick()
        bench.source.lit = True
        with pytest.raises(SafetyError, match="reads ON although commanded off"):
            await bench.guard.arm(Arm("test", SPEC.digest()))
        assert Phase.TRIPPED == bench.guard.known.phase

    on_bench(scenario)


def test_a_source_with_read_back_that_does_not_read_off_is_not_armed() -> None:
    """UNKNOWN from a source that can be read is not OFF."""

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        real = bench.source.read

        async def unknown() -> SourceState:
            state = await real()
            return SourceState(Beam.UNKNOWN, 0.2, 0.0, state.interlock_closed, state.key_on)

        bench.source.read = unknown  # type: ignore[method-assign]
        with pytest.raises(SafetyError, match="cannot arm: the source reads UNKNOWN"):
            await bench.guard.arm(Arm("test", SPEC.digest()))

    on_bench(scenario)


class SeesLight:
    """A meter that sees as much light as it is told."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.watts: float | None = 0.0

    async def read_power_at_sample(self) -> Reading | Invalid:
        if self.watts is None:
            return Invalid("meter.power", "timeout", "", self.clock.now_ns())
        return Reading("meter.power", self.watts, "W", self.clock.now_ns())


def test_never_lit_is_not_off_while_the_meter_sees_light() -> None:
    """A laser without read-back that went on by itself is not said to be off for never having
    been lit."""

    async def scenario(bench: Bench) -> None:
        meter = SeesLight(bench.clock)
        bench.guard.eyes._meter = meter
        meter.watts = 0.3
        report = await bench.guard.beam_off("unbidden")
        assert (False, Beam.ON) == (report.confirmed, report.beam)
        meter.watts = 0.0
        report = await bench.guard.beam_off("again")
        assert (True, "power meter") == (report.confirmed, report.how)

    on_bench(scenario, confirms=False)


def test_a_rest_of_the_beam_is_not_dark() -> None:
    """Off means below 10 mW, not below a tenth of what was asked for."""

    async def scenario(bench: Bench) -> None:
        meter = SeesLight(bench.clock)
        bench.guard.eyes._meter = meter
        meter.watts = 1.0
        await bench.tick()
        bench.guard.known.meter_saw_it = False
        meter.watts = 0.0
        await bench.light()
        meter.watts = 1.0
        await bench.tick()
        meter.watts = 0.08
        report = await bench.guard.beam_off("done")
        assert not report.confirmed
        meter.watts = 0.0

    on_bench(scenario, confirms=False)


@pytest.mark.parametrize("where", ["off", "read", "reopen"])
def test_a_fault_of_the_driver_itself_does_not_break_the_way_to_off(where: str) -> None:
    """A TypeError on one path leaves the others to be tried, and a report comes back."""

    async def scenario(bench: Bench) -> None:
        await bench.light()

        async def breaks() -> None:
            raise TypeError("a slip of the pen")

        source: FakeSource = bench.source
        real = getattr(source, where)
        setattr(source, where, breaks)
        source.ignores_off = where == "reopen"
        report = await bench.guard.beam_off("done")
        assert not report.confirmed
        assert "TypeError: a slip of the pen" in report.how
        assert "drive level set to 0" in report.how
        setattr(source, where, real)

    on_bench(scenario)


def test_whoever_is_told_of_a_trip_hears_it_although_off_failed() -> None:
    """A trip is told also when the first off could not be written."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        bench.source.unplugged = True
        bench.guard.heartbeat(Heartbeat(bench.clock.now_ns() + 1, 80.0))
        await bench.clock.sleep(1)
        assert ["temperature"] == [trip.rule for trip in bench.trips]

    on_bench(scenario)


@pytest.mark.parametrize("turns", range(12))
def test_a_stop_at_any_turn_of_arming_and_lighting_ends_dark(turns: int) -> None:
    """Cancelled after any number of turns of the loop, off is the last thing that was written."""
    log: list[str] = []

    async def main(clock: Clock) -> None:
        bench = Bench(clock)
        task = asyncio.ensure_future(bench.light())
        for _ in range(turns):
            await clock.sleep(ns(0.004))
        task.cancel()
        await asyncio.wait({task})
        await bench.guard.beam_off("stopped")
        await bench.guard.close()
        log.extend(bench.source.log)
        assert not bench.source.lit

    run_virtual(main)

    assert "off" == log[-1]


@pytest.mark.parametrize("goes_out", [True, False], ids=["dark", "lit"])
def test_light_that_the_meter_saw_before_a_late_reply_is_looked_for_again(
    monkeypatch: pytest.MonkeyPatch, *, goes_out: bool
) -> None:
    """The meter lags by 0.1 s and the source's OFF comes after 0.7 s: only what the meter sees then
    counts, and light that is still there is not confirmed off."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        gone_ns = bench.clock.now_ns() + ns(0.1)

        async def late() -> SourceState:
            await bench.clock.sleep(ns(0.7) if len(seen_w) < 2 else ns(0.01))
            return SourceState(Beam.OFF, None, None, interlock_closed=True, key_on=True)

        async def lagging(meter: FakeMeter) -> Reading:
            now_ns = bench.clock.now_ns()
            seen_w.append(0.0 if goes_out and now_ns > gone_ns else 1.0)
            return Reading("meter.power", seen_w[-1], "W", now_ns)

        seen_w: list[float] = []
        monkeypatch.setattr(bench.source, "read", late)
        monkeypatch.setattr(FakeMeter, "read_power_at_sample", lagging)
        report = await bench.guard.beam_off("done")

        assert seen_w[0] == 1.0
        assert report.confirmed is goes_out
        assert ([] if goes_out else ["unbidden"]) == [trip.rule for trip in bench.trips]
        monkeypatch.undo()

    on_bench(scenario)
