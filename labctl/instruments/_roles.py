"""Instruments in the roles that the guard holds: what lights, what confirms, what is in the way.

A role turns what an instrument gives (watts on a meter's head, amperes) into what a run speaks of
(watts at the sample), with a bench's calibrations. They stand here, below bench and guard, because
the guard's own process makes them too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from labctl.errors import PortTimeoutError
from labctl.events import Invalid, Reading
from labctl.instruments._capabilities import (
    Emitter,
    Gate,
    Gatekeeper,
    GateState,
    PowerMeter,
    Source,
    SourceState,
)
from labctl.instruments._instrument import Instrument
from labctl.instruments._seal import Seal

SHUTTER, DEADMAN = "shutter", "deadman"
GATES = (SHUTTER, DEADMAN)
"""Roles of what stands in the laser's way."""


def renamed(given: Reading | Invalid, channel: str) -> Reading | Invalid:
    """The same reading under the record's name for its channel."""
    if isinstance(given, Reading):
        return Reading(channel, given.value, given.unit, given.t_ns)
    return Invalid(channel, given.reason, given.detail, given.t_ns)


@dataclass(frozen=True, slots=True)
class MeterRole:
    """A power meter on a pick-off of the beam, giving watts at the sample."""

    instrument: Instrument
    driver: PowerMeter
    pick_off: float
    """Watts on the head per watt at the sample."""
    now_ns: Callable[[], int]

    async def read_power_at_sample(self) -> Reading | Invalid:
        """Power at the sample; invalid when the meter did not answer in time."""
        try:
            given = await self.instrument.job(self.driver.read_power)
        except PortTimeoutError as error:
            return Invalid("meter.power", "timeout", error.what, self.now_ns())
        if isinstance(given, Invalid):
            return renamed(given, "meter.power")
        return Reading("meter.power", given.value / self.pick_off, "W", given.t_ns)


@dataclass(frozen=True, slots=True)
class SourceRole:
    """A source with its calibration: power at the sample against drive level. A resistor is one as
    a laser is."""

    instrument: Instrument
    driver: Source
    confirms: bool
    level_for: Callable[[float], float]
    measured_w: Callable[[float], float | None] | None = None
    """Power by the measured level, for a source that tells no better; its None says nothing."""

    @property
    def sets_power_before_on(self) -> bool:
        return self.instrument.spec.sets_power_before_on

    @property
    def takes_power_lit(self) -> bool:
        return self.instrument.spec.takes_power_lit

    @property
    def needs_shutter(self) -> bool:
        """In-process nothing can be hurt, and a bench may be tried out without."""
        return not (self.sets_power_before_on or self.instrument.address.simulated)

    async def off(self) -> None:
        """Off, at once and blind: past the port's queue."""
        await self.instrument.off()

    async def read(self) -> SourceState:
        state = await self.instrument.job(self.driver.read)
        if self.measured_w is None or state.level is None or state.power_w is not None:
            return state
        power_w = self.measured_w(state.level)
        if power_w is None:
            return state
        read_ns = max((reading.t_ns for reading in state.readings), default=None)
        told = () if read_ns is None else (Reading("power", power_w, "W", read_ns),)
        return replace(state, power_w=power_w, readings=(*told, *state.readings))

    async def emitter(self, seal: Seal) -> Emitter:
        return _OnPort(self.instrument, self.driver.emitter(seal))

    async def reopen(self) -> None:
        """Open the port anew; connecting forces a source off."""
        await self.instrument.reopen()

    def level(self, power_w: float) -> float:
        """Drive level for a power at the sample; RefusedError outside the calibration."""
        return self.level_for(power_w)


@dataclass(frozen=True, slots=True)
class GateRole:
    """A gate in the laser's way: the role `shutter` stands in the beam, `deadman` in the loop."""

    name: str
    instrument: Instrument
    driver: Gate

    @property
    def in_beam(self) -> bool:
        return self.name == SHUTTER

    @property
    def drops_after_s(self) -> float | None:
        return self.driver.drops_after_s

    async def block(self) -> None:
        """Block; past the port's queue where the instrument can be told so blindly."""
        await self.instrument.block()

    async def read(self) -> GateState:
        return await self.instrument.job(self.driver.read_gate)

    async def gatekeeper(self, seal: Seal) -> Gatekeeper:
        return _KeeperOnPort(self.instrument, self.driver.gatekeeper(seal))


class _KeeperOnPort:
    """A gatekeeper whose every act is one job of the port's worker, never repeated."""

    def __init__(self, instrument: Instrument, keeper: Gatekeeper) -> None:
        self._instrument = instrument
        self._keeper = keeper

    async def let_through(self) -> None:
        await self._instrument.job(self._keeper.let_through)

    async def feed(self) -> GateState:
        return await self._instrument.job(self._keeper.feed)


class _OnPort:
    """An emitter whose every act is one job of the port's worker, never repeated."""

    def __init__(self, instrument: Instrument, emitter: Emitter) -> None:
        self._instrument = instrument
        self._emitter = emitter

    async def set_level(self, level: float) -> None:
        await self._instrument.job(lambda: self._emitter.set_level(level))

    async def limit_level(self, level: float) -> None:
        await self._instrument.job(lambda: self._emitter.limit_level(level))

    async def on(self) -> None:
        await self._instrument.job(self._emitter.on)
