"""The end of the wire in any turn of the guard's loop: it leaves, and holds no port."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from labctl import talk
from labctl.talk import Trip
from tests.unit.guard.test_process import World, on_wire

__all__ = ["on_wire"]


@pytest.mark.parametrize("turns", range(8))
def test_an_end_in_the_turn_in_which_it_is_asked_to_read_is_an_end(
    on_wire: Callable[..., World],
    turns: int,
) -> None:
    """Cancelled just when what it waited for has come: it does not go on reading for ever."""

    async def scenario(world: World) -> None:
        await world.hear(talk.Ready)
        world.process._served.end("the test")
        for _ in range(turns):
            await asyncio.sleep(0)
        world.process._served._wanted.set()
        async with asyncio.timeout(5):
            await world.running

    on_wire(scenario)


def test_what_broke_in_the_guard_keeps_no_port_from_being_released(
    on_wire: Callable[..., World],
) -> None:
    """Off is confirmed, the ports are let go, and the exit code says that something is amiss."""

    async def scenario(world: World) -> None:
        await world.hear(talk.Ready)
        guards = world.process._guards
        assert guards is not None
        guards._on_trip = _breaks
        guards.latch(Trip("lease", "a test"))
        world.process._served.end("the test")
        assert 8 == await world.running

    assert "closed" in on_wire(scenario, code=8).source.log


def _breaks(trip: Trip) -> None:
    raise ValueError("nobody listens")
