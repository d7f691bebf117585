"""Where the engine's thread leaves events for the thread that shows them.

Two rules for a mailbox that is full. `WAIT` loses nothing: the giver waits, which is only allowed
where the run's clock is virtual and waits too. `SHED` never waits: the oldest samples and
assessments go, and are counted; whatever else happened is always kept.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto

from labctl.cli._view._summary import Summary
from labctl.events import Assessment, Event, Sample


class Full(Enum):
    """What happens when a mailbox is full."""

    WAIT = auto()
    SHED = auto()


@dataclass(frozen=True, slots=True)
class Header:
    """What is known before anything happens."""

    lines: tuple[str, ...]
    at_most_ns: tuple[int, ...]
    """The longest each step may last, in order; empty where nobody said."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """The command line that subscribes to this run."""

    line: str


Item = Header | Subscription | Event | Summary | str
"""What may be left: a header, events, lines of talk, the last words."""


class Mailbox:
    """An ordered queue from one thread to another."""

    def __init__(self, *, limit: int | None, full: Full) -> None:
        """`limit` None: as long as memory lasts, and the giver never waits."""
        self._limit = limit
        self._full = full
        self._items: deque[Item] = deque()
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self.shed = 0
        """Samples and assessments that were never shown."""

    def put(self, item: Item) -> None:
        """Leave one item. After `close` it is dropped: nobody looks any more."""
        with self._changed:
            if self._limit is not None and len(self._items) >= self._limit:
                if self._full is Full.SHED:
                    self._make_room()
                else:
                    self._changed.wait_for(self._has_room)
            if not self._closed.is_set():
                self._items.append(item)
                self._changed.notify_all()

    def take(self, timeout_s: float | None) -> list[Item]:
        """Everything there is, after waiting for something; empty when the time is over or the
        mailbox was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed.is_set(), timeout_s)
            items = list(self._items)
            self._items.clear()
            self._changed.notify_all()
            return items

    def close(self) -> None:
        """Take nothing more in. What is there can still be taken."""
        with self._changed:
            self._closed.set()
            self._changed.notify_all()

    def wait_closed(self, timeout_s: float) -> bool:
        """Wait for `close`; False when the time is over first."""
        return self._closed.wait(timeout_s)

    def _has_room(self) -> bool:
        return self._closed.is_set() or self._limit is None or len(self._items) < self._limit

    def _make_room(self) -> None:
        for index, item in enumerate(self._items):
            if isinstance(item, Sample | Assessment):
                del self._items[index]
                self.shed += 1
                return
