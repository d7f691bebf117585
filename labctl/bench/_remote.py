"""The engine's end of a guard in a process of its own; to a run it is as `labctl.guard.Guards`.

The guard is watched: one that is gone, silent or not understood is killed, its ports are opened
here, everything is switched off and stays latched. What is asked of the guard after that is
answered by the same rules in this process, which then light nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labctl import talk
from labctl.bench._remote_source import RemoteSource, unheard
from labctl.clock import NS, Clock
from labctl.errors import BeamNotConfirmedOffError, RefusedError, SafetyError
from labctl.events import LASER
from labctl.guard import Guards
from labctl.instruments import Instrument
from labctl.talk import (
    Act,
    Adjust,
    AnyGuard,
    Arm,
    Channel,
    Emit,
    GuardReadings,
    GuardSpec,
    Heartbeat,
    OffReport,
    Trip,
    WireError,
    not_confirmed,
)

_SILENT_NS = 2 * NS // 5
"""A guard that says nothing for so long hangs."""
_LOOK_NS = NS // 20
NOTICED_S = (_SILENT_NS + _LOOK_NS) / NS
"""At worst from a guard's end to the engine's knowing."""
_POLL_NS = NS // 500
_KILLED_NS = 5 * NS
_LEFT_NS = 2 * NS
"""A guard that lives and is given up has so long to switch off by itself."""
_LEAVE_NS = 15 * NS
"""A guard that was told to go may try for so long to see everything off."""
_ANSWER_NS = 15 * NS
"""It tries for ten seconds to see off confirmed. An answer may be lost while this process is
stopped, because nobody then takes what the guard says."""

Spare = Callable[[Callable[[Trip], None]], Guards]
"""Makes guards in this process, over ports that are opened only when the process is gone."""


@dataclass(frozen=True, slots=True)
class _Asking:
    """A request without its answer."""

    answered: asyncio.Future[talk.Answer]
    commanded: Callable[[int], None] | None
    due_ns: int


class RemoteGuards:
    """See the module's docstring. `begin` before anything is asked; `close` or `end` at the end."""

    def __init__(
        self,
        clock: Clock,
        specs: Mapping[str, GuardSpec],
        process: subprocess.Popen[bytes],
        channel: Channel,
        control: Path,
    ) -> None:
        self._clock = clock
        self._specs = dict(specs)
        self._process = process
        self._channel = channel
        self._control = control
        self._on_trip: Callable[[Trip], None] = lambda trip: None
        self._on_trouble: Callable[[str, str, str], None] = lambda key, what, detail: None
        self._spare: Spare | None = None
        self._ports: tuple[Instrument, ...] = ()
        self._news: dict[str, talk.SourceNews] = {}
        self._told = False
        self._asked_to_light = False
        self._heard_ns = 0
        self._timer: asyncio.TimerHandle | None = None
        self._number = 0
        self._waiting: dict[int, _Asking] = {}
        self._over = False
        self._why = ""
        self._taking: asyncio.Task[Guards] | None = None
        self._backup: Guards | None = None

    def begin(
        self,
        on_trip: Callable[[Trip], None],
        on_trouble: Callable[[str, str, str], None],
        log: Path,
        spare: Spare,
        ports: Sequence[Instrument],
    ) -> None:
        """The run begins: from here on the guard is listened to, and watched."""
        self._on_trip, self._on_trouble = on_trip, on_trouble
        self._spare, self._ports = spare, tuple(ports)
        self._heard_ns = self._clock.now_ns()
        asyncio.get_running_loop().add_reader(self._channel, self._hear)
        self._say(talk.LogTo(str(log)))
        self._watch()

    # -- as Guards ---------------------------------------------------------------------------

    def of(self, source: str) -> AnyGuard:
        """The guard of one source; RefusedError where this run has none of that name."""
        if self._backup is not None:
            return self._backup.of(source)
        if source not in self._specs:
            raise RefusedError(f"this run has no {source} that labctl may light")
        return RemoteSource(self._specs[source], self._news.get(source) or unheard(source))

    async def readings(self) -> Mapping[str, GuardReadings]:
        """As `Guards.readings`: the guard is asked to read."""
        if self._backup is not None:
            return await self._backup.readings()
        return (await self._ask(talk.Read())).readings

    def heartbeat(self, beat: Heartbeat) -> None:
        """As `Guards.heartbeat`."""
        if self._backup is not None:
            self._backup.heartbeat(beat)
        else:
            self._say(beat)

    async def wanted(self, ahead_ns: int = 0) -> str:
        """As `Guards.wanted`."""
        return (await self._ask(talk.Wanted(ahead_ns))).wanted

    async def act(self, act: Act) -> None:
        """As `Guards.act`."""
        await self._ask(act)

    async def arm(self, request: Arm) -> None:
        """As `Guards.arm`."""
        await self._ask(request)

    def disarm(self) -> None:
        """As `Guards.disarm`."""
        self._say(talk.Disarm())

    async def emit(self, request: Emit, *, commanded: Callable[[int], None] | None = None) -> None:
        """As `Guards.emit`."""
        self._asked_to_light = True
        await self._ask(request, commanded)

    async def adjust(self, power_w: float, source: str = LASER) -> int:
        """As `Guards.adjust`."""
        return (await self._ask(Adjust(power_w, source))).set_ns

    async def beam_off(self, why: str) -> Mapping[str, OffReport]:
        """As `Guards.beam_off`; by this process where the guard's is gone."""
        if self._taking is None:
            with contextlib.suppress(SafetyError):
                return (await self._ask(talk.Off(why))).reports
        return await (await self._backup_guards()).beam_off(why)

    async def close(self) -> None:
        """The run is over: the guard looks a last time, leaves, and is waited for. Raises
        BeamNotConfirmedOffError when it, or this process in its place, cannot confirm."""
        self._say(talk.Close())
        if self._taking is None:
            await self.end()
            if self._process.returncode != 0:
                why = f"the guard's process ended with {self._process.returncode}"
                raise BeamNotConfirmedOffError("THE BEAM IS NOT CONFIRMED OFF", seen=why)
            return
        backup = await self._backup_guards()
        reports = await backup.beam_off("the guard's process is gone")
        await backup.close()
        for report in reports.values():
            if not report.confirmed:
                raise not_confirmed(report)

    async def end(self) -> None:
        """Leave no process behind: one that still lives sees its wire end, switches off and goes.
        Again changes nothing."""
        self._stop_listening()
        self._channel.close()
        if not await self._gone(_LEAVE_NS):
            self._process.kill()
            await self._gone(_KILLED_NS)
        self._forget()
        if self._backup is not None:
            await self._backup.close()

    # -- the wire ----------------------------------------------------------------------------

    async def _ask(self, what: Any, commanded: Callable[[int], None] | None = None) -> talk.Answer:
        if self._taking is not None or self._over:
            raise self._lost_error()
        self._number += 1
        number = self._number
        answered: asyncio.Future[talk.Answer] = asyncio.get_running_loop().create_future()
        asking = _Asking(answered, commanded, self._clock.now_ns() + _ANSWER_NS)
        self._waiting[number] = asking
        self._say(talk.Asked(number, what))
        try:
            answer = await answered
        except asyncio.CancelledError:
            self._say(talk.Dropped(number))
            raise
        finally:
            self._waiting.pop(number, None)
        if answer.error is not None:
            raise answer.error
        return answer

    def _say(self, message: object) -> None:
        if self._taking is not None or self._over:
            return
        try:
            self._channel.send(message)
        except WireError as error:
            self._lost(str(error))

    def _hear(self) -> None:
        try:
            for message in self._channel.receive():
                self._heard_ns = self._clock.now_ns()
                self._take_in(message)
        except WireError as error:
            self._lost(str(error))
        except Exception as error:
            # A fault of our own here must not end the watch, or lose what was said behind it.
            self._lost(f"a fault in labctl: {error!r}", lives=True)

    def _take_in(self, message: object) -> None:
        match message:
            case talk.News():
                self._news = {news.name: news for news in message.sources}
                if message.trip is not None and not self._told:
                    self._told = True
                    self._on_trip(message.trip)
            case talk.Answer():
                asking = self._waiting.get(message.number)
                if asking is not None and not asking.answered.done():
                    asking.answered.set_result(message)
            case talk.Commanded():
                self._tell_commanded(message)
            case talk.Trouble():
                self._on_trouble(message.key, message.what, message.detail)
            case _:
                raise WireError(f"unexpected {type(message).__name__}")

    def _tell_commanded(self, message: talk.Commanded) -> None:
        """On is written now. Where telling that breaks, the request does, and nobody lights on."""
        asking = self._waiting.get(message.number)
        if asking is None or asking.commanded is None:
            return
        try:
            asking.commanded(message.t_ns)
        except Exception as error:
            self._say(talk.Dropped(message.number))
            if not asking.answered.done():
                asking.answered.set_exception(error)

    # -- the watch ---------------------------------------------------------------------------

    def _watch(self) -> None:
        self._timer = self._clock.call_at(self._clock.now_ns() + _LOOK_NS, self._look)

    def _look(self) -> None:
        # First what has come: it may be this process that was held up.
        self._hear()
        silent_ns = self._clock.now_ns() - self._heard_ns
        if silent_ns > _SILENT_NS:
            self._lost(f"silent for {silent_ns / NS:.2f} s")
        elif any(asking.due_ns < self._clock.now_ns() for asking in self._waiting.values()):
            self._lost(f"no answer for {_ANSWER_NS / NS:g} s", lives=True)
        if self._taking is None and not self._over:
            self._watch()

    def _lost(self, why: str, *, lives: bool = False) -> None:
        """`lives`: it still talks, so that the wire's end makes it switch off and leave, whatever
        this process, which may be the one that is ill, is still able to do."""
        if self._taking is None and not self._over:
            self._why = f"the guard's process is lost: {why}"
            self._stop_listening()
            if lives:
                self._channel.close()
            self._taking = asyncio.ensure_future(self._take_over(_LEFT_NS if lives else 0))

    async def _take_over(self, leaves_ns: int) -> Guards:
        """Kill it, unless it leaves within so long, and switch off from here. Whatever comes of
        that, nobody waits for the guard any more and the run hears of it."""
        try:
            await self._gone(leaves_ns)
            self._process.kill()
            await self._gone(_KILLED_NS)
            self._forget()
            self._channel.close()
            self._backup = await self._off_from_here()
            return self._backup
        except BaseException:
            self._trip_once(Trip("guard", self._why))
            raise
        finally:
            for asking in self._waiting.values():
                if not asking.answered.done():
                    asking.answered.set_exception(self._lost_error())

    async def _off_from_here(self) -> Guards:
        """Open its ports, which forces sources off, and latch."""
        if self._spare is None:
            raise self._lost_error()
        guards = self._spare(self._trip_once)
        await self._clock.together(*(_opened(port) for port in self._ports))
        for name, news in self._news.items():
            guard = guards.of(name)
            guard.known.ever_lit = self._asked_to_light
            guard.known.meter_saw_it = news.meter_saw_it
        guards.latch(Trip("guard", self._why))
        return guards

    def _trip_once(self, trip: Trip) -> None:
        if not self._told:
            self._told = True
            self._on_trip(trip)

    async def _backup_guards(self) -> Guards:
        if self._taking is None:
            raise self._lost_error()
        return await asyncio.shield(self._taking)

    def _lost_error(self) -> SafetyError:
        return SafetyError(self._why or "the guard's process has been closed")

    def _stop_listening(self) -> None:
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
        if self._channel.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._channel)

    def _forget(self) -> None:
        """One that was killed leaves its socket behind."""
        self._control.unlink(missing_ok=True)

    async def _gone(self, within_ns: int) -> bool:
        deadline_ns = self._clock.now_ns() + within_ns
        while self._process.poll() is None:
            if self._clock.now_ns() > deadline_ns:
                return False
            await self._clock.sleep(_POLL_NS)
        return True


async def _opened(port: Instrument) -> None:
    """Open it if it can be: a source is forced off by that. What cannot, whatever it is, a driver's
    own fault too, is tried again by off; no port keeps another's source from being latched."""
    with contextlib.suppress(Exception):
        await port.connect(hold=True)
