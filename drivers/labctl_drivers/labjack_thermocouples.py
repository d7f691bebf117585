"""LabJack T7 as a thermocouple logger: the extended feature of its analog inputs, cold junction
included.

No hardware was touched. Wire facts, and where they come from:

- from the maker's published table of registers and pages: for input n, 40000 + 2 n the range in
  volts, 41000 + n the negative input (199 is ground; differential is an even input and the next),
  41500 + n the resolution index (0 is 8, or 9 on a T7-Pro), 9000 + 2 n the feature (20 E, 21 J,
  22 K, 23 R, 24 T), 9300 + 2 n, 9600 + 2 n, 10200 + 2 n, 10500 + 2 n its settings, 7000 + 2 n what
  it gives; type K resolves 0.04 K at index 8 in the range of 0.1 V; two Modbus TCP connections at
  once;
- verified in two or more public sources: setting A 1 is degC; setting B 60052 is the device's own
  temperature as cold junction, with slope (D) 1 and offset (E) 0; -9999 is no value; the range is
  set first, and the feature is written 0 before it is chosen;
- verified in one public source: types S 25, N 27, B 28;
- from memory, unverified: an input is converted in some 5 ms at index 8, 14 ms at 10 and 160 ms at
  12, and meanwhile the device answers nobody else.

An open thermocouple reads -9999 only where something drives its input out of range: fit 10 MOhm
from the positive input to VS. Without it an open input drifts, at times at plausible temperatures.

One T7 may be logger and, on its second connection, the laser's gate or dead-man: what this driver
writes concerns analog inputs only, and the watchdog is used in strict mode, so that logging feeds
nothing. That is why the index ends at 10: a longer conversion would hold up the guard.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from labctl.instruments import (
    DeviceRefusedError,
    DriverSpec,
    Identity,
    Invalid,
    Port,
    Reading,
    Settings,
)
from labctl_drivers._t7 import REPLY_S, T7

_TYPES = {
    # feature, lowest and highest temperature
    "B": (28, 0.0, 1820.0),
    "E": (20, -270.0, 1000.0),
    "J": (21, -210.0, 1200.0),
    "K": (22, -270.0, 1372.0),
    "N": (27, -270.0, 1300.0),
    "R": (23, -50.0, 1768.0),
    "S": (25, -50.0, 1768.0),
    "T": (24, -270.0, 400.0),
}
_RANGE_V = 0.1
_GROUND = 199
_DEGC = 1
_OWN_TEMPERATURE = 60052
_NONE = -9999.0
_LAST_INPUT = 13


class LabJackThermocouples:
    """Thermometer: one exchange a channel."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="labjack-thermocouples",
        title="LabJack T7 as thermocouple logger",
        capabilities=frozenset({"thermometer"}),
        sensor="thermocouple",
        transport="serial",
        slowest_exchange_s=REPLY_S,
        connections=2,
        settings={
            "channels": "analog inputs, 0 to 13, that the positive wires are on, e.g. [0, 2]",
            "type": "thermocouple type: B, E, J, K, N, R, S or T; K when not given",
            "wiring": "differential (negative wire on the next input) or single-ended; "
            "differential when not given",
            "resolution": "resolution index, 1 to 8, to 10 on a T7-Pro; 8 when not given",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        self._t7 = T7(port)
        self._differential = (
            given.choice("wiring", ("differential", "single-ended"), "differential")
            == "differential"
        )
        self._inputs = self._listed(given)
        self._type = given.choice("type", tuple(_TYPES), "K")
        self._resolution = given.integer("resolution", 1, 10, 8)

    @property
    def channels(self) -> tuple[str, ...]:
        """The positive inputs, in their order."""
        return tuple(str(n) for n in self._inputs)

    async def identify(self) -> Identity:
        """The T7's."""
        return await self._t7.identify()

    async def configure(self) -> None:
        """Each input set up, and read back. Nothing else of the device is touched."""
        t7 = self._t7
        feature = _TYPES[self._type][0]
        for n in self._inputs:
            negative = n + 1 if self._differential else _GROUND
            await t7.write_number(40000 + 2 * n, _RANGE_V)
            await t7.write_short(41000 + n, negative)
            await t7.write_short(41500 + n, self._resolution)
            await t7.write_word(9000 + 2 * n, 0)
            await t7.write_word(9000 + 2 * n, feature)
            await t7.write_word(9300 + 2 * n, _DEGC)
            await t7.write_word(9600 + 2 * n, _OWN_TEMPERATURE)
            await t7.write_number(10200 + 2 * n, 1.0)
            await t7.write_number(10500 + 2 * n, 0.0)
            held = (
                await t7.word(9000 + 2 * n),
                await t7.word(9300 + 2 * n),
                await t7.word(9600 + 2 * n),
                await t7.short(41000 + n),
                await t7.short(41500 + n),
            )
            wanted = (feature, _DEGC, _OWN_TEMPERATURE, negative, self._resolution)
            if held != wanted:
                raise DeviceRefusedError(
                    f"input {n} was not set up: asked {wanted} for feature, unit, cold junction, "
                    "negative input and resolution",
                    seen=str(held),
                )

    async def read_temperatures(self) -> tuple[Reading | Invalid, ...]:
        """Input after input, each with the time of its own reply."""
        return tuple([await self._read(n) for n in self._inputs])

    async def _read(self, n: int) -> Reading | Invalid:
        value = await self._t7.number(7000 + 2 * n)
        t_ns, (_, low, high) = self._port.arrived_ns, _TYPES[self._type]
        if low <= value <= high:
            return Reading(str(n), value, "degC", t_ns)
        if abs(value - _NONE) < 0.5 or value != value:
            return Invalid(str(n), "open", f"the device gives {value:g}: open, or no value", t_ns)
        return Invalid(
            str(n), "range", f"{value:g} degC is outside a type {self._type} thermocouple", t_ns
        )

    def _listed(self, given: Settings) -> tuple[int, ...]:
        items = given.items("channels") or [0]
        good = all(type(n) is int and 0 <= n <= _LAST_INPUT for n in items)
        if not good or len(set(items)) != len(items):
            raise given.wrong("channels", "different inputs from 0 to 13, e.g. [0, 2]")
        if self._differential and any(n % 2 for n in items):
            raise given.wrong("channels", "even inputs: the negative wire is on the next one")
        return tuple(items)
