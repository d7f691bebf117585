"""Off, and knowing that it is off: written at once, repeated until confirmed, by every path.

Confirmed means read back from the source, or seen by a power meter that has seen this emission on.
A meter that still sees light overrules a source that says OFF.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from labctl.clock import NS, Clock
from labctl.errors import InstrumentError
from labctl.events import Beam, Reading
from labctl.guard._gates import Gates, attempt, in_words
from labctl.guard._state import GuardState, meter_threshold_w
from labctl.instruments import Emitter, GuardedSource
from labctl.talk import GuardReadings, GuardSpec, OffReport

_PAUSE_NS = 50_000_000
"""Between two tries at switching off."""
_OLD_NS = NS // 4
"""Light that the meter saw longer ago than this, while the source's reply was late, may be gone."""
_GIVE_UP_S = 10.0
"""So long every path is tried again before the run is closed with the beam not confirmed off."""


class OffProcedure:
    """Switches one source off. Never raises for an instrument that does not do as told."""

    def __init__(
        self,
        spec: GuardSpec,
        state: GuardState,
        source: GuardedSource,
        gates: Gates,
        clock: Clock,
        read: Callable[[], Awaitable[GuardReadings]],
        on_late: Callable[[str], None],
    ) -> None:
        """`on_late` is told what was tried when off alone has not done in its time."""
        self._spec = spec
        self._state = state
        self._source = source
        self._gates = gates
        self._clock = clock
        self._read = read
        self._on_late = on_late

    async def write(self, *, everything: bool = False) -> str:
        """Write off and close the shutter (every gate), in one turn; what went wrong, or ''."""
        words = await self._clock.together(
            attempt(self._source.off, "off could not be written"),
            self._gates.block(everything=everything),
        )
        return "; ".join(word for word in words if word)

    async def look(self) -> GuardReadings:
        """Read source and meter; whatever goes wrong is `lost`."""
        try:
            return await self._read()
        except Exception as error:
            return GuardReadings(None, None, lost=InstrumentError(in_words(error)))

    async def until_confirmed(
        self, started_ns: int, failure: str, emitter: Emitter | None
    ) -> OffReport:
        """Repeat off, by every path there is, until it is confirmed or nothing is left.

        `failure` is what the first `write` said; `emitter` is the way to the drive level.
        """
        tried: list[str] = [failure] if failure else []
        everything = False
        deadline_ns = started_ns + round(self._spec.off_confirm_s * NS)
        give_up_ns = started_ns + round(_GIVE_UP_S * NS)
        while True:
            confirmed = await self._confirmed(tried)
            now_ns = self._clock.now_ns()
            took_ns = now_ns - started_ns
            if confirmed:
                return OffReport(True, Beam.OFF, confirmed, took_ns)
            blind = not self._source.confirms and not self._state.meter_saw_it
            if (blind or everything) and await self._gates.shutter_reads_closed():
                return OffReport(True, Beam.OFF, "shutter reads closed", took_ns)
            if blind:
                # Nothing on this bench can confirm it: saying so is all that is left.
                return OffReport(False, Beam.UNKNOWN, "commanded, not confirmed", took_ns)
            if now_ns >= give_up_ns:
                return OffReport(False, self._worst(), "; ".join(tried), took_ns)
            if now_ns >= deadline_ns and not everything:
                everything = True
                # Told before the other paths: an interlock that they open is not the cause.
                self._on_late("; ".join(tried))
            # Every gate with the next off, not behind a port that has to be opened first.
            failure = await self.write(everything=everything)
            if everything:
                await self._other_paths(tried, emitter)
            if failure:
                _once(tried, failure)
            await self._clock.sleep(_PAUSE_NS)

    async def _confirmed(self, tried: list[str], *, again: bool = False) -> str:
        """How off is confirmed, or ''. `again`: the meter has been given a second look."""
        readings = await self.look()
        if readings.lost is not None:
            _once(tried, f"read-back failed: {readings.lost.what}")
        source, power = readings.source, readings.power
        measured_w = power.value if isinstance(power, Reading) else None
        dark = measured_w is not None and measured_w <= meter_threshold_w(self._state)
        if source is not None and self._source.confirms and source.beam is Beam.OFF:
            if isinstance(power, Reading) and not dark and self._state.meter_saw_it:
                if not again and self._clock.now_ns() - power.t_ns > _OLD_NS:
                    return await self._confirmed(tried, again=True)
                _once(tried, f"reads OFF but the meter still sees {power.value:.3f} W")
                return ""
            return "read back"
        if source is not None and source.beam is Beam.ON:
            _once(tried, "OFF was commanded, it reads ON")
            return ""
        if source is not None and self._source.confirms:
            _once(tried, "; ".join(source.faults) or "it does not read OFF")
            return ""
        return "power meter" if dark and self._state.meter_saw_it else ""

    async def _other_paths(self, tried: list[str], emitter: Emitter | None) -> None:
        """Paths other than off and the gates: level to nothing, then the port opened anew."""
        if emitter is not None:
            failed = await attempt(
                partial(emitter.set_level, 0.0), "drive level could not be set to 0"
            )
            _once(tried, failed or "drive level set to 0")
        failed = await attempt(self._source.reopen, "port could not be opened again")
        _once(tried, failed or "port opened again")

    def _worst(self) -> Beam:
        """What is said of a beam that is not confirmed off: never less than what was seen."""
        seen = self._state.seen
        if seen is None:
            return Beam.UNKNOWN
        measured_w = seen.measured_power_w
        if measured_w is not None and measured_w > meter_threshold_w(self._state):
            return Beam.ON
        return Beam.ON if seen.said.beam is Beam.ON else Beam.UNKNOWN


def _once(tried: list[str], text: str) -> None:
    if text not in tried:
        tried.append(text)


def raise_first(came: Iterable[object]) -> None:
    """The first error of what a gathering gave, when all of it has been waited for."""
    for each in came:
        if isinstance(each, BaseException):
            raise each
