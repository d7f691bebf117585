"""IKA hotplate stirrer, NAMUR over 9600 7E1: sets in silence, answers values with their channel.

From the protocol card: `25.3 1`, the set point clipped below the safety temperature without a
word, two watchdogs, and, on some firmware, a set point that START_1 puts back to 0 and an echo of
every command. As the bench's thermostat its plate is the world's bath, around the cell; else the
plate's temperature is simulated here and does not reach the simulated sample. The sample's Pt1000
is the external probe. Times and rates are of the simulator.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp

from labctl.clock import NS
from labctl_simulators.wire._personality import MS, Reply, Upsets
from labctl_simulators.world import World

_LATENCY_NS = 60 * MS
_MARGIN_K, _BATH_MARGIN_K = 50.0, 10.0
"""Models differ in how far below the safety temperature they stay."""
_MOST_DEGC, _MOST_RPM = 310.0, 1500.0
_PLATE_S, _SPIN_S = 120.0, 2.0
_NO_PROBE_DEGC = -50.0


class IkaPlate:
    """An RCT; wakes up cold, standing, with its safety dial at 250 degC."""

    baud: int | None = 9600
    frame = (7, "E")

    def __init__(
        self,
        world: World,
        *,
        echoes: bool = False,
        forgets: bool = True,
        bath: bool = False,
        name: str = "IKARCT",
    ) -> None:
        """`forgets`: START_1 puts the set point back to 0. `bath`: it is the bench's thermostat."""
        self.upsets = Upsets()
        self.name = name
        self.safety_degc = 70.0 if bath else 250.0
        self._bath = world.fit_bath() if bath else None
        self.heats = False
        self.stuck = False
        """A fault: the stirring bar has come off."""
        self.error = 0
        self._world = world
        self._echoes = echoes
        self._margin_k = _BATH_MARGIN_K if bath else _MARGIN_K
        self._forgets = forgets
        self._set_degc, self._set_rpm = 0.0, 0.0
        self._stirs = False
        self._plate = world.truth.room.temperature_degc
        self._rpm = 0.0
        self._looked_ns = 0
        self._fall_back = (0.0, 0.0)
        self._mode = 0
        self._watch_s = 0.0
        self._turn = 0
        self._partial = b""

    def opened(self, t_ns: int) -> None:
        """The plate does not notice."""

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        *lines, self._partial = (self._partial + data).split(b"\n")
        replies: list[Reply] = []
        for line in lines:
            text = line.decode("latin-1").strip()
            if not text or len(text) > 80:
                continue
            self._follow(t_ns)
            answer = self._obey(text)
            if self._mode:
                self._watch(t_ns)
            said = line + b"\n" if self._echoes else b""
            self._steer()
            if answer is not None:
                said += answer.encode() + b" \r\n"
            if said:
                replies.append((said, _LATENCY_NS))
        return replies

    def _obey(self, text: str) -> str | None:
        asked: dict[str, Callable[[], str]] = {
            "IN_NAME": lambda: self.name,
            "IN_PV_1": lambda: f"{self._probe():.1f} 1",
            "IN_PV_2": lambda: f"{self._plate:.1f} 2",
            "IN_PV_4": lambda: f"{self._rpm:.1f} 4",
            "IN_SP_1": lambda: f"{self._set_degc:.1f} 1",
            "IN_SP_3": lambda: f"{self.safety_degc:.1f} 3",
            "IN_SP_4": lambda: f"{self._set_rpm:.1f} 4",
            "STATUS_1": lambda: "11 1" if self.heats else "12 1",
        }
        if text in asked:
            return f"ER {self.error}" if self.error and text != "IN_NAME" else asked[text]()
        name, at, value = text.partition("@")
        if at:
            return self._set_watchdog(name, _number(value))
        self._command(*text.partition(" ")[::2])
        return None

    def _command(self, name: str, value: str) -> None:
        number = _number(value)
        match name:
            case "OUT_SP_1" if number is not None:
                # Clipped in silence.
                most = min(_MOST_DEGC, self.safety_degc - self._margin_k)
                self._set_degc = max(0.0, min(most, number))
            case "OUT_SP_4" if number is not None:
                self._set_rpm = max(0.0, min(_MOST_RPM, number))
            case "START_1" if not self.error:
                self.heats = True
                self._set_degc = 0.0 if self._forgets else self._set_degc
            case "STOP_1":
                self.heats = False
            case "START_4" if not self.error:
                self._stirs = True
            case "STOP_4":
                self._stirs = False
            case "RESET":
                self.heats = self._stirs = False
                self._mode = self.error = 0

    # -- watchdog ----------------------------------------------------------------------------

    def _set_watchdog(self, name: str, value: float | None) -> str | None:
        if value is None:
            return None
        if name == "OUT_SP_12":
            self._fall_back = (value, self._fall_back[1])
        elif name == "OUT_SP_42":
            self._fall_back = (self._fall_back[0], value)
        elif name in ("OUT_WD1", "OUT_WD2"):
            if value and not 20.0 <= value <= 1500.0:
                return None
            if not value and name == "OUT_WD1":
                return None
            self._mode, self._watch_s = (int(name[-1]) if value else 0), value
        else:
            return None
        return f"{value:.1f}"

    def _watch(self, t_ns: int) -> None:
        self._turn += 1
        turn = self._turn

        def due() -> None:
            if turn == self._turn and self._mode:
                self._fire()

        self._world.schedule(t_ns + round(self._watch_s * NS), due)

    def _fire(self) -> None:
        self._follow(self._world.now_ns)
        if self._mode == 1:
            self.heats = self._stirs = False
            self.error = 2
        else:
            self._set_degc, self._set_rpm = self._fall_back
        self._steer()

    def _steer(self) -> None:
        """The bath follows what the plate is told."""
        bath = self._bath
        if bath is None:
            return
        bath.safety_degc, bath.set_degc = self.safety_degc, self._set_degc
        if self.heats and not bath.on:
            bath.start()
        elif not self.heats and bath.on:
            bath.stop()

    # -- plate, bar and probe ----------------------------------------------------------------

    def _follow(self, t_ns: int) -> None:
        passed_s = max(0.0, (t_ns - self._looked_ns) / NS)
        self._looked_ns = max(t_ns, self._looked_ns)
        room = self._world.truth.room.temperature_degc
        goal = max(room, self._set_degc) if self.heats else room
        if self._bath is None:
            self._plate = goal + (self._plate - goal) * exp(-passed_s / _PLATE_S)
        else:
            self._plate = self._bath.sensor_degc
        speed = self._set_rpm if self._stirs and not self.stuck else 0.0
        self._rpm = speed + (self._rpm - speed) * exp(-passed_s / _SPIN_S)

    def _probe(self) -> float:
        return _NO_PROBE_DEGC if 1 in self.upsets.open_channels else self._world.probe_degc()

    @property
    def plate_degc(self) -> float:
        """As it was when somebody last asked."""
        return self._plate


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e4 else None
