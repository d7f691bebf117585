"""Cobolt 06-MLD laser over a virtual serial port, with the short commands.

From the protocol card: a command ends CR and is answered, CR LF, by a value, by `OK` or by a text
with `Syntax error` in it; power is set in watts; what starts by itself is not switched by hand
(`not allowed in autostart mode`) and comes out of the box so. From memory: 2 ms for an answer,
light half a tenth of a second after it is asked for; a LF counts for nothing.
"""

from __future__ import annotations

from labctl_simulators.wire._personality import MS, Reply, Upsets
from labctl_simulators.world import Stream, World

_LATENCY_NS = 2 * MS
_WRONG = "Syntax error: illegal command"
_RANGE = "Syntax error: Value is out of range."
_AUTOSTART = "Syntax error: not allowed in autostart mode."


class CoboltLaser:
    """One laser head, lit or not by whoever was there before; its autostart is on."""

    def __init__(
        self, world: World, *, most_w: float = 2.0, emission_delay_s: float = 0.05
    ) -> None:
        self.upsets = Upsets()
        self.baud: int | None = 115200
        self._world = world
        self._laser = world.laser
        self._most_w = most_w
        self._delay_ns = round(emission_delay_s * 1e9)
        self._noise = Stream(world.truth.seed, "cobolt/power").normal
        self._partial = b""
        self._set_w = 0.0
        self._autostart = True
        self._switchings = 0

    def opened(self, t_ns: int) -> None:
        """The laser does not notice."""

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        *lines, self._partial = (self._partial + data).replace(b"\n", b"").split(b"\r")
        return [
            (self._obey(line.decode("latin-1").strip(), t_ns).encode() + b"\r\n", _LATENCY_NS)
            for line in lines
        ]

    def _obey(self, text: str, t_ns: int) -> str:
        verb, _, value = text.partition(" ")
        if text.endswith("?"):
            return self._told(text)
        if text == "l0":
            self._switchings += 1
            self._laser.switch_off()
            self._world.settle()
            return "OK"
        if text == "l1":
            return self._light(t_ns)
        if verb == "p":
            return self._power(value)
        if text in ("@cobas 0", "@cobas 1"):
            self._autostart = text.endswith("1")
            return "OK"
        return "OK" if text == "cp" else _WRONG

    def _told(self, query: str) -> str:
        laser = self._laser
        measured_w = 0.0
        if laser.lit and laser.output_on:
            measured_w = max(laser.level * laser.readback_factor * (1 + 1e-3 * self._noise()), 0.0)
        known = {
            "glm?": "0808-06-01-0200-100",
            "gsn?": "22345",
            "sn?": "22345",
            "gfv?": "9.001",
            "l?": str(int(laser.output_on)),
            "p?": f"{self._set_w:.4f}",
            "pa?": f"{measured_w:.4f}",
            "ilk?": str(int(not laser.interlock_closed)),
            "gkses?": str(int(laser.key_on)),
            "f?": "0" if laser.interlock_closed else "3",
            "@cobas?": str(int(self._autostart)),
        }
        return known.get(query, _WRONG)

    def _power(self, value: str) -> str:
        try:
            watts = float(value)
        except ValueError:
            return _WRONG
        if not 0.0 <= watts <= self._most_w:
            return _RANGE
        self._set_w = watts
        self._laser.drive(watts)
        self._world.settle()
        return "OK"

    def _light(self, t_ns: int) -> str:
        laser = self._laser
        if self._autostart:
            return _AUTOSTART
        if not (laser.interlock_closed and laser.key_on):
            return "Syntax error: interlock or key"
        self._switchings += 1
        laser.output_on = True
        switching = self._switchings

        def ignite() -> None:
            if laser.output_on and self._switchings == switching:
                laser.lit = True

        self._world.schedule(t_ns + self._delay_ns, ignite)
        return "OK"
