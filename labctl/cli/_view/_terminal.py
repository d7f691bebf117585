"""The live view on a terminal: four frames a second, drawn in real time by its own thread.

However fast a run goes, and however slow the terminal is, the engine is never held: samples that
cannot be shown in time are left out of the picture (never of the record).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from rich.console import Console
from rich.control import Control
from rich.live import Live

from labctl.cli._view._ending import Tone, ending
from labctl.cli._view._mailbox import Full, Header, Item, Mailbox, Subscription
from labctl.cli._view._model import Model
from labctl.cli._view._panel import print_last_words
from labctl.cli._view._screen import frame
from labctl.cli._view._summary import Summary
from labctl.cli._view._threaded import ThreadedView
from labctl.clock import real_ns, real_sleep
from labctl.events import PromptAnswered

_FRAME_S = 0.25
_WAITING_LIMIT = 50_000
_BELLS = 3
_BELL_S = 0.2


class TerminalView(ThreadedView):
    """A live curve with the model's band, numbers, progress, and the verdict in a panel."""

    def __init__(self, console: Console, *, speed: float | None) -> None:
        """`speed`: of the run's clock, None for as fast as it goes."""
        super().__init__(Mailbox(limit=_WAITING_LIMIT, full=Full.SHED))
        self._console = console
        self._model = Model(speed=speed)
        self._summary: Summary | None = None
        self._size = console.size
        self._smeared = False

    # -- the view's own thread ---------------------------------------------------------------

    def _work(self) -> None:
        self._absorb(self._mailbox.take(None))
        if self._model.mode_line or self._model.seen.begun:
            self._live()
        if self._summary is not None:
            self._say_last(self._summary)

    def _live(self) -> None:
        live = Live(
            console=self._console,
            auto_refresh=False,
            redirect_stdout=self._console.file is sys.stdout,
            # A log that goes to a file stays there.
            redirect_stderr=sys.stderr.isatty(),
        )
        with live:
            closed = False
            while not closed:
                closed = self._mailbox.wait_closed(_FRAME_S)
                self._absorb(self._mailbox.take(0))
                self._draw(live)

    def _absorb(self, items: Iterable[Item]) -> None:
        now_ns = real_ns()
        for item in items:
            match item:
                case Header():
                    self._model.begin(item)
                    for line in item.lines:
                        self._console.print(line, markup=False, highlight=False)
                case Subscription():
                    self._model.telemetry = item.line
                case Summary():
                    self._summary = item
                case str():
                    self._model.say(item)
                case _:
                    self._model.apply(item, now_ns)
                    # The terminal has echoed what was typed and moved on by a row.
                    self._smeared |= isinstance(item, PromptAnswered)

    def _draw(self, live: Live) -> None:
        if self._console.size != self._size or self._smeared:
            # The rows of the old frame are wrapped or moved by now: begin on an empty window.
            self._size = self._console.size
            self._smeared = False
            self._console.control(Control.clear(), Control.home())
        self._model.listen(real_ns())
        width, height = self._size
        # The last row stays free: a terminal scrolls when it is written to the end.
        live.update(frame(self._model, width, height - 1), refresh=True)
        if self._model.seen.unconfirmed:
            self._console.bell()

    def _say_last(self, summary: Summary) -> None:
        last = ending(summary, self._model.seen)
        print_last_words(self._console, last)
        if last.tone is Tone.LOUD:
            for _ in range(_BELLS):
                self._console.bell()
                real_sleep(_BELL_S)
