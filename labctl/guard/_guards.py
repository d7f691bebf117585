"""All sources that a run may light: a lease for each, one lit at a time, one trip for all.

Each source has a guard of its own with the rules as they are; here is only what holds between
them. Whatever is not lit is watched all the same: a laser that emits while the resistor heats is
as unbidden as one that emits in the dark.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from labctl.clock import Clock
from labctl.errors import RefusedError
from labctl.events import LASER
from labctl.guard._act import Acts
from labctl.guard._host import Guard
from labctl.guard._off import raise_first
from labctl.guard._state import LIT
from labctl.instruments import GuardedGate, GuardedMeter, GuardedSource
from labctl.talk import Act, Arm, Emit, GuardReadings, GuardSpec, Heartbeat, OffReport, Trip


class Guards:
    """The guards of a run's sources, by the name of the source."""

    def __init__(
        self,
        specs: Mapping[str, GuardSpec],
        sources: Mapping[str, GuardedSource],
        meter: GuardedMeter | None,
        clock: Clock,
        *,
        on_trip: Callable[[Trip], None],
        gates: Sequence[GuardedGate] = (),
        acts: Acts | None = None,
    ) -> None:
        """Meter and gates are the laser's; another source measures itself what it gives. `on_trip`
        is called once, with the first cause, after off has been written. `acts`: what must have
        been done at the bench; None where nothing needs to be."""
        self._clock = clock
        self._on_trip = on_trip
        self._acts = acts or Acts()
        self._cause: tuple[str, Trip] | None = None
        self._told = False
        self._busy = False
        self._guards = {
            name: Guard(
                specs[name],
                source,
                meter if name == LASER else None,
                clock,
                on_trip=partial(self._tripped, name),
                gates=gates if name == LASER else (),
            )
            for name, source in sources.items()
        }

    def of(self, source: str) -> Guard:
        """The guard of one source; RefusedError where this run has none of that name."""
        guard = self._guards.get(source)
        if guard is None:
            raise RefusedError(f"this run has no {source} that labctl may light")
        return guard

    # -- at every tick -----------------------------------------------------------------------

    async def readings(self) -> dict[str, GuardReadings]:
        """Read every source and the meter, side by side; each guard sees its own first."""
        reads = (guard.read() for guard in self._guards.values())
        return dict(zip(self._guards, await self._clock.together(*reads), strict=True))

    def heartbeat(self, beat: Heartbeat) -> None:
        """A control step's guarded reading, for every guard to look at its rules with."""
        for guard in self._guards.values():
            guard.heartbeat(beat)
        for name, guard in self._guards.items():
            if guard.trips:
                self._latch(name, guard.trips[0])

    def look(self) -> None:
        """Look at every rule of every source, whatever has come since."""
        for name, guard in self._guards.items():
            guard.look()
            if guard.trips:
                self._latch(name, guard.trips[0])

    def latch(self, cause: Trip) -> None:
        """Every source off and latched, for a cause outside the rules."""
        for guard in self._guards.values():
            guard.latch(cause)

    # -- requests ----------------------------------------------------------------------------

    async def wanted(self, ahead_ns: int = 0) -> str:
        """What a person at the bench must type before anything is lit; empty where nothing needs
        to be, or an act holds, `ahead_ns` from now too."""
        return self._acts.wanted(self._clock.now_ns(), ahead_ns)

    async def act(self, act: Act) -> None:
        """It was typed; RefusedError where it was not."""
        self._acts.take(act, self._clock.now_ns())

    async def arm(self, request: Arm) -> None:
        """Make one source ready to be lit; every other is disarmed, and must be dark. SafetyError
        where it was not armed at the bench."""
        self._acts.check(self._clock.now_ns())
        self._refuse_second(request.source)
        with self._one_at_a_time():
            for name, guard in self._guards.items():
                if name != request.source:
                    guard.disarm()
            await self.of(request.source).arm(request)

    def disarm(self) -> None:
        """Give every right to light back; what was done at the bench must be done again."""
        self._acts.void()
        for guard in self._guards.values():
            guard.disarm()

    async def emit(self, request: Emit, *, commanded: Callable[[int], None] | None = None) -> None:
        """Light one source while every other is dark. The limit of energy is one for all."""
        self._refuse_second(request.source)
        guard = self.of(request.source)
        self._acts.check(self._clock.now_ns())
        guard.state.energy_j = max(other.state.energy_j for other in self._guards.values())
        with self._one_at_a_time():
            await guard.emit(request, commanded=commanded)
        self._acts.lit(self._clock.now_ns())

    async def adjust(self, power_w: float, source: str = LASER) -> int:
        """Another power while this source emits; see `Guard.adjust`."""
        guard = self.of(source)
        with self._one_at_a_time():
            return await guard.adjust(power_w)

    async def beam_off(self, why: str) -> dict[str, OffReport]:
        """Every source off, at once and side by side; see `Guard.beam_off`."""
        names = list(self._guards)
        reports = await self._clock.together(
            *(guard.beam_off(why) for guard in self._guards.values())
        )
        return {
            name: replace(report, source=name) for name, report in zip(names, reports, strict=True)
        }

    async def close(self) -> None:
        """Wait for every off that is under way."""
        closing = [guard.close() for guard in self._guards.values()]
        raise_first(await asyncio.gather(*closing, return_exceptions=True))

    # -- inside ------------------------------------------------------------------------------

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """Nobody else arms or lights meanwhile: what was looked at before would not hold."""
        if self._busy:
            raise RefusedError("a source is being armed, lit or set")
        self._busy = True
        try:
            yield
        finally:
            self._busy = False

    def _refuse_second(self, source: str) -> None:
        for name, guard in self._guards.items():
            if name != source and guard.phase in LIT:
                raise RefusedError(f"the {name} is on: one source at a time")

    def _tripped(self, source: str, trip: Trip) -> None:
        """Tell the first cause, named by its source where that is not the laser."""
        source, trip = self._latch(source, trip)
        if self._told:
            return
        self._told = True
        message = trip.message if source == LASER else f"{source}: {trip.message}"
        self._on_trip(replace(trip, message=message))

    def _latch(self, source: str, cause: Trip) -> tuple[str, Trip]:
        """Every source off and latched; returns the first cause and whose it was."""
        self._cause = self._cause or (source, cause)
        for guard in self._guards.values():
            guard.latch(self._cause[1])
        return self._cause
