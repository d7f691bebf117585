"""Arroyo Instruments 4200, 4300 and 6300 laser-diode controllers.

No hardware was touched. Wire facts, and where they come from:

- verified in two or more public sources: USB virtual port 38400 8N1; lines end CR LF both ways;
  `*IDN?`; currents are in mA on the wire; `LAS:LDI x` sets, `LAS:SET:LDI?` reads the set point
  back and `LAS:LDI?` is the *measured* current; `LAS:LIM:LDI`, `LAS:OUT 0|1`, `LAS:OUT?`; sets
  are answered with nothing; the bits of `LAS:COND?` and `LAS:EVE?` (0 current limit, 1 voltage
  limit, 3 power limit, 4 interlock open, 7 open circuit, 8 short circuit, 10 output on), in a
  program for a 6305 and in the manuals of the ILX boxes whose commands these are. What bit 10 says
  is held against `LAS:OUT?` and refused where they differ;
- verified in one public source: RS-232 models at 9600 baud; `KEY?` -> 1 with the key on; `ERR?`
  lists error numbers, of which 202 is "output cannot be enabled" (interlock or key), 508 "out of
  range" and 123 "path not found"; an open circuit is fleeting and is latched in `LAS:EVE?`. That
  source sleeps 0.1 s between a query and its reply; nothing says that the controller needs it.

There is no watchdog on the wire: if the host dies the diode stays lit. `labctl_drivers.ilx` is the
same tree on ILX Lightwave's own boxes, with what differs there.
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
    Port,
    PortProtocolError,
    Question,
    Reading,
    Seal,
    SerialSettings,
    Settings,
    Silent,
    SourceState,
)
from labctl_drivers._diode import DARK_A, DiodeEmitter, refuse_other, refuse_outside

_SILENT = Silent()
_REPLY_S = 0.2
_MA = 1000.0
_MOST_A = 100.0
_OFF = b"LAS:OUT 0\r\n"
_ON = b"LAS:OUT 1\r\n"
_COND = b"LAS:COND?\r\n"
_CURRENT = b"LAS:LDI?\r\n"

_INTERLOCK = 1 << 4
_OUTPUT_ON = 1 << 10
_CURRENT_LIMIT = 1 << 0
FAULTS = {
    1 << 1: "voltage limit reached",
    1 << 3: "power limit reached",
    1 << 7: "open circuit",
    1 << 8: "short circuit",
}
"""Bits of `LAS:COND?` that are told as faults."""
_LATCHED = (1 << 7) | (1 << 8)
_WORDS = {
    "123": "command not known",
    "202": "output cannot be enabled: interlock open or key off",
    "508": "value out of range",
}
_LOOK_EVERY = 10
"""Key, output and latched events are asked for on every so many reads, and after any change."""


class ArroyoLaser:
    """Source driven by current: A here, mA on the wire."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="arroyo-laser",
        title="Arroyo 4300/6300 laser-diode controller",
        capabilities=frozenset({"source"}),
        transport="serial",
        serial=SerialSettings(baud=38400),
        confirms_emission=True,
        drive="current",
        slowest_exchange_s=_REPLY_S,
        question=Question(b"*IDN?\r\n", r"arroyo.*\b(42|43|63)\d\d\b", bauds=(38400, 9600)),
        settings={
            "max_current": "highest current the diode may ever get, e.g. 2.5 A",
            "baud": "38400 on USB, 9600 on some RS-232 models; 38400 when not given",
        },
    )

    # What differs between the makers of this command tree.
    _end: ClassVar[Line] = Line(b"\r\n")
    _has_key: ClassVar[bool] = True
    _first: ClassVar[tuple[bytes, ...]] = ()
    """Sent once, before anything is read of status."""
    _faults: ClassVar[Mapping[int, str]] = FAULTS
    _measures_every_s: ClassVar[float] = 0.0
    """How old the measured current may be."""

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        self._max_a = given.quantity("max_current", "current", 1e-3, _MOST_A) or _MOST_A
        if "baud" in self.spec.settings:
            given.number("baud", (9600, 19200, 38400, 57600, 115200), 38400)
        self._set_a: float | None = None
        # False from an off to the next level: what was set before an off is not lit after it.
        self._ready = False
        self._key_on: bool | None = None
        self._output: bool | None = None
        self._events = 0
        self._until_look = 0
        self._dark_ns: int | None = None
        """When the output was first seen off, since it was last seen on."""

    async def identify(self) -> Identity:
        """`*IDN?`; a TEC-only controller of the same make is a stranger, too."""
        text = await self._ask(b"*IDN?\r\n")
        fields = re.split(r"[\s,]+", text)
        model = re.search(r"\b(42|43|63)\d\d\b", text)
        if "arroyo" not in text.lower() or model is None:
            raise IdentityError("not an Arroyo laser-diode controller", seen=repr(text[:80]))
        behind = fields[fields.index(model.group()) + 1 :] if model.group() in fields else []
        firmware = next((f for f in behind if "." in f), "")
        serial = next((f for f in behind if f != firmware), "")
        return Identity("Arroyo", model.group(), serial, firmware)

    async def configure(self) -> None:
        """Output off, confirmed; the set point to zero; stale errors and events read away."""
        await self._port.exchange(_OFF, _SILENT, timeout_s=_REPLY_S)
        await self._ask(b"ERR?\r\n")
        for command in self._first:
            await self._set(command, "configuring")
        await self._number(b"LAS:EVE?\r\n")
        await self._set(b"LAS:LDI 0\r\n", "setting the current to zero")
        self._set_a = await self._number(b"LAS:SET:LDI?\r\n") / _MA
        self._until_look = 0
        if (await self.read()).beam is not Beam.OFF:
            raise DeviceRefusedError(
                "the laser does not read off after it was switched off",
                fix="Switch it off by its key, and look at the front panel.",
            )

    # -- source ------------------------------------------------------------------------------

    async def off(self) -> None:
        """Write `LAS:OUT 0` at once; nothing is answered to it."""
        self._ready = False
        self._until_look = 0
        await self._port.urgent(_OFF)

    async def read(self) -> SourceState:
        """Two exchanges as a rule, five when something changed and on every tenth read."""
        conditions, current_a, t_ns = await self._conditions()
        lit = bool(conditions & _OUTPUT_ON)
        due = lit is not self._output or self._until_look <= 0
        if due and await self._look() is not lit:
            # An off, or the interlock, may have come between the two questions: ask anew.
            conditions, current_a, t_ns = await self._conditions()
            lit, latched = bool(conditions & _OUTPUT_ON), self._events
            self._refuse_contradiction(await self._look(), lit)
            # The look has cleared what the one before it read.
            self._events |= latched
        self._until_look -= 1
        bits = conditions | (self._events & _LATCHED)
        faults = tuple(word for bit, word in self._faults.items() if bits & bit) if bits else ()
        set_a = self._set_a
        starting = lit and set_a is not None and current_a < 0.05 * set_a
        limited = lit and bool(conditions & _CURRENT_LIMIT) and not starting
        if limited and set_a is not None and current_a < 0.98 * set_a:
            # The bit alone also stands when the set point is the limit, as it may be.
            faults = (*faults, f"current limit reached at {current_a:.3f} A")
        beam = Beam.ON if lit else Beam.OFF
        if self._dark_ns is None or lit:
            self._dark_ns = None if lit else t_ns
        stale = self._dark_ns is not None and t_ns - self._dark_ns < self._measures_every_s * 1e9
        if not lit and current_a > DARK_A and not stale:
            beam = Beam.UNKNOWN
            faults = (*faults, f"{current_a:.3f} A flow though the output is said to be off")
        return SourceState(
            beam=beam,
            level=current_a,
            set_level=set_a,
            interlock_closed=not conditions & _INTERLOCK,
            key_on=self._key_on,
            faults=faults,
            starting=starting,
            readings=(Reading("current", current_a, "A", t_ns),),
        )

    def emitter(self, seal: Seal) -> Emitter:
        """For the guard alone."""
        if not isinstance(seal, Seal):
            raise TypeError("only the guard may light a source, and this is not its seal")
        return DiodeEmitter(self)

    # -- for the emitter ---------------------------------------------------------------------

    async def set_current(self, level_a: float) -> None:
        """Set point, read back; DeviceRefusedError for one outside the limits or not taken."""
        refuse_outside(level_a, self._max_a)
        self._ready = False
        await self._set(b"LAS:LDI %.3f\r\n" % (level_a * _MA), f"setting {level_a:g} A")
        self._set_a = await self._number(b"LAS:SET:LDI?\r\n") / _MA
        refuse_other("current", level_a, self._set_a)
        self._ready = True

    async def set_limit(self, level_a: float) -> None:
        """The controller's own current limit, read back."""
        refuse_outside(level_a, self._max_a)
        # The controller keeps tenths of a milliampere, and a limit rounded down would refuse the
        # very set point that is allowed.
        limit_ma = math.ceil(level_a * _MA * 10.0) / 10.0
        await self._set(b"LAS:LIM:LDI %.3f\r\n" % limit_ma, f"limiting to {level_a:g} A")
        held_a = await self._number(b"LAS:LIM:LDI?\r\n") / _MA
        refuse_other("current limit", level_a, held_a)

    async def light(self) -> None:
        """Output on. Whatever goes wrong after the write, the guard switches off."""
        if not self._ready:
            raise DeviceRefusedError("no level was set since it was last switched off")
        self._until_look = 0
        await self._set(_ON, "switching the output on")

    # -- inside ------------------------------------------------------------------------------

    async def _conditions(self) -> tuple[int, float, int]:
        """Condition register, measured current, and when that came."""
        conditions = round(await self._number(_COND))
        current_a = await self._number(_CURRENT) / _MA
        return conditions, current_a, self._port.arrived_ns

    async def _look(self) -> bool:
        """Whether the output is said to be on; key and latched events beside."""
        self._output = await self._number(b"LAS:OUT?\r\n") != 0
        if self._has_key:
            self._key_on = await self._number(b"KEY?\r\n") != 0
        self._events = round(await self._number(b"LAS:EVE?\r\n"))
        self._until_look = _LOOK_EVERY
        return self._output

    def _refuse_contradiction(self, output: bool, lit: bool) -> None:
        if output is not lit:
            self._until_look = 0
            raise PortProtocolError(
                "LAS:OUT? and bit 10 of LAS:COND? say different things about the output",
                seen=f"output {output}, condition {lit}",
                fix="This firmware is not one that the driver can read; do not light with it.",
            )

    async def _set(self, command: bytes, doing: str) -> None:
        """A set command, then what the controller thinks of it.

        `ERR?` is not repeated after a timeout: it forgets what it has told.
        """
        await self._port.exchange(command, _SILENT, timeout_s=_REPLY_S)
        reply = await self._port.exchange(b"ERR?\r\n", self._end, timeout_s=_REPLY_S)
        codes = [c.strip().lstrip("E-") for c in reply.decode("ascii", "replace").split(",")]
        codes = [c for c in codes if c not in ("", "0")]
        if codes:
            words = "; ".join(f"E-{c} {_WORDS.get(c, '')}".rstrip() for c in codes)
            raise DeviceRefusedError(f"refused while {doing}", seen=words)

    async def _ask(self, query: bytes) -> str:
        reply = await self._port.exchange(query, self._end, timeout_s=_REPLY_S, retry=True)
        return reply.decode("ascii", "replace").strip()

    async def _number(self, query: bytes) -> float:
        reply = await self._port.exchange(query, self._end, timeout_s=_REPLY_S, retry=True)
        try:
            value = float(reply)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise PortProtocolError(f"{query!r} was answered with no number", seen=repr(reply[:40]))
        return value
