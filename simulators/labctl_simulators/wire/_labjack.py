"""What hangs on a simulated LabJack T7: a relay, a laser with analog input and gate, thermocouples.

One device may carry all of them, as on a bench.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from labctl_simulators.wire._personality import MS, Upsets
from labctl_simulators.wire._t7 import Setup, T7Registers
from labctl_simulators.world import Stream, World

_NO_TEMPERATURE = -9999.0
_KINDS = {20: "E", 21: "J", 22: "K", 23: "R", 24: "T", 25: "S", 27: "N", 28: "B"}
_MICROVOLT_PER_K = {"B": 0.3, "E": 61.0, "J": 51.7, "K": 40.6, "N": 26.6, "R": 6.0, "S": 6.0,
                    "T": 40.8}  # fmt: skip
_CJC = 60052
_BOX_DELAY_NS = 2 * MS
_MONITOR_V = 1.0
"""What the box's photodiode gives at full power."""


class LabJackT7(T7Registers):
    """The device with a relay on one line and, where wired, a second contact on another."""

    def __init__(self, world: World, *, line: int | None = 0, sense: int | None = None) -> None:
        """`line` None: no relay."""
        super().__init__(world)
        if line is not None:
            self.parts.append(_RelayOn(world, line, sense))

    def wire_laser(
        self,
        *,
        full_power_w: float,
        full_scale_v: float = 5.0,
        zero_v: float = 0.0,
        output: int = 0,
        gate: int = 0,
        interlock: int | None = None,
        monitor: int | None = None,
    ) -> None:
        """Hang a laser box on it. `monitor` is the input with its photodiode."""
        box = _Box(self.world, full_power_w, full_scale_v, zero_v)
        box.output, box.gate, box.interlock, box.monitor = output, gate, interlock, monitor
        self.parts.append(box)

    def wire_thermocouples(
        self,
        sensors: Mapping[int, Callable[[], float]],
        *,
        wired: str = "K",
        differential: bool = True,
    ) -> None:
        """Hang thermocouples on it, by positive input."""
        self.parts.append(_Beads(self.world, self.upsets, sensors, wired, differential))


class _Part:
    """Nothing on anything."""

    def driven(self, high: int, volts: tuple[float, float], t_ns: int) -> None:
        """Not wired."""

    def pulled_down(self) -> int:
        return 0

    def volts(self, n: int) -> float | None:
        return None

    def degc(self, n: int, setup: Setup) -> float:
        return _NO_TEMPERATURE


class _RelayOn(_Part):
    def __init__(self, world: World, line: int, sense: int | None) -> None:
        self._relay = world.fit_relay()
        self._line = line
        self._sense = sense

    def driven(self, high: int, volts: tuple[float, float], t_ns: int) -> None:
        self._relay.drive(bool(high & (1 << self._line)), t_ns)

    def pulled_down(self) -> int:
        return 1 << self._sense if self._sense is not None and self._relay.closed else 0


class _Box(_Part):
    """A laser that lights while its gate is high, with as much as its analog input says. Its
    interlock latches: a gate that stays high does not light it again."""

    def __init__(self, world: World, full_w: float, full_v: float, zero_v: float) -> None:
        self._world = world
        self._laser = world.laser
        self._full_w, self._full_v, self._zero_v = full_w, full_v, zero_v
        self.output, self.gate = 0, 0
        self.interlock: int | None = None
        self.monitor: int | None = None
        self._high = False
        self._edges = 0

    def driven(self, high: int, volts: tuple[float, float], t_ns: int) -> None:
        share = (volts[self.output] - self._zero_v) / (self._full_v - self._zero_v)
        self._laser.drive(max(0.0, share) * self._full_w)
        is_high = bool(high & (1 << self.gate))
        if is_high is not self._high:
            self._high = is_high
            self._edges += 1
            self._switch(is_high, t_ns)
        self._world.settle()

    def _switch(self, on: bool, t_ns: int) -> None:
        laser = self._laser
        if not on:
            laser.switch_off()
            return
        if not (laser.interlock_closed and laser.key_on):
            return
        laser.output_on = True
        edges = self._edges

        def ignite() -> None:
            if laser.output_on and self._edges == edges:
                laser.lit = True

        self._world.schedule(t_ns + _BOX_DELAY_NS, ignite)

    def pulled_down(self) -> int:
        closed = self.interlock is not None and self._laser.interlock_closed
        return 1 << self.interlock if closed and self.interlock is not None else 0

    def volts(self, n: int) -> float | None:
        if n != self.monitor:
            return None
        return self._laser.power_w() / self._full_w * _MONITOR_V


class _Bead:
    __slots__ = ("last", "noise", "offset_k", "source")

    def __init__(self, n: int, seed: int, source: Callable[[], float]) -> None:
        stream = Stream(seed, f"t7/{n}")
        self.noise = stream.normal
        self.offset_k = 0.1 * stream.normal()
        self.source = source
        self.last: float | None = None


class _Beads(_Part):
    """Thermocouples. An open one reads -9999: somebody has fitted the pull-up resistor that drives
    an open input out of its range."""

    def __init__(
        self,
        world: World,
        upsets: Upsets,
        sensors: Mapping[int, Callable[[], float]],
        wired: str,
        differential: bool,
    ) -> None:
        self._room_degc = world.truth.room.temperature_degc
        self._upsets = upsets
        self._wired = wired
        self._differential = differential
        self._beads = {n: _Bead(n, world.truth.seed, each) for n, each in sensors.items()}

    def degc(self, n: int, setup: Setup) -> float:
        bead, kind = self._beads.get(n), _KINDS.get(setup.feature)
        cold = setup.cjc == _CJC and setup.slope == 1.0 and setup.offset == 0.0
        if bead is None or kind is None or not cold or n in self._upsets.open_channels:
            return _NO_TEMPERATURE
        if self._upsets.holds(n) and bead.last is not None:
            return bead.last
        value = bead.source()
        if kind != self._wired:
            ratio = _MICROVOLT_PER_K[self._wired] / _MICROVOLT_PER_K[kind]
            value = self._room_degc + (value - self._room_degc) * ratio
        if (setup.negative != 199) is not self._differential:
            # Against ground, with what runs in the bench's wires on top.
            value += 12.0 + 3.0 * bead.noise()
        bead.last = value + bead.offset_k + _noise_k(setup) * bead.noise()
        return bead.last


def _noise_k(setup: Setup) -> float:
    """The maker's 0.04 K at index 8 and 0.1 V, a fifth more or less a step, and more in a wide
    range."""
    index = setup.resolution or 8
    wide = max(1.0, setup.range_v / 0.1) ** 0.5
    return float(0.04 * 1.4 ** (8 - index) * wide)
