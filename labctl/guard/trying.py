"""A gate tried in the dark, for commissioning: it lets through, it blocks, and a dead-man drops by
itself when it is fed no more. Nothing is lit, and at any sign of light the gate is blocked.

No run imports this.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from labctl.clock import NS, Clock
from labctl.errors import SafetyError
from labctl.instruments import Gatekeeper, GuardedGate, Seal

_LOOK_NS = 20_000_000
_FED_TIMES = 8
_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class GateTried:
    """What a gate did when it was told."""

    blocks_first: bool | None
    """As sensed; None for one that cannot sense it."""
    lets_through: bool | None
    blocks_last: bool | None
    dropped_after_s: float | None = None
    """From the last feeding to the contact seen dropped; None for a shutter, and for a dead-man
    that did not drop in twice its time and a second."""


async def _nothing() -> bool:
    return True


async def try_gate(
    gate: GuardedGate,
    dark: Callable[[], Awaitable[bool]],
    clock: Clock,
    meanwhile: Callable[[], Awaitable[bool]] = _nothing,
) -> GateTried:
    """Block, let through, feed for twice a dead-man's time and then no more, block. The gate is
    blocked when this returns or raises.

    `dark` says whether the source is seen dark, and is asked all the time: SafetyError when it is
    not, and when the gate does not do as told. `meanwhile` is called behind each look, and a
    dead-man is fed until it says that it is done.
    """
    keeper = await gate.gatekeeper(Seal("guard"))
    done = asyncio.Event()
    looking: asyncio.Task[None] | None = None
    dropped_s = None
    try:
        await gate.block()
        first = (await gate.read()).blocks
        if first is False:
            raise SafetyError(f"the {gate.name} does not block")
        if not await dark():
            raise _not_dark(gate)
        await keeper.let_through()
        state = await keeper.feed()
        if state.blocks is True:
            raise SafetyError(f"the {gate.name} does not let through")
        if gate.drops_after_s is not None:
            looking = asyncio.ensure_future(_look(gate, dark, meanwhile, done, clock))
            fed_ns = await _feed(gate, keeper, gate.drops_after_s, looking, done, clock)
            dropped_s = await _starve(gate, gate.drops_after_s, looking, fed_ns, clock)
    finally:
        await gate.block()
        if looking is not None:
            looking.cancel()
            await asyncio.wait({looking})
    through = None if state.blocks is None else not state.blocks
    return GateTried(first, through, (await gate.read()).blocks, dropped_s)


async def _look(
    gate: GuardedGate,
    dark: Callable[[], Awaitable[bool]],
    meanwhile: Callable[[], Awaitable[bool]],
    done: asyncio.Event,
    clock: Clock,
) -> None:
    """Until it is cancelled, or light is seen."""
    while await dark():
        if not done.is_set() and await meanwhile():
            done.set()
        await clock.sleep(_LOOK_NS)
    raise _not_dark(gate)


async def _feed(
    gate: GuardedGate,
    keeper: Gatekeeper,
    drops_s: float,
    looking: asyncio.Task[None],
    done: asyncio.Event,
    clock: Clock,
) -> int:
    """Returns when it was fed last."""
    times = 0
    while times < _FED_TIMES or not done.is_set():
        await clock.sleep(round(drops_s / 4 * NS))
        if looking.done():
            looking.result()
        times += 1
        fed_ns = clock.now_ns()
        state = await keeper.feed()
        if state.dropped or state.blocks is True:
            raise SafetyError(f"the {gate.name} dropped though it was fed")
    return fed_ns


async def _starve(
    gate: GuardedGate, drops_s: float, looking: asyncio.Task[None], fed_ns: int, clock: Clock
) -> float | None:
    """How long after it was fed last it was seen dropped."""
    while clock.now_ns() - fed_ns < (_PATIENCE * drops_s + 1.0) * NS:
        await clock.sleep(_LOOK_NS)
        if looking.done():
            looking.result()
        state = await gate.read()
        if state.dropped or state.blocks is True:
            return (clock.now_ns() - fed_ns) / NS
    return None


def _not_dark(gate: GuardedGate) -> SafetyError:
    return SafetyError(f"the {gate.name} is tried in the dark, and the source is not seen off")
