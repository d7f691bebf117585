"""The guard of one source: holds its emitter, keeps the lease, switches off.

It lives in the engine's process or in one of its own. It owns the source and the power meter that
confirms off, and nobody else lights. Every way out of here goes through `beam_off`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Set
from dataclasses import replace
from typing import cast

from labctl import talk
from labctl.clock import NS
from labctl.errors import RefusedError, SafetyError
from labctl.events import LASER, Beam
from labctl.evidence import Eyes, note_power
from labctl.guard._gates import Gates
from labctl.guard._off import Off
from labctl.guard._rules import decide, take_beat
from labctl.instruments import Emitter, Seal
from labctl.talk import LIT, LIVE, OffReport, Phase, Trip

_LATE_NS = 20_000_000
"""So long after its declared end an emission that its step has not ended is ended here."""


class Guard:
    """One source under a lease. See the module's docstring; times are those of `clock`."""

    def __init__(self, eyes: Eyes, on_trip: talk.OnTrip) -> None:
        """`on_trip` is called once, with the first cause, after off has been written."""
        self.eyes, self.spec, self.known = eyes, eyes.spec, eyes.known
        self._source, self._clock, self._on_trip = eyes.source, eyes.clock, on_trip
        self._gates = Gates(eyes)
        self._off = Off(eyes, self._gates, self._late)
        self._timer: asyncio.TimerHandle | None = None
        self._switching: list[asyncio.Task[None]] = []
        self._confirming: asyncio.Task[OffReport] | None = None
        self.trips: list[Trip] = []

    @property
    def news(self) -> talk.SourceNews:
        """All that may be told of this source now."""
        return self.eyes.news

    def heartbeat(self, beat: talk.Heartbeat) -> None:
        """Take in a control step's guarded reading, look at every rule, and trip on any."""
        take_beat(self.spec, self.known, beat, self._clock.now_ns())
        self.look()

    def look(self) -> None:
        """Look at every rule as things are now, and trip on any."""
        if not (trips := decide(self.spec, self.known, self._clock.now_ns())):
            return
        if self.known.phase is not Phase.TRIPPED:
            self._trip(*trips)
        elif self._confirming is None or self._confirming.done():
            # Lit again, or still: off anew, until it is seen dark.
            self._go_dark(Phase.TRIPPED)
            self._begin_off(trips[0].message)

    # -- requests ------------------------------------------------------------------------------

    async def arm(self, request: talk.Arm) -> None:
        """Make ready to light. Everything is looked at again here; SafetyError says what is not
        as it must be."""
        known = self.known
        self._refuse_unless({Phase.DISARMED}, "arm")
        if request.digest != self.spec.digest():
            raise SafetyError("the limits are not those that were shown", fix="Plan the run again.")
        known.phase = Phase.ARMING
        try:
            # Before our own off would hide it: light that nobody asked for.
            await self.eyes.read()
            self.look()
            self._refuse_unless({Phase.ARMING}, "arm")
            if self._source.needs_shutter and not self.eyes.shutters:
                what = "it takes no power before it is on, and no shutter holds its light back"
                raise SafetyError(what, fix="Put one into the beam; give it the role `shutter`.")
            await self._source.off()
            known.dark_ns = self._clock.now_ns()
            await self._gates.prepare(self._may_feed)
            emitter = self._off.emitter = await self._source.emitter(Seal("guard"))
            await emitter.limit_level(self._source.level(self.spec.max_power_w))
            await self._see_dark(Phase.ARMING, "arm")
            if trips := decide(self.spec, replace(known, phase=Phase.ARMED), self._clock.now_ns()):
                said = "; ".join(trip.message for trip in trips)
                raise SafetyError(f"arming refused: {said}", fix="Mend the cause and start again.")
            known.phase = Phase.ARMED
        finally:
            if known.phase is Phase.ARMING:
                known.phase = Phase.DISARMED

    async def _see_dark(self, phase: Phase, do: str) -> None:
        """Read everything and raise unless the source is there and dark, no rule is broken, and
        nobody has disarmed meanwhile."""
        readings = await self.eyes.read()
        self.look()
        self._refuse_unless({phase}, do)
        if readings.lost is not None:
            raise readings.lost
        beam = readings.source.beam if readings.source is not None else Beam.ON
        if beam is Beam.ON or (self._source.confirms and beam is not Beam.OFF):
            said = f"reads {beam.name}" if readings.source else "cannot be read"
            raise SafetyError(f"cannot {do}: the source {said}")

    def disarm(self) -> None:
        """Give the right to light back, lit or not: hands may go into the bench now."""
        if self.known.phase in LIT:
            self._go_dark(Phase.DISARMED)
            self._begin_off("disarmed")
        elif self.known.phase is not Phase.TRIPPED:
            self.known.phase = Phase.DISARMED

    async def emit(self, request: talk.Emit, commanded: talk.Commanding | None = None) -> None:
        """Light, at most as long as declared. Raises and stays dark when anything is amiss.
        `commanded` is called with the time, right before on is written: from then on nobody may be
        told OFF."""
        known, eyes = self.known, self.eyes
        self._refuse_unless({Phase.ARMED}, "light")
        self._refuse_outside(request.power_w, request.at_most_ns)
        # As things are now, not as they were at arming.
        await self._see_dark(Phase.ARMED, "light")
        emitter = cast(Emitter, self._off.emitter)
        level = self._source.level(request.power_w)
        eyes.lighting = True
        try:
            await emitter.set_level(level)
            # A rule may have tripped, or somebody disarmed, in each wait on the way to the light.
            self._refuse_unless({Phase.ARMED}, "light")
            now_ns = self._clock.now_ns()
            known.begin(request.power_w, request.at_most_ns, now_ns)
            known.lease_until_ns = now_ns + round(self.spec.lease_s * NS)
            known.phase, known.held_back = Phase.EMISSION_DELAY, bool(eyes.shutters)
            if known.held_back and not await eyes.shutter_reads_closed():
                raise SafetyError("the shutter does not read closed before the light")
            self._begin(None if known.held_back else commanded)
            await emitter.on()
            # Switched off meanwhile, and on may have come after it.
            self._refuse_unless(LIT, "light")
            if known.held_back:
                eyes.lighting = False
                if not (self._source.sets_power_before_on or await eyes.sees_power()):
                    raise SafetyError("the power behind the closed shutter is not seen as asked")
                known.held_back = False
                self._begin(commanded)
                await self._gates.open_shutter()
                self._refuse_unless(LIT, "light")
        except BaseException:
            # Cancelled, refused or lost half-way: nobody knows whether it lit.
            await self._off.write()
            self._go_dark()
            raise
        finally:
            eyes.lighting = False

    def _begin(self, commanded: talk.Commanding | None) -> None:
        """The emission's time begins: with the light, or with the shutter that held it back.
        Refused where the lease has run out on the way here."""
        self._watch()
        self._refuse_unless(LIT, "light")
        self.known.lit_now(self._clock.now_ns())
        if commanded is not None:
            commanded(self.known.lit_ns)

    async def adjust(self, power_w: float) -> int:
        """Another power for the light that is on, read back; returns when it was set.

        A refusal leaves the emission as it is; once it has been begun, any error ends it. More
        power is refused where the energy left does not allow it until the declared end; less is
        never refused for what it still gives. RefusedError for a source that takes none while it is
        on.
        """
        self.look()
        known, spec, now_ns = self.known, self.spec, self._clock.now_ns()
        self._refuse_unless({Phase.EMITTING}, "change the power")
        if not self._source.takes_power_lit:
            what = "this source takes no other power while it is on"
            raise RefusedError(what, fix="Irradiate at one power, or by a source that can be told.")
        self._refuse_outside(power_w, known.at_most_ns)
        left_s = max(0, known.lit_ns + known.at_most_ns - now_ns) / NS
        if power_w > known.commanded_w and known.energy_j + power_w * left_s > spec.max_energy_j:
            what = f"{power_w:g} W to the end would come to more than {spec.max_energy_j:g} J"
            raise SafetyError(what, seen=f"{known.energy_j:.1f} J given, {left_s:.1f} s are left")
        level = self._source.level(power_w)
        try:
            note_power(spec, known, power_w, now_ns, written=False)
            await cast(Emitter, self._off.emitter).set_level(level)
            # Switched off meanwhile, and the level may have come after it.
            self._refuse_unless(LIT, "change the power")
        except BaseException:
            self._go_dark()
            self._begin_off("its power could not be changed")
            raise
        note_power(spec, known, power_w, self._clock.now_ns(), written=True)
        return self._clock.now_ns()

    async def beam_off(self, why: str) -> OffReport:
        """Off, written at once and blind, then repeated until it is confirmed.

        Never raises for an instrument that does not do as told: the report says what is known.
        """
        began_ns = self._clock.now_ns()
        failure = await self._off.write()
        self._go_dark()
        return await self._confirmed(began_ns, failure)

    def latch(self, *causes: Trip) -> None:
        """Off and latched, written in the same turn of the loop, and told then."""
        if self.known.phase is not Phase.TRIPPED:
            self.trips += causes
            self._go_dark(Phase.TRIPPED)
            self._begin_off(causes[0].message, causes[0])

    async def close(self) -> None:
        """Wait for an off that is under way, and block every gate."""
        came: list[object] = []
        while self._switching:
            came += await asyncio.gather(self._switching.pop(), return_exceptions=True)
        if self._confirming is not None:
            await asyncio.wait({self._confirming})
        # An off that broke keeps no gate from being blocked.
        await self._gates.release()
        if broke := [each for each in came if isinstance(each, BaseException)]:
            raise broke[0]

    # -- inside ------------------------------------------------------------------------------

    def _refuse_unless(self, phases: Set[Phase], do: str) -> None:
        if self.known.phase is Phase.TRIPPED:
            fix = "See to the cause, then reset at the bench."
            raise SafetyError(f"tripped: {self.trips[0].message}", fix=fix)
        if self.known.phase not in phases:
            must = " or ".join(sorted(phases))
            raise RefusedError(f"cannot {do} in {self.known.phase}: it must be {must}")

    def _refuse_outside(self, power_w: float, at_most_ns: int) -> None:
        """SafetyError for an emission outside the limits; nothing is clipped."""
        most_w, most_s = self.spec.max_power_w, self.spec.max_exposure_s
        if not 0 < power_w <= most_w:
            raise SafetyError(f"{power_w:g} W is outside the limit of {most_w:g} W")
        if not 0 < at_most_ns <= round(most_s * NS):
            raise SafetyError(f"{at_most_ns / NS:g} s is outside the limit of {most_s:g} s")

    def _may_feed(self) -> bool:
        self.look()
        return self.known.phase in LIVE | {Phase.ARMING}

    def _trip(self, *trips: Trip) -> None:
        said = "" if self.eyes.name == LASER else f"{self.eyes.name}: "
        self.latch(*(replace(trip, message=f"{said}{trip.message}") for trip in trips))

    def _go_dark(self, phase: Phase | None = None) -> None:
        self.known.go_dark(self._clock.now_ns(), phase)

    def _watch(self) -> None:
        """One timer, at the end of the lease or of the time declared, whichever comes first; at
        each firing it looks at both as they are then."""
        if self._timer is not None:
            self._timer.cancel()
        known, now_ns = self.known, self._clock.now_ns()
        end_ns = known.lit_ns + known.at_most_ns + _LATE_NS
        if known.phase in LIT and now_ns > known.lease_until_ns:
            self.look()
        elif known.phase in LIT and now_ns >= end_ns:
            # A step that waits for a late reply is no fault; the light ends all the same.
            self._go_dark()
            self._begin_off("lit for as long as declared")
        if known.phase in LIT:
            due_ns = min(known.lease_until_ns + 1, end_ns)
            self._timer = self._clock.call_at(due_ns, self._watch)

    def _begin_off(self, why: str, tell: Trip | None = None) -> None:
        """Off that nobody asked for, until it is confirmed. The first write needs no wait."""
        self._switching.append(asyncio.ensure_future(self._off_by_itself(why, tell)))

    async def _off_by_itself(self, why: str, tell: Trip | None) -> None:
        began_ns, failure = self._clock.now_ns(), ""
        try:
            try:
                tripped = self.known.phase is Phase.TRIPPED
                failure = await self._off.write(everything=tripped)
                if failure:
                    self._trip(Trip("exposure", f"{why}, and {failure}"))
            finally:
                # It is written before anybody is told.
                if tell is not None:
                    self._on_trip(tell)
        finally:
            # Whether or not anybody asks for it, and whoever broke on being told.
            await self._confirmed(began_ns, failure)

    async def _confirmed(self, began_ns: int, failure: str) -> OffReport:
        """What comes of repeating off; one at a time does it, and whoever else asks waits for the
        same. Somebody who waits no more does not end it."""
        if self._confirming is None or self._confirming.done():
            self._confirming = asyncio.ensure_future(self._off.until_confirmed(began_ns, failure))
        report = await asyncio.shield(self._confirming)
        return replace(report, took_ns=self._clock.now_ns() - began_ns, source=self.eyes.name)

    def _late(self, tried: str) -> None:
        self._trip(Trip("unbidden", f"it does not go off: {tried}"))
