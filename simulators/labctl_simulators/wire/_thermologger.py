"""A thermocouple logger on a microcontroller with MAX31855 chips: text lines, 115200 8N1.

`ThermoLogger` is the sketch's logic once more, in the sketch's own words; a test holds the two
against each other, line by line. The chip's words are the data sheet's: 14 bits of a quarter of a
degree, 12 bits of a sixteenth for the cold junction, a fault bit and three that say which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from labctl_simulators.wire._personality import MS, Reply, Upsets
from labctl_simulators.world import Stream, World

_LATENCY_NS = 2 * MS
_LONGEST = 23
_CONVERTED_NS = 120 * MS
_STARTS_NS = 2_000 * MS
_WARMER_K = 2.5
"""The board over the room."""
OPEN, GROUND, SUPPLY = 1, 2, 4


def chip_word(degc: float, cold_degc: float, faults: int = 0) -> int:
    """The 32 bits that a chip gives."""
    quarters = max(-8192, min(8191, round(degc * 4.0)))
    sixteenths = max(-2048, min(2047, round(cold_degc * 16.0)))
    flag = 1 << 16 if faults else 0
    return (quarters & 0x3FFF) << 18 | flag | (sixteenths & 0xFFF) << 4 | faults


class ThermoLogger:
    """OFF, ON or DROPPED; times in milliseconds."""

    def __init__(self, channels: int = 2, serial: str = "1") -> None:
        self.serial = serial
        self.words = [0] * channels
        self.beat = "OFF"
        self.limit_ms = 0
        self.read_ms = 0
        self.drops = 0

    def tick(self, now_ms: int) -> None:
        """Drop when not read in time."""
        if self.beat == "ON" and now_ms - self.read_ms >= self.limit_ms:
            self.beat = "DROPPED"
            self.drops += 1

    def line(self, text: str, now_ms: int) -> str:
        """The reply to one line."""
        self.tick(now_ms)
        if text == "ID?":
            return f"LABCTL-TC,1,{self.serial},{len(self.words)}"
        if text == "READ":
            if self.beat == "ON":
                self.read_ms = now_ms
            told = ",".join(_channel(word) for word in self.words)
            return f"TEMPS,{now_ms & 0xFFFFFFFF},{self.beat},{told}"
        if text == "STATE":
            return self._state()
        if text.startswith("BEAT "):
            wanted = _number(text[5:])
            if wanted != 0 and not 100 <= wanted <= 10000:
                return "ERROR,range"
            self.limit_ms, self.read_ms = wanted, now_ms
            self.beat = "ON" if wanted else "OFF"
            return self._state()
        return "ERROR,unknown"

    def _state(self) -> str:
        return f"BEAT,{self.beat},{self.limit_ms},{self.drops}"


def _channel(word: int) -> str:
    faults = word & 7
    if word == 0 or word & 0x20008 or bool(word & 0x10000) != bool(faults):
        return "NAN,NAN,BAD"
    cold = _signed(word >> 4 & 0xFFF, 12)
    if faults:
        names = [name for bit, name in ((1, "OPEN"), (2, "GND"), (4, "VCC")) if faults & bit]
        return f"NAN,{cold / 16.0:.4f},{'+'.join(names)}"
    return f"{_signed(word >> 18, 14) / 4.0:.2f},{cold / 16.0:.4f},OK"


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else -1


class _Chip:
    __slots__ = ("noise", "offset_k", "source")

    def __init__(self, n: int, seed: int, source: Callable[[], float] | None) -> None:
        stream = Stream(seed, f"max31855/{n}")
        self.source = source
        self.noise = stream.normal
        self.offset_k = 0.5 * stream.normal()


class ThermoLoggerBoard:
    """The board. Where its heartbeat is wired, it is one more contact in the interlock loop."""

    baud: int | None = 115200

    def __init__(
        self,
        world: World,
        sensors: Mapping[int, Callable[[], float]],
        *,
        in_loop: bool = False,
        resets: bool = False,
    ) -> None:
        """`in_loop`: the heartbeat's relay is in the laser's interlock loop. `resets`: opening the
        port starts the board anew, which takes two seconds."""
        self.upsets = Upsets()
        self.logic = ThermoLogger(max(2, *(n + 1 for n in sensors)))
        self._world = world
        self._chips = [
            _Chip(n, world.truth.seed, sensors.get(n)) for n in range(len(self.logic.words))
        ]
        self._in_loop = in_loop
        self._resets = resets
        self._deaf_until_ns = 0
        self._converted_ns = -_CONVERTED_NS
        self._partial = b""
        if in_loop:
            world.laser.open_interlock("heartbeat")

    def opened(self, t_ns: int) -> None:
        """Many boards start anew, with the heartbeat off."""
        if self._resets:
            self.logic.beat = "OFF"
            self._deaf_until_ns = t_ns + _STARTS_NS
            self._partial = b""
            self._follow()

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        if t_ns < self._deaf_until_ns:
            return []
        *lines, self._partial = (self._partial + data.replace(b"\r", b"")).split(b"\n")
        replies: list[Reply] = []
        for line in lines:
            text = line.decode("latin-1")
            self._convert(t_ns)
            reply = self.logic.line("" if len(text) > _LONGEST else text, t_ns // MS)
            self._follow()
            replies.append((reply.encode() + b"\n", _LATENCY_NS))
        return replies

    def _convert(self, t_ns: int) -> None:
        """What the chips said when they were last asked: not sooner than they are done."""
        if t_ns - self._converted_ns < _CONVERTED_NS:
            return
        self._converted_ns = t_ns
        room_degc = self._world.truth.room.temperature_degc
        for n, chip in enumerate(self._chips):
            if self.upsets.holds(n):
                continue
            if chip.source is None or n in self.upsets.open_channels:
                self.logic.words[n] = chip_word(0.0, room_degc + _WARMER_K, OPEN)
                continue
            value = chip.source() + chip.offset_k + 0.1 * chip.noise()
            self.logic.words[n] = chip_word(value, room_degc + _WARMER_K)

    def _follow(self) -> None:
        """Let the relay follow, and come back when it may be time to drop."""
        logic, laser = self.logic, self._world.laser
        if self._in_loop:
            (laser.close_interlock if logic.beat == "ON" else laser.open_interlock)("heartbeat")
            self._world.settle()
        if logic.beat == "ON":
            self._world.schedule((logic.read_ms + logic.limit_ms) * MS, self._look)

    def _look(self) -> None:
        was = self.logic.beat
        self.logic.tick(self._world.now_ns // MS)
        if self.logic.beat != was:
            self._follow()
