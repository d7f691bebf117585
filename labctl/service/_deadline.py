"""From the first signal to the end: off asked for by every way, told, and gone in a stated time.

A bench that answers is dark and its record closed in less than a second. One that does not answer
keeps its guard trying, and the engine waiting for the guard: half a minute, as measured. Whatever
hangs beyond that (a disk, a driver, labctl itself), the process is gone `WITHIN_S` after the
signal, with a code that says what nobody confirmed. The unit for systemd waits longer than that
before it kills, so that the guard's attempts are never cut short.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable

from labctl.errors import Exit

WITHIN_S = 45.0
"""From the first signal; `TimeoutStopSec` of the unit is longer."""

_SAID_S = 4.0
"""Of that time is for the last words."""


class Deadline:
    """A thread that waits for the first signal, and then for `over`."""

    def __init__(
        self,
        begin: Callable[[str], None],
        give_up: Callable[[], int],
        *,
        within_s: float = WITHIN_S,
        leave: Callable[[int], object] = os._exit,
    ) -> None:
        """`begin`: told the signal's name at once. `give_up`: what is still said after `within_s`,
        and the exit code. Each is called on a thread of its own, as either may hang too: a terminal
        that is held takes no words. `leave`: ends the process there and then."""
        self._begin = begin
        self._give_up = give_up
        self._within_s = within_s
        self._leave = leave
        # A put is all that a signal handler does; this queue allows that.
        self._heard: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="labctl-deadline", daemon=True)
        self._beginning: threading.Thread | None = None

    def start(self) -> None:
        """From now on it hears."""
        self._thread.start()

    def heard(self, name: str) -> None:
        """A signal. From a handler, or any thread."""
        self._heard.put(name)

    def over(self) -> None:
        """All is closed."""
        self._over.set()
        self._heard.put("")
        if self._thread.ident is not None:
            self._thread.join(1.0)
        if self._beginning is not None:
            self._beginning.join(_SAID_S)

    def _run(self) -> None:
        name = self._heard.get()
        if not name:
            return
        self._beginning = threading.Thread(
            target=self._begin, args=(name,), name="labctl-ends", daemon=True
        )
        self._beginning.start()
        if self._over.wait(max(0.0, self._within_s - _SAID_S)):
            return
        codes: list[int] = []
        last = threading.Thread(target=lambda: codes.append(self._give_up()), daemon=True)
        last.start()
        last.join(_SAID_S)
        # Where not even that could be said, nobody knows.
        self._leave(codes[0] if codes else int(Exit.BEAM_NOT_CONFIRMED_OFF))
