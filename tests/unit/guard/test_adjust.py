"""Another power while lit: what is refused, what an error on the way does, and what the rules make
of a power that has just been changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from labctl.clock import NS, Clock, ns, run_virtual
from labctl.errors import LabctlError, PortDisconnectedError, RefusedError, SafetyError
from labctl.events import LASER, Beam
from labctl.evidence import Known, note_power, note_source
from labctl.guard import Guard, decide
from labctl.guard._rules import take_beat
from labctl.talk import Arm, Emit, Heartbeat, Phase
from tests.unit.guard.test_guards import Bench as Sources
from tests.unit.guard.test_host import Bench, on_bench
from tests.unit.guard.test_rules import NOW_NS, SPEC, healthy, seen


def changed(state: Known, power_w: float, now_ns: int) -> None:
    """As the host does it, in no time."""
    note_power(SPEC, state, power_w, now_ns, written=False)
    note_power(SPEC, state, power_w, now_ns, written=True)


def rules_at(state: Known, now_ns: int, measured_w: float) -> set[str]:
    """What fires so late, the newest reading of the meter being this."""
    state.lease_until_ns = now_ns + NS
    take_beat(SPEC, state, Heartbeat(now_ns, 30.0 + now_ns / NS / 100), now_ns)
    note_source(state, seen(taken_ns=now_ns, meter_ns=now_ns, measured_power_w=measured_w))
    return {trip.rule for trip in decide(SPEC, state, now_ns)}


# -- what it does ----------------------------------------------------------------------------


def test_a_power_is_set_and_lengthens_nothing() -> None:
    """The level is written, the emission goes on, and its end, its lease and its beginning stay."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        state = bench.guard.known
        before = (state.lit_ns, state.at_most_ns, state.lease_until_ns)
        set_ns = await bench.guard.adjust(0.5)
        assert (0.5, 0.5, True) == (bench.source.level_set, state.commanded_w, bench.source.lit)
        assert before == (state.lit_ns, state.at_most_ns, state.lease_until_ns)
        assert set_ns == bench.clock.now_ns()
        assert 1 == bench.source.log.count("on")

    on_bench(scenario)


@pytest.mark.parametrize("power_w", [0.0, -1.0, 1.51, float("nan")])
def test_a_power_outside_the_limit_is_refused_and_the_light_stays_as_it_is(power_w: float) -> None:
    """A limit refuses; it never clips, and a refusal is no trip."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        with pytest.raises(SafetyError, match="outside the limit"):
            await bench.guard.adjust(power_w)
        assert (1.0, True) == (bench.source.level_set, bench.source.lit)
        assert ([], Phase.EMITTING) == (bench.trips, bench.guard.known.phase)

    on_bench(scenario)


def test_more_power_than_the_energy_left_allows_is_refused_and_less_never_is() -> None:
    """Counted until the declared end, on top of what has been given."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        bench.guard.known.energy_j = 1100.0
        with pytest.raises(SafetyError, match="come to more than 1800 J"):
            await bench.guard.adjust(1.4)
        await bench.guard.adjust(1.1)
        bench.guard.known.energy_j = 1790.0
        await bench.guard.adjust(1.0)
        assert (1.0, True) == (bench.source.level_set, bench.source.lit)

    on_bench(scenario)


def test_without_light_there_is_nothing_to_adjust() -> None:
    """Not before it is lit, not after; it never relights."""

    async def scenario(bench: Bench) -> None:
        with pytest.raises(RefusedError, match="DISARMED"):
            await bench.guard.adjust(0.5)
        await bench.light()
        await bench.guard.beam_off("done")
        with pytest.raises(RefusedError, match="ARMED"):
            await bench.guard.adjust(0.5)
        assert not bench.source.lit

    on_bench(scenario)


def test_a_rule_that_is_violated_comes_before_another_power() -> None:
    """Everything is looked at first: tripped, and nothing is set."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        bench.guard.known.seen = seen(interlock_closed=False, taken_ns=bench.clock.now_ns())
        with pytest.raises(SafetyError, match="interlock"):
            await bench.guard.adjust(0.5)
        assert 1.0 == bench.source.level_set

    on_bench(scenario)


def test_a_source_that_takes_no_power_while_lit_says_so() -> None:
    """Refused with a reason, and the light stays as it is."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        with pytest.raises(RefusedError, match="takes no other power while it is on"):
            await bench.guard.adjust(0.5)
        assert (1.0, True) == (bench.source.level_set, bench.source.lit)

    on_bench(scenario, takes_power_lit=False)


def slow_level(guard: Guard) -> asyncio.Event:
    """From here on a level takes until this event is set."""
    emitter, going_on = guard._off.emitter, asyncio.Event()
    assert emitter is not None
    quick = emitter.set_level

    async def slow(level: float) -> None:
        await going_on.wait()
        await quick(level)

    emitter.set_level = slow  # type: ignore[method-assign]
    return going_on


