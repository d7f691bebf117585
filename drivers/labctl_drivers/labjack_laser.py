"""Any laser with an analog power input and a TTL (or relay) gate, driven by a LabJack T7.

For the many boxes that have no protocol, or a private one: an analog output of the T7 sets the
power, a digital line opens the gate, and the T7's own watchdog closes it, and takes the voltage
away, when the guard no longer feeds it. Where they are wired, a line tells of the interlock loop
and an analog input reads the box's monitor photodiode.

No hardware was touched. Wire facts, and where they come from:

- from the maker's published table of registers: 1000 and 1002 set the analog outputs in volts and
  read back what was set; 2000 + n writes one digital line, makes it an output, and reading it makes
  it an input; 2 n reads an analog input in volts; the watchdog at 61600 with its action on the
  analog outputs at 61640 (enable) and 61642 (volts), 61650 and 61652 for the second;
- verified in one public source: the watchdog's settings are in flash, which wears, so that they are
  written only where they differ; it fires again and again while it is not fed;
- from memory, unverified: the analog outputs reach 5 V and are near 0 V when the device starts; a
  line that nobody has written is an input, pulled up by some 100 kOhm.

Wire the gate so that *high* lights and put 10 kOhm from it to ground, else a T7 that starts opens
it. A box whose gate is open when low needs an inverter between. What the analog output is told is
not what comes out of the laser: the T7 cannot see the light, so the source is never *confirmed* off
by it. A monitor photodiode that sees light is believed, one that sees none is not.

The watchdog is fed by `read`, and only from the moment at which the laser is lit to the next off:
the guard alone reads a source, in the loop in which it looks at every rule. So this T7 is the
laser's own dead-man, in whole seconds; declare it as such in the bench file.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, ClassVar

from labctl.instruments import (
    Beam,
    DeviceRefusedError,
    DriverSpec,
    Emitter,
    Identity,
    Port,
    PortProtocolError,
    Reading,
    Seal,
    Settings,
    SourceState,
)
from labctl_drivers._modbus import RESERVED
from labctl_drivers._t7 import HIGH, LAST_LINE, LINE, LOW, REPLY_S, T7, WATCHDOG
from labctl_drivers._watts import PowerEmitter, refuse_outside

_OUTPUT = 1000
_MOST_V = 5.0
_DAC_ACTION = 61640
_SHUT, _ZERO, _OPEN = RESERVED, RESERVED + 1, RESERVED + 2
"""Off and on are the same bytes every time, and no other answer is taken for theirs."""
_NO_VOLTS = struct.pack(">f", 0.0)
_TAKEN_V = 2e-3


class LabJackLaser:
    """Source driven by power, W as its label has it; `power_at_sample` in the bench file says what
    of that arrives."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="labjack-laser",
        title="Any laser with analog power input and TTL gate, by a LabJack T7",
        capabilities=frozenset({"source"}),
        transport="serial",
        confirms_emission=False,
        drive="power",
        slowest_exchange_s=REPLY_S,
        connections=2,
        slowest_off_s=0.05,
        settings={
            "full_power": "what the box gives at `full_scale`, by its label, e.g. 4 W; needed",
            "full_scale": "voltage for `full_power`, up to 5 V; 5 V when not given",
            "zero": "voltage at which light begins; 0 V when not given",
            "max_power": "highest power that may ever be set; `full_power` when not given",
            "output": "analog output that sets the power, 0 or 1; 0 when not given",
            "gate": "digital line that opens the gate, 0 to 22 (0 is FIO0); 0 when not given",
            "interlock": "digital line that the closed interlock loop pulls to ground",
            "monitor": "analog input, 0 to 13, with the box's monitor photodiode",
            "light_above": "voltage of the monitor that is light; 50 mV when not given",
            "timeout": "the gate closes when not fed for so many whole seconds, 1 to 10; 2 when "
            "not given",
        },
        fails_safe="hardware_watchdog",
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        self._t7 = T7(port)
        full_w = given.quantity("full_power", "power", 1e-3, 1000.0)
        if full_w is None:
            raise given.wrong("full_power", "a power, as the box's label has it")
        full_v = given.quantity("full_scale", "voltage", 0.1, _MOST_V)
        self._full_v = _MOST_V if full_v is None else full_v
        self._zero_v = given.quantity("zero", "voltage", 0.0, 0.9 * self._full_v) or 0.0
        self._full_w = full_w
        self._max_w = given.quantity("max_power", "power", 1e-3, full_w) or full_w
        self._output = _OUTPUT + 2 * given.integer("output", 0, 1, 0)
        self._gate = given.integer("gate", 0, LAST_LINE, 0)
        self._interlock = (
            given.integer("interlock", 0, LAST_LINE, -1) if "interlock" in settings else None
        )
        if self._interlock == self._gate:
            raise given.wrong("interlock", "another line than `gate`")
        self._monitor = given.integer("monitor", 0, 13, -1) if "monitor" in settings else None
        self._light_v = given.quantity("light_above", "voltage", 1e-3, 10.0) or 0.05
        self._timeout_s = given.integer("timeout", 1, 10, 2)
        modbus = self._t7.modbus
        self._shut = modbus.write_frame(LINE + self._gate, LOW, _SHUT)
        self._no_volts = modbus.write_frame(self._output, _NO_VOLTS, _ZERO)
        # None from an off to the next level: what was set before an off is not lit after it.
        self._level_w: float | None = None
        # True from the on to the next off: only then is the watchdog fed.
        self._lit = False

    async def identify(self) -> Identity:
        """The T7's; the box behind it cannot say who it is."""
        return await self._t7.identify()

    async def configure(self) -> None:
        """Gate shut and no volts, read back; the watchdog does the same when it fires."""
        t7 = self._t7
        self._level_w, self._lit = None, False
        await t7.modbus.write(LINE + self._gate, LOW, _SHUT)
        await t7.modbus.write(self._output, _NO_VOLTS, _ZERO)
        action = _DAC_ACTION + 5 * (self._output - _OUTPUT)
        await t7.watch(self._gate, self._timeout_s, ((action, 1), (action + 2, 0)))
        if self._interlock is not None:
            await t7.make_input(self._interlock)
        if self._monitor is not None:
            # Single-ended, +-10 V.
            await t7.write_number(40000 + 2 * self._monitor, 10.0)
            await t7.write_short(41000 + self._monitor, 199)
        driven, _ = await t7.outputs_and_levels()
        if driven & (1 << self._gate):
            raise DeviceRefusedError(
                "the gate's line stays high though it was set low",
                fix="Look at what else drives it; take the gate's plug out.",
            )

    # -- source ------------------------------------------------------------------------------

    async def off(self) -> None:
        """Gate shut, then no volts: two writes at once, whose answers are drained away. The
        watchdog is not fed from here on."""
        self._level_w, self._lit = None, False
        await self._port.urgent(self._shut)
        await self._port.urgent(self._no_volts)

    async def read(self) -> SourceState:
        """Three exchanges, four with a monitor, and one more that feeds the watchdog while lit."""
        t7, faults, beam, lit = self._t7, [], Beam.UNKNOWN, self._lit
        driven, levels = await t7.outputs_and_levels()
        t_ns = self._port.arrived_ns
        volts = await self._volts(self._output)
        readings = [Reading("voltage", volts, "V", t_ns)]
        is_open = bool(driven & (1 << self._gate))
        if self._monitor is not None:
            seen = await self._volts(2 * self._monitor)
            readings.append(Reading("monitor", seen, "V", self._port.arrived_ns))
            if seen > self._light_v:
                beam = Beam.ON
        if lit is not self._lit:
            # Switched off meanwhile: what was read before says nothing of after.
            pass
        elif is_open is not lit:
            said = "open though it was shut" if is_open else "shut though it was opened"
            faults.append(f"the gate is {said}")
            # Shut as its terminal has it; open though shut may well be light.
            beam = Beam.ON if is_open or beam is Beam.ON else Beam.OFF
        elif lit:
            await t7.feed()
        interlock = self._interlock
        return SourceState(
            beam=beam,
            level=self._power_w(volts) if is_open else 0.0,
            set_level=self._level_w,
            interlock_closed=None if interlock is None else not levels & (1 << interlock),
            key_on=None,
            faults=tuple(faults),
            readings=tuple(readings),
        )

    def emitter(self, seal: Seal) -> Emitter:
        """For the guard alone."""
        if not isinstance(seal, Seal):
            raise TypeError("only the guard may light a source, and this is not its seal")
        return PowerEmitter(self)

    # -- for the emitter ---------------------------------------------------------------------

    async def set_power(self, level_w: float) -> None:
        """The voltage for it, read back; DeviceRefusedError for one outside the limits or not
        taken."""
        refuse_outside(level_w, self._max_w)
        self._level_w = None
        volts = self._zero_v + level_w / self._full_w * (self._full_v - self._zero_v)
        volts = volts if level_w else 0.0
        if level_w:
            # A watchdog that fires meanwhile would take the voltage away.
            await self._t7.feed()
        await self._t7.write_number(self._output, volts)
        self._refuse_other(volts, await self._volts(self._output))
        self._level_w = level_w if level_w else None

    async def light(self) -> None:
        """Fed, the voltage still as set, then the gate; read back."""
        level_w = self._level_w
        if level_w is None:
            raise DeviceRefusedError("no level was set since it was last switched off")
        t7 = self._t7
        if await t7.word(WATCHDOG) != 1:
            raise DeviceRefusedError("the watchdog is not enabled")
        await t7.feed()
        volts = self._zero_v + level_w / self._full_w * (self._full_v - self._zero_v)
        self._refuse_other(volts, await self._volts(self._output))
        self._lit = True
        try:
            await t7.modbus.write(LINE + self._gate, HIGH, _OPEN)
        except BaseException:
            # Nobody knows whether it is open: the guard switches off, and nothing feeds it.
            self._lit = False
            raise
        driven, _ = await t7.outputs_and_levels()
        if not driven & (1 << self._gate):
            self._lit = False
            raise DeviceRefusedError("the gate's line does not go high")

    # -- inside ------------------------------------------------------------------------------

    def _power_w(self, volts: float) -> float:
        share = (volts - self._zero_v) / (self._full_v - self._zero_v)
        return max(0.0, share * self._full_w)

    async def _volts(self, register: int) -> float:
        volts = await self._t7.number(register)
        if not -20.0 < volts < 20.0:
            raise PortProtocolError(f"register {register}: no voltage", seen=f"{volts:g}")
        return volts

    def _refuse_other(self, asked_v: float, held_v: float) -> None:
        if abs(held_v - asked_v) > _TAKEN_V:
            raise DeviceRefusedError(
                f"the voltage was not taken: asked {asked_v:.4f} V", seen=f"{held_v:.4f} V"
            )
