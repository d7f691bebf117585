"""Omega FOB100 fibre-optic thermometer, over RS-232 (9600 8N1, a command ends CR).

From the card: a command is a letter with its argument; what it answers are lines that end CR, and
behind them, or alone, the prompt `*` with nothing after it; a command that fails has `Err` and a
digit in its place. `t` and a channel gives `+24.3`, `---.-` where there is no probe or too little
light comes back; `b` the temperature of the enclosure, `b:32.2`; `uc` and `uf` the unit, `q+` and
`q-` quick scanning or the average of the last four. From memory of such thermometers: a channel
takes a quarter of a second, a tenth of a kelvin is the last digit, and noise is half of that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from labctl_simulators.wire._personality import MS, Reply, Upsets
from labctl_simulators.world import Stream, World

_LATENCY_NS = 5 * MS
_SCAN_NS = 250 * MS
_NOISE_K = 0.05
_NO_LIGHT = "---.-"
_AVERAGED = 4


class FobThermometer:
    """A FOB104, or a FOB101 with one channel only; the probes are where the bench says."""

    def __init__(
        self, world: World, sensors: Mapping[int, Callable[[], float]], channels: int = 4
    ) -> None:
        self.upsets = Upsets()
        self.baud: int | None = 9600
        self._world = world
        self._sensors = dict(sensors)
        self._count = channels
        seed = world.truth.seed
        self._noise = {n: Stream(seed, f"fibre/{n}").normal for n in sensors}
        self._offset_k = {n: 0.1 * self._noise[n]() for n in sensors}
        self._seen: dict[int, deque[float]] = {n: deque(maxlen=_AVERAGED) for n in sensors}
        self._scanned_ns: dict[int, int] = {}
        self._fahrenheit = False
        self._quick = False
        self._partial = b""

    def opened(self, t_ns: int) -> None:
        """The thermometer does not notice."""

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        *lines, self._partial = (self._partial + data).split(b"\r")
        replies: list[Reply] = []
        for line in lines:
            text = line.decode("latin-1").strip()
            replies.append((self._obey(text, t_ns).encode(), _LATENCY_NS))
        return replies

    def _obey(self, text: str, t_ns: int) -> str:
        letter, rest = text[:1].lower(), text[1:].strip().lower()
        if letter == "b" and not rest:
            return f"b:{self._shown(29.0 + self._world.ambient_degc() - 22.0)}\r*"
        if letter == "u" and rest in ("c", "f"):
            self._fahrenheit = rest == "f"
            return "*"
        if letter == "q" and rest in ("+", "-"):
            self._quick = rest == "+"
            return "*"
        if letter == "t":
            asked = range(1, self._count + 1) if not rest else self._channel(rest)
            if asked:
                return "".join(f"{self._temperature(n, t_ns)}\r" for n in asked) + "*"
        return "Err1\r"

    def _channel(self, text: str) -> list[int]:
        """Empty for one that there is not; a one-channel model takes no number."""
        if self._count == 1 or not text.isdigit() or not 1 <= int(text) <= self._count:
            return []
        return [int(text)]

    def _temperature(self, n: int, t_ns: int) -> str:
        sensor = self._sensors.get(n)
        if sensor is None or n in self.upsets.open_channels:
            return _NO_LIGHT
        if t_ns // _SCAN_NS != self._scanned_ns.get(n) and not (
            self.upsets.holds(n) and self._seen[n]
        ):
            self._scanned_ns[n] = t_ns // _SCAN_NS
            noise_k = _NOISE_K * self._noise[n]()
            self._seen[n].append(sensor() + self._offset_k[n] + noise_k)
        seen = self._seen[n]
        return self._shown(seen[-1] if self._quick else sum(seen) / len(seen), signed=True)

    def _shown(self, degc: float, *, signed: bool = False) -> str:
        value = degc * 1.8 + 32.0 if self._fahrenheit else degc
        return f"{value:+.1f}" if signed else f"{value:.1f}"
