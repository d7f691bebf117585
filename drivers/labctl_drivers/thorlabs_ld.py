"""Thorlabs ITC4000, LDC4000 and CLD1010/CLD1015 laser-diode controllers, over USBTMC.

No hardware was touched. Wire facts, and where they come from:

- verified in the manufacturer's SCPI reference for the 4000 series and in public programs besides:
  lines end LF; `*IDN?` -> `Thorlabs,ITC4001,M00404162,1.8.0/1.5.0/2.3.0` (make in either case);
  values in A, V, W; `OUTP1:STAT 0|1` and `OUTP1:STAT?` the laser diode, `OUTP2:STAT?` the cooler;
  `SOUR1:CURR` and `SOUR1:CURR:LIM` set point and limit, `MEAS:CURR?` what flows;
  `SOUR1:FUNC:MODE CURR|POW`, `SOUR1:FUNC:SHAP DC|PULS`; `OUTP1:PROT:INTL|KEYL|VOLT|OTEM|EXT:TRIP?`
  -> 1 when the interlock is open, the key off, a protection has acted; `SYST:ERR?` -> `+0,"No
  error"`; sets are answered with nothing;
- verified in one public source each: `SOUR1:AM` modulation on an ITC4001; on a CLD1015 the same
  output, current, error and protection commands, with `CONN` where the others have `EXT`; light
  comes about a second and `OUTP1:DEL` after the command;
- unverified: whether a protection stays tripped until the output is switched on again, and whether
  the measured current is exactly zero while it is off. A tripped protection is a fault here.

The set point is never above `SOUR1:CURR:LIM`, which the controller keeps in hardware. Modulation by
the rear socket and a CLD's modulation are not looked at: the limit holds there, too. There is no
watchdog on the wire: if the host dies the diode stays lit. The rear `LD ENABLE` input is where a
relay belongs.
"""

from __future__ import annotations

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
    Port,
    PortProtocolError,
    Question,
    Reading,
    Seal,
    Settings,
    Silent,
    SourceState,
)
from labctl_drivers._diode import DARK_A, DiodeEmitter, refuse_other, refuse_outside
from labctl_drivers._scpi import ask, idn, number, refuse_errors, tell

_SILENT = Silent()
_ASK_S = 0.2
_OFF = b"OUTP1:STAT 0\n"
_MODEL = re.compile(r"(?P<family>ITC40|LDC40|CLD10)\d\d\w*")
_MOST_A = 20.0
_DELAY_S = 5.0
"""The longest switch-on delay that is taken; a class 4 laser's own is 3 to 5 s."""
_LOOK_EVERY = 10
"""Key, protections and cooler are asked for on every so many reads, and after any change."""
_PROTECTIONS = {
    b"OUTP1:PROT:VOLT:TRIP?": "voltage protection tripped",
    b"OUTP1:PROT:OTEM:TRIP?": "controller too hot",
}
_ENABLE = {b"OUTP1:PROT:EXT:TRIP?": "LD ENABLE input low"}
_CONNECTION = {b"OUTP1:PROT:CONN:TRIP?": "diode not connected"}


