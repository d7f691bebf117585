"""Ambrell EASYHEAT induction heater over RS-485 (38400 8N1), control and start set to it.

From the card: `address,command,argument`, not case-sensitive, replies end CR LF; `hon`, `hoff`,
`amps`, `maxamps`, `rdata` with eight fields. What it draws beside the coil's own loss, its soft
start and its silence on what sets something are of the simulator.
"""

from __future__ import annotations

from labctl_simulators.wire._personality import MS, Reply, Upsets
from labctl_simulators.world import CoilCurrent, Stream, World

_LATENCY_NS = 8 * MS
_NOISE_A = 0.05
_MOST_A = 400.0


class EasyHeat:
    """One unit with its heat station, whose coil is around the cell."""

    def __init__(self, world: World, current: CoilCurrent, address: int = 1) -> None:
        self.upsets = Upsets()
        self.baud: int | None = 38400
        self.listens = True
        """Control and start are set to RS485 at its panel."""
        self._world = world
        self._current = current
        self._address = address
        self._set_a = 10.0
        self._noise = Stream(world.truth.seed, "easyheat/current").normal
        self._partial = b""
        self._frozen = ""

    def opened(self, t_ns: int) -> None:
        """The unit does not notice."""

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        *lines, self._partial = (self._partial + data).split(b"\r")
        replies: list[Reply] = []
        for line in lines:
            address, _, rest = line.decode("latin-1").strip().partition(",")
            if address not in (str(self._address), "0"):
                continue
            name, _, argument = rest.partition(",")
            told = self._obey(name.lower(), argument)
            if told and address != "0":
                replies.append((told.encode() + b"\r\n", _LATENCY_NS))
        return replies

    def _obey(self, name: str, argument: str) -> str:
        current = self._current
        if name == "hoff":
            current.switch_off()
        elif name == "hon" and self.listens:
            current.output_on = True
        elif name == "amps" and self.listens:
            self._take(argument)
        elif name == "maxamps":
            return f"{_MOST_A:.0f}"
        elif name == "rdata":
            return self._raw()
        self._world.settle()
        return ""

    def _take(self, argument: str) -> None:
        try:
            asked_a = float(argument)
        except ValueError:
            return
        if 0.0 <= asked_a <= _MOST_A:
            self._set_a = asked_a
            self._current.drive(asked_a)

    def _raw(self) -> str:
        current = self._current
        noise_a = _NOISE_A * self._noise()
        shown_a = max(0.0, current.current_a * current.gain + (noise_a if current.current_a else 0))
        lit = current.output_on and not current.lied_to_off
        told = (
            f"{self._address},{int(lit)},{self._set_a:.1f},{shown_a:.1f},{current.power_w():.0f},"
            f"{current.frequency_hz / 1e3:.0f},0,0"
        )
        if self.upsets.frozen:
            self._frozen = self._frozen or told
            return self._frozen
        self._frozen = ""
        return told
