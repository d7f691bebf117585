"""A wire that tests can tamper with, and instruments that answer from a card."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from labctl.clock import Clock
from labctl.instruments import InlinePort, Link, PortDisconnectedError

_FAR_NS = 1 << 60
MS = 1_000_000


class Wire:
    """Passes on to the link behind it, and does to it what a test asks for."""

    def __init__(self, plug: Callable[[], Link]) -> None:
        self._plug = plug
        self._link: Link | None = None
        self._due: deque[tuple[int, bytes]] = deque()
        self.sent: list[tuple[int, bytes]] = []
        self.opened = 0
        self.late_ns = 0
        """The next reply is so late; once."""
        self.instead: bytes | None = None
        """The next reply is replaced by this; once."""
        self.instead_of = b""
        """Only a reply to what begins so is replaced."""
        self.silent_for = b""
        """What is written so is heard, and its reply gets lost; once."""
        self.pulled = False

    def plug(self) -> Wire:
        assert self._link is None, "opened twice"
        self.opened += 1
        self._link = self._plug()
        self._due.clear()
        return self

    @property
    def open(self) -> bool:
        return self._link is not None

    def written(self, since: int = 0) -> list[bytes]:
        return [data for _, data in self.sent[since:]]

    def _there(self) -> Link:
        if self.pulled or self._link is None:
            raise PortDisconnectedError("the test pulled the cable")
        return self._link

    def write(self, data: bytes, now_ns: int) -> None:
        link = self._there()
        self.sent.append((now_ns, data))
        link.write(data, now_ns)
        lost = bool(self.silent_for) and data == self.silent_for
        if lost:
            self.silent_for = b""
        while (arrived := link.next_chunk(_FAR_NS)) is not None:
            if lost:
                continue
            t_ns, chunk = arrived
            if self.instead is not None and data.startswith(self.instead_of):
                chunk, self.instead = self.instead, None
            t_ns += self.late_ns
            self.late_ns = 0
            if self._due:
                t_ns = max(t_ns, self._due[-1][0])
            self._due.append((t_ns, chunk))

    def next_chunk(self, before_ns: int) -> tuple[int, bytes] | None:
        self._there()
        if self._due and self._due[0][0] <= before_ns:
            return self._due.popleft()
        return None

    def close(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def port(self, clock: Clock, name: str) -> InlinePort:
        return InlinePort(self.plug, clock, f"sim://{name}", f"{name} at sim://{name}")


Answer = Callable[[bytes], bytes | None]


class Card:
    """An instrument that answers whole writes from a table or a function, 5 ms later."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._due: deque[tuple[int, bytes]] = deque()

    def write(self, data: bytes, now_ns: int) -> None:
        reply = self._answer(data)
        if reply is not None:
            self._due.append((now_ns + 5 * MS, reply))

    def next_chunk(self, before_ns: int) -> tuple[int, bytes] | None:
        if self._due and self._due[0][0] <= before_ns:
            return self._due.popleft()
        return None

    def close(self) -> None:
        self._due.clear()
