"""All sources that a run may light: a lease for each, one lit at a time, one trip for all.

Each source has a guard of its own with the rules as they are; here is only what holds between
them. Whatever is not lit is watched all the same: a laser that emits while the resistor heats is
as unbidden as one that emits in the dark.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from labctl import talk
from labctl.clock import Clock
from labctl.errors import RecordError, RefusedError, SafetyError
from labctl.events import LASER
from labctl.evidence import Acts, Eyes
from labctl.guard._guard import Guard
from labctl.talk import LIT, Phase, Trip

_UNWRITTEN = "the guard's log cannot be written"


class Guards:
    """The guards of a run's sources, by the name of the source."""

    def __init__(self, eyes: Mapping[str, Eyes], clock: Clock, on_trip: talk.OnTrip) -> None:
        """`on_trip` is called once, with the first cause, after off has been written."""
        self._clock, self._on_trip = clock, on_trip
        self._cause: Trip | None = None
        self._lighting = asyncio.Lock()
        self._guards = {name: Guard(its, self._tripped) for name, its in eyes.items()}
        self.acts = Acts()
        """What must have been done at the bench; as it is, nothing needs to be."""
        self.unlogged: Callable[[], str] = str
        """Why the guard's log cannot be written, or ''. There is no light without it, for it may be
        all that tells of it."""

    def of(self, source: str) -> Guard:
        """The guard of one source; RefusedError where this run has none of that name."""
        if source not in self._guards:
            raise RefusedError(f"this run has no {source} that labctl may light")
        return self._guards[source]

    # -- at every tick -----------------------------------------------------------------------

    async def readings(self) -> dict[str, talk.GuardReadings]:
        """Read every source and the meter, side by side; each guard sees its own first."""
        reads = (guard.eyes.read() for guard in self._guards.values())
        return dict(zip(self._guards, await self._clock.together(*reads), strict=True))

    def heartbeat(self, beat: talk.Heartbeat) -> None:
        """A control step's guarded reading, for every guard to look at its rules with."""
        for guard in self._guards.values():
            guard.heartbeat(beat)
        self._one_for_all()

    def look(self) -> None:
        """Look at every rule of every source, whatever has come since."""
        for guard in self._guards.values():
            guard.look()
        self._one_for_all()

    def _one_for_all(self) -> None:
        guards = self._guards.values()
        if (fault := self.unlogged()) and any(guard.known.phase in LIT for guard in guards):
            self.latch(Trip("log", f"{_UNWRITTEN}: {fault}"))
        for guard in guards:
            if guard.trips:
                self.latch(guard.trips[0])

    def latch(self, cause: Trip) -> Trip:
        """Every source off and latched, by the first cause, which this returns."""
        had = (guard.trips[0] for guard in self._guards.values() if guard.trips)
        self._cause = self._cause or next(had, cause)
        for guard in self._guards.values():
            guard.latch(self._cause)
        return self._cause

    def _tripped(self, cause: Trip) -> None:
        """Off has been written: tell, once."""
        tell, self._on_trip = self._on_trip, lambda trip: None
        tell(self.latch(cause))

    # -- requests ----------------------------------------------------------------------------

    async def wanted(self, ahead_ns: int = 0) -> str:
        """What a person at the bench must type before anything is lit; empty where nothing needs
        to be, or an act holds, `ahead_ns` from now too."""
        return self.acts.wanted(self._clock.now_ns(), ahead_ns)

    async def act(self, act: talk.Act) -> None:
        """It was typed; RefusedError where it was not."""
        self.acts.take(act, self._clock.now_ns())

    async def arm(self, request: talk.Arm) -> None:
        """Make one source ready to be lit; every other is disarmed, and must be dark. SafetyError
        where it was not armed at the bench."""
        async with self._alone(request.source):
            for name, guard in self._guards.items():
                if name != request.source:
                    guard.disarm()
            await self.of(request.source).arm(request)

    def disarm(self) -> None:
        """Give every right to light back; what was done at the bench must be done again."""
        self.acts.void()
        for guard in self._guards.values():
            guard.disarm()

    async def emit(self, request: talk.Emit, *, commanded: talk.Commanding | None = None) -> None:
        """Light one source while every other is dark. The limit of energy is one for all."""
        async with self._alone(request.source):
            guard, others = self.of(request.source), self._guards.values()
            guard.known.energy_j = max(other.known.energy_j for other in others)
            await guard.emit(request, commanded)
        self.acts.lit(self._clock.now_ns())

    async def adjust(self, power_w: float, source: str = LASER) -> int:
        """Another power while this source emits; see `Guard.adjust`."""
        async with self._alone(source):
            return await self.of(source).adjust(power_w)

    def _alone(self, source: str) -> asyncio.Lock:
        """To be held by whoever arms, lights or sets a source. Refused where another source is on,
        where somebody else does any of it (what he has looked at would not hold), where nobody has
        armed at the bench, and where the guard cannot write its log."""
        past = self.of(source).known.phase in LIT | {Phase.TRIPPED}
        if not (past or self.acts.stand(self._clock.now_ns())):
            fix = "Arm it at the bench, by typing the words that are shown."
            raise SafetyError("nobody has armed this at the bench, or too long ago", fix=fix)
        if fault := self.unlogged():
            raise RecordError(_UNWRITTEN, seen=fault, fix="Free space, or use --runs.")
        if self._lighting.locked():
            raise RefusedError("a source is being armed, lit or set")
        for name, guard in self._guards.items():
            if name != source and guard.known.phase in LIT:
                raise RefusedError(f"the {name} is on: one source at a time")
        return self._lighting

    async def beam_off(self, why: str) -> dict[str, talk.OffReport]:
        """Every source off, at once and side by side; see `Guard.beam_off`."""
        offs = (guard.beam_off(why) for guard in self._guards.values())
        return dict(zip(self._guards, await self._clock.together(*offs), strict=True))

    async def close(self) -> None:
        """Wait for every off that is under way, and block every gate."""
        await self._clock.together(*(guard.close() for guard in self._guards.values()))
