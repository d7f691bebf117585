"""The run in hand, for whoever may stop, hold, answer or remark it from another thread.

Stop goes two ways at once: past the engine to a guard that has a process of its own, and to the
engine, which closes the record. Neither waits for the other, nor for anything of the web.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass

from labctl import clock, platform, talk
from labctl.engine import Answer, AtBench, Engine
from labctl.errors import RefusedError
from labctl.record import RunFolder

_GUARD_S = 2.0


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question that waits for a person."""

    id: str
    text: str
    answer: concurrent.futures.Future[str]


class Control:
    """Any thread, but for `entered`, `begun` and `left`, which are the run's."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._lock = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: Callable[[str], object] | None = None
        self._engine: Engine | None = None
        self._folder: RunFolder | None = None
        self._prompt: Prompt | None = None
        self._asked = 0
        self._typing: tuple[str, concurrent.futures.Future[str]] | None = None
        self._answered = ("", "")
        """The prompt that was answered last, and by whom."""
        self._hold = ""
        self._hold_by = ""
        self._holds = 0
        self._coming = False
        self._stopped_by = ""
        self._alive_ns = clock.real_ns()

    # -- for the run ---------------------------------------------------------------------------

    def coming(self, may: bool) -> None:
        """Something may begin from now on, until `left`: a stop that finds no loop yet, or none any
        more between two runs of one order, is kept for it. False: nothing does."""
        with self._lock:
            self._coming, self._stopped_by = may, ""

    def entered(self, loop: asyncio.AbstractEventLoop, stop: Callable[[str], object]) -> None:
        """A run's loop has begun; `stop` ends it at any moment from now on, at once where it was
        asked for before."""
        with self._lock:
            self._loop, self._stop, self._hold = loop, stop, ""
            if self._stopped_by:
                _on(loop, stop, self._stopped_by)

    def begun(self, engine: Engine, folder: RunFolder) -> None:
        """Its record is open."""
        with self._lock:
            self._engine, self._folder = engine, folder

    def left(self) -> str:
        """The run's loop is over, and no other of its order comes; who asked to stop, or ''."""
        with self._lock:
            stopped_by = self._stopped_by
            self._loop = self._stop = self._engine = self._prompt = self._typing = None
            self._folder = None
            self._hold = self._stopped_by = ""
            self._coming = False
        self._changed()
        return stopped_by

    def ask(self, text: str) -> concurrent.futures.Future[str]:
        """The engine's prompt: it stands until it is answered or given up."""
        future: concurrent.futures.Future[str] = concurrent.futures.Future()
        with self._lock:
            self._asked += 1
            self._prompt = Prompt(f"p{self._asked}", text, future)
        future.add_done_callback(lambda done: self._changed())
        self._changed()
        return future

    def seen_typing(self, person: AtBench) -> AtBench:
        """The same person, whom `waits_for` tells of while something is to be typed there."""

        def ask(text: str) -> concurrent.futures.Future[str]:
            future = person.ask(text)
            with self._lock:
                self._typing = person.terminal, future
            future.add_done_callback(lambda done: self._changed())
            self._changed()
            return future

        return AtBench(person.who, person.terminal, ask)

    # -- signs of life -------------------------------------------------------------------------

    def mark(self) -> None:
        """The bench's thread turns. Called on it."""
        self._alive_ns = clock.real_ns()

    def probe(self) -> float:
        """Have it marked anew, and return how long ago it was marked last, in real seconds."""
        loop = self._loop
        if loop is not None:
            _on(loop, self.mark)
        return (clock.real_ns() - self._alive_ns) / clock.NS

    # -- for whoever watches -------------------------------------------------------------------

    @property
    def on(self) -> bool:
        """A run is on."""
        return self._loop is not None

    @property
    def recorded(self) -> tuple[int, int]:
        """Events that the run's journal has taken, and those certainly on disk; 0 and 0 without
        a run."""
        folder = self._folder
        return (0, 0) if folder is None else folder.recorded

    @property
    def prompt(self) -> Prompt | None:
        """What waits for an answer."""
        with self._lock:
            prompt = self._prompt
            return None if prompt is None or prompt.answer.done() else prompt

    @property
    def waits_for(self) -> str:
        """What is to be done at the bench, in words; '' for nothing."""
        typing = self._typing
        if typing is None or typing[1].done():
            return ""
        return f"waits to be armed at {typing[0]}, the service's own terminal"

    @property
    def hold(self) -> str:
        """`asked` while a hold stands, else ''."""
        return self._hold

    @property
    def hold_number(self) -> int:
        """Which hold stands, counted since the service began; 0 for none."""
        return self._holds if self._hold else 0

    @property
    def stopped_by(self) -> str:
        """Who asked to stop what is on or about to begin; '' for nobody."""
        return self._stopped_by

    def stop(self, who: str) -> bool:
        """Laser off, run closed; False when none is on or about to begin. Returns at once."""
        with self._lock:
            loop, stop = self._loop, self._stop
            coming = self._coming
            if coming:
                self._stopped_by = self._stopped_by or who
        if loop is None or stop is None:
            return coming
        threading.Thread(target=_guard_off, args=(who,), name="labctl-off", daemon=True).start()
        return _on(loop, stop, who) or coming

    def note(self, who: str, text: str) -> None:
        """Put a remark on the record. RefusedError without a run."""
        self._tell(lambda engine: engine.note(who, text))

    def ask_hold(self, who: str) -> None:
        """Wait before the next step that begins in the dark. RefusedError without a run, and where
        a hold stands."""
        with self._lock:
            if self._hold:
                raise RefusedError("it is held already", seen=f"by {self._hold_by}")
            self._tell(lambda engine: engine.hold(who))
            self._hold, self._hold_by = "asked", who
            self._holds += 1
        self._changed()

    def go_on(self, who: str, number: int | None = None) -> None:
        """Take a hold off. RefusedError where none stands, or another than the one of this
        number, which whoever asks has seen."""
        with self._lock:
            if not self._hold:
                raise RefusedError("no hold stands")
            if number is not None and number != self._holds:
                raise RefusedError("another hold stands by now", seen=f"by {self._hold_by}")
            self._tell(lambda engine: engine.go_on(who))
            self._hold = ""
        self._changed()

    def answer(self, name: str, text: str, who: str) -> None:
        """Answer a prompt, once; the journal has who did. RefusedError when it is not open."""
        with self._lock:
            prompt, (answered, by) = self.prompt, self._answered
            if name == answered:
                raise RefusedError(f"it was answered already by {by}", seen=name)
            if prompt is None or prompt.id != name:
                raise RefusedError("this prompt is not open", seen=name)
            if not prompt.answer.set_running_or_notify_cancel():
                raise RefusedError("this prompt was given up", seen=name)
            self._answered, self._prompt = (name, who), None
        prompt.answer.set_result(Answer(text, who))

    def _tell(self, act: Callable[[Engine], object]) -> None:
        with self._lock:
            loop, engine = self._loop, self._engine
        if loop is None or engine is None or not _on(loop, act, engine):
            raise RefusedError("no run is on")


def _on(loop: asyncio.AbstractEventLoop, act: Callable[..., object], *given: object) -> bool:
    try:
        loop.call_soon_threadsafe(act, *given)
    except RuntimeError:
        # It ended between two looks.
        return False
    return True


def _guard_off(why: str) -> None:
    """Tell the guard's process, where the run has one. The engine hears the same and reports."""
    path = platform.guard_socket(os.getpid())
    if not path.exists():
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as way:
            way.settimeout(_GUARD_S)
            way.connect(str(path))
            way.sendall(talk.to_line(talk.Off(why)))
            way.recv(1)
    except OSError:
        # It has left, or is switching off already; the engine's own off is on its way.
        return
