"""Coherent OBIS LX and LS lasers, by USB or through an OBIS Remote's RS-232.

No hardware was touched. Wire facts, and where they come from:

- verified in two or more public programs: 115200 8N1 (a USB virtual port takes any speed); a
  command ends CR LF; with `SYSTem:COMMunicate:HANDshaking ON` a question is answered by a line with
  the value and a line `OK`, a command by `OK` alone; `PROMpt OFF`; `*IDN?` -> `Coherent, Inc-...`;
  `SYSTem:INFormation:MODel?|SNUMber?`; power in W, `SOURce:POWer:LEVel:IMMediate:AMPLitude x` is
  the set point and `SOURce:POWer:LEVel?` what is measured, `SOURce:POWer:LIMit:LOW?|HIGH?` how far
  it goes; `SOURce:AM:STATe ON|OFF` lights; `SOURce:AM:INTernal CWP` constant power, read back by
  `SOURce:AM:SOURce?`; `SYSTem:CDRH?` -> ON where light comes 5 s after it is asked for;
  `SYSTem:STATus?` eight hexadecimal digits: 1 fault, 2 emission, 10 CDRH delay, 100 warming up;
- verified in one public program: of the status with an OBIS Remote, 40000000 a Remote is there,
  04000000 interlock open or key off, 02000000 key off; a laser that is told ON while it warms up
  lights when it is warm; the bits of `SYSTem:FAULt?`; `SYSTem:LOCK?` -> ON with the interlock
  closed; an error is a line `ERR-100` with no `OK` behind it;
- from memory, unverified: that the status tells emission only after the CDRH delay; that an answer
  comes within 0.2 s and light ends within a tenth of a second of OFF; what a prompt looks like.

One laser: a Remote for several is not spoken to by number. The CDRH delay is left as it is. There
is no watchdog on the wire: if the host dies the laser stays lit.
"""

from __future__ import annotations

import math
import re
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
    Question,
    Reading,
    Seal,
    SerialSettings,
    Settings,
    SourceState,
)
from labctl_drivers._ascii import ascii_text
from labctl_drivers._watts import PowerEmitter, refuse_outside

_LINE = Line(b"\r\n", at_most=200)
_REPLY = Lines(r"OK|ERR.*", at_most=400)
_REPLY_S = 0.2
_UNKNOWN = "ERR-100"
_SETTLE_S = 0.05
"""A second line or a prompt that nobody asked for has come by then."""
_OFF = b"SOUR:AM:STAT OFF\r\n"
_ON = b"SOUR:AM:STAT ON\r\n"
_MOST_W = 2.0
_DARK_W = 0.005
"""More than this while it is said to be off is a contradiction."""
_LOOK_EVERY = 10

_FAULT, _EMISSION, _CDRH, _HARDWARE, _WARMING = 0x01, 0x02, 0x10, 0x20, 0x100
_KEY_OFF, _INTERLOCK, _REMOTE = 0x02000000, 0x04000000, 0x40000000
_FAULTS = {
    0x1: "base plate too hot or cold",
    0x2: "diode too hot or cold",
    0x20: "over-current",
    0x2000: "ready fault",
    0x4000: "photodiode",
    0x20000: "its processor was reset by its watchdog",
    0x100000: "over-power",
}


