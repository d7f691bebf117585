"""What every view of a run can do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from labctl.cli._view._summary import Summary
from labctl.events import Event

THREAD_NAME = "labctl-view"


class Presenter(Protocol):
    """Shows one run. Order of calls: `start`, `header`, any number of `show`, `say` and
    `telemetry`, `finish` (unless the run came to nothing), `close`, the last one always.

    All but `finish` and `close` return at once and may be called from any thread (`show` may wait
    where the run's clock is virtual and JSON or plain lines have a slow reader). Everything is
    written by the view's own thread: between `start` and `close` nothing else may print, or the
    mode is not the first line; what is to be said goes through `say`.
    """

    @property
    def fault(self) -> Exception | None:
        """Why nothing can be shown any more (a closed pipe, a terminal hung up, a fault in the
        view), or None. It never touches the run, whose record is elsewhere; whoever runs it looks
        here after `close` and says so on stderr."""
        ...

    def start(self) -> None:
        """Begin to show."""
        ...

    def header(self, lines: Sequence[str], *, at_most_ns: Sequence[int] = ()) -> None:
        """What is known before anything happens; the first line says SIMULATED or REAL (see
        `mode_line`). `at_most_ns`: the longest each step may last, in order, for the time left."""
        ...

    def show(self, event: Event) -> None:
        """Show what happened. Called from the engine's thread, for every event in order."""
        ...

    def say(self, text: str) -> None:
        """A line of talk beside the events."""
        ...

    def telemetry(self, line: str) -> None:
        """The command line that subscribes to this run; known once there is a broker."""
        ...

    def finish(self, summary: Summary) -> None:
        """Show all that is waiting, then the last words. Returns when they are written."""
        ...

    def close(self, timeout_s: float = 5.0) -> None:
        """Stop showing, waiting no longer than this for what is still to be shown. Idempotent."""
        ...
