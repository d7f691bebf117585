"""Ambrell EASYHEAT induction heaters: the current of a work coil, and with it a field.

No hardware was touched. Wire facts, and where they come from:

- verified in two public copies of the maker's manual (EASYHEAT 0112 and its larger sisters): a
  command is `address,command` or `address,command,argument` without blanks, the address 1 to 32 (1
  as delivered) and 0 for all; replies end CR LF; `hon` heats, if start is set to RS485 at the unit;
  `hoff` ends that whatever start is set to; `amps` sets the current, if control is set to RS485;
  `maxamps` is the highest that tap, heat station and cable allow; `rdata` answers address, heat (0
  or 1), set current, current, watts, kHz, timer, counter with commas between, `1,0,1200.0,10,...`;
- contradictory: whether the watts are among the fields of `rdata`. The list of commands leaves them
  out, the example line has them. By the number of fields both are read;
- verified in one public program: 38400 baud, a number for `maxamps`, no answer looked for after
  `amps`;
- from memory, unverified: 8N1; that a command ends CR; that a command which sets is answered with
  nothing, or with lines that are not those of `rdata` and are passed over; that a reply begins
  within a tenth of a second; that the current is up half a second after `hon`.

There is no watchdog on the wire: if the host dies the coil stays on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from labctl.instruments import (
    Beam,
    DeviceRefusedError,
    DriverSpec,
    Emitter,
    Identity,
    IdentityError,
    Line,
    Lines,
    Port,
    PortProtocolError,
    Reading,
    Seal,
    SerialSettings,
    Settings,
    Silent,
    SourceState,
)
from labctl_drivers._ascii import ascii_text

_ASK_S = 0.2
_LINE, _SILENT = Line(b"\r\n"), Silent()
_HIGHEST_A = 1000.0
_WITH_WATTS, _WITHOUT = 8, 7
_STEP_A = 0.1
_DARK_A = 1.0
"""More than this in the coil while heat is said to be off is a contradiction."""


class AmbrellEasyheat:
    """Source driven by current, A in the work coil as the unit tells it."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="ambrell-easyheat",
        title="Ambrell EASYHEAT induction heater",
        capabilities=frozenset({"source"}),
        transport="serial",
        serial=SerialSettings(baud=38400),
        confirms_emission=True,
        drive="current",
        slowest_exchange_s=_ASK_S,
        settings={
            "address": "of the unit on its line, 1 to 32; 1 when not given",
            "max_current": "highest current that may ever be set, e.g. 250 A",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        self._at = given.integer("address", 1, 32, 1)
        self._max_a = given.quantity("max_current", "current", 1.0, _HIGHEST_A)
        self._off = b"%d,hoff\r" % self._at
        self._data = Lines(rf"\s*{self._at},[01]?,.*")
        # False from an off to the next level: what was set before an off is not lit after it.
        self._ready = False

    async def identify(self) -> Identity:
        """By the form of its data; it has no name or serial number to tell."""
        said = await self._port.exchange(
            b"%d,rdata\r" % self._at, _LINE, timeout_s=_ASK_S, retry=True
        )
        try:
            self._parse(ascii_text(said))
        except PortProtocolError as error:
            raise IdentityError("not an Ambrell EASYHEAT", seen=error.seen) from error
        return Identity("Ambrell", "EASYHEAT")

    async def configure(self) -> None:
        """Off, confirmed; no current is set before the guard asks for one."""
        if self._max_a is None:
            raise DeviceRefusedError(
                "no highest current is stated for the coil",
                fix="Add `max_current: 250 A` to this instrument's settings.",
            )
        await self._port.exchange(self._off, _SILENT, timeout_s=_ASK_S)
        self._ready = False
        state = await self.read()
        if state.beam is not Beam.OFF:
            raise DeviceRefusedError(
                "the induction heater does not read off after it was switched off",
                fix="Switch it off at its panel, and look at its start setting.",
            )
        most_a = await self._most()
        if most_a < self._max_a:
            raise DeviceRefusedError(
                f"the unit allows {most_a:g} A with this heat station, and the bench says "
                f"{self._max_a:g} A",
                fix="Write what it allows as `max_current`.",
            )

    # -- source ------------------------------------------------------------------------------

    async def off(self) -> None:
        """Write `hoff` at once; nothing is waited for."""
        self._ready = False
        await self._port.urgent(self._off)

    async def read(self) -> SourceState:
        """One exchange."""
        lit, set_a, amps, watts, hertz = self._parse(await self._raw())
        t_ns = self._port.arrived_ns
        readings = [Reading("current", amps, "A", t_ns), Reading("frequency", hertz, "Hz", t_ns)]
        if watts is not None:
            readings.append(Reading("drawn", watts, "W", t_ns))
        contradicts = not lit and amps > _DARK_A
        said = f"{amps:g} A flow in the coil though heat is said to be off"
        return SourceState(
            beam=Beam.UNKNOWN if contradicts else Beam.ON if lit else Beam.OFF,
            level=amps,
            set_level=set_a,
            interlock_closed=None,
            key_on=None,
            faults=(said,) if contradicts else (),
            readings=tuple(readings),
        )

    def emitter(self, seal: Seal) -> Emitter:
        """For the guard alone."""
        if not isinstance(seal, Seal):
            raise TypeError("only the guard may energise a source, and this is not its seal")
        return _HeaterEmitter(self)

    # -- for the emitter ---------------------------------------------------------------------

    async def set_current(self, level_a: float) -> None:
        """Set current, read back; DeviceRefusedError for one outside the limits or not taken."""
        self.refuse_outside(level_a)
        self._ready = False
        await self._port.exchange(
            b"%d,amps,%.1f\r" % (self._at, level_a), _SILENT, timeout_s=_ASK_S
        )
        _, set_a, *_ = self._parse(await self._raw())
        if abs(set_a - level_a) > _STEP_A + 1e-3 * level_a:
            raise DeviceRefusedError(
                f"the current was not taken: asked {level_a:.1f} A",
                seen=f"{set_a:.1f} A",
                fix="Set the unit's control location to RS485 at its panel.",
            )
        self._ready = True

    async def energise(self) -> None:
        """Heat on. Whatever goes wrong after the write, the guard switches off."""
        if not self._ready:
            raise DeviceRefusedError("no level was set since it was last switched off")
        await self._port.exchange(b"%d,hon\r" % self._at, _SILENT, timeout_s=_ASK_S)

    def refuse_outside(self, level_a: float) -> None:
        """DeviceRefusedError for a current that is negative, too large or no number."""
        if not 0.0 <= level_a <= (self._max_a or 0.0):
            raise DeviceRefusedError(
                f"{level_a:g} A is outside 0 to {self._max_a or 0.0:g} A",
                fix="`max_current` in the bench file is the coil's limit; it is never clipped.",
            )

    # -- inside ------------------------------------------------------------------------------

    async def _raw(self) -> str:
        """The line of data; what came before it, as an answer to something else, is passed over."""
        reply = await self._port.exchange(
            b"%d,rdata\r" % self._at, self._data, timeout_s=_ASK_S, retry=True
        )
        return ascii_text(reply).splitlines()[-1]

    async def _most(self) -> float:
        reply = await self._port.exchange(
            b"%d,maxamps\r" % self._at, _LINE, timeout_s=_ASK_S, retry=True
        )
        return _number(ascii_text(reply))

    def _parse(self, line: str) -> tuple[bool, float, float, float | None, float]:
        """Heat, set current, current, watts where they are told, frequency in Hz."""
        fields = [field.strip() for field in line.split(",")]
        right = len(fields) in (_WITH_WATTS, _WITHOUT) and fields[0] == str(self._at)
        if not right or fields[1] not in ("0", "1"):
            raise PortProtocolError("no line of data of an EASYHEAT", seen=repr(line[:60]))
        watts = _number(fields[4]) if len(fields) == _WITH_WATTS else None
        khz = _number(fields[-3])
        return fields[1] == "1", _number(fields[2]), _number(fields[3]), watts, khz * 1e3


class _HeaterEmitter:
    """What the guard holds."""

    def __init__(self, heater: AmbrellEasyheat) -> None:
        self._heater = heater

    async def set_level(self, level: float) -> None:
        await self._heater.set_current(level)

    async def limit_level(self, level: float) -> None:
        """It has no limit that can be set from here."""
        self._heater.refuse_outside(level)

    async def on(self) -> None:
        await self._heater.energise()


def _number(text: str) -> float:
    """Of a field; a blank one of a coil at rest is 0."""
    try:
        value = float(text) if text else 0.0
    except ValueError:
        value = math.nan
    if not abs(value) < 1e7:
        raise PortProtocolError("a field that is no number", seen=repr(text[:40]))
    return value
