"""Keysight E36312A and E36313A bench supplies, driving a calibration resistor by voltage.

No hardware was touched. Wire facts, and where they come from:

- verified in two or more public sources: lines end LF; `*IDN?` ->
  `Keysight Technologies,E36312A,MY59002391,2.1.0-1.0.4-1.12`; outputs 1 to 3, named by a channel
  list `(@2)` at the end of command or query; `VOLT`, `CURR` set and read back the set points in V
  and A, `OUTP 0|1`, `OUTP?`, `MEAS:VOLT?` and `MEAS:CURR?` what is at the terminals;
  `VOLT:SENS:SOUR INT|EXT` two or four wires; `SYST:ERR?`; output 1 gives 6 V, 2 and 3 give 25 V;
- verified in one public source: `VOLT:PROT` with `VOLT:PROT:STAT` and `VOLT:PROT:TRIP?` (over
  voltage), `CURR:PROT:STAT` and `CURR:PROT:TRIP?` (over current, switches off), the channel list
  with these;
- from the manual, unverified: the measurements go on while the output is off, at the sense
  terminals. That is why this family was chosen: a supply that says OFF while its resistor still
  gets power is found out.

There is no watchdog on the wire: if the host dies the resistor stays heated.
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
    Port,
    PortProtocolError,
    Question,
    Reading,
    Seal,
    Settings,
    Silent,
    SourceState,
)
from labctl_drivers._scpi import NO_NUMBER, ask, idn, refuse_errors, tell

_SILENT = Silent()
_ASK_S = 0.2
_MODELS = ("E36312A", "E36313A")
_HIGHEST_V = {1: 6.18, 2: 25.75, 3: 25.75}
_OVER = 1.05
"""Over-voltage protection trips at so many times the highest level: the supply overshoots a
little, and the sense wires see less than the terminals give."""
_DARK_W = 1e-3
"""More than this into the resistor while the output is said to be off is a contradiction."""
_LOOK_EVERY = 10
"""The protections are asked for on every so many reads, and after any change."""


class KeysightE36300:
    """Source driven by voltage, V at the resistor; its power is measured voltage times current."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="keysight-e36300",
        title="Keysight E36312A/E36313A bench supply",
        capabilities=frozenset({"source"}),
        transport="visa",
        confirms_emission=True,
        drive="voltage",
        slowest_exchange_s=_ASK_S,
        question=Question(b"*IDN?\n", r"keysight.*\bE3631[23]A\b"),
        settings={
            "output": "which output the resistor hangs on, 1 to 3; 2 when not given",
            "max_voltage": "highest voltage that may ever be set, e.g. 11 V",
            "max_current": "current limit; over it the output goes off, e.g. 150 mA",
            "sense": "four-wire or two-wire; four-wire when not given",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        output = given.integer("output", 1, 3, 2)
        highest_v = _HIGHEST_V[output]
        self._max_v = given.quantity("max_voltage", "voltage", 0.01, highest_v) or highest_v
        self._max_a = given.quantity("max_current", "current", 1e-3, 10.0)
        self._sense = given.choice("sense", ("four-wire", "two-wire"), "four-wire")
        self._at = b"(@%d)" % output
        self._off = b"OUTP 0,%s\n" % self._at
        self._set_v: float | None = None
        # False from an off to the next level: what was set before an off is not lit after it.
        self._ready = False
        self._output: bool | None = None
        self._tripped: tuple[str, ...] = ()
        self._until_look = 0

    async def identify(self) -> Identity:
        """Make, model, serial and firmware."""
        make, model, serial, firmware = (await idn(self._port, _ASK_S))[:4]
        if "KEYSIGHT" not in make.upper() or model.upper() not in _MODELS:
            raise IdentityError("not a Keysight E36312A or E36313A", seen=f"{make} {model}"[:80])
        return Identity("Keysight", model.upper(), serial, firmware)

    async def configure(self) -> None:
        """Off, confirmed; wires, limits and protections set and read back; zero volts."""
        port = self._port
        await port.exchange(self._off, _SILENT, timeout_s=_ASK_S)
        await tell(port, b"*CLS")
        wires = b"EXT" if self._sense == "four-wire" else b"INT"
        await self._tell(b"VOLT:SENS:SOUR", wires)
        await self._tell(b"VOLT", b"0")
        if self._max_a is not None:
            await self._tell(b"CURR", b"%.4f" % self._max_a)
        await self._tell(b"CURR:PROT:STAT", b"1")
        await self._tell(b"VOLT:PROT:STAT", b"1")
        await refuse_errors(port, "configuring", _ASK_S)
        held = (await self._ask(b"VOLT:SENS:SOUR?")).upper()
        if not held.startswith(wires.decode()):
            raise DeviceRefusedError(f"the sense wires were not taken: {self._sense}", seen=held)
        if self._max_a is not None:
            _refuse_other("current limit", self._max_a, await self._number(b"CURR?"), "A")
        self._set_v = await self._number(b"VOLT?")
        self._until_look = 0
        state = await self.read()
        if state.beam is not Beam.OFF:
            raise DeviceRefusedError(
                "the supply does not read off after it was switched off",
                fix="Switch its output off at the front panel, and pull the resistor's plug.",
            )
        if state.faults:
            # It stays latched, and would not be lit: somebody should know why first.
            raise DeviceRefusedError(
                "a protection of the supply has tripped",
                seen="; ".join(state.faults),
                fix="See to the cause, and clear it at the front panel.",
            )

    # -- source ------------------------------------------------------------------------------

    async def off(self) -> None:
        """Write `OUTP 0` at once; nothing is answered to it."""
        self._ready = False
        self._until_look = 0
        await self._port.urgent(self._off)

    async def read(self) -> SourceState:
        """Three exchanges as a rule, five when something changed and on every tenth read."""
        lit = await self._number(b"OUTP?") != 0
        voltage_v = await self._number(b"MEAS:VOLT?")
        current_a = await self._number(b"MEAS:CURR?")
        t_ns = self._port.arrived_ns
        if lit is not self._output or self._until_look <= 0:
            await self._look(lit)
        self._until_look -= 1
        power_w = voltage_v * current_a
        faults = self._tripped
        beam = Beam.ON if lit else Beam.OFF
        if not lit and power_w > _DARK_W:
            beam = Beam.UNKNOWN
            faults = (*faults, f"{power_w:.3f} W flow though the output is said to be off")
        return SourceState(
            beam=beam,
            level=voltage_v,
            set_level=self._set_v,
            interlock_closed=None,
            key_on=None,
            faults=faults,
            power_w=power_w,
            readings=(
                Reading("power", power_w, "W", t_ns),
                Reading("voltage", voltage_v, "V", t_ns),
                Reading("current", current_a, "A", t_ns),
            ),
        )

    def emitter(self, seal: Seal) -> Emitter:
        """For the guard alone."""
        if not isinstance(seal, Seal):
            raise TypeError("only the guard may energise a source, and this is not its seal")
        return _SupplyEmitter(self)

    # -- for the emitter ---------------------------------------------------------------------

    async def set_voltage(self, level_v: float) -> None:
        """Set point, read back; DeviceRefusedError for one outside the limits or not taken."""
        self._refuse_outside(level_v)
        self._ready = False
        await self._tell(b"VOLT", b"%.4f" % level_v)
        await refuse_errors(self._port, f"setting {level_v:g} V", _ASK_S)
        self._set_v = await self._number(b"VOLT?")
        _refuse_other("voltage", level_v, self._set_v, "V")
        self._ready = True

    async def set_limit(self, level_v: float) -> None:
        """The supply's own over-voltage protection, a little above the level, read back."""
        self._refuse_outside(level_v)
        trips_at_v = level_v * _OVER + 0.1
        await self._tell(b"VOLT:PROT", b"%.3f" % trips_at_v)
        await refuse_errors(self._port, f"limiting to {level_v:g} V", _ASK_S)
        _refuse_other("limit", trips_at_v, await self._number(b"VOLT:PROT?"), "V")

    async def energise(self) -> None:
        """Output on. Whatever goes wrong after the write, the guard switches off."""
        if not self._ready:
            raise DeviceRefusedError("no level was set since it was last switched off")
        self._until_look = 0
        await self._tell(b"OUTP", b"1")
        await refuse_errors(self._port, "switching the output on", _ASK_S)

    # -- inside ------------------------------------------------------------------------------

    async def _look(self, lit: bool) -> None:
        over_voltage = await self._number(b"VOLT:PROT:TRIP?") != 0
        over_current = await self._number(b"CURR:PROT:TRIP?") != 0
        words = ("over voltage", over_voltage), ("over current", over_current)
        self._tripped = tuple(f"{word}, switched off by itself" for word, is_so in words if is_so)
        self._output = lit
        self._until_look = _LOOK_EVERY

    async def _tell(self, command: bytes, value: bytes) -> None:
        await tell(self._port, b"%s %s,%s" % (command, value, self._at))

    async def _ask(self, query: bytes) -> str:
        return await ask(self._port, b"%s %s" % (query, self._at), _ASK_S)

    async def _number(self, query: bytes) -> float:
        text = await self._ask(query)
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not abs(value) < NO_NUMBER:
            raise PortProtocolError(f"{query!r} was answered with no number", seen=repr(text[:40]))
        return value

    def _refuse_outside(self, level_v: float) -> None:
        if not 0.0 <= level_v <= self._max_v:
            raise DeviceRefusedError(
                f"{level_v:g} V is outside 0 to {self._max_v:g} V",
                fix="`max_voltage` in the bench file is the resistor's limit; it is never clipped.",
            )


class _SupplyEmitter:
    """What the guard holds."""

    def __init__(self, supply: KeysightE36300) -> None:
        self._supply = supply

    async def set_level(self, level: float) -> None:
        await self._supply.set_voltage(level)

    async def limit_level(self, level: float) -> None:
        await self._supply.set_limit(level)

    async def on(self) -> None:
        await self._supply.energise()


def _refuse_other(what: str, asked: float, held: float, unit: str) -> None:
    if abs(held - asked) > max(2e-3, 1e-3 * asked):
        raise DeviceRefusedError(
            f"the {what} was not taken: asked {asked:.4f} {unit}", seen=f"{held:.4f} {unit}"
        )
