"""Stanford Research Systems LDC500, LDC501 and LDC502 laser-diode controllers.

No hardware was touched. Wire facts, and where they come from:

- verified in the manufacturer's manual: RS-232 at 9600 8N1 without handshake, GPIB, Ethernet on
  port 8888 where a blank line and `ULOC 1` unlock it; commands of four letters end CR or LF, empty
  ones are ignored, the input buffer holds 64 bytes and forgets all when it overflows; `TERM LF`
  decides how replies end on this interface and outlives the power switch, `TOKN ON` that they are
  words; `*IDN?` -> `Stanford Research Systems,LDC501,s/n098023,ver2.00`; currents in mA; `SILM`
  clamps the current in hardware and drags a higher `SILD` down with it; `SVLM` compliance voltage,
  above which the laser goes off; `RILD?` what flows; `LCME?` the last error of a command, `LEXE?`
  of its execution, both forgotten when read; event register `LDEV`: 10 voltage trip, 11 open
  circuit, 12 cooler off, 13 too warm, 14 too cold, 15 sensor fault, cleared by reading;
- verified in one public program besides: `LDON ON|OFF`, `LDON?`, `SMOD CC|CP`, `MODU ON|OFF`,
  `RNGE HIGH|LOW` and what the three models give in each, `TEON?`, `ILOC?` -> `CLOSED` or `OPEN`
  (the laser runs only when it is closed);
- from the protocol card alone: an error appears up to 15 ms after its command;
- unverified: what the numbers of `LEXE?` mean. Any but 0 refuses.

The key cannot be asked. There is no watchdog on the wire: if the host dies the diode stays lit.
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
from labctl_drivers._diode import DiodeEmitter, refuse_other, refuse_outside

_LINE = Line(b"\n")
_SILENT = Silent()
_REPLY_S = 0.2
_ERROR_S = 0.02
"""An error is there 15 ms after its command."""
_MA = 1000.0
# The end of a line before it: a command that was cut short must not swallow it.
_OFF = b"\nLDON OFF\n"
_HIGHEST_A = {"LDC500": 0.1, "LDC501": 0.5, "LDC502": 2.0}
"""A, in the high range; the low one gives half of it."""
_DARK = 0.01
"""Of that, more than this while the output is said to be off is a contradiction."""
_STEP_A = 1e-4
_EVENTS = {
    1 << 10: "voltage limit tripped",
    1 << 11: "open circuit",
    1 << 12: "cooler went off",
    1 << 13: "diode too warm",
    1 << 14: "diode too cold",
    1 << 15: "temperature sensor fault",
}
_COMMAND_ERRORS = {
    1: "illegal command", 2: "undefined command", 3: "illegal query", 4: "illegal set",
    5: "missing parameter", 6: "extra parameter", 9: "bad number", 10: "bad integer",
    12: "bad token", 14: "unknown token",
}  # fmt: skip
_WORDS = {"ON": True, "1": True, "OFF": False, "0": False}
_LOOK_EVERY = 10
"""Events and the cooler are asked for on every so many reads, and after any change."""


class SrsLaser:
    """Source driven by current: A here, mA on the wire."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="srs-laser",
        title="SRS LDC500/LDC501/LDC502 laser-diode controller",
        capabilities=frozenset({"source"}),
        transport="serial",
        serial=SerialSettings(baud=9600),
        confirms_emission=True,
        drive="current",
        slowest_exchange_s=_REPLY_S,
        question=Question(b"*IDN?\n", r"stanford.*\bLDC50[012]\b"),
        settings={
            "max_current": "highest current the diode may ever get, e.g. 400 mA",
            "max_voltage": "compliance voltage at which the laser goes off, 0.1 to 10 V; as it is "
            "set at the controller when not given",
            "interface": "serial, gpib or ethernet; serial when not given. Ethernet has to be "
            "unlocked",
            "cooler": "required or ignored: whether the controller's own cooler must be on for the "
            "diode to be lit; required when not given",
            "baud": "as set at the controller; 9600 when not given",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        self._max_a = given.quantity("max_current", "current", 1e-3, 2.0) or 2.0
        self._max_v = given.quantity("max_voltage", "voltage", 0.1, 10.0)
        interface = given.choice("interface", ("serial", "gpib", "ethernet"), "serial")
        self._locked = interface == "ethernet"
        self._cooler = given.choice("cooler", ("required", "ignored"), "required") == "required"
        given.number("baud", (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200), 9600)
        self._highest_a = 0.0
        self._set_a: float | None = None
        # False from an off to the next level: what was set before an off is not lit after it.
        self._ready = False
        self._output: bool | None = None
        self._looked: tuple[str, ...] = ()
        self._until_look = 0

    async def identify(self) -> Identity:
        """Make, model, serial and firmware, once replies are known to end LF."""
        if self._locked:
            await self._write(b"\n")
            await self._write(b"ULOC 1\n")
        await self._write(b"\nTERM LF\n")
        text = await self._ask(b"*IDN?")
        make, model, serial, firmware = ([f.strip() for f in text.split(",")] + [""] * 4)[:4]
        if "STANFORD" not in make.upper() or model.upper() not in _HIGHEST_A:
            raise IdentityError("not an SRS LDC500, LDC501 or LDC502", seen=repr(text[:80]))
        self._highest_a = _HIGHEST_A[model.upper()]
        return Identity("SRS", model.upper(), serial.removeprefix("s/n"), firmware)

    async def configure(self) -> None:
        """Off, confirmed; constant, unmodulated current; set point zero; old errors read away."""
        await self._write(_OFF)
        await self._write(b"TOKN ON\n")
        for stale in (b"LCME?", b"LEXE?", b"LDEV?"):
            await self._ask(stale)
        # What needs no more than half the range gets the finer half.
        wide = self._max_a > self._highest_a / 2.0
        for command in (b"SILD 0", b"SMOD CC", b"MODU OFF", b"RNGE HIGH" if wide else b"RNGE LOW"):
            await self._set(command, "configuring")
        if self._max_v is not None:
            await self._set(b"SVLM %.2f" % self._max_v, f"limiting to {self._max_v:g} V")
            refuse_other("voltage limit", self._max_v, await self._number(b"SVLM?"), "V")
        mode = await self._ask(b"SMOD?")
        if mode.upper() != "CC":
            raise DeviceRefusedError("constant-current mode was not taken", seen=mode[:40])
        self._set_a = await self._number(b"SILD?") / _MA
        self._until_look = 0
        if (await self.read()).beam is not Beam.OFF:
            raise DeviceRefusedError(
                "the laser does not read off after it was switched off",
                fix="Switch it off at the front panel.",
            )

    # -- source ------------------------------------------------------------------------------

    async def off(self) -> None:
        """Write `LDON OFF` at once, on a line of its own; nothing is answered to it."""
        self._ready = False
        self._until_look = 0
        await self._port.urgent(_OFF)

    async def read(self) -> SourceState:
        """Three exchanges as a rule, five when something changed and on every tenth read."""
        lit = await self._flag(b"LDON?")
        current_a = await self._number(b"RILD?") / _MA
        t_ns = self._port.arrived_ns
        interlock = (await self._ask(b"ILOC?")).upper()
        if interlock not in ("CLOSED", "OPEN"):
            raise PortProtocolError("no state of the interlock", seen=repr(interlock[:40]))
        if lit is not self._output or self._until_look <= 0:
            await self._look(lit)
        self._until_look -= 1
        beam, faults = (Beam.ON if lit else Beam.OFF), self._looked
        if not lit and current_a > _DARK * self._highest_a:
            beam = Beam.UNKNOWN
            faults = (*faults, f"{current_a:.3f} A flow though the output is said to be off")
        set_a = self._set_a
        return SourceState(
            beam=beam,
            level=current_a,
            set_level=set_a,
            interlock_closed=interlock == "CLOSED",
            key_on=None,
            faults=faults,
            starting=lit and set_a is not None and current_a < 0.05 * set_a,
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
        await self._set(b"SILD %.3f" % (level_a * _MA), f"setting {level_a:g} A")
        self._set_a = await self._number(b"SILD?") / _MA
        refuse_other("current", level_a, self._set_a, step=_STEP_A)
        self._ready = True

    async def set_limit(self, level_a: float) -> None:
        """The hardware clamp, read back. It drags a higher set point down, so that a level has to
        be set after it."""
        refuse_outside(level_a, self._max_a)
        self._ready = False
        await self._set(b"SILM %.3f" % (level_a * _MA), f"limiting to {level_a:g} A")
        held_a = await self._number(b"SILM?") / _MA
        refuse_other("current limit", level_a, held_a, step=_STEP_A)

    async def light(self) -> None:
        """Output on, and asked whether it is. Whatever goes wrong, the guard switches off."""
        if not self._ready:
            raise DeviceRefusedError("no level was set since it was last switched off")
        self._until_look = 0
        if self._cooler and not await self._flag(b"TEON?"):
            raise DeviceRefusedError(
                "the diode's cooler is off",
                fix="Switch it on and let it settle; a diode cooled by other means: `cooler: "
                "ignored` in the bench file.",
            )
        await self._set(b"LDON ON", "switching the output on")
        if not await self._flag(b"LDON?"):
            raise DeviceRefusedError(
                "the output did not go on, and no error was told",
                fix="Look at the interlock and the cooler.",
            )

    # -- inside ------------------------------------------------------------------------------

    async def _look(self, lit: bool) -> None:
        """What switched it off by itself since the last look, and the cooler."""
        events = round(await self._number(b"LDEV?"))
        faults = [word for bit, word in _EVENTS.items() if events & bit]
        if self._cooler and not await self._flag(b"TEON?"):
            faults.append("cooler is off")
        self._looked = tuple(faults)
        self._output = lit
        self._until_look = _LOOK_EVERY

    async def _set(self, command: bytes, doing: str) -> None:
        """A set command, then what the controller thinks of it.

        Neither question is repeated after a timeout: reading an error removes it.
        """
        await self._write(command + b"\n")
        await self._port.pause(_ERROR_S)
        seen = []
        for query, words in ((b"LCME?", _COMMAND_ERRORS), (b"LEXE?", {})):
            code = await self._number(query, again=False)
            if code != 0:
                name = query.decode().rstrip("?")
                seen.append(f"{name} {code:g} {words.get(round(code), '')}".rstrip())
        if seen:
            raise DeviceRefusedError(f"refused while {doing}", seen="; ".join(seen))

    async def _write(self, data: bytes) -> None:
        await self._port.exchange(data, _SILENT, timeout_s=_REPLY_S)

    async def _ask(self, query: bytes, *, again: bool = True) -> str:
        reply = await self._port.exchange(query + b"\n", _LINE, timeout_s=_REPLY_S, retry=again)
        return reply.decode("ascii", "replace").strip()

    async def _flag(self, query: bytes) -> bool:
        text = await self._ask(query)
        if text.upper() not in _WORDS:
            raise PortProtocolError(
                f"{query!r} was answered by neither on nor off", seen=repr(text[:40])
            )
        return _WORDS[text.upper()]

    async def _number(self, query: bytes, *, again: bool = True) -> float:
        text = await self._ask(query, again=again)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise PortProtocolError(f"{query!r} was answered with no number", seen=repr(text[:40]))
        return value
