"""Power that changes while lit, on the shipped bench: what is healthy trips nothing, what is not
does, whatever the power is doing meanwhile."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

import pytest

from labctl import bench as benches
from labctl import sample as samples
from labctl.bench import connect
from labctl.clock import NS, Clock, ns, run_virtual
from labctl.events import LASER, Beam, Reading
from labctl.instruments import SimSpec, open_simulation
from labctl.talk import AnyGuards, Arm, Emit, Heartbeat, Phase, Trip
from tests.scenario.runs import bench_file

GUARDED = "probe.temperature"
TICK_NS = ns(0.5)

Profile = Callable[[float, float], float | None]
"""Seconds since the light and the reading, degC, to the power to be set now, W; None: as it is."""


def held(
    profile: Profile, *, for_s: float, seed: int = 1, faults: Sequence[str] = (), first_w: float
) -> tuple[list[Trip], float, list[float]]:
    """Irradiate the shipped sample while the power follows `profile`. What tripped, how long the
    light was on, and every reading, degC."""
    file = bench_file("simulated")
    specimen = samples.load(samples.find("pda-aminoacid"))
    spec = file.guard_spec(None, LASER, specimen)
    trips: list[Trip] = []
    seen: list[float] = []

    async def main(clock: Clock) -> float:
        session = open_simulation(
            SimSpec(seed, tuple(faults), specimen.statement(), file.statement())
        )
        roles = ("laser", "probe", "meter")
        bench = await connect(file, roles, clock, session, {LASER: spec})
        guards = bench.guards({LASER: spec}, trips.append, benches.__file__)  # no process, no log
        try:
            await _tick(clock, bench, guards, seen)
            await guards.arm(Arm("test", spec.digest()))
            await guards.emit(Emit(first_w, 1200 * NS))
            begun_ns = clock.now_ns()
            while clock.now_ns() - begun_ns < for_s * NS and not trips:
                await _tick(clock, bench, guards, seen)
                since_s = (clock.now_ns() - begun_ns) / NS
                power_w = profile(since_s, seen[-1])
                lit = guards.of(LASER).news.phase is Phase.EMITTING
                if power_w is not None and lit:
                    await guards.adjust(power_w)
                await clock.sleep(TICK_NS)
            return (clock.now_ns() - begun_ns) / NS
        finally:
            reports = await guards.beam_off("end of the test")
            assert reports[LASER].beam is Beam.OFF
            await guards.close()
            await bench.close()

    return trips, run_virtual(main), seen


async def _tick(clock: Clock, bench: benches.Bench, guards: AnyGuards, seen: list[float]) -> None:
    for reading in await bench.read_all(guards):
        if isinstance(reading, Reading) and reading.channel == GUARDED:
            seen.append(reading.value)
            guards.heartbeat(Heartbeat(reading.t_ns, reading.value))


def at_random(seed: int) -> Profile:
    """Another power every half second to twenty, anything between little and the bench's most."""
    draw = random.Random(seed)

    def times() -> Iterator[tuple[float, float]]:
        at_s = 0.0
        while True:
            at_s += draw.choice((0.5, 1.0, 3.0, 20.0))
            yield at_s, draw.choice((0.02, draw.uniform(0.02, 2.0), 2.0))

    coming = times()
    due_s, power_w = next(coming)

    def profile(since_s: float, degc: float) -> float | None:
        nonlocal due_s, power_w
        if since_s < due_s:
            return None
        now_w = power_w
        due_s, power_w = next(coming)
        return now_w

    return profile


def hold(target_degc: float, gain_w_per_k: float = 0.3) -> Profile:
    """A hold as rough as any: proportional, every tick."""
    return lambda since_s, degc: min(1.8, max(0.02, gain_w_per_k * (target_degc - degc) + 0.5))


@pytest.mark.parametrize("seed", range(6))
def test_no_profile_of_power_trips_a_healthy_run(seed: int) -> None:
    """Up and down, often and seldom, to nearly nothing and to the cap."""
    trips, _, _ = held(at_random(seed), for_s=240.0, seed=seed + 1, first_w=1.0)

    assert [] == trips


def test_a_healthy_hold_trips_nothing() -> None:
    """Heated at the cap, then held with another power at every tick."""
    trips, _, seen = held(hold(40.0), for_s=600.0, first_w=1.8)

    assert [] == trips
    assert abs(seen[-1] - 40.0) < 2.0


@pytest.mark.parametrize(
    ("fault", "rule", "within_s"),
    [
        ("power-step=-99%@200s", "power-mismatch", 1.0),
        ("power-step=+40%@200s", "power-mismatch", 1.0),
        ("interlock-open@200s", "interlock", 1.0),
        ("bead-out@200s", "fall", 3.0),
        ("shorted-thermocouple@200s", "fall", 1.0),
        ("frozen-reading@60s", "frozen", 8.0),
    ],
)
def test_a_fault_in_the_middle_of_a_hold_ends_the_light(
    fault: str, rule: str, within_s: float
) -> None:
    """A laser that dies, strengthens by itself, a probe out of the liquid: seen as with one power,
    though there is a new one at every tick."""
    begins_s = float(fault.partition("@")[2][:-1])
    trips, lit_s, _ = held(hold(45.0), for_s=400.0, first_w=1.8, faults=(fault,))

    assert [rule] == [trip.rule for trip in trips][:1]
    assert begins_s - 1.0 < lit_s < begins_s + within_s
