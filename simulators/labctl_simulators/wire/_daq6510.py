"""Keithley DAQ6510 with one scanner card and thermocouples, over LAN or USBTMC.

From the protocol card: readings of six decimals, `9.900000E+37` for open or overflow, a buffer that
fills up until it is cleared, a card without a sensor at its terminals, a switch between front and
rear, another language (TSP) in which SCPI is not understood, `0,"No error;0;0 0"`, and now and then
a reading whose channel is given as `Rear`. Conversion times and noise are the simulator's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from labctl_simulators.wire._personality import MS, Reply
from labctl_simulators.wire._text import ScpiInstrument, command, number
from labctl_simulators.world import Stream, World

_OPEN = 9.9e37
_LINE_CYCLE_NS = 20 * MS
_SWITCH_NS, _CHECK_NS = 15 * MS, 20 * MS
_CARDS = {"7700": "7700,20Ch Mux w/CJC,01.02b,12345678", "2000": "2000,10-Chan Mux,0.0,0"}
_REAR_EVERY = 7


class _Channel:
    def __init__(self, seed: int, number: int, source: Callable[[], float] | None) -> None:
        self.noise = Stream(seed, f"daq6510/{number}").normal
        self.source = source
        self.last: float | None = None
        self.reset()

    def reset(self) -> None:
        self.function, self.type, self.unit = "VOLT", "K", "CELS"
        self.nplc, self.check = 1.0, False
        self.reference, self.stated_degc = "SIM", 23.0


class KeithleyDaq(ScpiInstrument):
    """In SCPI, its switch at the rear."""

    latency_ns = 2 * MS
    identity = "KEITHLEY INSTRUMENTS,MODEL DAQ6510,04591126,1.7.12b"

    def __init__(
        self,
        world: World,
        sensors: Mapping[int, Callable[[], float]],
        *,
        card: str = "7700",
    ) -> None:
        """`sensors` are the thermocouples by channel, of type K."""
        super().__init__()
        self.language, self.rear = "SCPI", True
        self.hangs = False
        """A fault: a scan that is begun does not end."""
        self._card = card
        self._slots = {n // 100 for n in sensors} | {1}
        self._room_degc = world.truth.room.temperature_degc
        each = 20 if card == "7700" else 10
        self._channels = {
            n: _Channel(world.truth.seed, n, sensors.get(n))
            for slot in sorted(self._slots)
            for n in range(100 * slot + 1, 100 * slot + 1 + each)
        }
        self._scan: list[int] = []
        self._buffer: list[tuple[int, float, int]] = []
        self._ends_ns = 0
        self._given = 0

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        if self.language == "SCPI" or data.lstrip()[:5].upper() in (b"*IDN?", b"*LANG"):
            return super().receive(data, t_ns)
        return []

    def reset(self) -> None:
        for channel in self._channels.values():
            channel.reset()
        self._scan, self._buffer, self._ends_ns = [], [], 0

    def error(self, code: int, text: str) -> None:
        if len(self._errors) < 19:
            self._errors.append(f'{code},"{text};1;2026/11/21 10:00:00.000"')

    @command("SYSTem:ERRor?", "SYSTem:ERRor:NEXT?")
    def _oldest_error(self, _: str) -> str:
        return self._errors.pop(0) if self._errors else '0,"No error;0;0 0"'

    @command("*LANG?")
    def _language(self, _: str) -> str:
        return self.language

    @command("ROUTe:TERMinals?")
    def _terminals(self, _: str) -> str:
        return "REAR" if self.rear else "FRON"

    @command("SYSTem:CARD1:IDN?")
    def _card_1(self, _: str) -> str:
        return _CARDS[self._card]

    @command("SYSTem:CARD2:IDN?")
    def _card_2(self, _: str) -> str:
        return _CARDS[self._card] if 2 in self._slots else "Empty Slot"

    # -- configuring -------------------------------------------------------------------------

    def _split(self, text: str) -> tuple[str, list[_Channel]]:
        """The value, and the channels that it is for; an error for channels that are not there."""
        value, _, _ = text.partition("(@")
        chosen = [self._channels[n] for n in self._listed(text)]
        return value.strip().rstrip(",").strip(" '\"").upper(), chosen

    def _listed(self, text: str) -> list[int]:
        match = re.search(r"\(@([0-9,:\s]*)\)", text)
        found: list[int] = []
        for part in match[1].split(",") if match else []:
            first, _, last = part.strip().partition(":")
            if first.isdigit():
                found.extend(range(int(first), int(last or first) + 1))
        if not found or any(n not in self._channels for n in found):
            self.error(1115, "Parameter error; channel list")
            return []
        return found

    @command("FUNCtion", "SENSe:FUNCtion")
    def _function(self, text: str) -> None:
        value, chosen = self._split(text)
        for channel in chosen:
            channel.function = value[:4]

    @command("TEMPerature:TRANsducer", "SENSe:TEMPerature:TRANsducer")
    def _transducer(self, text: str) -> None:
        if self._split(text)[0] != "TC":
            self.error(-224, "Illegal parameter value")

    @command("TEMPerature:TC:TYPE", "SENSe:TEMPerature:TC:TYPE")
    def _type(self, text: str) -> None:
        value, chosen = self._split(text)
        for channel in chosen:
            channel.type = value

    @command("TEMPerature:UNIT", "SENSe:TEMPerature:UNIT")
    def _unit(self, text: str) -> None:
        value, chosen = self._split(text)
        for channel in chosen:
            channel.unit = value[:4]

    @command("TEMPerature:ODETector", "SENSe:TEMPerature:ODETector")
    def _detector(self, text: str) -> None:
        value, chosen = self._split(text)
        for channel in chosen:
            channel.check = value in ("ON", "1")

    @command("TEMPerature:ODETector?", "SENSe:TEMPerature:ODETector?")
    def _detects(self, text: str) -> str | None:
        chosen = self._split(text)[1]
        return str(int(chosen[0].check)) if chosen else None

    @command("TEMPerature:NPLCycles", "SENSe:TEMPerature:NPLCycles")
    def _cycles(self, text: str) -> None:
        value, chosen = self._split(text)
        cycles = number(value)
        if cycles is None or not 0.0005 <= cycles <= 12.0:
            self.error(-222, "Parameter data out of range")
            return
        for channel in chosen:
            channel.nplc = cycles

    @command("TEMPerature:TC:RJUNction:RSELect", "SENSe:TEMPerature:TC:RJUNction:RSELect")
    def _reference(self, text: str) -> None:
        value, chosen = self._split(text)
        for channel in chosen:
            channel.reference = value[:3]

    @command("TEMPerature:TC:RJUNction:SIMulated", "SENSe:TEMPerature:TC:RJUNction:SIMulated")
    def _stated(self, text: str) -> None:
        value, chosen = self._split(text)
        for channel in chosen:
            channel.stated_degc = number(value) or 0.0

    @command("ROUTe:SCAN:CREate")
    def _create(self, text: str) -> None:
        self._scan = self._listed(text)

    @command("ROUTe:SCAN:COUNt:STEP?")
    def _steps(self, _: str) -> str:
        return str(len(self._scan))

    @command("ROUTe:SCAN:COUNt:SCAN", "FORMat:DATA", "ROUTe:SCAN:INTerval")
    def _taken(self, _: str) -> None:
        """One scan in plain text is what is simulated."""

    # -- measuring ---------------------------------------------------------------------------

    @command("INITiate", "INITiate:IMMediate")
    def _init(self, _: str) -> None:
        if self.t_ns < self._ends_ns:
            self.error(-213, "Init ignored")
            return
        at_ns = self.t_ns
        for n in self._scan:
            channel = self._channels[n]
            at_ns += _SWITCH_NS + round(2 * channel.nplc * _LINE_CYCLE_NS)
            at_ns += _CHECK_NS if channel.check else 0
            if not self.hangs:
                self._buffer.append((n, self._measure(n, channel), at_ns))
        self._ends_ns = at_ns + (3600 * 1000 * MS if self.hangs else 0)

    @command("ABORt")
    def _abort(self, _: str) -> None:
        self._buffer = [one for one in self._buffer if one[2] <= self.t_ns]
        self._ends_ns = 0

    @command("TRACe:CLEar")
    def _clear(self, _: str) -> None:
        self._buffer = []

    def _done(self) -> list[tuple[int, float, int]]:
        return [one for one in self._buffer if one[2] <= self.t_ns]

    @command("TRACe:ACTual?")
    def _actual(self, _: str) -> str:
        return str(len(self._done()))

    @command("TRACe:DATA?")
    def _data(self, text: str) -> str | None:
        words = [word.strip().strip("'\"").upper() for word in text.split(",")]
        done = self._done()
        if len(words) < 3 or not (words[0].isdigit() and words[1].isdigit()):
            self.error(-109, "Missing parameter")
            return None
        first, last = int(words[0]), int(words[1])
        if not 1 <= first <= last <= len(done):
            self.error(-222, "Parameter data out of range")
            return None
        told: list[str] = []
        for n, value, _ in done[first - 1 : last]:
            self._given += 1
            named = "Rear" if self._given % _REAR_EVERY == 0 else str(n)
            elements = {"READ": f"{value:.6E}", "CHAN": named, "REL": "0.000000"}
            told += [elements[word] for word in words[3:] or ["READ"] if word in elements]
        return ",".join(told)

    def _measure(self, n: int, channel: _Channel) -> float:
        noise = channel.noise()
        if channel.function != "TEMP":
            return 1e-4 * noise
        if self.upsets.holds(n) and channel.last is not None:
            return channel.last
        if channel.source is None or n in self.upsets.open_channels:
            # Without the check an open input floats.
            return _OPEN if channel.check else self._room_degc + 40.0 * noise
        # It measures from its terminals on, which are at the temperature of the room.
        sensed = channel.reference == "INT" and "CJC" in _CARDS[self._card]
        terminals = self._room_degc if sensed else channel.stated_degc
        value = channel.source() - self._room_degc + terminals + 0.01 * noise
        channel.last = value if channel.unit == "CELS" else value * 1.8 + 32.0
        return channel.last
