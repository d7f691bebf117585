"""What happens on a bench that is kept, a line each, at the terminal of `labctl serve`.

`publish` is called on the run's thread and never waits: a terminal that was stopped (Ctrl-S) holds
up nothing. A person who is to arm reads here what to type.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from labctl.cli._view import happening
from labctl.cli._visible import visible
from labctl.events import Event

_MOST = 1000
"""Lines that may wait; the oldest go."""
_LAST_S = 0.2


class Told:
    """`publish` events, `say` lines, then `close`."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """`say` is called on a thread of its own."""
        self._say = say
        self._lines: deque[str] = deque(maxlen=_MOST)
        self._changed = threading.Condition()
        self._closed = False
        self._last = ""
        self._thread = threading.Thread(target=self._tell, name="labctl-terminal", daemon=True)
        self._thread.start()

    def publish(self, event: Event) -> None:
        """Tell an event, where it is worth a line and says something new."""
        words = happening(event)
        if words is None:
            return
        line = visible(f"  {words[0]:<8} {words[1]}")
        if line != self._last:
            self._last = line
            self.say(line)

    def say(self, line: str) -> None:
        """Tell a line."""
        with self._changed:
            self._lines.append(line)
            self._changed.notify()

    def close(self) -> None:
        """What waits is told; a terminal that takes nothing is waited for no longer than that."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(_LAST_S)

    def _tell(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines or self._closed)
                if not self._lines:
                    return
                line = self._lines.popleft()
            try:
                # Words that came over the network move no cursor where somebody arms.
                self._say("\n".join(map(visible, line.split("\n"))))
            except OSError:
                # A terminal that was hung up. The service goes on, or ends by its SIGHUP.
                return
