"""Looks at a source, its meter and its gates: noted for the rules, told for the record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any

from labctl.clock import NS, Clock
from labctl.errors import InstrumentError, in_words
from labctl.events import LASER, Beam, Invalid, Reading
from labctl.evidence._known import (
    GateSeen,
    Known,
    SourceSeen,
    meter_threshold_w,
    note_meter,
    note_source,
)
from labctl.instruments import GateState, GuardedGate, GuardedMeter, GuardedSource, SourceState
from labctl.talk import LIT, GuardReadings, GuardSpec, SourceNews

_LOOK_NS = 50_000_000
_MEASURED_WITHIN_S = 1.0
"""So long after it may have been starting a laser that is lit behind a closed shutter has to show
the power that was asked for."""
_OLD_NS = NS // 4
"""Light that the meter saw longer ago than this, while the source's reply was late, may be gone."""


class Eyes:
    """For one source; nothing here switches anything. Whoever does finds here what it has: `spec`,
    `source`, `gates`, `clock`, and what is `known`."""

    def __init__(
        self,
        spec: GuardSpec,
        source: GuardedSource,
        meter: GuardedMeter | None,
        clock: Clock,
        gates: Sequence[GuardedGate] = (),
        name: str = LASER,
    ) -> None:
        self.spec, self.source, self.clock, self.gates = spec, source, clock, gates
        self.name = name
        self.known = Known()
        self.lighting = False
        """While the source is being lit its port is busy: only the meter is read then."""
        self._meter = meter

    async def read(self) -> GuardReadings:
        """Read source and meter, side by side. What is known is brought up to date before anybody
        else sees it."""
        jobs: list[Coroutine[Any, Any, Any]] = []
        lighting = self.lighting
        if not lighting:
            jobs.append(_or_error(self.source.read))
        if self._meter is not None:
            jobs.append(_or_error(self._meter.read_power_at_sample))
        came = await self.clock.together(*jobs)
        lost: InstrumentError | None = None
        power: Reading | Invalid | None = came.pop() if self._meter is not None else None
        source: SourceState | None = None if lighting else came.pop()
        if isinstance(source, InstrumentError):
            lost, source = source, None
        if isinstance(power, InstrumentError):
            lost, power = power, None
        if source is not None:
            note_source(self.known, _seen_of(source, power, self.clock.now_ns()))
        elif lighting and isinstance(power, Reading):
            note_meter(self.known, power.value, power.t_ns)
        before = None
        if self.shutters and isinstance(power, Reading):
            before = replace(power, channel="meter.before_shutter")
            power = replace(power, value=0.0) if self.known.held_back else power
        return GuardReadings(source, power, before, self._of_gates(), lost)

    async def look(self) -> GuardReadings:
        """As `read`; whatever goes wrong, a driver's own fault too, is `lost`."""
        try:
            return await self.read()
        except Exception as error:
            return GuardReadings(None, None, lost=InstrumentError(in_words(error)))

    async def sees_power(self) -> bool:
        """Whether the meter comes to see, before a shutter too, the power that was asked for, in
        which case this returns at once. Waits for as long as the source may take to start."""
        spec, known = self.spec, self.known
        until_ns = self.clock.now_ns() + round((spec.starts_within_s + _MEASURED_WITHIN_S) * NS)
        while self._meter is not None and known.phase in LIT and self.clock.now_ns() < until_ns:
            seen, wanted_w = await self._meter.read_power_at_sample(), known.commanded_w
            if (
                isinstance(seen, Reading)
                and abs(seen.value - wanted_w) <= spec.power_mismatch * wanted_w
            ):
                return True
            await self.clock.sleep(_LOOK_NS)
        return False

    # -- gates -------------------------------------------------------------------------------

    @property
    def shutters(self) -> list[GuardedGate]:
        """The gates in the beam."""
        return [gate for gate in self.gates if gate.in_beam]

    async def shutter_reads_closed(self) -> bool:
        """What a blade's own position says now; False where it cannot be read."""
        for gate in self.shutters:
            try:
                return self.note(gate.name, await gate.read()).blocks is True
            except Exception:
                # Whatever it is: it has not been seen closed.
                return False
        return False

    def note(self, name: str, state: GateState) -> GateState:
        """Take in what a gate says, beside what it was told."""
        told = self.known.told.get(name, (False, 0))
        self.known.gates[name] = GateSeen(self.clock.now_ns(), state, *told)
        return state

    def _of_gates(self) -> tuple[Reading, ...]:
        told = ((gate, self.known.gates.get(gate.name)) for gate in self.gates)
        return tuple(
            Reading(
                f"{gate.name}.closed", float(seen.state.blocks is gate.in_beam), "", seen.taken_ns
            )
            for gate, seen in told
            if seen is not None and seen.state.blocks is not None
        )

    # -- what can be said of the beam ----------------------------------------------------------

    @property
    def can_confirm(self) -> bool:
        """Whether anything on this bench can tell that the beam is off."""
        return self.source.confirms or self._meter is not None or bool(self.shutters)

    def emission(self) -> tuple[Beam, str]:
        """What is known of the beam now, and how."""
        seen, known = self.known.seen, self.known
        if seen is None:
            return Beam.UNKNOWN, "never read"
        if self.source.confirms:
            return seen.said.beam, "read back"
        if seen.measured_power_w is not None and known.meter_saw_it:
            return (Beam.ON if self._meter_sees() else Beam.OFF), "power meter"
        if any(known.gates[gate.name].state.blocks is True for gate in self.shutters
               if gate.name in known.gates):  # fmt: skip
            return Beam.OFF, "shutter reads closed"
        if not known.ever_lit:
            return Beam.UNKNOWN, "commanded off, not confirmed"
        return Beam.UNKNOWN, "commanded, not confirmed"

    def at_worst(self) -> Beam:
        """What is said of a beam that is not confirmed off: never less than what was seen."""
        seen = self.known.seen
        lit = seen is not None and (self._meter_sees() or seen.said.beam is Beam.ON)
        return Beam.ON if lit else Beam.UNKNOWN

    @property
    def news(self) -> SourceNews:
        """All that may be told of this source now."""
        known, can_confirm = self.known, self.can_confirm
        return SourceNews(
            self.name, known.phase, *self.emission(), known.lit_ns, can_confirm, known.ever_lit,
            known.meter_saw_it,
        )  # fmt: skip

    async def seen_off(self, tell: Callable[[str], None], *, again: bool = False) -> str:
        """Read, and say how off is confirmed, or '' with what speaks against it told.

        Confirmed means never lit, read back from the source, or seen by a power meter that has seen
        this emission on. A meter that still sees light overrules a source that says OFF; `again`:
        it has been given a second look.
        """
        readings = await self.look()
        if readings.lost is not None:
            tell(f"read-back failed: {readings.lost.what}")
        source, power, confirms = readings.source, readings.power, self.source.confirms
        measured = power if isinstance(power, Reading) and self.known.meter_saw_it else None
        dark = measured is not None and measured.value <= meter_threshold_w(self.known)
        if source is not None and source.beam is Beam.ON:
            tell("OFF was commanded, it reads ON")
        elif not (confirms or self.known.ever_lit or self.known.meter_saw_it):
            return "never lit"
        elif source is None or not confirms:
            return "power meter" if dark else ""
        elif source.beam is not Beam.OFF:
            tell("; ".join(source.faults) or "it does not read OFF")
        elif measured is None or dark:
            return "read back"
        elif not again and self.clock.now_ns() - measured.t_ns > _OLD_NS:
            return await self.seen_off(tell, again=True)
        else:
            tell(f"reads OFF but the meter still sees {measured.value:.3f} W")
        return ""

    def _meter_sees(self) -> bool:
        seen = self.known.seen
        measured_w = seen.measured_power_w if seen is not None else None
        return measured_w is not None and measured_w > meter_threshold_w(self.known)


