"""The gates in a laser's way: a shutter shut at every off, a dead-man fed while armed.

A dead-man is let through at arming, because the laser's interlock loop runs over it. It is fed by
one loop that looks at every rule first: a guard that hangs, dies or trips feeds it no more. What
was blocked is let through again only by arming anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from labctl.clock import NS, Clock
from labctl.errors import LabctlError, SafetyError
from labctl.events import Reading
from labctl.guard._state import GateSeen, GuardState
from labctl.instruments import Gatekeeper, GateState, GuardedGate, Seal

_PERIOD_S = 0.25
"""Gates are looked at this often, and four times in the time after which a dead-man drops."""


class Gates:
    """All gates in the way of one source; with none of them everything here does nothing."""

    def __init__(self, gates: Sequence[GuardedGate], state: GuardState, clock: Clock) -> None:
        self._gates = gates
        self._state = state
        self._clock = clock
        self._keepers: dict[str, Gatekeeper] = {}
        self._through: dict[str, bool] = {gate.name: False for gate in gates}
        self._since_ns = 0
        self._keeping: asyncio.Task[None] | None = None
        drops = [gate.drops_after_s / 4 for gate in gates if gate.drops_after_s is not None]
        self._period_ns = round(min([_PERIOD_S, *drops]) * NS)

    @property
    def in_beam(self) -> bool:
        """Whether there is a shutter."""
        return any(gate.in_beam for gate in self._gates)

    @property
    def seen_closed(self) -> bool:
        """Whether the shutter was closed when it was last looked at."""
        seen = self._state.gates
        return any(
            gate.in_beam and gate.name in seen and seen[gate.name].state.blocks is True
            for gate in self._gates
        )

    def readings(self) -> tuple[Reading, ...]:
        """What was last sensed of each, for the record."""
        told = ((gate, self._state.gates.get(gate.name)) for gate in self._gates)
        return tuple(
            Reading(
                f"{gate.name}.closed", float(seen.state.blocks is gate.in_beam), "", seen.taken_ns
            )
            for gate, seen in told
            if seen is not None and seen.state.blocks is not None
        )

    async def block(self, *, everything: bool) -> str:
        """The shutter, or every gate: blocked, side by side; what went wrong in words, or ''."""
        wanted = [gate for gate in self._gates if everything or gate.in_beam]
        if not wanted:
            return ""
        self._since_ns = self._clock.now_ns()
        self._through.update({gate.name: False for gate in wanted})
        words = await self._clock.together(
            *(attempt(gate.block, f"the {gate.name} could not be blocked") for gate in wanted)
        )
        return "; ".join(word for word in words if word)

    async def shutter_reads_closed(self) -> bool:
        """What the blade's own position says now; False where it cannot be read."""
        for gate in self._gates:
            if gate.in_beam:
                try:
                    return self._note(gate, await gate.read()).blocks is True
                except Exception:
                    # Whatever it is: it has not been seen closed.
                    return False
        return False

    async def prepare(self, may_feed: Callable[[], bool]) -> None:
        """For arming: the shutter closed, every dead-man let through, both as sensed; from here on
        fed for as long as `may_feed` says so. SafetyError for one that does not do as told."""
        for gate in self._gates:
            keeper = self._keepers[gate.name] = await gate.gatekeeper(Seal("guard"))
            if gate.in_beam or not self._through[gate.name]:
                # Blocked first, and seen so: a contact that is welded shut is found here.
                self._through[gate.name] = False
                self._since_ns = self._clock.now_ns()
                await gate.block()
                blocks = self._note(gate, await gate.read()).blocks
                if blocks is False or (gate.in_beam and blocks is None):
                    raise SafetyError(f"the {gate.name} does not block")
            if not gate.in_beam:
                self._through[gate.name] = True
                self._since_ns = self._clock.now_ns()
                await keeper.let_through()
                self._note(gate, await keeper.feed())
        if self._gates and (self._keeping is None or self._keeping.done()):
            self._keeping = asyncio.ensure_future(self._keep(may_feed))

    async def open_shutter(self) -> None:
        """Let the light through; DeviceRefusedError when the blade does not read open."""
        self._since_ns = self._clock.now_ns()
        for gate in self._gates:
            if gate.in_beam:
                self._through[gate.name] = True
                await self._keepers[gate.name].let_through()

    async def release(self) -> None:
        """Feed no more, and block everything."""
        keeping, self._keeping = self._keeping, None
        if keeping is not None:
            keeping.cancel()
            await asyncio.wait({keeping})
            await self.block(everything=True)

    async def _keep(self, may_feed: Callable[[], bool]) -> None:
        while may_feed():
            await self._clock.together(*(self._feed(gate) for gate in self._gates))
            await self._clock.sleep(self._period_ns)
        await self.block(everything=True)

    async def _feed(self, gate: GuardedGate) -> None:
        try:
            self._note(gate, await self._keepers[gate.name].feed())
        except Exception:
            # Not seen: it ages until its rule fires, and a dead-man drops by itself before.
            return

    def _note(self, gate: GuardedGate, state: GateState) -> GateState:
        self._state.gates[gate.name] = GateSeen(
            self._clock.now_ns(), state, self._through[gate.name], self._since_ns
        )
        return state


async def attempt(job: Callable[[], Awaitable[object]], failed: str) -> str:
    """Do it; '', or in words how it failed. Whatever it is, a driver's own fault too, what else is
    to be tried still is."""
    try:
        await job()
    except Exception as error:
        return f"{failed}: {in_words(error)}"
    return ""


def in_words(error: Exception) -> str:
    """What it says of itself, with its type where it is none of ours."""
    return error.what if isinstance(error, LabctlError) else f"{type(error).__name__}: {error}"
