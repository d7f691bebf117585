"""The guard in a process of its own: it alone holds the ports of what lights and what confirms.

It is told what to hold, forces it off, and from then on renews leases, looks at every rule and at
its own instruments, whatever the engine does. The engine's end of the wire closing, a message that
is none, a fault in here and SIGTERM all lead to the same place: off, confirmed or given up, and the
process is gone with its ports.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping

from labctl import talk
from labctl.clock import NS, Clock
from labctl.errors import LabctlError
from labctl.evidence import eyes_of
from labctl.guard._act import Acts
from labctl.guard._guard import OnTrip
from labctl.guard._guards import Guards
from labctl.instruments import Instrument, connect_all


class GuardProcess:
    """One guard with its instruments. `await run()` returns the exit code."""

    def __init__(self, channel: talk.Channel, setup: talk.Setup, clock: Clock) -> None:
        self._served = talk.Served(channel, setup, clock)
        self._setup, self._clock = setup, clock
        self._held: dict[str, Instrument] = {}
        self._guards: Guards | None = None

    async def run(self) -> int:
        """Until the engine has closed it or is gone; 8 when something is not confirmed off."""
        return await self._served.run(self._work(), self._last_off, self._close)

    async def _work(self) -> None:
        """Connect, then look at everything until told otherwise."""
        try:
            talk.hold(self._held, self._setup, self._clock, self._served.trouble)
            causes = await connect_all(self._held.values(), self._clock)
        except LabctlError as error:
            causes = (error,)
        if causes:
            self._served.refuse(causes)
            return
        served = self._served
        guards = guards_of(self._held, self._setup, self._clock, served.tripped, served.unlogged)
        self._guards = guards
        await served.begin(guards, map(talk.found_of, self._held.values()))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tick(guards))
            group.create_task(served.read_on())

    async def _tick(self, guards: Guards) -> None:
        """Every rule, as a level, and a word to the engine."""
        while True:
            guards.look()
            self._served.tell_news()
            await self._clock.sleep(round(talk.TICK_S * NS))

    async def _last_off(self, why: str) -> bool:
        """Whether everything is confirmed off."""
        reports: Mapping[str, talk.OffReport] = {}
        try:
            if self._guards is not None:
                reports = await self._guards.beam_off(why)
        finally:
            if not reports:
                # Not all there yet, or a fault of our own: at least it is written.
                for instrument in self._held.values():
                    with contextlib.suppress(LabctlError):
                        await instrument.off()
        self._served.say_off(reports.values())
        return all(report.confirmed for report in reports.values())

    async def _close(self) -> None:
        """What broke keeps no port from being released."""
        try:
            if self._guards is not None:
                await self._guards.close()
        finally:
            for instrument in self._held.values():
                with contextlib.suppress(LabctlError):
                    await instrument.close()


def guards_of(
    held: dict[str, Instrument],
    setup: talk.Setup,
    clock: Clock,
    on_trip: OnTrip,
    unlogged: Callable[[], str] = str,
) -> Guards:
    """The guards over what is held, by the setup's limits and calibrations."""
    sources, meter, gates = talk.roles_of(held, setup, clock.now_ns)
    specs = {source.name: source.spec for source in setup.sources}
    # Found here, whatever the engine believes: what proved itself simulated can hurt nobody.
    real = not all(one.simulated for one in held.values())
    acts = Acts(setup.bench, setup.act_hold_s if real and not setup.unattended_by else 0.0)
    eyes = eyes_of(specs, sources, meter, clock, gates)
    return Guards(eyes, clock, on_trip, acts, unlogged)


def main(handle: int) -> int:
    """Take the setup from the inherited socket and guard; returns the exit code."""

    async def guard(channel: talk.Channel, setup: talk.Setup, clock: Clock) -> int:
        return await GuardProcess(channel, setup, clock).run()

    return talk.serve(handle, guard)