def eyes_of(
    specs: Mapping[str, GuardSpec],
    sources: Mapping[str, GuardedSource],
    meter: GuardedMeter | None,
    clock: Clock,
    gates: Sequence[GuardedGate] = (),
) -> dict[str, Eyes]:
    """For each source. Meter and gates are the laser's; another source measures itself what it
    gives."""
    own = {name: (meter, gates) if name == LASER else (None, ()) for name in sources}
    return {
        name: Eyes(specs[name], source, own[name][0], clock, own[name][1], name)
        for name, source in sources.items()
    }


async def _or_error(read: Callable[[], Awaitable[object]]) -> object:
    """The reading, or the error that an instrument made of it, as a value. It is begun here, so
    that one which is ended before it begins leaves nothing behind."""
    try:
        return await read()
    except InstrumentError as error:
        return error


def _seen_of(source: SourceState, power: Reading | Invalid | None, now_ns: int) -> SourceSeen:
    """What the rules look at, of what source and meter gave."""
    measured = power if isinstance(power, Reading) else None
    if measured is None and source.power_w is not None:
        # It measures itself what it gives: a supply, its voltage and current.
        measured = Reading("power", source.power_w, "W", now_ns)
    if measured is None:
        return SourceSeen(now_ns, source)
    return SourceSeen(now_ns, source, measured.value, measured.t_ns)
