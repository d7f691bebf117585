"""Heidolph MR Hei-Connect and MR Hei-Tec hotplate stirrers: their two thermometers, their stirrer.

No hardware was touched. Wire facts, and where they come from:

- verified in the maker's manual and in public programs: 9600 7E1, lines end CR LF, a tenth of a
  second between two commands; `PA_NEW` selects this protocol, which it does not wake up in;
  `SW_VERS`; `IN_PV_1` the external probe, `_3` the plate, `_5` the speed, `IN_SP_3` the set speed,
  each answered by itself and the value, `IN_PV_1 24.5`; `OUT_SP_3 400`, `START_2`, `STOP_1`
  (heating), `STOP_2`, `CC_ON` and `CC_OFF`, each answered by itself; `STATUS` is 0 by hand, 1
  remote and started, 2 remote and stopped, -1 stopped at the device, another negative an error;
  with `CC_ON` motor and heating stop after 10 s without a word, and go on at the next;
- verified in a manual of another of the maker's plates: 999.9 without a probe; one decimal;
- from memory, unverified: what `SW_VERS` says; 100 to 1400 rpm; half a second for an answer.

The plate is not switched on by labctl: `STATUS` does not tell heating from stirring, so that an off
could not be read back, and its own watch over the line lights it again at the next word. It is told
to stop heating when connecting. It is not found by a scan of ports: what it would answer must be
selected first, and a scan selects nothing.
"""

from __future__ import annotations

import re
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
    Reading,
    SerialSettings,
    Settings,
)
from labctl_drivers._ascii import ascii_text

_LINE = Line(b"\r\n", at_most=96)
_ASK_S = 0.5
_APART_S = 0.1
_CHANNELS = {"probe": "IN_PV_1", "plate": "IN_PV_3"}
_LOWEST, _HIGHEST = -20.0, 450.0
_NO_PROBE = 999.0
_SLOWEST, _FASTEST = 100, 1400
_SPINS_UP_NS = 20_000_000_000
_STARTED, _BLOCKED = 1, -1


class HeidolphHotplate:
    """Thermometer with the channels `probe` and `plate`; the stirrer turns from connecting on,
    where a speed is given."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="heidolph-hotplate",
        title="Heidolph MR Hei-Connect or MR Hei-Tec hotplate stirrer",
        capabilities=frozenset({"thermometer"}),
        transport="serial",
        serial=SerialSettings(baud=9600, bits=7, parity="E"),
        slowest_exchange_s=_ASK_S,
        quantum=0.1,
        settings={
            "stir": "speed in rpm, 100 to 1400; the stirrer is left alone when not given",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        self._rpm = (
            given.integer("stir", _SLOWEST, _FASTEST, _SLOWEST) if "stir" in settings else None
        )
        self._slow_since_ns: int | None = None

    @property
    def channels(self) -> tuple[str, ...]:
        """Both, in this order."""
        return tuple(_CHANNELS)

    async def identify(self) -> Identity:
        """Its protocol selected, which changes nothing else, and its firmware; no serial number."""
        said = await self._exchange("PA_NEW", again=False)
        if said != "PA_NEW":
            raise IdentityError("not a Heidolph hotplate stirrer", seen=repr(said[:80]))
        version = await self._exchange("SW_VERS", again=True)
        if version == "SW_VERS":
            raise IdentityError("it repeats every command", seen=version)
        await self._status()
        return Identity("Heidolph", "MR Hei", "", version)

    async def configure(self) -> None:
        """Told to stop heating; the stirrer on, where it is asked for, its speed read back."""
        await self._tell("STOP_1")
        # Else it would stop the stirrer where a bench reads it less often than every 10 s.
        await self._tell("CC_OFF")
        self._slow_since_ns = None
        if self._rpm is None:
            return
        await self._tell(f"OUT_SP_3 {self._rpm}")
        held = await self._value("IN_SP_3")
        if abs(held - self._rpm) > 1.0:
            raise DeviceRefusedError(
                f"the speed was not taken: asked {self._rpm} rpm", seen=f"{held:g} rpm"
            )
        await self._tell("START_2")
        self._refuse(await self._status())

    async def read_temperatures(self) -> tuple[Reading | Invalid, ...]:
        """Probe and plate. DeviceRefusedError when the stirrer stands that was asked to turn."""
        told = tuple([await self._temperature(name) for name in _CHANNELS])
        if self._rpm is not None:
            self._refuse(await self._status())
            self._refuse_slow(await self._value("IN_PV_5"), self._rpm)
        return told

    # -- inside ------------------------------------------------------------------------------

    async def _temperature(self, name: str) -> Reading | Invalid:
        value = await self._value(_CHANNELS[name])
        t_ns = self._port.arrived_ns
        if _LOWEST <= value <= _HIGHEST:
            return Reading(name, value, "degC", t_ns)
        reason = "open" if value >= _NO_PROBE else "range"
        return Invalid(name, reason, f"it reads {value:g} degC", t_ns)

    def _refuse(self, status: int) -> None:
        if status == _BLOCKED:
            raise DeviceRefusedError(
                "it was stopped at the device", fix="Let go of its knobs, and connect anew."
            )
        if status < 0:
            raise DeviceRefusedError("it reports an error", seen=f"STATUS {status}")
        if status != _STARTED:
            raise DeviceRefusedError(
                "it does not stir as it was told",
                seen=f"STATUS {status}",
                fix="Its supply was away, or somebody took it over: connect anew.",
            )

    def _refuse_slow(self, rpm: float, asked: int) -> None:
        """Once it has turned at less than half its speed for a while."""
        now_ns = self._port.arrived_ns
        if rpm >= 0.5 * asked:
            self._slow_since_ns = None
            return
        if self._slow_since_ns is None:
            self._slow_since_ns = now_ns
        if now_ns - self._slow_since_ns >= _SPINS_UP_NS:
            raise DeviceRefusedError(
                f"the stirrer turns at {rpm:g} rpm, asked {asked} rpm",
                fix="Look at the stirring bar.",
            )

    async def _status(self) -> int:
        return round(await self._value("STATUS"))

    async def _value(self, query: str) -> float:
        """The number behind the repeated query."""
        said = await self._exchange(query, again=True)
        found = re.fullmatch(rf"{query} +([+-]?\d{{1,5}}(?:\.\d{{1,3}})?)", said)
        if found is None:
            raise PortProtocolError(f"{query!r} was answered with no value", seen=repr(said[:40]))
        return float(found[1])

    async def _tell(self, command: str) -> None:
        """What it repeats of a command is what it took; a value may come back in another form."""
        said = await self._exchange(command, again=False)
        if said.split(" ")[0] != command.split(" ")[0]:
            raise DeviceRefusedError(f"{command!r} was not taken", seen=repr(said[:40]))

    async def _exchange(self, text: str, *, again: bool) -> str:
        reply = await self._port.exchange(
            text.encode() + b"\r\n", _LINE, timeout_s=_ASK_S, retry=again
        )
        await self._port.pause(_APART_S)
        return ascii_text(reply)
