"""JULABO circulator, 4800 7E1: `in_` commands answered by a line, `out_` commands by silence.

From the protocol card: a command that is not understood or not allowed is silent too, and the next
`status` tells it, once. The bath itself, with its controller and its protection, is the world's;
the cell stands in its chamber from the moment that this instrument is on the bench.
"""

from __future__ import annotations

from collections.abc import Callable

from labctl_simulators.wire._personality import MS, Reply, Upsets
from labctl_simulators.world import World

_LATENCY_NS = 30 * MS
_LOWEST, _HIGHEST = -20.0, 150.0
_COOLING_W = 250.0
_ERRORS = {
    -8: "INVALID COMMAND",
    -9: "COMMAND NOT ALLOWED IN CURRENT OPERATING MODE",
    -10: "VALUE TOO SMALL",
    -11: "VALUE TOO LARGE",
}


class JulaboBath:
    """Wakes up in remote control, stopped, at 25 degC, its protection at 70 degC."""

    baud: int | None = 4800
    frame = (7, "E")

    def __init__(self, world: World, *, tells_protection: bool = True) -> None:
        self.upsets = Upsets()
        self.bath = world.fit_bath(cooling_w=_COOLING_W)
        self.bath.safety_degc = 70.0
        self.bath.set_degc = 25.0
        self.remote = True
        """Somebody has switched it so in its menu."""
        self.alarm = ""
        """A fault, e.g. `-01 LOW LEVEL ALARM`: it stops by itself."""
        self._tells = tells_protection
        self._error = 0
        self._shown: float | None = None
        self._partial = b""

    def opened(self, t_ns: int) -> None:
        """The bath does not notice."""

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        *lines, self._partial = (self._partial + data.replace(b"\n", b"")).split(b"\r")
        replies: list[Reply] = []
        for line in lines:
            text = line.decode("latin-1").strip()
            answer = self._obey(*text.partition(" ")[::2]) if text else None
            if answer is not None:
                replies.append((answer.encode() + b"\r\n", _LATENCY_NS))
        return replies

    def _obey(self, name: str, value: str) -> str | None:
        bath = self.bath
        asked: dict[str, Callable[[], str]] = {
            "version": lambda: "JULABO CORIO CD-200F VERSION 1.0",
            "status": self._status,
            "in_pv_00": self._sensor,
            "in_pv_01": lambda: f"{100.0 * bath.heat_w / bath.true.power_w:.0f}",
            "in_sp_00": lambda: f"{bath.set_degc:.2f}",
            "in_mode_05": lambda: str(int(bath.on)),
        }
        if self._tells:
            asked["in_pv_04"] = lambda: f"{bath.safety_degc:.1f}"
        if name.lower() in asked and not value:
            return asked[name.lower()]()
        self._error = self._command(name.lower(), value.strip())
        return None

    def _command(self, name: str, value: str) -> int:
        if name == "out_mode_05" and value in ("0", "1"):
            if not self.remote or (value == "1" and self._alarmed()):
                return -9
            (self.bath.start if value == "1" else self.bath.stop)()
            return 0
        degc = _number(value)
        if name != "out_sp_00" or degc is None:
            return -8
        if not self.remote:
            return -9
        if degc < _LOWEST:
            return -10
        if degc > _HIGHEST:
            return -11
        self.bath.set_degc = round(degc, 2)
        return 0

    def _alarmed(self) -> str:
        if self.bath.tripped:
            return "-14 EXCESS TEMPERATURE PROTECTION"
        return self.alarm

    def _status(self) -> str:
        error, self._error = self._error, 0
        if error:
            return f"{error:03d} {_ERRORS[error]}"
        alarm = self._alarmed()
        if alarm:
            self.bath.stop()
            return alarm
        words = f"{'REMOTE' if self.remote else 'MANUAL'} {'START' if self.bath.on else 'STOP'}"
        return f"{2 * self.remote + self.bath.on:02d} {words}"

    def _sensor(self) -> str:
        if self._shown is None or not self.upsets.frozen:
            self._shown = self.bath.sensor_degc
        return f"{self._shown:.2f}"


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e4 and "_" not in text else None
