"""IKA hotplate stirrers that speak NAMUR: RCT, C-MAG HS control, RET.

No hardware was touched. Wire facts, and where they come from:

- from the maker's printed table of commands, and verified in other public sources: 9600 7E1; lines
  end CR LF (a blank before it is taken), at most 80 characters, decimal point; `IN_NAME`; `IN_PV_1`
  the external probe, `_2` the plate, `_4` the speed; `IN_SP_1` and `_4` the set points, `_3` the
  safety temperature, which only the dial on the front sets; `OUT_SP_1 x`, `OUT_SP_4 x`, `START_1`,
  `STOP_1`, `START_4`, `STOP_4`, which nothing is answered to; a value comes back with its channel,
  `25.3 1`; `OUT_WD1@m` and `OUT_WD2@m`, 20 to 1500 s, answered by the time: not sent again in time,
  1 switches heating and stirring off with an error that stays, 2 falls back to the temperature of
  `OUT_SP_12@n` and the speed of `OUT_SP_42@n`, and `OUT_WD2@0` ends it;
- verified in one public source each: `STATUS_1` is `11` while it heats and `12` while it does not
  (not in the manual); after `START_1` some firmware has the set point at 0; the set point does not
  pass the safety temperature less a margin, without a word; 0.1 s is enough for an answer, and
  elsewhere that 0.15 s is not;
- from memory, unverified: some firmware echoes each command; what a missing probe reads.

As a thermostat it is not lit (decision 0022): connecting switches its heating off, and every set
point stays below the bench's highest. Its watchdog counts in tens of seconds, as a plate cools, and
is fed by every reading. The second mode is the one taken, because the first has no end but a hand
at the device. It regulates by the external probe where one is plugged in; the plate itself is then
hotter than the set point, and only the dial on the front bounds it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from labctl.instruments import (
    DeviceRefusedError,
    DriverSpec,
    Frame,
    Identity,
    IdentityError,
    Invalid,
    Line,
    Packet,
    Port,
    PortProtocolError,
    Question,
    Reading,
    SerialSettings,
    Settings,
    Silent,
    ThermostatState,
)

_END = b" \r\n"
_LINE = Line(b"\r\n", at_most=96)
_SILENT = Silent()
_ASK_S = 0.2
_MODELS = ("C-MAG", "RCT", "RET")
_HEATS, _COLD = 11, 12
_CHANNELS = ("probe", "plate")
_LOWEST, _HIGHEST = -20.0, 450.0
"""What probe and plate can read; beyond it nothing is plugged in, or something is broken."""
_SPINS_UP_NS = 20_000_000_000


class IkaHotplate:
    """Thermostat; thermometer with the channels `probe` and `plate`; the stirrer turns from
    connecting on, where a speed is given."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="ika-hotplate",
        title="IKA RCT, C-MAG HS control or RET hotplate stirrer",
        capabilities=frozenset({"thermostat", "thermometer"}),
        transport="serial",
        serial=SerialSettings(baud=9600, bits=7, parity="E"),
        slowest_exchange_s=_ASK_S,
        quantum=0.1,
        question=Question(b"IN_NAME \r\n", "|".join(_MODELS)),
        settings={
            "max_temperature": "highest set temperature of the plate, e.g. 80 degC; 60 degC when "
            "not given",
            "sensor": "probe, or plate: what is told as the bath's temperature; plate when not "
            "given",
            "stir": "speed in rpm, 50 to 1700; the stirrer is left alone when not given",
            "watchdog": "without a word for so many seconds the plate cools, 20 to 1500; 30 when "
            "not given",
            "replies": "plain, or echoed for firmware that repeats each command; plain when not "
            "given",
        },
        fails_safe="hardware_watchdog",
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        most = given.quantity("max_temperature", "temperature", 20.0, 310.0)
        self._max_degc = 60.0 if most is None else most
        self._rpm = given.integer("stir", 50, 1700, 50) if "stir" in settings else None
        self._watchdog_s = given.integer("watchdog", 20, 1500, 30)
        self._echoed = given.choice("replies", ("plain", "echoed"), "plain") == "echoed"
        self._sensor = given.choice("sensor", ("plate", "probe"), "plate")
        self._set_degc: float | None = None
        self._on = False
        self._watched = False
        self._slow_since_ns: int | None = None

    @property
    def channels(self) -> tuple[str, ...]:
        """Both, in this order."""
        return _CHANNELS

    async def identify(self) -> Identity:
        """The name that it has, which a person can change at some models; no serial number."""
        text = await self._ask("IN_NAME")
        if text == "IN_NAME":
            raise IdentityError(
                "it repeats the command instead of answering",
                seen=text,
                fix="Write `replies: echoed` into its settings.",
            )
        if not any(model in text.upper() for model in _MODELS):
            raise IdentityError("not an IKA hotplate stirrer", seen=repr(text[:80]))
        return Identity("IKA", text)

    async def configure(self) -> None:
        """Heating off, confirmed, its set point and its watchdog at nothing; the stirrer on, where
        it is asked for, and its speed read back."""
        self._set_degc, self._on, self._watched = None, False, False
        await self._tell("STOP_1")
        await self._tell("OUT_SP_1 0")
        await self._watch(0)
        if self._rpm is not None:
            await self._tell(f"OUT_SP_4 {self._rpm}")
            await self._tell("START_4")
            held = await self._value("IN_SP_4", 4)
            if abs(held - self._rpm) > 1.0:
                raise DeviceRefusedError(
                    f"the speed was not taken: asked {self._rpm} rpm", seen=f"{held:g} rpm"
                )
        self._slow_since_ns = None
        if await self._status() != _COLD:
            raise DeviceRefusedError(
                "the plate heats though it was switched off",
                fix="Switch its heating off at the front.",
            )

    # -- thermometer -------------------------------------------------------------------------

    async def read_temperatures(self) -> tuple[Reading | Invalid, ...]:
        """Probe and plate. DeviceRefusedError when the stirrer stands that was asked to turn."""
        told = [await self._temperature(name, n) for n, name in enumerate(_CHANNELS, start=1)]
        if self._rpm is not None:
            fault = self._slow(await self._value("IN_PV_4", 4))
            if fault:
                raise DeviceRefusedError(fault, fix="Look at the stirring bar.")
        return tuple(told)

    # -- thermostat --------------------------------------------------------------------------

    async def set_temperature(self, degc: float) -> None:
        """Set point, read back. DeviceRefusedError for one outside the limits, not below the safety
        temperature, which only a hand sets, or not taken."""
        if not 0.0 <= degc <= self._max_degc:
            raise DeviceRefusedError(
                f"{degc:g} degC is outside 0 to {self._max_degc:g} degC",
                fix="`max_temperature` in the bench file is the limit; it is never clipped.",
            )
        safety = await self._value("IN_SP_3", 3)
        if safety <= degc:
            raise DeviceRefusedError(
                f"the safety temperature of {safety:g} degC is not above {degc:g} degC",
                fix="Turn the safety dial of the plate up, or ask for less.",
            )
        self._set_degc = None
        await self._set(degc)
        self._set_degc = degc

    async def start(self) -> None:
        """The watchdog, then heating on, at the set point as it is read back after it."""
        degc = self._set_degc
        if degc is None:
            raise DeviceRefusedError("no temperature was set since it was last stopped")
        await self._watch(self._watchdog_s)
        await self._tell("START_1")
        self._on = True
        if abs(await self._value("IN_SP_1", 1) - degc) > 0.5:
            # Some firmware begins at 0.
            await self._set(degc)

    async def stop(self) -> None:
        """Heating off, read back; then the watchdog, which else would warn of it ever after."""
        self._set_degc, self._on = None, False
        await self._tell("STOP_1")
        if await self._status() != _COLD:
            raise DeviceRefusedError(
                "the plate heats though it was switched off",
                fix="Switch its heating off at the front.",
            )
        if self._watched:
            await self._watch(0)

    async def read_thermostat(self) -> ThermostatState:
        """Four exchanges, one more with a stirrer, and one for the watchdog while it heats."""
        status = await self._status()
        number = 1 + _CHANNELS.index(self._sensor)
        bath = await self._temperature(self._sensor, number)
        set_degc = await self._value("IN_SP_1", 1)
        safety = await self._value("IN_SP_3", 3)
        faults = [] if isinstance(bath, Reading) else [f"its {self._sensor}: {bath.detail}"]
        if self._rpm is not None:
            faults.append(self._slow(await self._value("IN_PV_4", 4)))
        if self._on and status == _COLD:
            faults.append("the plate has switched its heating off by itself")
        if not self._on and status == _HEATS:
            faults.append("the plate heats though nobody asked it to")
        if self._on:
            await self._watch(self._watchdog_s)
        return ThermostatState(
            set_degc=set_degc,
            bath_degc=bath.value if isinstance(bath, Reading) else None,
            on=status == _HEATS,
            safety_degc=safety,
            faults=tuple(fault for fault in faults if fault),
        )

    # -- inside ------------------------------------------------------------------------------

    async def _set(self, degc: float) -> None:
        await self._tell(f"OUT_SP_1 {degc:.1f}")
        held = await self._value("IN_SP_1", 1)
        if abs(held - degc) > 0.5:
            raise DeviceRefusedError(
                f"the temperature was not taken: asked {degc:.1f} degC",
                seen=f"{held:.1f} degC",
                fix="Look at the safety dial: the plate stays below it without a word.",
            )

    async def _watch(self, seconds: int) -> None:
        """Mode 2 with nothing to fall back to but a cold plate and the stirrer as it turns."""
        if seconds and not self._watched:
            await self._echo("OUT_SP_12@0", 0.0)
            if self._rpm is not None:
                await self._echo(f"OUT_SP_42@{self._rpm}", float(self._rpm))
        await self._echo(f"OUT_WD2@{seconds}", float(seconds))
        self._watched = bool(seconds)

    async def _echo(self, command: str, value: float) -> None:
        text = await self._ask(command)
        if abs(_number(text, command) - value) > 0.5:
            raise DeviceRefusedError(f"{command!r} was not taken", seen=text[:40])

    async def _status(self) -> int:
        value = await self._value("STATUS_1", 1)
        if value not in (_HEATS, _COLD):
            raise PortProtocolError("STATUS_1 was answered with no state", seen=f"{value:g}")
        return round(value)

    async def _temperature(self, name: str, channel: int) -> Reading | Invalid:
        value = await self._value(f"IN_PV_{channel}", channel)
        t_ns = self._port.arrived_ns
        if _LOWEST <= value <= _HIGHEST:
            return Reading(name, value, "degC", t_ns)
        return Invalid(name, "range", f"it reads {value:g} degC: nothing is plugged in", t_ns)

    def _slow(self, rpm: float) -> str:
        """In words, once it has turned at less than half its speed for a while."""
        now_ns = self._port.arrived_ns
        if self._rpm is None or rpm >= 0.5 * self._rpm:
            self._slow_since_ns = None
            return ""
        if self._slow_since_ns is None:
            self._slow_since_ns = now_ns
        if now_ns - self._slow_since_ns < _SPINS_UP_NS:
            return ""
        return f"the stirrer turns at {rpm:g} rpm, asked {self._rpm} rpm"

    async def _value(self, query: str, channel: int) -> float:
        """A number with its channel, `25.3 1`."""
        text = await self._ask(query)
        words = text.split()
        if text.upper().startswith("ER"):
            raise DeviceRefusedError("the plate reports an error", seen=text[:40])
        if len(words) != 2 or words[1] != str(channel):
            raise PortProtocolError(f"{query!r} was answered with no value", seen=repr(text[:40]))
        return _number(words[0], query)

    async def _tell(self, command: str) -> None:
        data = command.encode() + _END
        reply: Frame = _LINE if self._echoed else _SILENT
        await self._port.exchange(data, reply, timeout_s=_ASK_S)

    async def _ask(self, query: str) -> str:
        """The answer; behind the command, where that is repeated."""
        data = query.encode() + _END
        reply: Frame = _LINE
        if self._echoed:
            reply = Packet(query.encode(), b"\r\n", at_least=len(query) + 5, at_most=180)
        said = await self._port.exchange(data, reply, timeout_s=_ASK_S, retry=True)
        try:
            text = said.decode("ascii")
        except UnicodeDecodeError as error:
            raise PortProtocolError("a reply that is not ASCII", seen=repr(said[:40])) from error
        return (text.partition("\r\n")[2] if self._echoed else text).strip()


def _number(text: str, query: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in text:
        raise PortProtocolError(f"{query!r} was answered with no number", seen=repr(text[:40]))
    return value
