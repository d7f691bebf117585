"""The guard in a process of its own: it alone holds the ports of what lights and what confirms.

It is told what to hold, forces it off, and from then on renews leases, looks at every rule and at
its own instruments, whatever the engine does. The engine's end of the wire closing, a message that
is none, a fault in here and SIGTERM all lead to the same place: off, confirmed or given up, and the
process is gone with its ports.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from labctl import talk
from labctl.clock import NS, Clock
from labctl.evidence import Acts, eyes_over
from labctl.guard._guards import Guards
from labctl.instruments import Instrument, close_all, off_all


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
        if not await self._served.hold(self._held):
            return
        guards = self._guards = guards_of(self._held, self._setup, self._served)
        await self._served.begin(guards, self._held.values())
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tick(guards))
            group.create_task(self._served.read_on())

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
                await off_all(self._held.values())
        self._served.say_off(reports.values())
        return all(report.confirmed for report in reports.values())

    async def _close(self) -> None:
        """What broke keeps no port from being released."""
        try:
            if self._guards is not None:
                await self._guards.close()
        finally:
            await close_all(self._held.values())


def guards_of(held: dict[str, Instrument], setup: talk.Setup, served: talk.Served) -> Guards:
    """The guards over what is held, by the setup's limits and calibrations."""
    guards = Guards(eyes_over(held, setup, served.clock), served.clock, served.tripped)
    guards.unlogged = served.unlogged
    # Found here, whatever the engine believes: what proved itself simulated can hurt nobody.
    if not (setup.unattended_by or all(one.simulated for one in held.values())):
        guards.acts = Acts(setup.bench, setup.act_hold_s)
    return guards


def main(handle: int) -> int:
    """Take the setup from the inherited socket and guard; returns the exit code."""
    return talk.serve(handle, GuardProcess)
