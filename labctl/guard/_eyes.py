"""What the guard sees of its source: noted for the rules, told for the record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any

from labctl.clock import NS, Clock
from labctl.errors import InstrumentError, SafetyError
from labctl.events import Beam, Invalid, Reading
from labctl.guard._gates import Gates
from labctl.guard._state import (
    LIT,
    GuardState,
    SourceSeen,
    meter_threshold_w,
    note_meter,
    note_source,
)
from labctl.instruments import GuardedMeter, GuardedSource, SourceState
from labctl.talk import GuardReadings, GuardSpec

_MEASURED_WITHIN_S = 1.0
"""So long after it may have been starting a laser that is lit behind a closed shutter has to show
the power that was asked for."""
_LOOK_NS = 50_000_000


class Eyes:
    """Of the guard of one source. Nothing here switches anything."""

    def __init__(
        self,
        source: GuardedSource,
        meter: GuardedMeter | None,
        gates: Gates,
        state: GuardState,
        clock: Clock,
    ) -> None:
        self._source = source
        self._meter = meter
        self._gates = gates
        self._state = state
        self._clock = clock
        self.lighting = False
        """While the source is being lit its port is busy: only the meter is read then."""

    async def read(self) -> GuardReadings:
        """Read source and meter, side by side. The guard sees them before anybody else does."""
        jobs: list[Coroutine[Any, Any, Any]] = []
        lighting = self.lighting
        if not lighting:
            jobs.append(_or_error(self._source.read))
        if self._meter is not None:
            jobs.append(_or_error(self._meter.read_power_at_sample))
        came = await self._clock.together(*jobs)
        lost: InstrumentError | None = None
        power: Reading | Invalid | None = came.pop() if self._meter is not None else None
        source: SourceState | None = None if lighting else came.pop()
        if isinstance(source, InstrumentError):
            lost, source = source, None
        if isinstance(power, InstrumentError):
            lost, power = power, None
        if source is not None:
            note_source(self._state, _seen_of(source, power, self._clock.now_ns()))
        elif lighting and isinstance(power, Reading):
            note_meter(self._state, power.value, power.t_ns)
        before = None
        if self._gates.in_beam and isinstance(power, Reading):
            before = replace(power, channel="meter.before_shutter")
            power = replace(power, value=0.0) if self._state.held_back else power
        return GuardReadings(source, power, before, self._gates.readings(), lost)

    async def power_as_asked(self, spec: GuardSpec) -> None:
        """Wait until the meter sees, before a closed shutter, the power that was asked for of a
        source that cannot be told it before it is on. SafetyError when it never does."""
        state, clock = self._state, self._clock
        give_up_ns = clock.now_ns() + round((spec.starts_within_s + _MEASURED_WITHIN_S) * NS)
        while self._meter is not None and state.phase in LIT and clock.now_ns() < give_up_ns:
            seen = await self._meter.read_power_at_sample()
            most_off_w = spec.power_mismatch * state.commanded_w
            if isinstance(seen, Reading) and abs(seen.value - state.commanded_w) <= most_off_w:
                return
            await clock.sleep(_LOOK_NS)
        raise SafetyError("the power behind the closed shutter is not measured as asked")

    @property
    def can_confirm(self) -> bool:
        """Whether anything on this bench can tell that the beam is off."""
        return self._source.confirms or self._meter is not None or self._gates.in_beam

    def emission(self, ever_lit: bool) -> tuple[Beam, str]:
        """What is known of the beam now, and how."""
        seen = self._state.seen
        if seen is None:
            return Beam.UNKNOWN, "never read"
        if self._source.confirms:
            return seen.said.beam, "read back"
        measured_w = seen.measured_power_w
        if measured_w is not None and self._state.meter_saw_it:
            lit = measured_w > meter_threshold_w(self._state)
            return (Beam.ON if lit else Beam.OFF), "power meter"
        if self._gates.seen_closed:
            return Beam.OFF, "shutter reads closed"
        if not ever_lit:
            return Beam.UNKNOWN, "commanded off, not confirmed"
        return Beam.UNKNOWN, "commanded, not confirmed"


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
