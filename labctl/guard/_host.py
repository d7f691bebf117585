"""The guard of one source: holds its emitter, keeps the lease, switches off.

It lives in the engine's process or in one of its own. It owns the source and the power meter that
confirms off, and nobody else lights. Every way out of here goes through `beam_off`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence, Set
from dataclasses import replace

from labctl.clock import NS, Clock
from labctl.errors import RefusedError, SafetyError
from labctl.events import Beam
from labctl.guard._decide import decide
from labctl.guard._eyes import Eyes
from labctl.guard._gates import Gates
from labctl.guard._off import OffProcedure, raise_first
from labctl.guard._power import note_power, refuse_outside, refuse_power
from labctl.guard._state import LIT, LIVE, GuardState, note_heartbeat
from labctl.instruments import Emitter, GuardedGate, GuardedMeter, GuardedSource, Seal
from labctl.talk import Arm, Emit, GuardReadings, GuardSpec, Heartbeat, OffReport, Phase, Trip

_LATE_NS = 20_000_000
"""So long after its declared end an emission that its step has not ended is ended here."""


class Guard:
    """One source under a lease. See the module's docstring; times are those of `clock`."""

    def __init__(
        self,
        spec: GuardSpec,
        source: GuardedSource,
        meter: GuardedMeter | None,
        clock: Clock,
        *,
        on_trip: Callable[[Trip], None],
        gates: Sequence[GuardedGate] = (),
    ) -> None:
        """`on_trip` is called once, with the first cause, after off has been written."""
        self.spec = spec
        self.state = GuardState()
        self._source = source
        self._clock = clock
        self._on_trip = on_trip
        self._emitter: Emitter | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._switching: list[asyncio.Task[None]] = []
        self._confirming: asyncio.Task[OffReport] | None = None
        self._arming = self._adjusting = False
        self._gates = Gates(gates, self.state, clock)
        self.eyes = Eyes(source, meter, self._gates, self.state, clock)
        self._off = OffProcedure(
            spec, self.state, source, self._gates, clock, self.eyes.read, self._off_is_late
        )
        self.trips: list[Trip] = []
        self.ever_lit = False

    # -- what is known ---------------------------------------------------------------------

    @property
    def phase(self) -> Phase:
        return self.state.phase

    @property
    def lit_ns(self) -> int:
        """When the present or last emission was commanded."""
        return self.state.lit_ns

    @property
    def can_confirm(self) -> bool:
        """Whether anything on this bench can tell that the beam is off."""
        return self.eyes.can_confirm

    def emission(self) -> tuple[Beam, str]:
        """What is known of the beam now, and how."""
        return self.eyes.emission(self.ever_lit)

    async def read(self) -> GuardReadings:
        """Read source and meter, side by side."""
        return await self.eyes.read()

    # -- the engine's requests ---------------------------------------------------------------

    def heartbeat(self, beat: Heartbeat) -> None:
        """Take in a control step's guarded reading, look at every rule, and trip on any."""
        note_heartbeat(self.spec, self.state, beat, self._clock.now_ns())
        self.look()

    def look(self) -> None:
        """Look at every rule as things are now."""
        self._judge(self._clock.now_ns())

    async def arm(self, request: Arm) -> None:
        """Make ready to light. Everything is looked at again here; SafetyError says what is not
        as it must be."""
        self._arming = True
        try:
            await self._arm(request)
        finally:
            self._arming = False

    async def _arm(self, request: Arm) -> None:
        self._refuse_if_tripped()
        if request.digest != self.spec.digest():
            raise SafetyError(
                "the limits are not those that were shown",
                fix="Plan the run again and look at its limits.",
            )
        if self.state.phase is not Phase.DISARMED:
            raise RefusedError(f"cannot arm in {self.state.phase}")
        # Before our own off would hide it: light that nobody asked for.
        await self.read()
        self._judge(self._clock.now_ns())
        self._refuse_if_tripped()
        if self._source.needs_shutter and not self._gates.in_beam:
            raise SafetyError(
                "it takes no power before it is on, and no shutter holds its light back",
                fix="Put a shutter into the beam and give it the role `shutter`.",
            )
        await self._source.off()
        self.state.dark_ns = self._clock.now_ns()
        await self._gates.prepare(self._may_feed)
        emitter = await self._source.emitter(Seal("guard"))
        await emitter.limit_level(self._source.level(self.spec.max_power_w))
        await self._see_dark("armed")
        if not self._arming:
            raise RefusedError("disarmed while it was being armed")
        self.state.phase = Phase.ARMED
        trips = decide(self.spec, self.state, self._clock.now_ns())
        if trips:
            self.state.phase = Phase.DISARMED
            raise SafetyError(
                "arming refused: " + "; ".join(t.message for t in trips),
                fix="Mend the cause and start again.",
            )
        self._emitter = emitter

    async def _see_dark(self, what: str) -> None:
        """Read everything and raise unless the source is there and dark; armed, by every rule."""
        readings = await self.read()
        if self.state.phase is Phase.ARMED:
            self.look()
        self._refuse_if_tripped()
        if readings.lost is not None:
            raise readings.lost
        if readings.source is None:
            raise SafetyError(f"the source cannot be read, so it cannot be {what}")
        beam = readings.source.beam
        if beam is Beam.ON or (self._source.confirms and beam is not Beam.OFF):
            raise SafetyError(f"the source reads {beam.name} before it was {what}")

    def disarm(self) -> None:
        """Give the right to light back, lit or not: hands may go into the bench now."""
        self._arming = False
        if self.state.phase in LIT:
            self._go_dark(Phase.DISARMED)
            self._begin_off("disarmed")
        if self.state.phase is Phase.ARMED:
            self.state.phase = Phase.DISARMED
        self._emitter = None

    async def emit(self, request: Emit, *, commanded: Callable[[int], None] | None = None) -> None:
        """Light, at most as long as declared. Raises and stays dark when anything is amiss.
        `commanded` is called with the time, right before on is written: from then on nobody may be
        told OFF."""
        self._refuse_if_tripped()
        emitter = self._emitter
        if self.state.phase is not Phase.ARMED or emitter is None:
            raise RefusedError(f"cannot light in {self.state.phase}")
        refuse_outside(self.spec, request.power_w, request.at_most_ns)
        # As things are now, not as they were at arming.
        await self._see_dark("lit")
        self._refuse_unless({Phase.ARMED})
        level = self._source.level(request.power_w)
        state = self.state
        self.eyes.lighting = True
        try:
            await emitter.set_level(level)
            # A rule may have tripped, or somebody disarmed, in each wait on the way to the light.
            self._refuse_unless({Phase.ARMED})
            now_ns = self._clock.now_ns()
            state.commanded_w = request.power_w
            state.at_most_ns = request.at_most_ns
            state.meter_saw_it = False
            state.identical = 0
            state.earlier, state.most_w = [], request.power_w
            state.lease_until_ns = now_ns + round(self.spec.lease_s * NS)
            state.lit_ns = state.light_ns = state.energy_to_ns = now_ns
            state.phase = Phase.EMISSION_DELAY
            self.ever_lit = True
            state.held_back = await self._gates.shutter_reads_closed()
            if self._gates.in_beam and not state.held_back:
                raise SafetyError("the shutter does not read closed before the light")
            self._refuse_unless(LIT)
            self._begin(None if state.held_back else commanded)
            await emitter.on()
            # Switched off meanwhile, and on may have come after it.
            self._refuse_unless(LIT)
            if state.held_back:
                self.eyes.lighting = False
                if not self._source.sets_power_before_on:
                    await self.eyes.power_as_asked(self.spec)
                self._refuse_unless(LIT)
                state.held_back = False
                self._begin(commanded)
                await self._gates.open_shutter()
                self._refuse_unless(LIT)
        except BaseException:
            # Cancelled, refused or lost half-way: nobody knows whether it lit.
            await self._off.write()
            self._go_dark(Phase.ARMED if state.phase in LIT else state.phase)
            raise
        finally:
            self.eyes.lighting = False

    async def adjust(self, power_w: float) -> int:
        """Another power for the light that is on, read back; returns when it was set.

        A refusal leaves the emission as it is; once it has been begun, any error ends it.
        """
        self.look()
        self._refuse_if_tripped()
        spec, state = self.spec, self.state
        if state.phase is not Phase.EMITTING or self._emitter is None or self._adjusting:
            raise RefusedError(f"cannot change the power in {state.phase}")
        now_ns = self._clock.now_ns()
        refuse_power(spec, state, self._source, power_w, now_ns)
        level = self._source.level(power_w)
        self._adjusting = True
        try:
            note_power(spec, state, power_w, now_ns, written=False)
            await self._emitter.set_level(level)
            # Switched off meanwhile, and the level may have come after it.
            self._refuse_unless(LIT)
        except BaseException:
            if state.phase in LIT:
                self._go_dark(Phase.ARMED)
            self._begin_off("its power could not be changed")
            raise
        finally:
            self._adjusting = False
        now_ns = self._clock.now_ns()
        note_power(spec, state, power_w, now_ns, written=True)
        return now_ns

    def _begin(self, commanded: Callable[[int], None] | None) -> None:
        """The emission's time begins: with the light, or with the shutter that held it back."""
        now_ns = self._clock.now_ns()
        self.state.lit_ns = self.state.light_ns = self.state.energy_to_ns = now_ns
        self._watch()
        if commanded is not None:
            commanded(now_ns)

    def _may_feed(self) -> bool:
        self._judge(self._clock.now_ns())
        return self.state.phase in LIVE or self._arming

    async def beam_off(self, why: str) -> OffReport:
        """Off, written at once and blind, then repeated until it is confirmed.

        Never raises for an instrument that does not do as told: the report says what is known.
        """
        started_ns = self._clock.now_ns()
        failure = await self._off.write()
        after = self.state.phase
        self._go_dark(Phase.ARMED if after in LIT else after)
        if not self.ever_lit and not self._source.confirms:
            await self._off.look()
            if not self.state.meter_saw_it:
                return OffReport(True, Beam.OFF, "never lit", self._clock.now_ns() - started_ns)
        return await self._confirmed(started_ns, failure)

    async def _confirmed(self, started_ns: int, failure: str) -> OffReport:
        """What comes of repeating off; one at a time does it, and whoever else asks waits for the
        same. Somebody who waits no more does not end it."""
        if self._confirming is None or self._confirming.done():
            self._confirming = asyncio.ensure_future(
                self._off.until_confirmed(started_ns, failure, self._emitter)
            )
        report = await asyncio.shield(self._confirming)
        return replace(report, took_ns=self._clock.now_ns() - started_ns)

    def _off_is_late(self, tried: str) -> None:
        self.latch(Trip("unbidden", f"it does not go off: {tried}"))

    def latch(self, cause: Trip) -> None:
        """Another source of this bench has tripped: this one goes off and is latched with it."""
        if self.state.phase is not Phase.TRIPPED:
            self._trip([cause])

    async def close(self) -> None:
        """Wait for an off that is under way, block every gate, and let go of the timer."""
        self._stop_watching()
        came: list[object] = []
        while self._switching:
            waiting, self._switching = self._switching, []
            came += await asyncio.gather(*waiting, return_exceptions=True)
        if self._confirming is not None:
            await asyncio.wait({self._confirming})
        # One that broke keeps no gate from being blocked.
        await self._gates.release()
        raise_first(came)

    # -- inside ------------------------------------------------------------------------------

    def _refuse_if_tripped(self) -> None:
        if self.state.phase is Phase.TRIPPED:
            raise SafetyError(
                f"tripped: {self.trips[0].message}",
                fix="See to the cause, then reset at the bench.",
            )

    def _refuse_unless(self, phases: Set[Phase]) -> None:
        self._refuse_if_tripped()
        if self.state.phase not in phases:
            raise RefusedError(f"cannot light in {self.state.phase}")

    def _judge(self, now_ns: int) -> None:
        trips = decide(self.spec, self.state, now_ns)
        if self.state.phase is not Phase.TRIPPED:
            if trips:
                self._trip(trips)
        elif trips and (self._confirming is None or self._confirming.done()):
            # Lit again, or still: off anew, until it is seen dark.
            self._go_dark(Phase.TRIPPED)
            self._begin_off(trips[0].message)

    def _trip(self, trips: list[Trip]) -> None:
        """Latch, write off in the same turn of the loop, and tell."""
        self.trips.extend(trips)
        self._go_dark(Phase.TRIPPED)
        self._begin_off(trips[0].message, trips[0])

    def _go_dark(self, phase: Phase) -> None:
        self.state.phase = phase
        self.state.dark_ns = self._clock.now_ns()
        # In the dark any light counts, not a tenth of what was asked before.
        self.state.commanded_w = 0.0
        self.state.held_back = False
        self._stop_watching()

    def _watch(self) -> None:
        """One timer, at the end of the lease or of the time declared, whichever comes first; at
        each firing it looks at both as they are then."""
        self._stop_watching()
        self._timer = self._clock.call_at(
            min(self.state.lease_until_ns + 1, self._end_ns()), self._look
        )

    def _look(self) -> None:
        self._timer = None
        if self.state.phase not in LIT:
            return
        now_ns = self._clock.now_ns()
        if now_ns > self.state.lease_until_ns:
            self._judge(now_ns)
        elif now_ns >= self._end_ns():
            # A step that waits for a late reply is no fault; the light ends all the same.
            self._go_dark(Phase.ARMED)
            self._begin_off("lit for as long as declared")
        if self.state.phase in LIT:
            self._watch()

    def _end_ns(self) -> int:
        return self.state.lit_ns + self.state.at_most_ns + _LATE_NS

    def _begin_off(self, why: str, tell: Trip | None = None) -> None:
        """Off that nobody asked for, until it is confirmed. The first write needs no wait."""
        self._switching.append(asyncio.ensure_future(self._off_by_itself(why, tell)))

    async def _off_by_itself(self, why: str, tell: Trip | None) -> None:
        started_ns = self._clock.now_ns()
        failure = ""
        try:
            try:
                failure = await self._off.write(everything=self.state.phase is Phase.TRIPPED)
                if failure and self.state.phase is not Phase.TRIPPED:
                    self._trip([Trip("exposure", f"{why}, and {failure}")])
            finally:
                # It is written before anybody is told.
                if tell is not None:
                    self._on_trip(tell)
        finally:
            # Whether or not anybody asks for it, and whoever broke on being told.
            await self._confirmed(started_ns, failure)

    def _stop_watching(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
