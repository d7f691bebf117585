"""Off, and knowing that it is off: written at once, repeated until confirmed, by every path."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from labctl.clock import NS
from labctl.errors import attempt
from labctl.events import Beam
from labctl.evidence import Eyes
from labctl.guard._gates import Gates
from labctl.instruments import Emitter
from labctl.talk import OffReport

_PAUSE_NS = 50_000_000
"""Between two tries at switching off."""
_GIVE_UP_S = 10.0
"""So long every path is tried again before the run is closed with the beam not confirmed off."""
_NO_LEVEL, _NO_PORT = "drive level could not be set to 0", "port could not be opened again"


class Off:
    """Switches one source off. Never raises for an instrument that does not do as told."""

    def __init__(self, eyes: Eyes, gates: Gates, late: Callable[[str], None]) -> None:
        """`late` is told what was tried when off alone has not done in its time."""
        self._eyes, self._gates, self._source, self._clock = eyes, gates, eyes.source, eyes.clock
        self._late = late
        self.emitter: Emitter | None = None
        """Another way to darkness: the drive level."""

    async def write(self, *, everything: bool = False) -> str:
        """Write off and close the shutter (every gate), in one turn; what went wrong, or ''."""
        off = attempt(self._source.off, "off could not be written")
        gates = self._gates.blocking(everything=everything)
        return "; ".join(filter(None, await self._clock.together(off, *gates)))

    async def until_confirmed(self, began_ns: int, failure: str) -> OffReport:
        """Repeat off until it is confirmed or nothing is left; `failure` is what the first `write`
        said. When off alone has not done in its time, every other path is taken too."""
        tried: dict[str, None] = dict.fromkeys(filter(None, [failure]))
        everything = False

        def report(beam: Beam, how: str) -> OffReport:
            return OffReport(beam is Beam.OFF, beam, how, self._clock.now_ns() - began_ns)

        while True:
            if confirmed := await self._eyes.seen_off(tried.setdefault):
                return report(Beam.OFF, confirmed)
            took_s = (self._clock.now_ns() - began_ns) / NS
            blind = not self._source.confirms and not self._eyes.known.meter_saw_it
            if (blind or everything) and await self._eyes.shutter_reads_closed():
                return report(Beam.OFF, "shutter reads closed")
            if blind:
                # Nothing on this bench can confirm it: saying so is all that is left.
                return report(Beam.UNKNOWN, "commanded, not confirmed")
            if took_s >= _GIVE_UP_S:
                return report(self._eyes.at_worst(), "; ".join(tried))
            if took_s >= self._eyes.spec.off_confirm_s and not everything:
                everything = True
                # Told before the other paths: an interlock that they open is not the cause.
                self._late("; ".join(tried))
            # Every gate with the next off, not behind a port that has to be opened first.
            if failure := await self.write(everything=everything):
                tried.setdefault(failure)
            if everything and self.emitter is not None:
                failure = await attempt(partial(self.emitter.set_level, 0.0), _NO_LEVEL)
                tried.setdefault(failure or "drive level set to 0")
            if everything:
                failure = await attempt(self._source.reopen, _NO_PORT)
                tried.setdefault(failure or "port opened again")
            await self._clock.sleep(_PAUSE_NS)
