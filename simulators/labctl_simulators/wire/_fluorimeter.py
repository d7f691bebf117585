"""A fibre fluorimeter on a microcontroller: text lines, 115200 8N1.

`Fluorimeter` is the sketch's logic once more, in the sketch's own words; a test holds the two
against each other, line by line. What its converter sees is the world's signal of the species over
a dark count, at the end of the measurement; it ends at 32767 counts.
"""

from __future__ import annotations

from collections.abc import Mapping

from labctl_simulators.wire._personality import MS, Reply, Upsets
from labctl_simulators.world import Stream, World

PHASE_MS, SETTLES_MS, PHASES = 50, 10, 40
MEASURES_MS = PHASE_MS * PHASES
FULL_SCALE = 32767
_LATENCY_NS = 2 * MS
_LONGEST = 23
_STARTS_NS = 2_000 * MS
_WRAPS = 1 << 32


class Fluorimeter:
    """IDLE, BUSY or DONE; times in milliseconds."""

    def __init__(self, channels: int = 2, serial: str = "1") -> None:
        self.serial = serial
        self.channels = channels
        self.state = "IDLE"
        self.channel = 0
        self.begun_ms = 0
        self.sums = [0, 0]
        self.counts = [0, 0]
        self.saturated = False

    def lit(self, now_ms: int) -> bool:
        """Whether its diode is on."""
        since_ms = (now_ms - self.begun_ms) % _WRAPS
        return self.state == "BUSY" and since_ms < MEASURES_MS and since_ms // PHASE_MS % 2 == 1

    def tick(self, now_ms: int) -> None:
        """Done in time."""
        if self.state == "BUSY" and (now_ms - self.begun_ms) % _WRAPS >= MEASURES_MS:
            self.state = "DONE"

    def sample(self, value: int, now_ms: int) -> None:
        """One value of the converter."""
        self.tick(now_ms)
        if self.state != "BUSY" or (now_ms - self.begun_ms) % _WRAPS % PHASE_MS < SETTLES_MS:
            return
        which = int(self.lit(now_ms))
        self.sums[which] += value
        self.counts[which] += 1
        self.saturated = self.saturated or value >= FULL_SCALE

    def line(self, text: str, now_ms: int) -> str:
        """The reply to one line."""
        self.tick(now_ms)
        if text == "ID?":
            return f"LABCTL-FL,1,{self.serial},{self.channels}"
        if text == "STOP":
            self.state = "IDLE"
            return "IDLE"
        if text.startswith("BEGIN "):
            return self._begin(text[6:], now_ms)
        if text == "RESULT?":
            return self._result(now_ms)
        return "ERROR,unknown"

    def _begin(self, said: str, now_ms: int) -> str:
        if said not in [str(n) for n in range(self.channels)]:
            return "ERROR,range"
        if self.state == "BUSY":
            return "ERROR,busy"
        self.channel, self.state, self.begun_ms = int(said), "BUSY", now_ms
        self.sums, self.counts, self.saturated = [0, 0], [0, 0], False
        return f"BEGUN,{self.channel},{MEASURES_MS}"

    def _result(self, now_ms: int) -> str:
        if self.state == "IDLE":
            return "IDLE"
        if self.state == "BUSY":
            return f"BUSY,{self.channel},{MEASURES_MS - (now_ms - self.begun_ms) % _WRAPS}"
        dark, light = self._mean_100(0), self._mean_100(1)
        if not all(self.counts):
            word = "EMPTY"
        elif self.saturated:
            word = "SATURATED"
        else:
            word = "AMBIENT" if dark > FULL_SCALE * 50 else "OK"
        return f"DONE,{self.channel},{_decimal(light)},{_decimal(dark)},{word}"

    def _mean_100(self, which: int) -> int:
        """Hundredths of a count, towards nothing."""
        total, count = self.sums[which] * 100, self.counts[which]
        if not count:
            return 0
        return total // count if total >= 0 else -(-total // count)


def _decimal(hundredths: int) -> str:
    whole = abs(hundredths)
    return f"{'-' if hundredths < 0 else ''}{whole // 100}.{whole % 100:02d}"


class FluorimeterBoard:
    """The board, with the fibre in the sample."""

    baud: int | None = 115200

    def __init__(
        self,
        world: World,
        species: Mapping[str, int],
        removed_m3: Mapping[str, float] | None = None,
        *,
        resets: bool = False,
    ) -> None:
        """`species`: name -> channel. `removed_m3`: what somebody draws for each measurement.
        `resets`: opening the port starts the board anew, which takes two seconds."""
        self.upsets = Upsets()
        self.logic = Fluorimeter(max(2, *(n + 1 for n in species.values())))
        self.saturates = False
        """A fault: something bright is before the detector."""
        self._world = world
        self._species = {n: name for name, n in species.items()}
        self._removed = dict(removed_m3 or {})
        self._dark = round(40.0 + 5.0 * Stream(world.truth.seed, "fluorimeter/dark").normal())
        self._last = 0.0
        self._resets = resets
        self._deaf_until_ns = 0
        self._partial = b""
        self._turn = 0

    def opened(self, t_ns: int) -> None:
        """Many boards start anew, dark."""
        if self._resets:
            self.logic.state = "IDLE"
            self._turn += 1
            self._deaf_until_ns = t_ns + _STARTS_NS
            self._partial = b""

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        if t_ns < self._deaf_until_ns:
            return []
        *lines, self._partial = (self._partial + data.replace(b"\r", b"")).split(b"\n")
        replies: list[Reply] = []
        for line in lines:
            text = line.decode("latin-1")
            reply = self.logic.line("" if len(text) > _LONGEST else text, t_ns // MS)
            if reply.startswith("BEGUN"):
                self._turn += 1
                turn = self._turn
                # Its last lit phase, once settled.
                seen_ns = (t_ns // MS + MEASURES_MS - PHASE_MS + SETTLES_MS) * MS
                self._world.schedule(seen_ns, lambda turn=turn: self._see(turn))  # type: ignore[misc]
            replies.append((reply.encode() + b"\n", _LATENCY_NS))
        return replies

    def _see(self, turn: int) -> None:
        """One dark and one lit value stand for all of them."""
        logic = self.logic
        if turn != self._turn or logic.state != "BUSY":
            return
        name = self._species.get(logic.channel)
        if name is not None and not self.upsets.frozen:
            self._last = self._world.signal(name)
            drawn_m3 = self._removed.get(name, 0.0)
            if drawn_m3:
                self._world.take(drawn_m3)
        light = self._dark + round(self._last if name is not None else 0.0)
        if self.saturates:
            light = FULL_SCALE
        logic.sample(self._dark, logic.begun_ms + SETTLES_MS)
        logic.sample(min(FULL_SCALE, max(-FULL_SCALE - 1, light)), self._world.now_ns // MS)
