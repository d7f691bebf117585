"""A stop at any moment leaves laser and resistor off; off reaches both whatever one does."""

from __future__ import annotations

import asyncio

import pytest

from labctl.clock import Clock, ns, run_virtual
from labctl.events import HEATER, LASER
from labctl.talk import Heartbeat
from tests.unit.guard.test_guards import Bench, on_bench


@pytest.mark.parametrize("turns", range(14))
@pytest.mark.parametrize("source", [LASER, HEATER])
def test_a_stop_at_any_turn_of_arming_and_lighting_ends_dark(turns: int, source: str) -> None:
    """Cancelled after any number of turns of the loop, off is the last thing both were told."""
    logs: list[list[str]] = []

    async def main(clock: Clock) -> None:
        bench = Bench(clock)
        task = asyncio.ensure_future(bench.light(source))
        for _ in range(turns):
            await clock.sleep(ns(0.004))
        task.cancel()
        await asyncio.wait({task})
        await bench.guards.beam_off("stopped")
        await bench.guards.close()
        logs.extend((bench.laser.log, bench.supply.log))
        assert not (bench.laser.lit or bench.supply.lit)

    run_virtual(main)

    assert ["off", "off"] == [log[-1] for log in logs]


@pytest.mark.parametrize("broken", [LASER, HEATER])
def test_a_source_that_cannot_be_switched_off_does_not_hold_up_the_other(broken: str) -> None:
    """The other is off at once, not after the ten seconds in which every path is tried."""

    async def scenario(bench: Bench) -> None:
        lit, other = (bench.laser, HEATER) if broken == LASER else (bench.supply, LASER)
        await bench.light(broken)
        lit.ignores_off = True
        begun_ns = bench.clock.now_ns()
        reports = await bench.guards.beam_off("done")
        assert (False, True) == (reports[broken].confirmed, reports[other].confirmed)
        assert reports[other].took_ns < ns(0.2)
        assert bench.clock.now_ns() - begun_ns >= ns(9.0)

    on_bench(scenario)


def test_a_hot_reading_switches_off_in_the_same_turn_and_is_told_once() -> None:
    """The first off of the resistor is written before anybody is told, and the trip is one."""

    async def scenario(bench: Bench) -> None:
        await bench.light(HEATER)
        before = len(bench.supply.log)
        for _ in range(3):
            bench.guards.heartbeat(Heartbeat(bench.clock.now_ns() + 1, 80.0))
            await bench.clock.sleep(ns(0.05))
        assert "off" == bench.supply.log[before]
        assert ["temperature"] == [trip.rule for trip in bench.trips]

    on_bench(scenario)
