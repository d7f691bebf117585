"""The guard in a process of its own: it alone holds the ports of what lights and what confirms.

It is told what to hold, forces it off, and from then on renews leases, looks at every rule and at
its own instruments, whatever the engine does. The engine's end of the wire closing, a message that
is none, a fault in here and SIGTERM all lead to the same place: off, confirmed or given up, and the
process is gone with its ports.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import signal
import socket
import sys
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from labctl import talk
from labctl.clock import NS, Clock, run_real
from labctl.errors import LabctlError, RecordError
from labctl.guard._guards import Guards
from labctl.guard._state import LIT
from labctl.guard.process._holding import found_of, guards_of, hold
from labctl.guard.process._latched import Latch
from labctl.instruments import Instrument, connect_all
from labctl.synced import SyncedLines

_UNWRITTEN = "the guard's log cannot be written"


class GuardProcess:
    """One guard with its instruments. `await run()` returns the exit code."""

    def __init__(self, channel: talk.Channel, setup: talk.Setup, clock: Clock) -> None:
        self._engine = talk.Serving(channel, self._take, self._answer, self._finish)
        self._channel = channel
        self._setup = setup
        self._clock = clock
        self._log = SyncedLines()
        self._held: dict[str, Instrument] = {}
        self._guards: Guards | None = None
        self._trip: talk.Trip | None = None
        self._readers: list[asyncio.Future[dict[str, talk.GuardReadings]]] = []
        self._controls: set[asyncio.Task[object]] = set()
        self._wanted = asyncio.Event()
        self._end: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def run(self) -> int:
        """Until the engine has closed it or is gone; 8 when something is not confirmed off."""
        loop = asyncio.get_running_loop()
        self._engine.begin()
        loop.add_signal_handler(signal.SIGTERM, self._finish, "SIGTERM")
        work = asyncio.ensure_future(self._work())
        ends: set[asyncio.Future[Any]] = {work, self._end}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if not self._end.done():
            self._end.set_result(f"a fault in the guard: {work.exception()!r}")
        try:
            return await self._leave(self._end.result(), [work, *self._engine.end()])
        finally:
            self._log.close()
            self._channel.close()

    async def _leave(self, why: str, tasks: list[asyncio.Task[None]]) -> int:
        """Off first, then everything that was begun is ended and every port is released."""
        self._say("leaving", why=why)
        going_off = asyncio.ensure_future(self._all_off(why))
        # One turn, so that off is written before anything else ends.
        await asyncio.sleep(0)  # noqa: TID251
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        try:
            reports = await going_off
            confirmed = all(report.confirmed for report in reports.values())
        except Exception as error:
            self._say("fault", error=repr(error))
            confirmed = False
        if self._controls:
            await asyncio.wait(self._controls)
        if self._guards is not None:
            try:
                await self._guards.close()
            except Exception as error:
                # What broke keeps no port from being released.
                self._say("fault", error=repr(error))
                confirmed = False
        for instrument in self._held.values():
            with contextlib.suppress(LabctlError):
                await instrument.close()
        self._say("gone", confirmed=confirmed)
        return 0 if confirmed else 8

    async def _all_off(self, why: str) -> dict[str, talk.OffReport]:
        reports: dict[str, talk.OffReport] = {}
        try:
            if self._guards is not None:
                reports = await self._guards.beam_off(why)
        finally:
            if not reports:
                # Not all there yet, or a fault of our own: at least it is written.
                await self._blind_off()
        for report in reports.values():
            self._say(
                "off",
                source=report.source,
                confirmed=report.confirmed,
                how=report.how,
                took_s=report.took_ns / NS,
            )
        return reports

    async def _blind_off(self) -> None:
        for instrument in self._held.values():
            with contextlib.suppress(LabctlError):
                await instrument.off()

    def _finish(self, why: str) -> None:
        if not self._end.done():
            self._end.set_result(why)

    def _say(self, what: str, **facts: Any) -> None:
        self._log.say(self._clock.now_ns(), what, **facts)

    # -- work ----------------------------------------------------------------------------------

    async def _work(self) -> None:
        """Connect, then look at everything until told otherwise."""
        try:
            hold(self._held, self._setup, self._clock, self._trouble)
            causes = await connect_all(self._held.values(), self._clock)
        except LabctlError as error:
            causes = (error,)
        if causes:
            self._engine.send(talk.Refused(causes))
            self._finish("not everything is there")
            return
        self._guards = guards_of(self._held, self._setup, self._clock, self._tripped)
        found = tuple(found_of(instrument) for instrument in self._held.values())
        self._say("connected", bench=self._setup.bench, found=[str(who) for who in found])
        be_deaf = await talk.listen(self._setup.control, self._stop, self._begin)
        self._engine.send(talk.Ready(found))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._tick())
                group.create_task(self._read_on())
        finally:
            be_deaf()

    async def _tick(self) -> None:
        """Every rule, as a level, and a word to the engine."""
        while True:
            self._needed().look()
            news = self._news()
            if self._log.fault and any(source.phase in LIT for source in news.sources):
                # No light without this log: it may be all that tells of it.
                self._needed().latch(talk.Trip("log", f"{_UNWRITTEN}: {self._log.fault}"))
            self._engine.send(news)
            await self._clock.sleep(round(talk.TICK_S * NS))

    async def _read_on(self) -> None:
        """Read when the engine wants to know, and by itself when it does not ask."""
        guards = self._needed()
        while True:
            # Not wait_for: until Python 3.12 it loses a cancellation that comes with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(talk.READ_S):
                    await self._wanted.wait()
            self._wanted.clear()
            waiting, self._readers = self._readers, []
            taken = await guards.readings()
            for reader in waiting:
                if not reader.done():
                    reader.set_result(taken)

    # -- the engine ------------------------------------------------------------------------------

    def _take(self, message: object) -> None:
        match message:
            case talk.LogTo():
                self._log.begin(message.path)
            case talk.Heartbeat():
                self._needed().heartbeat(message)
            case talk.Close():
                self._finish("closed by the engine")
            case talk.Disarm():
                self._needed().disarm()
            case _:
                raise talk.WireError(f"unexpected {type(message).__name__}")

    async def _answer(self, asked: talk.Asked) -> None:
        answer = talk.Answer(asked.number)
        try:
            answer = await self._done(asked, answer)
        except LabctlError as error:
            answer = replace(answer, error=error)
        self._engine.send(self._news())
        self._engine.send(answer)

    async def _done(self, asked: talk.Asked, answer: talk.Answer) -> talk.Answer:
        guards, number = self._needed(), asked.number
        if self._log.fault and isinstance(asked.what, talk.Arm | talk.Emit):
            raise RecordError(_UNWRITTEN, seen=self._log.fault, fix="Free space, or use --runs.")
        match asked.what:
            case talk.Read():
                reader: asyncio.Future[dict[str, talk.GuardReadings]] = (
                    self._end.get_loop().create_future()
                )
                self._readers.append(reader)
                self._wanted.set()
                return replace(answer, readings=await reader)
            case talk.Wanted():
                return replace(answer, wanted=await guards.wanted(asked.what.ahead_ns))
            case talk.Act() as request:
                await guards.act(request)
                self._say("act", who=request.who, terminal=request.terminal)
            case talk.Arm() as request:
                await guards.arm(request)
                self._say(
                    "armed",
                    source=request.source,
                    who=request.who,
                    limits=request.digest,
                    unattended=self._setup.unattended_by,
                )
            case talk.Emit() as request:
                self._say("emit", source=request.source, power_w=request.power_w)
                await guards.emit(
                    request, commanded=lambda t_ns: self._engine.send(talk.Commanded(number, t_ns))
                )
            case talk.Adjust() as request:
                self._say("adjust", source=request.source, power_w=request.power_w)
                return replace(answer, set_ns=await guards.adjust(request.power_w, request.source))
            case _:
                # `Off`; the wire lets nothing else through.
                return replace(answer, reports=await self._all_off(asked.what.why))
        return answer

    def _news(self) -> talk.News:
        return talk.News(tuple(self._of(source.name) for source in self._setup.sources), self._trip)

    def _of(self, name: str) -> talk.SourceNews:
        guard = self._needed().of(name)
        beam, how = guard.emission()
        return talk.SourceNews(
            name,
            guard.phase,
            beam,
            how,
            guard.state.lit_ns,
            guard.can_confirm,
            guard.ever_lit,
            guard.state.meter_saw_it,
        )

    def _tripped(self, trip: talk.Trip) -> None:
        if self._setup.latch is not None:
            trip = Latch(*dataclasses.astuple(self._setup.latch)).keep(trip)
        self._trip = trip
        self._say("tripped", rule=trip.rule, message=trip.message)
        # On the log also where no engine asks what came of it.
        self._begin(self._all_off(trip.message))

    def _trouble(self, key: str, what: str, detail: str) -> None:
        self._say("trouble", instrument=key, trouble=what, detail=detail)
        self._engine.send(talk.Trouble(key, what, detail))

    def _needed(self) -> Guards:
        if self._guards is None:
            raise talk.WireError("asked before everything was there")
        return self._guards

    # -- anybody of this user, by one message; nothing that lights can be said so ---------------

    def _begin(self, work: Coroutine[Any, Any, object]) -> None:
        """Waited for before the process goes."""
        task = asyncio.ensure_future(work)
        self._controls.add(task)
        task.add_done_callback(self._controls.discard)

    async def _stop(self, asked: object) -> talk.Stopped | None:
        if not isinstance(asked, talk.Off):
            return None
        self._say("stop", why=asked.why)
        self._needed().latch(talk.Trip(talk.STOP, asked.why))
        return talk.Stopped(self._setup.bench, await self._all_off(asked.why))


def main(handle: int) -> int:
    """Take the setup from the inherited socket and guard; returns the exit code."""
    for number in (signal.SIGINT, signal.SIGHUP):
        # The engine hears them, and asks for off.
        signal.signal(number, signal.SIG_IGN)
    # PyVISA imports it where there is one, for what nothing here uses.
    sys.modules["numpy"] = None  # type: ignore[assignment]
    with socket.socket(fileno=handle) as end:
        try:
            setup = talk.first_message(end)
        except (OSError, talk.WireError):
            return 2
        if not isinstance(setup, talk.Setup):
            return 2

        async def guard(clock: Clock) -> int:
            return await GuardProcess(talk.Channel(end), setup, clock).run()

        return run_real(guard, zero_ns=setup.zero_ns)
