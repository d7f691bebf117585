"""Keysight/HP 34970A and DAQ970A scanner with thermocouples, over GPIB or LAN (replies end LF).

From the protocol card: `+2.35000000E+01` readings, `+9.90000000E+37` for open or overload (only
with the open check on; without it an open input floats), an error queue asked with `SYST:ERR?`,
`SYST:CTYP?` for the card in a slot, CONF and MEAS redefine the scan list. Conversion time and the
way noise falls with integration are from memory of such instruments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import sqrt

from labctl_simulators.wire._personality import MS
from labctl_simulators.wire._text import ScpiInstrument, command, number
from labctl_simulators.world import Stream, World

OPEN = 9.9e37
_LINE_CYCLE_NS = 20 * MS
_SWITCH_NS = 12 * MS
_OPEN_CHECK_NS = 10 * MS
_NPLC = (0.02, 0.2, 1.0, 2.0, 10.0, 20.0, 100.0, 200.0)
_MICROVOLT_PER_K = {
    "B": 0.3,
    "E": 61.0,
    "J": 51.7,
    "K": 40.6,
    "N": 26.6,
    "R": 6.0,
    "S": 6.0,
    "T": 40.8,
}
THERMOCOUPLES = tuple(_MICROVOLT_PER_K)
_CHANNELS_A_CARD = 20
_IDENTITIES = {
    "34970A": "HEWLETT-PACKARD,34970A,0,13-2-2",
    "DAQ970A": "Keysight Technologies,DAQ970A,MY58006721,A.02.02-01.00-02.01-00.02-01-01",
}
_CARDS = {"34970A": "HEWLETT-PACKARD,34901A,0,2.3", "DAQ970A": "Keysight,DAQM901A,MY58009999,2.0"}


class _Channel:
    """One input: what hangs on it and how it is measured."""

    __slots__ = ("check", "last", "noise", "noise_k", "nplc", "offset_k", "source", "type", "unit")

    def __init__(self, number: int, seed: int, source: Callable[[], float] | None) -> None:
        stream = Stream(seed, f"scanner/{number}")
        self.source = source
        self.noise = stream.normal
        self.offset_k = 0.05 * stream.normal()
        self.last: float | None = None
        self.reset()

    def reset(self) -> None:
        self.type = "J"  # what these scanners wake up with
        self.unit = "C"
        self.nplc = 1.0
        self.noise_k = 0.0
        self.check = False


class KeysightScanner(ScpiInstrument):
    """A scanner with a 20-channel multiplexer in slot 100, and in each slot that is wired."""

    latency_ns = 2 * MS

    def __init__(
        self,
        world: World,
        sensors: Mapping[int, Callable[[], float]],
        *,
        wired: str = "K",
        model: str = "34970A",
    ) -> None:
        """`sensors` are the thermocouples by channel, of type `wired`."""
        super().__init__()
        self.identity = _IDENTITIES.get(model, _IDENTITIES["34970A"])
        self._card = _CARDS.get(model, _CARDS["34970A"])
        self._world = world
        self._noise_k = world.truth.probes.noise_k
        self._room_degc = world.truth.room.temperature_degc
        self._wired = wired
        self._slots = {100, *(100 * (n // 100) for n in sensors)}
        self._channels = {
            n: _Channel(n, world.truth.seed, sensors.get(n))
            for slot in sorted(self._slots)
            for n in range(slot + 1, slot + 1 + _CHANNELS_A_CARD)
        }
        self._scan: list[int] = []
        self._fetched: list[str] = []
        self._fetched_ns = 0
        self._begun_ns = 0
        self._monitored: int | None = None
        self._monitors = False
        self._with_channel = False
        self._with_unit = False
        self._plan: list[tuple[int, _Channel]] = []
        self._plan_ns = 0
        self.reset()

    def reset(self) -> None:
        for channel in self._channels.values():
            channel.reset()
        self._scan = []
        self._fetched = []
        self._monitored = None
        self._monitors = False
        self._with_channel = self._with_unit = False
        self._planned()

    # -- measuring -----------------------------------------------------------------------------

    def _planned(self) -> None:
        """Work out once what a scan does and how long it takes."""
        self._plan = [(n, self._channels[n]) for n in self._scan]
        self._plan_ns = 0
        for _, channel in self._plan:
            # Auto-zero doubles every integration.
            self._plan_ns += _SWITCH_NS + round(2 * channel.nplc * _LINE_CYCLE_NS)
            self._plan_ns += _OPEN_CHECK_NS if channel.check else 0
            channel.noise_k = min(0.1, max(0.005, self._noise_k / sqrt(channel.nplc)))

    def _measure(self) -> list[str]:
        readings = []
        upsets = self.upsets
        plain = not (upsets.frozen or upsets.open_channels)
        for n, channel in self._plan:
            if plain and channel.source is not None and channel.type == self._wired:
                value = channel.source() + channel.offset_k + channel.noise_k * channel.noise()
                # The last digit it resolves with a thermocouple.
                value = round(value, 3)
            else:
                value = self._troubled(n, channel)
            channel.last = value
            if channel.unit != "C" and value < OPEN:
                value = value + 273.15 if channel.unit == "K" else value * 1.8 + 32.0
            text = f"{value:+.8E}"
            if self._with_unit:
                text += f" {channel.unit}"
            readings.append(f"{text},{n}" if self._with_channel else text)
        return readings

    def _troubled(self, n: int, channel: _Channel) -> float:
        noise = channel.noise()
        if self.upsets.holds(n) and channel.last is not None:
            return channel.last
        if channel.source is None or n in self.upsets.open_channels:
            # Without the check an open input floats about its cold junction.
            return OPEN if channel.check else round(self._room_degc + 40.0 * noise, 3)
        value = channel.source()
        # The scanner takes the junction for the type that it was told.
        ratio = _MICROVOLT_PER_K[self._wired] / _MICROVOLT_PER_K[channel.type]
        value = self._room_degc + (value - self._room_degc) * ratio
        return round(value + channel.offset_k + channel.noise_k * noise, 3)

    @command("READ?")
    def _read(self, _: str) -> str | None:
        if not self._plan:
            self.error(-221, "Settings conflict; no scan list")
            return None
        self.duration_ns += self._plan_ns
        self._fetched = self._measure()
        self._fetched_ns = self.t_ns + self.duration_ns
        return ",".join(self._fetched)

    @command("INITiate", "INITiate:IMMediate")
    def _init(self, _: str) -> None:
        if not self._plan:
            self.error(-221, "Settings conflict; no scan list")
            return
        if self.t_ns < self._fetched_ns:
            self.error(-213, "Init ignored")
            return
        self._fetched = self._measure()
        self._begun_ns = self.t_ns
        self._fetched_ns = self.t_ns + self._plan_ns

    @command("FETCh?")
    def _fetch(self, _: str) -> str | None:
        if not self._fetched:
            self.error(-230, "Data stale")
            return None
        self.duration_ns += max(0, self._fetched_ns - self.t_ns)
        return ",".join(self._fetched)

    @command("DATA:POINts?")
    def _points(self, _: str) -> str:
        """How many readings of the scan there are by now."""
        count = len(self._fetched)
        if self.t_ns < self._fetched_ns and self._plan_ns:
            done = (self.t_ns - self._begun_ns) / self._plan_ns
            count = min(count - 1, int(count * done))
        return f"{count:+d}"

    @command("ROUTe:MONitor", "ROUTe:MONitor:CHANnel")
    def _monitor(self, text: str) -> None:
        listed = self._listed(text)
        if len(listed) == 1:
            self._monitored = listed[0]

    @command("ROUTe:MONitor:STATe")
    def _monitor_on(self, text: str) -> None:
        self._monitors = text.upper() in ("ON", "1")
        if self._monitors and self._monitored is None:
            self.error(-221, "Settings conflict; no channel to monitor")

    @command("ROUTe:MONitor:DATA?")
    def _monitor_data(self, _: str) -> str | None:
        if not self._monitors or self._monitored is None:
            self.error(-230, "Data stale")
            return None
        plan = self._plan
        self._plan = [(self._monitored, self._channels[self._monitored])]
        [text] = self._measure()
        self._plan = plan
        return text

    @command("*OPC?")
    def _scan_done(self, _: str) -> str:
        self.duration_ns += max(0, self._fetched_ns - self.t_ns)
        return "1"

    @command("ABORt")
    def _abort(self, _: str) -> None:
        if self.t_ns < self._fetched_ns:
            self._fetched = []
        self._fetched_ns = self.t_ns
        self._monitors = False

    # -- configuring ---------------------------------------------------------------------------

    def _listed(self, text: str, *, default: list[int] | None = None) -> list[int]:
        """The channels of `(@101,103:105)`; an empty list, and an error, when that is none."""
        match = re.search(r"\(@([0-9,:\s]*)\)", text)
        if match is None:
            if default is None:
                self.error(-109, "Missing parameter")
            return default or []
        found: list[int] = []
        for part in match.group(1).split(","):
            first, _, last = part.strip().partition(":")
            if not first.isdigit() or (last and not last.isdigit()):
                continue
            found.extend(range(int(first), int(last or first) + 1))
        if not found or any(n not in self._channels for n in found):
            self.error(-222, "Data out of range; channel list")
            return []
        return found

    def _configured(self, text: str) -> list[int]:
        channels = self._listed(text)
        words = [word.strip().upper() for word in text.split("(@")[0].split(",")]
        if not words or words[0] not in ("TC", "TCOUPLE"):
            self.error(-224, "Illegal parameter value")
            return []
        kind = words[1] if len(words) > 1 and words[1] not in ("", "DEF") else "J"
        if kind not in _MICROVOLT_PER_K:
            self.error(-224, "Illegal parameter value")
            return []
        for n in channels:
            self._channels[n].reset()
            self._channels[n].type = kind
        if channels:
            self._scan = channels
            self._planned()
        return channels

    @command("CONFigure:TEMPerature")
    def _configure(self, text: str) -> None:
        self._configured(text)

    @command("MEASure:TEMPerature?")
    def _measure_once(self, text: str) -> str | None:
        return self._read("") if self._configured(text) else None

    @command("ROUTe:SCAN")
    def _set_scan(self, text: str) -> None:
        if re.fullmatch(r"\(@\s*\)", text):
            self._scan = []
        else:
            self._scan = self._listed(text) or self._scan
        self._planned()

    @command("ROUTe:SCAN?")
    def _get_scan(self, _: str) -> str:
        listed = f"(@{','.join(map(str, self._scan))})"
        # A definite-length block, as the manual has it: #, digits, length, list.
        return f"#{len(str(len(listed)))}{len(listed)}{listed}"

    @command("ROUTe:SCAN:SIZE?")
    def _scan_size(self, _: str) -> str:
        return f"{len(self._scan):+d}"

    @command("UNIT:TEMPerature")
    def _set_unit(self, text: str) -> None:
        unit = text.split(",")[0].strip().upper()
        if unit not in ("C", "F", "K"):
            self.error(-224, "Illegal parameter value")
            return
        for n in self._listed(text, default=self._scan):
            self._channels[n].unit = unit

    @command("UNIT:TEMPerature?")
    def _get_unit(self, text: str) -> str:
        return ",".join(self._channels[n].unit for n in self._listed(text, default=self._scan))

    @command("SENSe:TEMPerature:TRANsducer:TCouple:TYPE")
    def _set_type(self, text: str) -> None:
        kind = text.split(",")[0].strip().upper()
        if kind not in _MICROVOLT_PER_K:
            self.error(-224, "Illegal parameter value")
            return
        for n in self._listed(text, default=self._scan):
            self._channels[n].type = kind

    @command("SENSe:TEMPerature:TRANsducer:TCouple:TYPE?")
    def _get_type(self, text: str) -> str:
        return ",".join(self._channels[n].type for n in self._listed(text, default=self._scan))

    @command("SENSe:TEMPerature:TRANsducer:TCouple:RJUNction:TYPE")
    def _set_junction(self, text: str) -> None:
        if text.split(",")[0].strip().upper() not in ("INT", "INTERNAL"):
            self.error(-221, "Settings conflict; only the internal reference is simulated")

    @command("SENSe:TEMPerature:TRANsducer:TCouple:CHECk")
    def _set_check(self, text: str) -> None:
        wanted = text.split(",")[0].strip().upper()
        if wanted not in ("ON", "OFF", "1", "0"):
            self.error(-224, "Illegal parameter value")
            return
        for n in self._listed(text, default=self._scan):
            self._channels[n].check = wanted in ("ON", "1")
        self._planned()

    @command("SENSe:TEMPerature:TRANsducer:TCouple:CHECk?")
    def _get_check(self, text: str) -> str:
        chosen = self._listed(text, default=self._scan)
        return ",".join(str(int(self._channels[n].check)) for n in chosen)

    @command("SENSe:TEMPerature:NPLCycles")
    def _set_nplc(self, text: str) -> None:
        asked = number(text.split(",")[0])
        fitting = [n for n in _NPLC if asked is not None and n >= asked - 1e-9]
        if asked is None or asked <= 0.0 or not fitting:
            self.error(-222, "Data out of range")
            return
        for n in self._listed(text, default=self._scan):
            self._channels[n].nplc = fitting[0]
        self._planned()

    @command("SENSe:TEMPerature:NPLCycles?")
    def _get_nplc(self, text: str) -> str:
        chosen = self._listed(text, default=self._scan)
        return ",".join(f"{self._channels[n].nplc:+.8E}" for n in chosen)

    @command("FORMat:READing:CHANnel")
    def _set_with_channel(self, text: str) -> None:
        self._with_channel = text.upper() in ("ON", "1")

    @command("FORMat:READing:UNIT")
    def _set_with_unit(self, text: str) -> None:
        self._with_unit = text.upper() in ("ON", "1")

    @command("FORMat:READing:TIME", "FORMat:READing:ALARm")
    def _set_with_more(self, text: str) -> None:
        if text.upper() in ("ON", "1"):
            self.error(-221, "Settings conflict; not simulated")

    @command("TRIGger:SOURce", "TRIGger:COUNt", "ROUTe:CHANnel:DELay")
    def _trigger(self, _: str) -> None:
        """Taken and without effect: one immediate scan is what is simulated."""

    @command("SYSTem:REMote", "SYSTem:LOCal", "SYSTem:RWLock", "DISPlay", "DISPlay:STATe")
    def _panel(self, _: str) -> None:
        """The front panel is not simulated."""

    @command("SYSTem:CTYPe?")
    def _card_type(self, text: str) -> str | None:
        slot = number(text)
        if slot not in (100.0, 200.0, 300.0):
            self.error(-222, "Data out of range")
            return None
        return self._card if slot in self._slots else "HEWLETT-PACKARD,0,0,0"
