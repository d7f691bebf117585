"""A gate tried in the dark, for commissioning: it lets through, it blocks, and a dead-man drops by
itself when it is fed no more. Nothing is lit, and at any sign of light the gate is blocked.

No run imports this.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from labctl.clock import NS, Clock
from labctl.errors import SafetyError
from labctl.guard._guarded import GuardedGate
from labctl.instruments import Gatekeeper, GateState, Seal

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


async def try_gate(
    gate: GuardedGate, dark: Callable[[], Awaitable[bool]], clock: Clock
) -> GateTried:
    """Block, let through, feed for twice a dead-man's time and then no more, block. The gate is
    blocked when this returns or raises.

    `dark` says whether the source is seen dark: SafetyError when it is not, and when the gate does
    not do as told.
    """
    keeper = await gate.gatekeeper(Seal("guard"))
    try:
        await gate.block()
        first = (await gate.read()).blocks
        if first is False:
            raise SafetyError(f"the {gate.name} does not block")
        await _needs(dark, gate)
        await keeper.let_through()
        state, dropped_s = await keeper.feed(), None
        if state.blocks is True:
            raise SafetyError(f"the {gate.name} does not let through")
        through = None if state.blocks is None else not state.blocks
        if gate.drops_after_s is not None:
            dropped_s = await _starve(gate, keeper, gate.drops_after_s, dark, clock)
    finally:
        await gate.block()
    return GateTried(first, through, (await gate.read()).blocks, dropped_s)


async def _starve(
    gate: GuardedGate,
    keeper: Gatekeeper,
    drops_s: float,
    dark: Callable[[], Awaitable[bool]],
    clock: Clock,
) -> float | None:
    fed_ns = 0
    for _ in range(_FED_TIMES):
        await clock.sleep(round(drops_s / 4 * NS))
        await _needs(dark, gate)
        fed_ns = clock.now_ns()
        if _dropped(await keeper.feed()):
            raise SafetyError(f"the {gate.name} dropped though it was fed")
    while clock.now_ns() - fed_ns < (_PATIENCE * drops_s + 1.0) * NS:
        await clock.sleep(_LOOK_NS)
        if _dropped(await gate.read()):
            return (clock.now_ns() - fed_ns) / NS
        await _needs(dark, gate)
    return None


def _dropped(state: GateState) -> bool:
    return state.dropped or state.blocks is True


async def _needs(dark: Callable[[], Awaitable[bool]], gate: GuardedGate) -> None:
    if not await dark():
        raise SafetyError(f"the {gate.name} is tried in the dark, and the source is not seen off")