class ThorlabsLaser:
    """Source driven by current, A."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="thorlabs-laser",
        title="Thorlabs ITC4000/LDC4000/CLD1015 laser-diode controller",
        capabilities=frozenset({"source"}),
        transport="visa",
        confirms_emission=True,
        drive="current",
        slowest_exchange_s=_ASK_S,
        # Light comes a second after the delay, and is seen at the read behind it.
        starts_within_s=_DELAY_S + 2.0,
        question=Question(b"*IDN?\n", r"thorlabs,\s*(ITC40|LDC40|CLD10)\d\d"),
        settings={
            "max_current": "highest current the diode may ever get, e.g. 2.5 A",
            "cooler": "required or ignored: whether the controller's own cooler must be on for the "
            "diode to be lit (ITC, CLD); required when not given",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        self._max_a = given.quantity("max_current", "current", 1e-3, _MOST_A) or _MOST_A
        self._cooler = given.choice("cooler", ("required", "ignored"), "required") == "required"
        self._family = ""
        self._set_a: float | None = None
        # False from an off to the next level: what was set before an off is not lit after it.
        self._ready = False
        self._output: bool | None = None
        self._key_on: bool | None = None
        self._looked: tuple[str, ...] = ()
        self._until_look = 0

    async def identify(self) -> Identity:
        """Make, model, serial and firmware; a TED4000, which has no laser output, is a stranger."""
        make, model, serial, firmware = (await idn(self._port, _ASK_S))[:4]
        found = _MODEL.fullmatch(model.upper())
        if make.upper() != "THORLABS" or found is None:
            raise IdentityError(
                "not a Thorlabs ITC4000, LDC4000 or CLD1000", seen=f"{make} {model}"[:80]
            )
        self._family = found["family"][:3]
        return Identity("Thorlabs", model.upper(), serial, firmware)

    async def configure(self) -> None:
        """Off, confirmed; constant, unmodulated current; set point zero; limit to `max_current`."""
        port = self._port
        await port.exchange(_OFF, _SILENT, timeout_s=_ASK_S)
        await tell(port, b"*CLS")
        await tell(port, b"SOUR1:CURR 0")
        await tell(port, b"SOUR1:FUNC:MODE CURR")
        if self._family != "CLD":
            await tell(port, b"SOUR1:FUNC:SHAP DC")
            await tell(port, b"SOUR1:AM 0")
        await refuse_errors(port, "configuring", _ASK_S)
        await self._hold(b"SOUR1:FUNC:MODE?", "CURR", "constant-current mode")
        if self._family != "CLD":
            await self._hold(b"SOUR1:FUNC:SHAP?", "DC", "unpulsed output")
            await self._refuse_long_delay()
        self._set_a = await self._number(b"SOUR1:CURR?")
        self._until_look = 0
        if (await self.read()).beam is not Beam.OFF:
            raise DeviceRefusedError(
                "the laser does not read off after it was switched off",
                fix="Switch it off by its key, and look at the front panel.",
            )

    # -- source ------------------------------------------------------------------------------

    async def off(self) -> None:
        """Write `OUTP1:STAT 0` at once; nothing is answered to it."""
        self._ready = False
        self._until_look = 0
        await self._port.urgent(_OFF)

    async def read(self) -> SourceState:
        """Three exchanges as a rule; key, protections and cooler beside when something changed and
        on every tenth read."""
        lit = await self._flag(b"OUTP1:STAT?")
        current_a = await self._number(b"MEAS:CURR?")
        t_ns = self._port.arrived_ns
        interlock_open = await self._flag(b"OUTP1:PROT:INTL:TRIP?")
        if lit is not self._output or self._until_look <= 0:
            await self._look(lit)
        self._until_look -= 1
        beam, faults = (Beam.ON if lit else Beam.OFF), self._looked
        if not lit and current_a > DARK_A:
            beam = Beam.UNKNOWN
            faults = (*faults, f"{current_a:.3f} A flow though the output is said to be off")
        set_a = self._set_a
        return SourceState(
            beam=beam,
            level=current_a,
            set_level=set_a,
            interlock_closed=not interlock_open,
            key_on=self._key_on,
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
        await tell(self._port, b"SOUR1:CURR %.6f" % level_a)
        await refuse_errors(self._port, f"setting {level_a:g} A", _ASK_S)
        self._set_a = await self._number(b"SOUR1:CURR?")
        refuse_other("current", level_a, self._set_a)
        self._ready = True

    async def set_limit(self, level_a: float) -> None:
        """The controller's own current limit, read back. It drags a higher set point down, so that
        a level has to be set after it."""
        refuse_outside(level_a, self._max_a)
        self._ready = False
        await tell(self._port, b"SOUR1:CURR:LIM %.6f" % level_a)
        await refuse_errors(self._port, f"limiting to {level_a:g} A", _ASK_S)
        refuse_other("current limit", level_a, await self._number(b"SOUR1:CURR:LIM?"))

    async def light(self) -> None:
        """Output on, and asked whether it is. Whatever goes wrong, the guard switches off."""
        if not self._ready:
            raise DeviceRefusedError("no level was set since it was last switched off")
        self._until_look = 0
        if await self._cooler_is_off():
            raise DeviceRefusedError(
                "the diode's cooler is off",
                fix="Switch it on and let it settle; a diode cooled by other means: `cooler: "
                "ignored` in the bench file.",
            )
        await tell(self._port, b"OUTP1:STAT 1")
        await refuse_errors(self._port, "switching the output on", _ASK_S)
        if not await self._flag(b"OUTP1:STAT?"):
            raise DeviceRefusedError(
                "the output did not go on, and no error was told",
                fix="Look at interlock, key, LD ENABLE and cooler.",
            )

    # -- inside ------------------------------------------------------------------------------

    async def _look(self, lit: bool) -> None:
        """Key, protections, and the cooler where the controller has one."""
        self._key_on = not await self._flag(b"OUTP1:PROT:KEYL:TRIP?")
        words = _PROTECTIONS | (_CONNECTION if self._family == "CLD" else _ENABLE)
        faults = [word for query, word in words.items() if await self._flag(query)]
        if await self._cooler_is_off():
            faults.append("cooler is off")
        self._looked = tuple(faults)
        self._output = lit
        self._until_look = _LOOK_EVERY

    async def _refuse_long_delay(self) -> None:
        """The delay is somebody's warning time, and is not shortened here."""
        delay_s = await self._number(b"OUTP1:DEL?")
        if delay_s > _DELAY_S:
            raise DeviceRefusedError(
                f"the output is delayed by {delay_s:g} s, and light that has not come "
                f"{self.spec.starts_within_s:g} s after ON is taken for a fault",
                fix=f"Set the switch-on delay to at most {_DELAY_S:g} s at the controller; labctl "
                "warns before it lights.",
            )

    async def _cooler_is_off(self) -> bool:
        """False as well where there is none to ask, or where nobody wants to know."""
        asked = self._cooler and self._family != "LDC"
        return asked and not await self._flag(b"OUTP2:STAT?")

    async def _hold(self, query: bytes, wanted: str, what: str) -> None:
        held = (await ask(self._port, query, _ASK_S)).upper()
        if not held.startswith(wanted):
            raise DeviceRefusedError(f"{what} was not taken", seen=held[:40])

    async def _flag(self, query: bytes) -> bool:
        text = await ask(self._port, query, _ASK_S)
        if text not in ("0", "1"):
            raise PortProtocolError(f"{query!r} was answered by neither 0 nor 1", seen=text[:40])
        return text == "1"

    async def _number(self, query: bytes) -> float:
        return await number(self._port, query, _ASK_S)
