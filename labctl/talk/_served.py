"""Guards at the end of a wire: what is said is handed to them, what they know is told, and every
word of it that lights, darkens or goes wrong stands in the guard's own log.

Nothing here decides. That the wire ends, or that what comes over it is not understood, is said to
whoever serves (`run`), who goes dark.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Any, NoReturn, Protocol

from labctl.clock import NS, Clock, run_real
from labctl.errors import LabctlError, RefusedError
from labctl.instruments import Instrument, connect_all
from labctl.synced import SyncedLines
from labctl.talk import _asked, _process
from labctl.talk._asked import STOP, OffReport, Trip
from labctl.talk._guarding import Held
from labctl.talk._held import found_of, hold
from labctl.talk._listening import first_message, listen
from labctl.talk._process import READ_S, Answer, Asked, News, Setup
from labctl.talk._serving import Serving
from labctl.talk._wire import Channel, WireError

_LEAVE_S = 30.0
"""So long may leaving take. Off by itself gives up after ten seconds, the engine kills after 15;
where there is none, what hangs for longer holds a port that nobody else can then switch off by."""


class Served:
    """Of one process; see `run`."""

    def __init__(self, channel: Channel, setup: Setup, clock: Clock) -> None:
        self._engine = Serving(channel, self._take, self._answer, self.end)
        self._channel, self._setup, self.clock = channel, setup, clock
        self._log = SyncedLines()
        self._guards: Held | None = None
        self._trip: Trip | None = None
        self._wanted = asyncio.Event()
        self._readers: list[asyncio.Future[Any]] = []
        self._begun: set[asyncio.Task[object]] = set()
        self._broke = False
        self._last = threading.Timer(_LEAVE_S, self._give_up)
        self._last.daemon = True
        self._be_deaf: Callable[[], None] = lambda: None
        self._end: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    # -- from beginning to end -----------------------------------------------------------------

    async def run(
        self,
        work: Coroutine[Any, Any, None],
        off: Callable[[str], Coroutine[Any, Any, bool]],
        close: Callable[[], Coroutine[Any, Any, None]],
    ) -> int:
        """Hear the engine until it says so or is gone, SIGTERM, a fault, or the end of `work`. Then
        `off`, told why, is begun before anything else is ended; `close` comes last, whatever broke
        before. The exit code: 0, or 8 where something is not confirmed off or broke."""
        self._engine.begin()
        loop, working = asyncio.get_running_loop(), asyncio.ensure_future(work)
        loop.add_signal_handler(signal.SIGTERM, self.end, "SIGTERM")
        ends: set[asyncio.Future[Any]] = {working, self._end}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not self._end.done():
                self.end(f"a fault in the guard: {working.exception()!r}")
            self.say("leaving", why=self._end.result())
            going_off = asyncio.ensure_future(off(self._end.result()))
            # One turn, so that off is written before anything else ends.
            await asyncio.sleep(0)  # noqa: TID251
            with contextlib.suppress(RuntimeError, MemoryError):
                # No memory for a thread is no reason to stay.
                self._last.start()
            await self._hush(working)
            came: list[Any] = [*await asyncio.gather(going_off, return_exceptions=True)]
            while self._begun:
                # Also what a trip during that off has begun.
                await asyncio.wait(self._begun)
            came += await asyncio.gather(close(), return_exceptions=True)
            for error in came:
                if isinstance(error, BaseException):
                    self.say("fault", error=repr(error))
            confirmed = came == [True, None] and not self._broke
            self.say("gone", confirmed=confirmed)
            return 0 if confirmed else 8
        finally:
            self._last.cancel()
            if self._last.is_alive():
                self._last.join()
            self._log.close()
            self._channel.close()

    def _give_up(self) -> None:
        """By a thread, as the loop may hang too: no port outlives this."""
        self.say("gone", confirmed=False)
        self._log.close()
        os._exit(8)

    def end(self, why: str) -> None:
        """Nothing more is to be heard."""
        if not self._end.done():
            self._end.set_result(why)

    async def _hush(self, *tasks: asyncio.Task[None]) -> None:
        """Hear nothing more; end these and every request."""
        self._be_deaf()
        ending = [*tasks, *self._engine.end()]
        for task in ending:
            task.cancel()
        await asyncio.wait(ending)

    async def hold(self, held: dict[str, Instrument]) -> bool:
        """Put all that the setup names into `held`, and connect it; refused, with every cause, and
        False where something is missing. Who asks for off is heard from the beginning."""
        self._be_deaf = await listen(self._setup.control, self._stop, self._begin)
        try:
            hold(held, self._setup, self.clock, self.trouble)
            causes = await connect_all(held.values(), self.clock)
        except LabctlError as error:
            causes = (error,)
        if causes:
            self._engine.send(_process.Refused(causes))
            self.end("not everything is there")
        return not causes

    async def begin(self, guards: Held, held: Iterable[Instrument]) -> None:
        """From here on anything may be asked."""
        self._guards, found = guards, tuple(found_of(instrument) for instrument in held)
        self.say("connected", bench=self._setup.bench, found=[str(who) for who in found])
        self._engine.send(_process.Ready(found))

    # -- told ----------------------------------------------------------------------------------

    def say(self, what: str, **facts: Any) -> None:
        """A line on the guard's log."""
        self._log.say(self.clock.now_ns(), what, **facts)

    def unlogged(self) -> str:
        """Why the log cannot be written; '' while all is well."""
        return self._log.fault

    def tell_news(self) -> None:
        """The guard lives, and this is how things are."""
        guards = self._needed()
        news = (guards.of(source.name).news for source in self._setup.sources)
        self._engine.send(News(tuple(news), self._trip))

    def tripped(self, trip: Trip) -> None:
        """Off has been written for this: kept, told from now on, and what comes of it logged, also
        where no engine asks."""
        if self._setup.latch is not None:
            trip = self._setup.latch.keep(trip)
        self._trip = trip
        self.say("tripped", rule=trip.rule, message=trip.message)
        self._begin(self._off(trip.message))

    def trouble(self, key: str, what: str, detail: str) -> None:
        """A port misbehaves."""
        self.say("trouble", instrument=key, trouble=what, detail=detail)
        self._engine.send(_process.Trouble(key, what, detail))

    # -- asked ---------------------------------------------------------------------------------

    def _take(self, message: object) -> None:
        match message:
            case _process.LogTo():
                self._log.begin(message.path)
            case _asked.Heartbeat():
                self._needed().heartbeat(message)
            case _process.Close():
                self.end("closed by the engine")
            case _process.Disarm():
                self._needed().disarm()
            case _:
                raise WireError(f"unexpected {type(message).__name__}")

    async def _answer(self, asked: Asked) -> None:
        answer = Answer(asked.number)
        try:
            answer = await self._done(asked, answer)
        except LabctlError as error:
            answer = replace(answer, error=error)
        self.tell_news()
        self._engine.send(answer)

    async def _done(self, asked: Asked, answer: Answer) -> Answer:
        guards, what = self._needed(), asked.what
        match what:
            case _process.Read():
                return replace(answer, readings=await self._readings())
            case _process.Wanted():
                return replace(answer, wanted=await guards.wanted(what.ahead_ns))
            case _asked.Act():
                await guards.act(what)
                self.say("act", who=what.who, terminal=what.terminal)
            case _asked.Arm():
                await guards.arm(what)
                told = {"source": what.source, "who": what.who, "limits": what.digest}
                self.say("armed", **told, unattended=self._setup.unattended_by)
            case _asked.Emit():
                self.say("emit", source=what.source, power_w=what.power_w)
                await guards.emit(
                    what,
                    commanded=lambda t_ns: self._engine.send(
                        _process.Commanded(asked.number, t_ns)
                    ),
                )
            case _asked.Adjust():
                self.say("adjust", source=what.source, power_w=what.power_w)
                return replace(answer, set_ns=await guards.adjust(what.power_w, what.source))
            case _:
                # `Off`; the wire lets nothing else through.
                return replace(answer, reports=await self._off(what.why))
        return answer

    async def _off(self, why: str) -> dict[str, OffReport]:
        reports = dict(await self._needed().beam_off(why))
        self.say_off(reports.values())
        return reports

    def say_off(self, reports: Iterable[OffReport]) -> None:
        """What came of an off."""
        for report in reports:
            told = {"source": report.source, "confirmed": report.confirmed, "how": report.how}
            self.say("off", **told, took_s=report.took_ns / NS)

    async def _readings(self) -> Any:
        reader: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._readers.append(reader)
        self._wanted.set()
        return await reader

    async def read_on(self) -> None:
        """Have the guards read when the engine wants to know, and when it does not ask."""
        while True:
            # Not wait_for: until Python 3.12 it loses a cancellation that comes with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(READ_S):
                    await self._wanted.wait()
            self._wanted.clear()
            waiting, self._readers = self._readers, []
            taken = await self._needed().readings()
            for reader in waiting:
                if not reader.done():
                    reader.set_result(taken)

    def _needed(self) -> Held:
        if self._guards is None:
            raise WireError("asked before everything was there")
        return self._guards

    # -- anybody of this user, by one message; nothing that lights can be said so ---------------

    def _begin(self, work: Coroutine[Any, Any, object]) -> None:
        """Waited for before the process goes."""
        task = asyncio.ensure_future(work)
        self._begun.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[object]) -> None:
        self._begun.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broke = True
            self.say("fault", error=repr(error))
            self.end(f"a fault in the guard: {error!r}")

    async def _stop(self, asked: object) -> _process.Stopped | None:
        if not isinstance(asked, _process.Off):
            return None
        self.say("stop", why=asked.why)
        if self._guards is None:
            # Not ready yet, and it will not be.
            self._engine.send(_process.Refused((RefusedError(asked.why),)))
            self.end(asked.why)
            return _process.Stopped(self._setup.bench, {})
        self._guards.latch(Trip(STOP, asked.why))
        return _process.Stopped(self._setup.bench, await self._off(asked.why))


class Running(Protocol):
    """A guard's process."""

    async def run(self) -> int: ...


def serve(handle: int, guard: Callable[[Channel, Setup, Clock], Running]) -> int:
    """Take the setup from the inherited socket and run the guard's process; its exit code, 2 where
    there is no setup."""
    for number in (signal.SIGINT, signal.SIGHUP):
        # The engine hears them, and asks for off.
        signal.signal(number, signal.SIG_IGN)
    # PyVISA imports it where there is one, for what nothing here uses.
    sys.modules["numpy"] = None  # type: ignore[assignment]
    with socket.socket(fileno=handle) as end:
        try:
            setup = first_message(end)
        except (OSError, WireError):
            return 2
        if not isinstance(setup, Setup):
            return 2

        async def run(clock: Clock) -> int:
            return await guard(Channel(end), setup, clock).run()

        return run_real(run, zero_ns=setup.zero_ns)


def as_program(main: Callable[[int], int]) -> NoReturn:
    """Call it with the command line's handle, and end the process with its code; also where a
    library will not come back and has a thread of its own: the process would wait for that one, and
    keep the port."""
    try:
        code = main(int(sys.argv[1]))
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    os._exit(code)