def while_setting(happens: Callable[[Bench, asyncio.Event], Awaitable[None]]) -> None:
    """A level that takes its time, and what happens meanwhile; dark in the end."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        going_on = slow_level(bench.guard)
        await happens(bench, going_on)
        await bench.clock.sleep(ns(0.05))
        assert not bench.source.lit
        assert "off" == bench.source.log[-1]

    on_bench(scenario)


def test_a_port_that_fails_on_the_way_ends_the_light() -> None:
    """Nobody knows the power then: off, confirmed or not, and the error goes on."""

    async def scenario(bench: Bench) -> None:
        await bench.light()
        emitter = bench.guard._off.emitter
        assert emitter is not None

        async def breaks(level: float) -> None:
            raise PortDisconnectedError("gone")

        emitter.set_level = breaks  # type: ignore[method-assign]
        with pytest.raises(PortDisconnectedError):
            await bench.guard.adjust(0.5)
        await bench.clock.sleep(ns(0.05))
        assert (False, Phase.ARMED) == (bench.source.lit, bench.guard.known.phase)

    on_bench(scenario)


def test_off_while_a_power_is_written_wins() -> None:
    """The level comes after it: off is written again, and the request ends by an error."""

    async def happens(bench: Bench, going_on: asyncio.Event) -> None:
        setting = asyncio.ensure_future(bench.guard.adjust(0.5))
        await bench.clock.sleep(ns(0.01))
        await bench.guard.beam_off("a person")
        going_on.set()
        await asyncio.wait({setting})
        assert isinstance(setting.exception(), RefusedError)

    while_setting(happens)


def test_a_power_that_nobody_waits_for_any_more_ends_the_light() -> None:
    """Whether it was taken is not known."""

    async def happens(bench: Bench, going_on: asyncio.Event) -> None:
        setting = asyncio.ensure_future(bench.guard.adjust(0.5))
        await bench.clock.sleep(ns(0.01))
        setting.cancel()
        await asyncio.wait({setting})
        assert setting.cancelled()

    while_setting(happens)


def test_one_power_at_a_time() -> None:
    """A second request, while the first is written, is refused and ends nothing."""

    async def main(clock: Clock) -> None:
        bench = Sources(clock)
        await bench.light(LASER)
        going_on = slow_level(bench.guards.of(LASER))
        first = asyncio.ensure_future(bench.guards.adjust(0.5))
        await clock.sleep(ns(0.01))
        with pytest.raises(RefusedError, match="is being armed, lit or set"):
            await bench.guards.adjust(0.7)
        going_on.set()
        await first
        assert (0.5, True) == (bench.laser.level_set, bench.laser.lit)
        await bench.guards.beam_off("done")
        await bench.guards.close()

    run_virtual(main)


def test_the_guards_adjust_the_source_that_is_named_and_no_other() -> None:
    """A heater that is dark is not adjusted while the laser is lit."""

    async def main(clock: Clock) -> None:
        bench = Sources(clock)
        await bench.light(LASER)
        await bench.guards.adjust(0.4)
        with pytest.raises(LabctlError):
            await bench.guards.adjust(0.4, "heater")
        assert 0.4 == bench.laser.level_set
        await bench.guards.beam_off("done")
        await bench.guards.close()

    run_virtual(main)


# -- what the rules make of it ---------------------------------------------------------------


@pytest.mark.parametrize("power_w", [0.1, 0.3, 1.5])
def test_a_meter_that_lags_behind_a_new_power_is_no_mismatch(power_w: float) -> None:
    """For two seconds it may show anything between the power before and the one now."""
    state = healthy()
    changed(state, power_w, NOW_NS)
    for step in range(5):
        lag_w = power_w + (1.0 - power_w) * 0.5**step
        assert set() == rules_at(state, NOW_NS + ns(0.4) * step, lag_w)
    assert set() == rules_at(state, NOW_NS + ns(2.5), power_w)


def test_a_power_that_is_never_taken_is_a_mismatch_after_two_seconds() -> None:
    """The one before counts no longer, and a power outside both never did."""
    state = healthy()
    changed(state, 0.5, NOW_NS)

    assert set() == rules_at(state, NOW_NS + ns(1.9), 1.0)
    assert {"power-mismatch"} == rules_at(state, NOW_NS + ns(2.1), 1.0)
    assert {"power-mismatch"} == rules_at(state, NOW_NS + ns(1.9), 1.4)


def test_a_dead_laser_is_seen_though_the_power_changes_at_every_tick() -> None:
    """No window of settling is begun anew by a new power."""
    state = healthy()
    for step in range(8):
        changed(state, 0.8 + 0.02 * step, NOW_NS + ns(0.5) * step)
        assert set() == rules_at(state, NOW_NS + ns(0.5) * step, 0.8 + 0.02 * step)

    assert "power-mismatch" in rules_at(state, NOW_NS + ns(4.0), 0.0)


def test_while_a_power_is_written_either_is_in_force_and_the_greater_is_counted() -> None:
    """Up or down, what the meter shows of both is right, and without one the most is given."""
    for power_w in (0.2, 1.5):
        state = healthy()
        note_power(SPEC, state, power_w, NOW_NS, written=False)
        assert set() == rules_at(state, NOW_NS + ns(0.5), power_w)
        assert set() == rules_at(state, NOW_NS + 5 * NS, 1.0)
        blind = healthy()
        blind.seen = None
        note_power(SPEC, blind, power_w, NOW_NS, written=False)
        note_power(SPEC, blind, power_w, NOW_NS + 2 * NS, written=True)
        assert 60.0 + 2.0 * max(1.0, power_w) == pytest.approx(
            blind.energy_j - (healthy().energy_j - 60.0)
        )


def test_at_little_power_ten_milliwatts_are_no_mismatch() -> None:
    """Less than that is not told from none in the dark either; more is."""
    state = healthy()
    changed(state, 0.02, NOW_NS)

    assert set() == rules_at(state, NOW_NS + 3 * NS, 0.029)
    assert {"power-mismatch"} == rules_at(state, NOW_NS + 3 * NS, 0.031)


def cooled(power_w: float, k_per_s: float) -> set[str]:
    """A sample at 45 degC, the power lowered from 1.5 W to this, and a reading that falls."""
    state = healthy()
    state.rise._coldest_degc = 20.0
    state.commanded_w = state.most_w = 1.5
    state.temperatures.clear()
    now_ns = NOW_NS
    changed(state, power_w, now_ns)
    now_ns += 20 * NS
    for step in range(8):
        taken_ns = now_ns + ns(0.5) * step
        state.lease_until_ns = taken_ns + NS
        take_beat(SPEC, state, Heartbeat(taken_ns, 45.0 - k_per_s * step / 2), taken_ns)
        note_source(state, seen(taken_ns=taken_ns, meter_ns=taken_ns, measured_power_w=power_w))
    return {"fall"} & {trip.rule for trip in decide(SPEC, state, taken_ns)}


def test_a_sample_that_cools_because_the_power_was_lowered_is_no_fall() -> None:
    """By the part that is missing of the highest power it may cool as in the dark: 0.25 K/s at
    25 K and 100 s. A probe that falls faster is not in it, and at the highest power none does."""
    assert set() == cooled(0.15, 0.70)
    assert {"fall"} == cooled(0.15, 0.75)
    assert {"fall"} == cooled(1.5, 0.55)


def test_a_bead_that_loses_its_light_is_no_fall() -> None:
    """Right after the power was lowered it may come down by what the light had put on it."""
    state = healthy()
    state.most_w, state.lease_until_ns = 1.0, NOW_NS + 9 * NS
    changed(state, 0.1, NOW_NS)
    for step, fall_k in enumerate((1.4, 2.0, 2.2, 2.3, 2.4, 2.4), start=1):
        at_ns = NOW_NS + ns(0.5) * step
        take_beat(SPEC, state, Heartbeat(at_ns, 30.35 - fall_k), at_ns)
        note_source(state, seen(taken_ns=at_ns, meter_ns=at_ns, measured_power_w=0.1))
        assert "fall" not in {trip.rule for trip in decide(SPEC, state, at_ns)}

    state.earlier.clear()
    assert "fall" in {trip.rule for trip in decide(SPEC, state, at_ns)}


def held_at(identical: int, back_w: float) -> set[str]:
    """Heated for 100 s at 1 W, dark for 30 s, then at another power with a value that repeats."""
    state = Known(phase=Phase.EMITTING, commanded_w=1.0, at_most_ns=600 * NS, most_w=1.0)
    state.lit_ns = state.light_ns = state.energy_to_ns = NS
    rules: set[str] = set()
    for step in range(260 + identical):
        at_ns = NS + ns(0.5) * (step + 1)
        power_w = 1.0 if step < 200 else 0.02 if step < 260 else back_w
        if power_w != state.commanded_w:
            changed(state, power_w, at_ns)
        degc = 25.0 + min(step, 200) * 0.05 - max(0, min(step, 260) - 200) * 0.01
        state.lease_until_ns = at_ns + NS
        take_beat(SPEC, state, Heartbeat(at_ns, degc), at_ns)
        note_source(state, seen(taken_ns=at_ns, meter_ns=at_ns, measured_power_w=power_w))
        rules = {trip.rule for trip in decide(SPEC, state, at_ns)}
    return rules


def test_a_level_temperature_under_a_power_that_comes_back_is_not_frozen() -> None:
    """Less than the power that brought it there holds it; the bounds tell no rise above before."""
    assert set() == held_at(120, 0.8)


def test_a_value_that_repeats_under_more_power_than_ever_is_frozen() -> None:
    """A loop that is blind turns the power up: then there is a rise that must show."""
    assert {"frozen"} == held_at(120, 1.5)


def test_the_beam_reads_as_ever_after_another_power() -> None:
    """Off is confirmed as after one that was never changed."""

    async def scenario(bench: Bench) -> None:
        await bench.tick()
        await bench.guard.arm(Arm("test", SPEC.digest()))
        await bench.guard.emit(Emit(1.0, 60 * NS))
        await bench.tick()
        await bench.guard.adjust(0.2)
        report = await bench.guard.beam_off("done")
        assert (True, Beam.OFF) == (report.confirmed, report.beam)

    on_bench(scenario)
