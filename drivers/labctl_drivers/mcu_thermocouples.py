"""A microcontroller with MAX31855 thermocouple chips, with the sketch in
drivers/sketches/thermologger.

No hardware was touched. The protocol is ours (thermologger.ino says it in full, and a test holds
the sketch, compiled for a computer, against the simulated board, line by line):

- 115200 8N1, lines end LF, every line is answered by one line; `ID?` by
  `LABCTL-TC,1,<serial>,<channels>`, `READ` by `TEMPS,<ms>,<OFF|ON|DROPPED>` and, for each channel,
  degC, degC of the cold junction and `OK` or what is wrong; `BEAT ms` by
  `BEAT,<state>,<ms>,<drops>`;
- of the chip, from its data sheet: a quarter of a degree, the cold junction to a sixteenth; a
  fault bit, and one each for open, short to ground, short to supply; two bits that always read 0,
  so that a word of ones, or of nothing, says that no chip answers;
- from memory, unverified: a conversion takes up to 100 ms and begins anew when the chip is read,
  which is why the sketch asks every 120 ms; opening the port of many boards starts them anew, for
  about 2 s. In one report on the web a short of the positive wire to ground raised no bit.

The steps of a quarter of a degree are coarse: on a plateau many readings in a row are the same.

The heartbeat is an output that is high only while the board is read in time: one more contact in
the laser's interlock loop. It lights nothing; connecting closes it, and where it has dropped, a
reading raises, because the loop is open then.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from labctl.instruments import (
    DeviceRefusedError,
    DriverSpec,
    Identity,
    IdentityError,
    Invalid,
    Line,
    Port,
    PortProtocolError,
    PortTimeoutError,
    Question,
    Reading,
    SerialSettings,
    Settings,
)
from labctl_drivers._ascii import ascii_text

_LINE = Line(b"\n", at_most=400)
_REPLY_S = 0.15
_STARTS_S = 2.2
_MOST = 8
_LOW, _HIGH = -270.0, 1372.0
_COLDEST, _WARMEST = -10.0, 70.0
"""Of a board beside a bench; beyond, its cold junction is not to be believed."""
_FAULTS = {
    "OPEN": "the thermocouple is open",
    "GND": "shorted to ground",
    "VCC": "shorted to the supply",
    "BAD": "no chip answers",
}
_BEATS = ("OFF", "ON", "DROPPED")


class McuThermocouples:
    """Thermometer: one `READ` a poll, which is also what keeps its heartbeat."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="mcu-thermocouples",
        title="MAX31855 thermocouples on a microcontroller (labctl's sketch)",
        capabilities=frozenset({"thermometer"}),
        sensor="thermocouple",
        transport="serial",
        serial=SerialSettings(baud=115200),
        slowest_exchange_s=_REPLY_S,
        quantum=0.25,
        question=Question(b"ID?\n", r"^LABCTL-TC,1,", starts_s=_STARTS_S),
        settings={
            "channels": "chips to read, from 0, e.g. [0, 1]; [0] when not given",
            "heartbeat": "its output drops when it was not read for so long, 0.1 s to 10 s; off "
            "when not given",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        items = given.items("channels") or [0]
        good = all(type(n) is int and 0 <= n < _MOST for n in items)
        if not good or len(set(items)) != len(items):
            raise given.wrong("channels", f"different chips from 0 to {_MOST - 1}, e.g. [0, 1]")
        self._chips = tuple(items)
        beat_s = given.quantity("heartbeat", "time", 0.1, 10.0)
        self._beat_ms = 0 if beat_s is None else round(beat_s * 1000)
        self._count = 0

    @property
    def channels(self) -> tuple[str, ...]:
        """The chips, in the order of the bench file."""
        return tuple(str(n) for n in self._chips)

    async def identify(self) -> Identity:
        """The board's own word for itself; it may just be starting."""
        try:
            text = await self._ask("ID?")
        except PortTimeoutError:
            await self._port.pause(_STARTS_S)
            text = await self._ask("ID?")
        fields = text.split(",")
        if len(fields) != 4 or fields[:2] != ["LABCTL-TC", "1"] or not _is_count(fields[3]):
            raise IdentityError("not a logger with labctl's sketch", seen=repr(text[:80]))
        self._count = int(fields[3])
        return Identity("labctl", "MAX31855 logger", fields[2], f"sketch {fields[1]}")

    async def configure(self) -> None:
        """As many chips as are asked for, and the heartbeat begun, or off; read back."""
        if max(self._chips) >= self._count:
            raise DeviceRefusedError(
                f"it has {self._count} channels, from 0, and {max(self._chips)} is to be read",
                fix="Mend `channels` in the bench file, or CS_PINS in the sketch.",
            )
        said = (await self._ask(f"BEAT {self._beat_ms}", again=False)).split(",")
        wanted = ["BEAT", "ON" if self._beat_ms else "OFF", str(self._beat_ms)]
        if said[:3] != wanted:
            raise DeviceRefusedError("the heartbeat was not taken", seen=",".join(said)[:80])

    async def read_temperatures(self) -> tuple[Reading | Invalid, ...]:
        """All chips at once. DeviceRefusedError where the heartbeat has dropped."""
        reply = await self._ask("READ")
        t_ns = self._port.arrived_ns
        head, *fields = reply.split(",")
        if head != "TEMPS" or len(fields) != 2 + 3 * self._count or fields[1] not in _BEATS:
            raise PortProtocolError("READ was answered with no temperatures", seen=repr(reply[:80]))
        if self._beat_ms and fields[1] != "ON":
            raise DeviceRefusedError(
                "the logger's heartbeat has dropped: it was not read in time, and the interlock "
                "loop is open",
                seen=fields[1],
            )
        told = [fields[2 + 3 * n : 5 + 3 * n] for n in self._chips]
        return tuple(
            [_reading(n, *words, t_ns=t_ns) for n, words in zip(self._chips, told, strict=True)]
        )

    async def _ask(self, text: str, *, again: bool = True) -> str:
        reply = await self._port.exchange(
            text.encode() + b"\n", _LINE, timeout_s=_REPLY_S, retry=again
        )
        said = ascii_text(reply)
        if said.startswith("ERROR,"):
            raise DeviceRefusedError(f"refused {text!r}", seen=said[:80])
        return said


def _reading(n: int, hot: str, cold: str, fault: str, *, t_ns: int) -> Reading | Invalid:
    if fault != "OK":
        words = fault.split("+")
        if not set(words) <= _FAULTS.keys():
            raise PortProtocolError(f"channel {n} has no fault that there is", seen=repr(fault))
        # What is open and something else besides is what the chip calls an open one.
        reason = "open" if "OPEN" in words else "device"
        return Invalid(str(n), reason, "; ".join(_FAULTS[word] for word in words), t_ns)
    value, junction = _number(hot), _number(cold)
    if not _COLDEST <= junction <= _WARMEST:
        return Invalid(str(n), "range", f"its cold junction reads {junction:g} degC", t_ns)
    if not _LOW <= value <= _HIGH:
        return Invalid(str(n), "range", f"{value:g} degC is outside a type K thermocouple", t_ns)
    return Reading(str(n), value, "degC", t_ns)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in text:
        raise PortProtocolError("a temperature that is no number", seen=repr(text[:40]))
    return value


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and 1 <= len(text) <= 2 and 1 <= int(text) <= _MOST
