"""Heidolph MR Hei-Connect hotplate stirrer, 9600 7E1: repeats every command, with its value.

From the protocol card and the maker's list of commands: an old protocol that it wakes up in and
that RESET goes back to, in which nothing of this is known; commands less than a tenth of a second
apart are lost; 999.9 without a probe; a connection check that stops motor and heating after 10 s
without a word and goes on at the next; a device that was stopped by hand says -1. Times and rates
are of the simulator, whose plate does not heat the sample.
"""

from __future__ import annotations

from math import exp

from labctl.clock import NS
from labctl_simulators.wire._personality import MS, Reply, Upsets
from labctl_simulators.world import World

_LATENCY_NS = 40 * MS
_APART_NS = 100 * MS
_CHECK_NS = 10 * NS
_PLATE_S, _SPIN_S = 150.0, 2.0
_NO_PROBE = 999.9


class HeiPlate:
    """Wakes up in its old protocol, cold and standing."""

    baud: int | None = 9600
    frame = (7, "E")

    def __init__(self, world: World) -> None:
        self.upsets = Upsets()
        self.heats = self.stirs = False
        self.stuck = False
        """A fault: the stirring bar has come off."""
        self.by_hand = False
        """Somebody has stopped it at its knobs."""
        self.new = False
        self._world = world
        self._set_degc, self._set_rpm = 20.0, 100.0
        self._plate = world.truth.room.temperature_degc
        self._rpm = 0.0
        self._remote = 0
        self._checks = False
        self._heard_ns = 0
        self._looked_ns = 0
        self._partial = b""

    def opened(self, t_ns: int) -> None:
        """The plate does not notice."""

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        *lines, self._partial = (self._partial + data).split(b"\n")
        replies: list[Reply] = []
        for line in lines:
            early = self._heard_ns and t_ns - self._heard_ns < _APART_NS
            self._follow(t_ns)
            self._heard_ns = t_ns
            text = line.decode("latin-1").strip()
            if early or not text:
                continue
            answer = self._obey(text)
            if answer is not None:
                replies.append((answer.encode() + b"\r\n", _LATENCY_NS))
        return replies

    def _obey(self, text: str) -> str | None:
        if text in ("PA_NEW", "PA_OLD"):
            self.new = text == "PA_NEW"
            return text
        if not self.new:
            return None
        told: dict[str, float] = {
            "IN_PV_1": self._probe(),
            "IN_PV_3": self._plate,
            "IN_PV_5": self._rpm,
            "IN_SP_1": self._set_degc,
            "IN_SP_3": self._set_rpm,
        }
        if text in told:
            return f"{text} {told[text]:.1f}"
        if text == "STATUS":
            return f"STATUS {-1 if self.by_hand else self._remote}"
        if text == "SW_VERS":
            return "MR Hei-Connect V1.23"
        return self._command(*text.partition(" ")[::2])

    def _command(self, name: str, value: str) -> str | None:
        match name:
            case "START_1" | "START_2" if not self.by_hand:
                self._remote = 1
                self.heats = self.heats or name == "START_1"
                self.stirs = self.stirs or name == "START_2"
            case "STOP_1" | "STOP_2":
                self.heats = self.heats and name == "STOP_2"
                self.stirs = self.stirs and name == "STOP_1"
                self._remote = 1 if self.heats or self.stirs else 2
            case "CC_ON" | "CC_OFF":
                self._checks = name == "CC_ON"
            case "OUT_SP_1" | "OUT_SP_3" if value.replace(".", "", 1).isdigit():
                number = float(value)
                if name == "OUT_SP_1":
                    self._set_degc = min(300.0, number)
                    return f"{name} {self._set_degc:.1f}"
                self._set_rpm = min(1400.0, number)
                return f"{name} {self._set_rpm:.1f}"
            case "RESET":
                self.heats = self.stirs = self.new = self._checks = False
                self._remote = 0
            case "START_1" | "START_2":
                pass
            case _:
                return None
        return name

    # -- plate, bar and probe ----------------------------------------------------------------

    def _follow(self, t_ns: int) -> None:
        """Up to now; with the connection check on, nothing turns or heats after ten seconds."""
        since_ns = max(0, t_ns - self._looked_ns)
        self._looked_ns = max(t_ns, self._looked_ns)
        active_ns = min(since_ns, _CHECK_NS) if self._checks else since_ns
        active = not self.by_hand
        self._pass(active_ns / NS, self.heats and active, self.stirs and active)
        self._pass((since_ns - active_ns) / NS, heats=False, stirs=False)

    def _pass(self, passed_s: float, heats: bool, stirs: bool) -> None:
        room = self._world.truth.room.temperature_degc
        goal = max(room, self._set_degc) if heats else room
        self._plate = goal + (self._plate - goal) * exp(-passed_s / _PLATE_S)
        speed = self._set_rpm if stirs and not self.stuck else 0.0
        self._rpm = speed + (self._rpm - speed) * exp(-passed_s / _SPIN_S)

    def _probe(self) -> float:
        return _NO_PROBE if 1 in self.upsets.open_channels else self._world.probe_degc()
