"""IPG YLM-SF fibre laser over RS-232.

From the protocol card: three or four letters in any case, CR both ways; an answer begins with the
command's letters, an error is `ERR: ` and words; light comes 3 s after `EMON`, and the status says
so meanwhile; the measured power is a number, `Off`, or `Low` where it is too little to be shown.
Which words an error has, that `SPS` keeps hundredths, that a fault is kept until `RERR`, and
latencies are of the simulator. A LF counts for nothing.
"""

from __future__ import annotations

import re

from labctl_simulators.wire._personality import MS, Reply, Upsets
from labctl_simulators.world import Stream, World

_NS = 1_000_000_000
_LATENCY_NS = 4 * MS
_SHOWN_W = 0.1
_COMMAND = re.compile(r"([A-Z]{3,5})\s*([-+0-9.eE]*)")
_UNEXPECTED = 1 << 19


class IpgLaser:
    """One laser, lit or not by whoever was there before."""

    def __init__(
        self,
        world: World,
        *,
        least_w: float = 0.2,
        most_w: float = 10.5,
        emission_delay_s: float = 3.0,
        baud: int = 57600,
    ) -> None:
        self.upsets = Upsets()
        self.baud: int | None = baud
        self.faults = 0
        """Bits of the status that stay until they are reset."""
        self._world = world
        self._laser = world.laser
        self._least_w, self._most_w = least_w, most_w
        self._set_w = least_w
        self._delay_ns = round(emission_delay_s * _NS)
        self._partial = b""
        self._switchings = 0
        self._noise = Stream(world.truth.seed, "ipg/power").normal

    def opened(self, t_ns: int) -> None:
        """The laser does not notice."""

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        *lines, self._partial = (self._partial + data).replace(b"\n", b"").split(b"\r")
        return [
            (self._obey(line.decode("latin-1").strip(), t_ns).encode() + b"\r", _LATENCY_NS)
            for line in lines
            if line.strip()
        ]

    def _obey(self, text: str, t_ns: int) -> str:
        match = _COMMAND.fullmatch(text.upper())
        if match is None:
            return "ERR: Command not recognized"
        letters, value = match.groups()
        told = self._told(letters)
        if told is not None:
            return f"{letters}: {told}"
        if letters == "EMOFF":
            self._switchings += 1
            self._laser.switch_off()
            self._world.settle()
            return letters
        if letters == "EMON":
            return self._light(t_ns)
        if letters == "SPS":
            return self._power(value)
        if letters == "RERR":
            self.faults = 0
            return letters
        return "ERR: Command not recognized"

    def _told(self, letters: str) -> str | None:
        known = {
            "RMN": "YLM-10-SF",
            "RFV": "1.0.114",
            "STA": str(self._status()),
            "ROP": self._measured(),
            "RPS": f"{self._set_w:.2f}",
            "RNP": f"{self._least_w:.3f}",
            "RMP": f"{self._most_w:.1f}",
            "RDPT": f"{_SHOWN_W:.3f}",
            "RCT": "28.9",
        }
        return known.get(letters)

    def _status(self) -> int:
        laser = self._laser
        bits = self.faults
        if laser.output_on:
            bits |= 1 if laser.lit else 2
        elif laser.lit and not laser.lies_about_off:
            bits |= _UNEXPECTED
        return bits

    def _measured(self) -> str:
        laser = self._laser
        if not laser.output_on:
            return "Off"
        watts = 0.0
        if laser.lit:
            watts = laser.level * laser.readback_factor * (1 + 1e-3 * self._noise())
        return f"{watts:.2f}" if watts >= _SHOWN_W else "Low"

    def _power(self, value: str) -> str:
        try:
            watts = float(value)
        except ValueError:
            return "ERR: Invalid parameter"
        if watts != 0.0 and not self._least_w <= watts <= self._most_w:
            return "ERR: Out of Range"
        self._set_w = round(watts, 2)
        self._laser.drive(self._set_w)
        self._world.settle()
        return f"SPS: {self._set_w:g}"

    def _light(self, t_ns: int) -> str:
        laser = self._laser
        if self.faults:
            return "ERR: Laser fault"
        if not laser.interlock_closed:
            return "ERR: Interlock open"
        if not laser.key_on:
            return "ERR: Key off"
        if laser.output_on:
            return "EMON"
        self._switchings += 1
        laser.output_on = True
        switching = self._switchings

        def ignite() -> None:
            if laser.output_on and self._switchings == switching:
                laser.lit = True

        self._world.schedule(t_ns + self._delay_ns, ignite)
        return "EMON"
