"""From the run's thread to everybody who watches: folded once, sent twenty times a second at most.

`publish` is called on the run's thread: it appends to a bounded deque and returns; nothing here
can delay a reading. All else lives on the web's loop, in real time. A watcher too slow to take its
messages is dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from labctl import clock
from labctl.events import Event, to_dict
from labctl.service._seen import KEPT_EVENTS, About, Seen, is_quiet

PER_S, AT_ONCE = 20.0, 3.0
"""Batches a second, and how many of them may come without a pause: what comes ten times a second
is told when it comes."""
BEAT_S = 1.0
_GRACE_S = 0.02
"""A sample is told with what the check says of it, when that comes so soon."""
_BACKLOG = 8192
"""Readings that may wait; beyond, new ones are left out of the view and counted."""
_QUEUE = 64
"""Messages that a watcher may be behind."""


@dataclass(eq=False, slots=True)
class Watcher:
    """One who is told everything. `messages` ends with None."""

    messages: asyncio.Queue[str | None] = field(default_factory=lambda: asyncio.Queue(_QUEUE))
    too_slow: bool = False

    def put(self, message: str | None) -> None:
        """Leave a message; one who does not take them is told no more."""
        if self.too_slow:
            return
        try:
            self.messages.put_nowait(message)
        except asyncio.QueueFull:
            self.too_slow = True
            while not self.messages.empty():
                self.messages.get_nowait()
            self.messages.put_nowait(None)


class Hub:
    """See the module's docstring. `status` and `queue` make what is sent of the bench and the
    queue, on the web's loop."""

    def __init__(
        self, status: Callable[[Seen, int], dict[str, Any]], queue: Callable[[], dict[str, Any]]
    ) -> None:
        self.session = secrets.token_hex(8)
        self.seen = Seen()
        self.dropped = 0
        """Readings that were left out because the web was behind."""
        self.seq = 0
        """Of the newest message."""
        self._status = status
        self._queue_state = queue
        self._news: deque[tuple[Event | About, int]] = deque()
        self._waiting = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._watchers: set[Watcher] = set()
        self._events: deque[dict[str, Any]] = deque(maxlen=KEPT_EVENTS)
        self._event_seq = 0
        self._untold: list[dict[str, Any]] = []
        self._again = False
        self._queue_told = ""
        self._alarms_told: list[dict[str, Any]] = []

    # -- for the run's thread ------------------------------------------------------------------

    def publish(self, event: Event) -> None:
        """Leave an event. Never waits."""
        if len(self._news) > _BACKLOG and is_quiet(event):
            self.dropped += 1
            return
        self._leave(event)

    def begin(self, about: About) -> None:
        """A run begins, of which the events to come are."""
        self._leave(about)

    def _leave(self, news: Event | About) -> None:
        self._news.append((news, clock.real_ns()))
        self.nudge()

    def nudge(self) -> None:
        """Something has changed that is worth telling. Any thread."""
        loop = self._loop
        if loop is not None and not self._waiting:
            self._waiting = True
            with contextlib.suppress(RuntimeError):
                # The web's loop may have ended; then nobody is there to be told.
                loop.call_soon_threadsafe(self._wake.set)

    @property
    def waiting(self) -> int:
        """How many events the web is behind."""
        return len(self._news)

    # -- on the web's loop ---------------------------------------------------------------------

    @property
    def watchers(self) -> int:
        """How many watch."""
        return len(self._watchers)

    async def run(self) -> None:
        """Tell everybody, until cancelled."""
        self._loop = asyncio.get_running_loop()
        left, since_ns = AT_ONCE, clock.real_ns()
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(BEAT_S):
                        await self._wake.wait()
                self._awake()
                if self.seen.points.waits:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_GRACE_S):
                            await self._wake.wait()
                    self._awake()
                    self.seen.points.flush()
                self._tell()
                now_ns = clock.real_ns()
                left = min(AT_ONCE, left + (now_ns - since_ns) / clock.NS * PER_S) - 1.0
                since_ns = now_ns
                if left < 0.0:
                    await clock.real_pause(-left / PER_S)
        finally:
            self._loop = None

    def bye(self, why: str) -> None:
        """The last word to everybody."""
        self._take_all()
        self.seen.points.flush()
        self._tell()
        self._send({"type": "bye", "why": why})
        for watcher in self._watchers:
            watcher.put(None)

    @contextlib.contextmanager
    def watching(self, me: dict[str, Any] | None) -> Iterator[Watcher]:
        """Be told for the length of a `with`; with `me`, first of all that there is."""
        watcher = Watcher()
        if me is not None:
            watcher.put(self.snapshot(me))
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    def kept(self, since: int) -> list[dict[str, Any]]:
        """The events that are still kept, from number `since` on."""
        return [event for event in self._events if event["seq"] >= since]

    def status(self) -> dict[str, Any]:
        """The bench as it is now."""
        self._take_all()
        return self._status(self.seen, clock.real_ns())

    def snapshot(self, me: dict[str, Any]) -> str:
        """All that there is, as one message."""
        self._take_all()
        return self._all(me)

    def _all(self, me: dict[str, Any] | None) -> str:
        seen = self.seen
        all_but_points = {
            "type": "snapshot",
            "seq": self.seq,
            "schema": "labctl.live/1",
            "session": self.session,
            "me": me,
            "status": self._status(seen, clock.real_ns()),
            "alarms": list(seen.alarms.values()),
            "notes": list(seen.notes),
            "events": list(self._events),
            "queue": self._queue_state(),
        }
        return f'{as_json(all_but_points)[:-1]},"points":{seen.points.text()}}}'

    def _awake(self) -> None:
        # Whoever nudges from now on wakes it anew. To look alone, as `status` does, takes no waking
        # from those who watch.
        self._waiting = False
        self._wake.clear()
        self._take_all()

    def _take_all(self) -> None:
        """Fold in what waits."""
        for _ in range(len(self._news)):
            news, heard_ns = self._news.popleft()
            if isinstance(news, About):
                self.seen = Seen(about=news, heard_ns=heard_ns)
                self._again = True
                continue
            self.seen.apply(news, heard_ns)
            if not is_quiet(news):
                self._event_seq += 1
                run = self.seen.about.run_id if self.seen.about else ""
                told = {"seq": self._event_seq, "run": run, "e": to_dict(news)}
                self._events.append(told)
                self._untold.append(told)

    def _tell(self) -> None:
        rows = self.seen.points.fresh()
        events, self._untold = self._untold, []
        again, self._again = self._again, False
        if not self._watchers:
            return
        if again:
            self.seq += 1
            self._put(self._all(None))
            return
        queue, alarms = as_json(self._queue_state()), list(self.seen.alarms.values())
        message: dict[str, Any] = {"type": "beat"}
        if rows or events or queue != self._queue_told:
            message = {"type": "batch", "points": rows, "events": events}
        if queue != self._queue_told:
            message["queue"] = json.loads(queue)
        if alarms != self._alarms_told:
            message["alarms"] = alarms
        self._queue_told, self._alarms_told = queue, alarms
        message["status"] = self._status(self.seen, clock.real_ns())
        self._send(message)

    def _send(self, message: dict[str, Any]) -> None:
        self.seq += 1
        self._put(as_json({**message, "seq": self.seq}))

    def _put(self, text: str) -> None:
        for watcher in self._watchers:
            watcher.put(text)


def as_json(message: dict[str, Any]) -> str:
    """On one line. Half a character, which no bytes stand for, is written out: it would end the
    connection of everybody who is told."""
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
