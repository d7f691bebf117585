"""Center 309 hand-held meter with four type K thermocouples, over RS-232 (9600 8N1).

From the protocol card: the byte `A` is answered by 45 bytes from 02 to 03, `K` by the model; a
meter that is still sending does not hear; an input with nothing on it shows 7FFF and has its bit
among the overloads; above 200 degC an input has no tenths. From memory of such meters: one new
reading a second, a few tenths of offset, a few hundredths of a kelvin of noise below a last digit
of a tenth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from labctl.clock import NS
from labctl_simulators.wire._personality import MS, Reply, Upsets
from labctl_simulators.world import Stream, World

_LATENCY_NS = 30 * MS
_SIZE = 45
_INPUTS = (1, 2, 3, 4)
_OL = 0x7FFF
_WHOLE_DEGREES_FROM = 200.0


class Center309:
    """The meter, switched on, in Celsius, with its automatic switch-off off."""

    def __init__(self, world: World, sensors: Mapping[int, Callable[[], float]]) -> None:
        self.upsets = Upsets()
        self.baud: int | None = 9600
        # What its keys and its battery decide.
        self.celsius = True
        self.hold = False
        self.shows = 0
        """0 what it measures, 1 the largest, 2 the smallest so far, 3 both in turn."""
        self.low_battery = False
        self.auto_off = False
        self._world = world
        self._sensors = dict(sensors)
        self._noise = {n: Stream(world.truth.seed, f"hand/{n}").normal for n in _INPUTS}
        self._offset_k = {n: 0.15 * self._noise[n]() for n in _INPUTS}
        self._shown: dict[int, float | None] = {}
        self._second = -1
        self._busy_until_ns = 0

    def opened(self, t_ns: int) -> None:
        """The meter does not notice."""

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        replies: list[Reply] = []
        for letter in data:
            if t_ns < self._busy_until_ns:
                continue
            if letter == ord("A"):
                reply = self._packet(t_ns)
            elif letter == ord("K"):
                reply = b"309\r"
            else:
                if letter == ord("N"):
                    self.shows = 0
                continue
            replies.append((reply, _LATENCY_NS))
            self._busy_until_ns = t_ns + _LATENCY_NS + len(reply) * 10 * NS // 9600
        return replies

    def _measure(self, t_ns: int) -> None:
        second = t_ns // NS
        if self.hold or second == self._second:
            return
        self._second = second
        for n in _INPUTS:
            noise_k = 0.03 * self._noise[n]()
            sensor = self._sensors.get(n)
            if sensor is None or n in self.upsets.open_channels:
                self._shown[n] = None
            elif not (self.upsets.holds(n) and n in self._shown):
                self._shown[n] = sensor() + self._offset_k[n] + noise_k

    def _packet(self, t_ns: int) -> bytes:
        self._measure(t_ns)
        packet = bytearray(_SIZE)
        packet[0], packet[44] = 0x02, 0x03
        packet[1] = self.celsius << 7 | self.low_battery << 6 | self.hold << 5 | self.shows << 1
        packet[2] = self.auto_off << 7
        for n in _INPUTS:
            bit, at = 1 << (n - 1), 5 + 2 * n
            degc = self._shown.get(n)
            if degc is None:
                packet[at : at + 2] = _OL.to_bytes(2, "big")
                packet[39] |= bit
                packet[43] |= bit
                continue
            shown = degc if self.celsius else degc * 1.8 + 32.0
            if degc >= _WHOLE_DEGREES_FROM:
                packet[43] |= bit
                packet[at : at + 2] = round(shown).to_bytes(2, "big", signed=True)
            else:
                packet[at : at + 2] = round(shown * 10.0).to_bytes(2, "big", signed=True)
        return bytes(packet)