class ObisLaser:
    """Source driven by power, W here and on the wire."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="obis-laser",
        title="Coherent OBIS LX or LS laser",
        capabilities=frozenset({"source"}),
        transport="serial",
        serial=SerialSettings(baud=115200),
        confirms_emission=True,
        drive="power",
        slowest_exchange_s=_REPLY_S,
        # The CDRH delay of 5 s, and what it takes to see that it is over.
        starts_within_s=7.0,
        question=Question(b"*IDN?\r\n", r"Coherent.*OBIS", Line(b"\n")),
        settings={"max_power": "highest power that it may be asked for, e.g. 150 mW"},
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        self._max_w = given.quantity("max_power", "power", 1e-3, _MOST_W) or _MOST_W
        self._ready = False
        self._agreed = False
        self._set_w: float | None = None
        self._closed: bool | None = None
        self._fault = 0
        self._until_look = 0

    async def identify(self) -> Identity:
        """Model, serial number and firmware. Sets how it answers: with handshake, no prompt; again
        only when it has not answered so since."""
        agreed, self._agreed = self._agreed, False
        if not agreed:
            await self._agree()
        said = await self._ask("*IDN?")
        model = await self._ask("SYST:INF:MOD?")
        if "COHERENT" not in said.upper() or "OBIS" not in f"{said} {model}".upper():
            raise _stranger(f"{said} {model}")
        serial = await self._ask("SYST:INF:SNUM?")
        firmware = await self._ask("SYST:INF:FVER?")
        self._agreed = True
        return Identity("Coherent", model, serial, firmware)

    async def _agree(self) -> None:
        said = await self._first(b"*IDN?\r\n")
        if "COHERENT" not in said.upper():
            raise _stranger(said)
        for command in (b"SYST:COMM:HAND ON\r\n", b"SYST:COMM:PROM OFF\r\n"):
            told = await self._first(command)
            if not told.endswith("OK"):
                raise IdentityError("it does not take how it is to answer", seen=repr(told[:80]))

    async def configure(self) -> None:
        """Off, confirmed; no start by itself; diode kept at temperature; constant power, of the
        least that it gives."""
        self._ready = False
        await self._tell("SOUR:AM:STAT OFF", "switching off")
        await self._tell("SYST:ERR:CLE", "clearing its errors")
        if await self._maybe("SYST:AUT?") not in (None, "OFF"):
            await self._tell("SYST:AUT OFF", "ending its start by itself")
        await self._tell("SOUR:AM:INT CWP", "choosing constant power")
        mode = await self._ask("SOUR:AM:SOUR?")
        if mode.upper() != "CWP":
            raise DeviceRefusedError("constant power was not taken", seen=mode[:40])
        if await self._maybe("SOUR:TEMP:APR?") not in (None, "ON"):
            await self._tell("SOUR:TEMP:APR ON", "switching its temperature control on")
        await self._set(await self._number("SOUR:POW:LIM:LOW?"))
        self._until_look = 0
        if (await self.read()).beam is not Beam.OFF:
            raise DeviceRefusedError(
                "the laser does not read off after it was switched off",
                fix="Switch it off by its key.",
            )

    # -- source ------------------------------------------------------------------------------

    async def off(self) -> None:
        """Write OFF at once; its OK is dropped. Ends a CDRH delay as well as light."""
        self._ready = False
        self._until_look = 0
        await self._port.urgent(_OFF)

    async def read(self) -> SourceState:
        """Three questions as a rule, five on every tenth read or when a fault is told."""
        status = await self._bits("SYST:STAT?")
        asked = _truth("SOUR:AM:STAT?", await self._ask("SOUR:AM:STAT?"))
        power_w = await self._number("SOUR:POW:LEV?")
        t_ns = self._port.arrived_ns
        if self._until_look <= 0 or bool(status & (_FAULT | _HARDWARE)) != bool(self._fault):
            self._fault = await self._bits("SYST:FAUL?")
            lock = await self._maybe("SYST:LOCK?")
            self._closed = None if lock is None else _truth("SYST:LOCK?", lock)
            self._until_look = _LOOK_EVERY
        self._until_look -= 1
        remote = bool(status & _REMOTE)
        key_on = not status & _KEY_OFF if remote else None
        # The bit stands with the key off, too, and then says nothing.
        closed = False if key_on and status & _INTERLOCK else self._closed
        lit = asked or bool(status & (_EMISSION | _CDRH))
        beam = Beam.ON if lit else Beam.OFF
        faults = _words(self._fault)
        if status & (_FAULT | _HARDWARE) and not faults:
            faults = ("a fault that it does not name",)
        if not lit and power_w > _DARK_W:
            beam = Beam.UNKNOWN
            faults = (*faults, f"{power_w:.3f} W are measured though it is said to be off")
        return SourceState(
            beam=beam,
            level=power_w,
            set_level=self._set_w,
            interlock_closed=closed,
            key_on=key_on,
            faults=faults,
            starting=lit and (not status & _EMISSION or bool(status & _CDRH)),
            readings=(Reading("power", power_w, "W", t_ns),),
        )

    def emitter(self, seal: Seal) -> Emitter:
        """For the guard alone."""
        if not isinstance(seal, Seal):
            raise TypeError("only the guard may light a source, and this is not its seal")
        return PowerEmitter(self)

    # -- for the emitter ---------------------------------------------------------------------

    async def set_power(self, level_w: float) -> None:
        """Set point, read back; DeviceRefusedError for one outside the limit or not taken."""
        refuse_outside(level_w, self._max_w)
        self._ready = False
        await self._set(level_w)
        self._ready = True

    async def light(self) -> None:
        """On. Whatever goes wrong after the write, the guard switches off."""
        if not self._ready:
            raise DeviceRefusedError("no level was set since it was last switched off")
        if await self._bits("SYST:STAT?") & _WARMING:
            raise DeviceRefusedError(
                "the laser is warming up, and would light by itself when it is warm",
                fix="Wait until it is warm, and ask again.",
            )
        self._until_look = 0
        await self._tell("SOUR:AM:STAT ON", "switching on")

    # -- inside ------------------------------------------------------------------------------

    async def _set(self, level_w: float) -> None:
        await self._tell(f"SOUR:POW:LEV:IMM:AMPL {level_w:.5f}", f"setting {level_w:g} W")
        self._set_w = await self._number("SOUR:POW:LEV:IMM:AMPL?")
        if not abs(self._set_w - level_w) <= max(1e-4, 1e-3 * level_w):
            raise DeviceRefusedError(
                f"the power was not taken: asked {level_w:.5f} W", seen=f"{self._set_w:.5f} W"
            )

    async def _first(self, command: bytes) -> str:
        """The first line of an answer of which nobody knows yet how it ends: an OK or a prompt may
        come behind it, and is dropped by what is written next."""
        said = ascii_text(await self._port.exchange(command, _LINE, timeout_s=_REPLY_S))
        await self._port.pause(_SETTLE_S)
        return said

    async def _said(self, command: str, *, retry: bool = False) -> list[str]:
        """The lines of one answer; the last is `OK` or an error."""
        written = command.encode() + b"\r\n"
        reply = await self._port.exchange(written, _REPLY, timeout_s=_REPLY_S, retry=retry)
        return ascii_text(reply).split("\r\n")

    async def _tell(self, command: str, doing: str) -> None:
        said = await self._said(command)
        if said[-1] != "OK":
            raise DeviceRefusedError(f"refused while {doing}", seen=said[-1][:80])
        if len(said) > 1:
            raise PortProtocolError(f"an answer to something else, {doing}", seen=repr(said[:3]))

    async def _maybe(self, query: str) -> str | None:
        """None where this model does not know the question."""
        said = await self._said(query, retry=True)
        return None if said == [_UNKNOWN] else self._value(query, said)

    async def _ask(self, query: str) -> str:
        return self._value(query, await self._said(query, retry=True))

    def _value(self, query: str, said: list[str]) -> str:
        if said[-1] != "OK":
            raise DeviceRefusedError(f"does not answer {query}", seen=said[-1][:80])
        if len(said) != 2:
            raise PortProtocolError(f"{query} was not answered by one value", seen=repr(said[:3]))
        return said[0].strip()

    async def _bits(self, query: str) -> int:
        said = await self._ask(query)
        if not re.fullmatch(r"[0-9A-Fa-f]{8}", said):
            raise PortProtocolError(f"{query} was answered with no bits", seen=repr(said[:40]))
        return int(said, 16)

    async def _number(self, query: str) -> float:
        said = await self._ask(query)
        try:
            value = float(said)
        except ValueError:
            value = math.nan
        if not abs(value) < 1e6:
            raise PortProtocolError(f"{query} was answered with no number", seen=repr(said[:40]))
        return value


def _stranger(said: str) -> IdentityError:
    return IdentityError("not a Coherent OBIS laser", seen=repr(said[:80]))


def _truth(query: str, said: str) -> bool:
    if said.upper() not in ("ON", "OFF"):
        raise PortProtocolError(
            f"{query} was answered with neither ON nor OFF", seen=repr(said[:40])
        )
    return said.upper() == "ON"


def _words(bits: int) -> tuple[str, ...]:
    known = tuple(words for bit, words in _FAULTS.items() if bits & bit)
    rest = bits & ~sum(_FAULTS)
    return (*known, f"fault {rest:08X}") if rest else known
