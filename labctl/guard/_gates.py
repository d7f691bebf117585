"""The gates in a laser's way: a shutter shut at every off, a dead-man fed while armed.

A dead-man is let through at arming, because the laser's interlock loop runs over it. It is fed by
one loop that looks at every rule first: a guard that hangs, dies or trips feeds it no more. What
was blocked is let through again only by arming anew.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from labctl.clock import NS
from labctl.errors import SafetyError, attempt
from labctl.evidence import Eyes
from labctl.instruments import Gatekeeper, GuardedGate, Seal

_PERIOD_S = 0.25
"""Gates are looked at this often, and four times in the time after which a dead-man drops."""


class Gates:
    """All gates in the way of one source; with none of them everything here does nothing."""

    def __init__(self, eyes: Eyes) -> None:
        self._eyes, self._gates, self._clock = eyes, eyes.gates, eyes.clock
        self._keepers: dict[str, Gatekeeper] = {}
        self._keeping: asyncio.Task[None] | None = None
        drops = [gate.drops_after_s / 4 for gate in eyes.gates if gate.drops_after_s is not None]
        self._period_ns = round(min([_PERIOD_S, *drops]) * NS)

    def _told(self, gate: GuardedGate, *, through: bool) -> None:
        self._eyes.known.told[gate.name] = (through, self._clock.now_ns())

    def blocking(self, *, everything: bool) -> list[Coroutine[Any, Any, str]]:
        """To be run side by side: the shutter, or every gate, blocked. Each gives what went wrong
        in words, or ''."""
        wanted = [gate for gate in self._gates if everything or gate.in_beam]
        for gate in wanted:
            self._told(gate, through=False)
        return [attempt(gate.block, f"the {gate.name} could not be blocked") for gate in wanted]

    async def prepare(self, may_feed: Callable[[], bool]) -> None:
        """For arming: the shutter closed, every dead-man let through, both as sensed; from here on
        fed for as long as `may_feed` says so. SafetyError for one that does not do as told."""
        for gate in self._gates:
            keeper = self._keepers[gate.name] = await gate.gatekeeper(Seal("guard"))
            if gate.in_beam or not self._eyes.known.told.get(gate.name, (False,))[0]:
                # Blocked first, and seen so: a contact that is welded shut is found here.
                self._told(gate, through=False)
                await gate.block()
                blocks = self._eyes.note(gate.name, await gate.read()).blocks
                if blocks is False or (gate.in_beam and blocks is None):
                    raise SafetyError(f"the {gate.name} does not block")
            # Disarmed or tripped meanwhile, it stays blocked.
            if not gate.in_beam and may_feed():
                self._told(gate, through=True)
                await keeper.let_through()
                self._eyes.note(gate.name, await keeper.feed())
        if self._gates and (self._keeping is None or self._keeping.done()):
            self._keeping = asyncio.ensure_future(self._keep(may_feed))

    async def open_shutter(self) -> None:
        """Let the light through; DeviceRefusedError when the blade does not read open."""
        for gate in self._eyes.shutters:
            self._told(gate, through=True)
            await self._keepers[gate.name].let_through()

    async def release(self) -> None:
        """Feed no more, and block everything."""
        keeping, self._keeping = self._keeping, None
        if keeping is not None:
            keeping.cancel()
            await asyncio.wait({keeping})
            await self._clock.together(*self.blocking(everything=True))

    async def _keep(self, may_feed: Callable[[], bool]) -> None:
        while may_feed():
            await self._clock.together(*(self._feed(gate.name) for gate in self._gates))
            await self._clock.sleep(self._period_ns)
        await self._clock.together(*self.blocking(everything=True))

    async def _feed(self, name: str) -> None:
        # Not seen, it ages until its rule fires, and a dead-man drops by itself before.
        with contextlib.suppress(Exception):
            self._eyes.note(name, await self._keepers[name].feed())
