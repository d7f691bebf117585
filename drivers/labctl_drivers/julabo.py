"""JULABO heating and refrigerated circulators: the interface commands of their manuals.

No hardware was touched. Wire facts, and where they come from:

- verified in several of the maker's manuals (SL, ME, Magnum, SC, FL, CORIO CD): a command is a
  word, a blank, a parameter with a decimal point, CR; `in_` commands are answered by a line that
  ends with LF, `out_` commands by nothing, and are taken in remote control only; `version`;
  `status`; `in_pv_00` the bath; `in_sp_00` and `out_sp_00 xxx.xx` the set point; `in_mode_05` and
  `out_mode_05`, 0 stopped and 1 started; at least 250 ms after an `out_` command, 10 ms after an
  answer; after a power cut in remote control it does not start by itself;
- verified in the manual of the CORIO CD, and in a public program for the MAGIO: `in_pv_04` is where
  the over-temperature protection is set at the device;
- verified in public programs: `status` is a number and words, 00 and 01 manual, 02 `REMOTE STOP`,
  03 `REMOTE START`; below zero it is an error or an alarm, told once; 4800 7E1; `version` begins
  with JULABO; a set point beyond the limits is an error of `status`, and the old one stays;
- from memory, unverified: it drives RTS/CTS; older models do not answer `in_pv_04`.

It has no watchdog on this interface: a computer that dies leaves the bath at its set point, which
is why the bench states the highest one. Connecting stops it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from labctl.instruments import (
    DeviceRefusedError,
    DriverSpec,
    Identity,
    IdentityError,
    Line,
    Port,
    PortProtocolError,
    PortTimeoutError,
    Question,
    SerialSettings,
    Settings,
    Silent,
    ThermostatState,
)
from labctl_drivers._ascii import ascii_text

_LINE = Line(b"\n", at_most=96)
_SILENT = Silent()
_ASK_S = 0.5
_AFTER_IN_S, _AFTER_OUT_S = 0.01, 0.25
_TAKEN_K = 0.01
_LOWEST, _HIGHEST = -100.0, 400.0
"""Of any temperature that a circulator can speak of."""
_REMOTE_STOP, _REMOTE_START = 2, 3


class JulaboCirculator:
    """Thermostat by the bath's own sensor."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="julabo-circulator",
        title="JULABO heating or refrigerated circulator",
        capabilities=frozenset({"thermostat"}),
        transport="serial",
        serial=SerialSettings(baud=4800, bits=7, parity="E"),
        slowest_exchange_s=_ASK_S,
        question=Question(b"version\r", r"JULABO", _LINE),
        settings={
            "max_temperature": "highest set point, e.g. 60 degC; 60 degC when not given",
            "protection": "read, or unread for a model that does not tell where its "
            "over-temperature protection is set; read when not given",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        most = given.quantity("max_temperature", "temperature", 0.0, 100.0)
        self._max_degc = 60.0 if most is None else most
        self._reads_safety = given.choice("protection", ("read", "unread"), "read") == "read"

    async def identify(self) -> Identity:
        """Model and firmware as one text; it tells no serial number."""
        text = await self._ask("version")
        found = re.match(r"JULABO (.+?)(?: VERSION (\S+))?$", text, re.IGNORECASE)
        if found is None:
            raise IdentityError("not a JULABO circulator", seen=repr(text[:80]))
        return Identity("JULABO", found[1], "", found[2] or "")

    async def configure(self) -> None:
        """In remote control, stopped, and telling where its protection is set."""
        code, text = await self._status()
        if code in (0, 1):
            raise DeviceRefusedError(
                "it takes no commands: it is operated at the device",
                seen=text,
                fix="Switch it to remote control by RS232 or USB in its menu.",
            )
        await self.stop()
        if not self._reads_safety:
            return
        try:
            await self._number("in_pv_04")
        except PortTimeoutError as error:
            raise DeviceRefusedError(
                "it does not tell where its over-temperature protection is set",
                fix="Write `protection: unread` into its settings, and look at the device.",
            ) from error

    async def set_temperature(self, degc: float) -> None:
        """Set point, read back; DeviceRefusedError for one outside the limits or not taken."""
        if not 0.0 <= degc <= self._max_degc:
            raise DeviceRefusedError(
                f"{degc:g} degC is outside 0 to {self._max_degc:g} degC",
                fix="`max_temperature` in the bench file is the limit; it is never clipped.",
            )
        await self._tell(f"out_sp_00 {degc:.2f}")
        code, text = await self._status()
        held = await self._number("in_sp_00")
        if abs(held - degc) > _TAKEN_K:
            raise DeviceRefusedError(
                f"the set point was not taken: asked {degc:.2f} degC", seen=f"{held:g}; {text}"
            )
        if code < 0:
            raise DeviceRefusedError("it reports an error", seen=text)

    async def start(self) -> None:
        """Regulate; read back."""
        await self._run(True)

    async def stop(self) -> None:
        """Regulate no longer; read back."""
        await self._run(False)

    async def read_thermostat(self) -> ThermostatState:
        """Bath, set point, state, protection and whatever `status` tells of errors."""
        bath = await self._number("in_pv_00")
        set_degc = await self._number("in_sp_00")
        on = await self._started()
        safety = await self._number("in_pv_04") if self._reads_safety else None
        code, text = await self._status()
        faults = (text,) if code < 0 else ()
        if code in (0, 1):
            faults = ("it is operated at the device",)
        return ThermostatState(set_degc, bath, on, safety, faults)

    # -- inside ------------------------------------------------------------------------------

    async def _run(self, on: bool) -> None:
        await self._tell(f"out_mode_05 {int(on)}")
        if await self._started() != on:
            _, text = await self._status()
            raise DeviceRefusedError("it did not start" if on else "it did not stop", seen=text)

    async def _started(self) -> bool:
        text = await self._ask("in_mode_05")
        if text not in ("0", "1"):
            raise PortProtocolError("in_mode_05 was answered with no state", seen=repr(text[:40]))
        return text == "1"

    async def _status(self) -> tuple[int, str]:
        text = await self._ask("status")
        found = re.match(r"(-?[0-9]{1,3})(?: |$)", text)
        if found is None:
            raise PortProtocolError("status was answered with none", seen=repr(text[:40]))
        return int(found[1]), text

    async def _number(self, query: str) -> float:
        text = await self._ask(query)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not _LOWEST <= value <= _HIGHEST or "_" in text:
            raise PortProtocolError(f"{query!r} was answered with no number", seen=repr(text[:40]))
        return value

    async def _ask(self, query: str) -> str:
        reply = await self._port.exchange(
            query.encode() + b"\r", _LINE, timeout_s=_ASK_S, retry=True
        )
        await self._port.pause(_AFTER_IN_S)
        return ascii_text(reply)

    async def _tell(self, command: str) -> None:
        await self._port.exchange(command.encode() + b"\r", _SILENT, timeout_s=_ASK_S)
        await self._port.pause(_AFTER_OUT_S)
