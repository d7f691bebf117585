"""Light on and off through the guard, told as it is known."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from labctl.bench import Arming
from labctl.clock import NS, Clock
from labctl.engine import _collector as collector
from labctl.engine._sampler import GUARDED, Sampler
from labctl.engine._teller import Teller
from labctl.errors import RefusedError
from labctl.events import LASER, Beam, Emission, EmissionIntent, Mode, Note
from labctl.talk import AnyGuards, Arm, Emit, OffReport, Phase, not_confirmed


def warning_s(arming: Arming, mode: Mode, *, in_process: bool) -> float:
    """So long before the laser's light people are told of it."""
    if mode is Mode.REAL:
        return arming.warning_s
    if arming.simulated_warning_s is not None:
        return arming.simulated_warning_s
    return 0.0 if in_process else arming.warning_s


class Light:
    """What the engine may ask of a source. Without guards there is nothing to light."""

    def __init__(
        self,
        clock: Clock,
        guards: AnyGuards | None,
        sampler: Sampler,
        teller: Teller,
        armed_by: str,
        warning_s: float = 0.0,
    ) -> None:
        self._clock = clock
        self._guards = guards
        self._sampler = sampler
        self._teller = teller
        self._armed_by = armed_by
        self.warning_s = warning_s
        """So long before the laser's light people are told of it."""

    async def arm(self, source: str) -> None:
        """Have the guard look at everything, once until somebody disarms or arms another source."""
        guards = self._needed()
        guard = guards.of(source)
        if guard.news.phase not in {Phase.DISARMED, Phase.ARMING}:
            return
        if GUARDED not in self._sampler.latest:
            await self._sampler.once()
        await guards.arm(Arm(self._armed_by, guard.spec.digest(), source))
        armed = "armed" if source == LASER else f"{source} armed"
        self._teller.tell(
            Note(
                self._clock.now_ns(),
                self._armed_by,
                f"{armed}; limits {guard.spec.digest()[:12]}",
            )
        )

    def disarm(self) -> None:
        """A person may put hands into the bench now."""
        if self._guards is not None:
            self._guards.disarm()

    async def warn(self) -> None:
        """Sample on until it is time for the laser's light; an off or a stop ends it."""
        await self._sampler.until(self._clock.now_ns() + round(self.warning_s * NS))

    async def on(
        self, source: str, power_w: float, intents: Sequence[tuple[float, int]], name: str
    ) -> int:
        """Light, sampling on meanwhile: some lasers take seconds, and the lease must not lapse.
        Returns when it was commanded. `intents`: of each step that this light is for, one after the
        other, the highest power and the longest time."""
        guards = self._needed()
        guard = guards.of(source)
        lease_ns = round(guard.spec.lease_s * NS)
        for most_w, for_ns in intents:
            now_ns = self._clock.now_ns()
            self._teller.tell(EmissionIntent(now_ns, most_w, for_ns, lease_ns, source))
        at_most_ns = sum(for_ns for _, for_ns in intents)
        # No light before its intent is on disk.
        await self._teller.durable()
        collector.halt()
        request = Emit(power_w, at_most_ns, source)

        def commanded(t_ns: int) -> None:
            # At its own time, before any reading that shows the light: the check needs the edge.
            self._tell_lit(source, power_w, name, "commanded, not confirmed", t_ns)

        lighting = asyncio.ensure_future(guards.emit(request, commanded=commanded))
        try:
            while not lighting.done():
                wait_ns = self._sampler.next_tick_ns - self._clock.now_ns()
                await asyncio.wait({lighting}, timeout=max(0, wait_ns) / NS)
                if not lighting.done():
                    await self._sampler.once()
        finally:
            if not lighting.done():
                lighting.cancel()
                await asyncio.wait({lighting})
            if not lighting.cancelled():
                # Looked at, also where sampling failed first and its error is the one that goes on.
                lighting.exception()
        lighting.result()
        await guards.readings()
        news = guards.of(source).news
        if news.beam is Beam.ON:
            self._tell_lit(source, power_w, name, news.how, self._clock.now_ns())
        return news.lit_ns

    async def adjust(self, source: str, power_w: float, name: str) -> bool:
        """Another power for the light that is on, told as the guard has it. False, and nothing is
        asked for, while the source is still starting."""
        guards = self._needed()
        if guards.of(source).news.phase is Phase.EMISSION_DELAY:
            return False
        set_ns = await guards.adjust(power_w, source)
        self._tell_lit(source, power_w, name, guards.of(source).news.how, set_ns)
        return True

    async def off_as_planned(self, why: str) -> None:
        """Off at a step's end; BeamNotConfirmedOffError where this bench could confirm it and did
        not."""
        for report in (await self.off(why)).values():
            if not report.confirmed and self._needed().of(report.source).news.can_confirm:
                raise not_confirmed(report)

    async def off(self, why: str) -> dict[str, OffReport]:
        """Every source off, and what is known of each. Never raises for an instrument. What labctl
        cannot light it cannot switch off either: then only what is known is said."""
        guards = self._guards
        by_hand = {LASER: OffReport(True, *self._sampler.beam_by_hand(), 0)}
        if guards is None:
            return by_hand
        started_ns = self._clock.now_ns()
        try:
            reports = await guards.beam_off(why)
        finally:
            collector.resume()
        for source, report in sorted(reports.items(), key=lambda item: item[1].took_ns):
            # At its own time: one source may be long off when another is not yet.
            self._sampler.tell_emission(
                Emission(started_ns + report.took_ns, report.beam, report.how, None, why, source)
            )
        return {**by_hand, **reports}

    async def close(self) -> None:
        """Let the guard finish what it is doing."""
        if self._guards is not None:
            await self._guards.close()

    def _tell_lit(self, source: str, power_w: float, name: str, how: str, t_ns: int) -> None:
        self._sampler.tell_emission(Emission(t_ns, Beam.ON, how, power_w, name, source))

    def _needed(self) -> AnyGuards:
        if self._guards is None:
            raise RefusedError("this bench has no laser that labctl may light")
        return self._guards
