"""A dead-man relay on a microcontroller, as its sketch has it: text lines, 115200 8N1.

`DeadMan` is the sketch's state machine once more, in the sketch's own words; a test holds the two
against each other, line by line. The relay is closed only while it is fed in time, each time with
the next number; once it has dropped, only RESET and then CLOSE bring it back.
"""

from __future__ import annotations

from labctl_simulators.wire._personality import MS, Reply, Upsets
from labctl_simulators.world import World

_LATENCY_NS = MS
_LONGEST = 23


class DeadMan:
    """OPEN, CLOSED or DROPPED; times in milliseconds."""

    def __init__(self, serial: str = "1") -> None:
        self.serial = serial
        self.state = "OPEN"
        self.timeout_ms = 1000
        self.fed_ms = 0
        self.next = 0
        self.drops = 0
        self.stays = False
        """A fault: it is not noticed that nobody feeds it."""

    def tick(self, now_ms: int) -> None:
        """Drop when not fed in time."""
        late = now_ms - self.fed_ms >= self.timeout_ms
        if self.state == "CLOSED" and late and not self.stays:
            self.state = "DROPPED"
            self.drops += 1

    def line(self, text: str, now_ms: int, contact: str) -> str:
        """The reply to one line."""
        self.tick(now_ms)
        if text == "ID?":
            return f"LABCTL-DEADMAN,1,{self.serial},{self.timeout_ms}"
        error = self._obey(text, now_ms)
        if error:
            return f"ERROR,{error}"
        left = max(0, self.timeout_ms - (now_ms - self.fed_ms)) if self.state == "CLOSED" else 0
        return f"STATE,{self.state},{contact},{left},{self.next},{self.drops}"

    def _obey(self, text: str, now_ms: int) -> str:
        verb, _, argument = text.partition(" ")
        if text == "STATE":
            return ""
        if text == "OPEN":
            self.state = "OPEN" if self.state == "CLOSED" else self.state
            return ""
        if text == "RESET":
            if self.state == "CLOSED":
                return "closed"
            self.state = "OPEN"
            return ""
        if text == "CLOSE":
            return self._close(now_ms)
        if verb == "FEED" and text != verb:
            return self._feed(_number(argument), now_ms)
        if verb == "TIMEOUT" and text != verb:
            return self._set_timeout(_number(argument))
        return "unknown"

    def _close(self, now_ms: int) -> str:
        if self.state == "DROPPED":
            return "latched"
        if self.state == "OPEN":
            self.state, self.fed_ms, self.next = "CLOSED", now_ms, 0
        return ""

    def _feed(self, number: int, now_ms: int) -> str:
        if number != self.next:
            return "number"
        self.next = (self.next + 1) % 256
        if self.state == "CLOSED":
            self.fed_ms = now_ms
        return ""

    def _set_timeout(self, wanted: int) -> str:
        if not 100 <= wanted <= 5000:
            return "range"
        if self.state == "CLOSED":
            return "closed"
        self.timeout_ms = wanted
        return ""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else -1


class DeadManBoard:
    """The board with its relay in the laser's interlock loop, and a contact that tells of it."""

    baud: int | None = 115200

    def __init__(self, world: World) -> None:
        self.upsets = Upsets()
        self.logic = DeadMan()
        self._world = world
        self._relay = world.fit_relay()
        self._partial = b""

    @property
    def stays(self) -> bool:
        """A fault: it does not drop when it is not fed."""
        return self.logic.stays

    @stays.setter
    def stays(self, stays: bool) -> None:
        self.logic.stays = stays

    def drop(self, t_ns: int) -> None:
        """A fault: it drops though it is fed."""
        self.logic.fed_ms = t_ns // MS - self.logic.timeout_ms
        self._look()

    def opened(self, t_ns: int) -> None:
        """Opening the port starts many boards anew; this one is wired so that it does not."""

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        *lines, self._partial = (self._partial + data.replace(b"\r", b"")).split(b"\n")
        replies: list[Reply] = []
        for line in lines:
            text = line.decode("latin-1")
            if len(text) > _LONGEST:
                text = ""
            contact = "1" if self._relay.closed else "0"
            reply = self.logic.line(text, t_ns // MS, contact)
            self._turn(t_ns)
            replies.append((reply.encode() + b"\n", _LATENCY_NS))
        return replies

    def _turn(self, t_ns: int) -> None:
        """Let the relay follow, and come back when it may be time to drop."""
        self._relay.drive(self.logic.state == "CLOSED", t_ns)
        if self.logic.state == "CLOSED":
            due_ms = self.logic.fed_ms + self.logic.timeout_ms
            self._world.schedule(due_ms * MS, self._look)

    def _look(self) -> None:
        now_ns = self._world.now_ns
        self.logic.tick(now_ns // MS)
        self._relay.drive(self.logic.state == "CLOSED", now_ns)
