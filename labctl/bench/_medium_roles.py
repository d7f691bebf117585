"""Thermostat, doser and assay in their roles: each with what the bench states of it.

None of them is lit, so that the guard holds none of them; whoever begins something here ends it on
every way out (decision 0022).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from labctl.bench._assays import AssayCalibration, AssayResult
from labctl.bench._stocks import Stock
from labctl.clock import NS
from labctl.errors import InstrumentError, PortTimeoutError, RefusedError, SafetyError
from labctl.events import Invalid, Reading
from labctl.instruments import (
    Assay,
    Doser,
    DoserState,
    Instrument,
    Thermostat,
    ThermostatState,
)
from labctl.quantities import Kind, format

THERMOSTAT_CHANNELS = ("thermostat.temperature", "thermostat.set")
LEAST_PERIOD_S = 5.0
"""A bath is slow, and its answers are; this also feeds a watchdog of 20 s and more."""
_TAKEN_K = 0.5
_SILENT_S = 60.0
"""One that regulates and does not answer for longer is one that nobody watches."""
_OVER_K = 5.0
"""A bath swings over its set point; this far over its highest one, something is wrong."""


@dataclass(slots=True)
class ThermostatRole:
    """A thermostat with how warm this bench lets it be."""

    instrument: Instrument
    driver: Thermostat
    max_degc: float
    """Highest set point."""
    cap_degc: float | None
    """The bench's limit `temperature`: the instrument's own protection must not stand above it."""
    now_ns: Callable[[], int]
    every_s: float = LEAST_PERIOD_S
    """`read` asks no more often."""
    state: ThermostatState | None = None
    """As it was read last."""
    _wanted_degc: float | None = field(default=None, repr=False)
    _next_ns: int = field(default=0, repr=False)
    _heard_ns: int = field(default=0, repr=False)

    def refuse(self, degc: float) -> None:
        """RefusedError for a set point that this bench does not allow."""
        if not degc <= self.max_degc:
            raise RefusedError(
                f"{format(degc, Kind.TEMPERATURE)} is above what the thermostat of this bench may "
                f"be set to, {format(self.max_degc, Kind.TEMPERATURE)}",
                fix="Ask for less, or have `thermostat: max_temperature` of the bench changed.",
            )

    async def start(self, degc: float) -> None:
        """Set the point and regulate from now on. RefusedError above the bench's highest,
        SafetyError where the instrument's own over-temperature protection stands above the bench's
        limit, or it reports a fault, which some tell only once: then nothing is begun."""
        self.refuse(degc)
        state = await self._look()
        if state.faults:
            raise SafetyError(
                f"{self.instrument.name} is not started: {'; '.join(state.faults)}",
                where=str(self.instrument.address),
                fix="See to it at the instrument.",
            )
        safety, cap = state.safety_degc, self.cap_degc
        if safety is not None and cap is not None and safety > cap:
            raise SafetyError(
                f"the over-temperature protection of {self.instrument.name} stands at "
                f"{format(safety, Kind.TEMPERATURE)}, above the bench's limit of "
                f"{format(cap, Kind.TEMPERATURE)}",
                where=str(self.instrument.address),
                fix="Turn the protection at the instrument down.",
            )
        # From here on it may regulate at this, whatever becomes of the answer.
        self._wanted_degc = degc
        await self.instrument.job(lambda: self.driver.set_temperature(degc))
        await self.instrument.job(self.driver.start)
        self._next_ns = 0

    async def stop(self, reopens: bool = False) -> None:
        """Regulate no longer; `reopens`: by its port opened anew. Raises when that could not be
        told to it, or it says that it goes on."""
        if reopens:
            await self.instrument.reopen()
        await self.instrument.job(self.driver.stop)
        state = await self._look()
        if state.on:
            raise InstrumentError(
                f"{self.instrument.name} was told to stop, and says that it regulates",
                where=str(self.instrument.address),
                fix="Switch it off at the instrument.",
            )
        self._wanted_degc = None

    @property
    def running(self) -> bool:
        """It was started from here, and not stopped yet."""
        return self._wanted_degc is not None

    async def read(self) -> tuple[Reading | Invalid, ...]:
        """For the record: `thermostat.temperature`, of its own sensor, and `thermostat.set`; empty
        between two of its readings. Also what feeds its watchdog."""
        now_ns = self.now_ns()
        if now_ns < self._next_ns:
            return ()
        self._next_ns = now_ns + round(self.every_s * NS)
        try:
            state = await self._look()
        except PortTimeoutError as error:
            return (Invalid(THERMOSTAT_CHANNELS[0], "timeout", error.what, self.now_ns()),)
        told = zip(THERMOSTAT_CHANNELS, (state.bath_degc, state.set_degc), strict=True)
        now_ns = self.now_ns()
        return tuple(Reading(c, value, "degC", now_ns) for c, value in told if value is not None)

    def trouble(self) -> str:
        """In words, what is wrong with it by its last reading; empty when nothing is. Whoever
        started it stops it then."""
        state, wanted = self.state, self._wanted_degc
        if state is None:
            return ""
        if state.faults:
            return "; ".join(state.faults)
        bath = state.bath_degc
        if bath is not None and bath > self.max_degc + _OVER_K:
            return (
                f"it is at {format(bath, Kind.TEMPERATURE)}, and may be set to at most "
                f"{format(self.max_degc, Kind.TEMPERATURE)}"
            )
        if wanted is None:
            return ""
        silent_s = (self.now_ns() - self._heard_ns) / NS
        if silent_s > max(_SILENT_S, 3.0 * self.every_s):
            return f"it has not answered for {silent_s:.0f} s while it regulates"
        if state.on is False:
            return "it has stopped regulating by itself"
        if state.set_degc is not None and abs(state.set_degc - wanted) > _TAKEN_K:
            return (
                f"its set point is {format(state.set_degc, Kind.TEMPERATURE)}, and it was set to "
                f"{format(wanted, Kind.TEMPERATURE)}"
            )
        return ""

    async def _look(self) -> ThermostatState:
        self.state = await self.instrument.job(self.driver.read_thermostat)
        self._heard_ns = self.now_ns()
        return self.state


@dataclass(frozen=True, slots=True)
class DoserRole:
    """A doser with what stands in its channels."""

    instrument: Instrument
    driver: Doser
    stocks: Mapping[str, Stock]

    def stock(self, agent: str) -> Stock:
        """RefusedError for an agent that this bench has no stock of."""
        found = self.stocks.get(agent)
        if found is None:
            raise RefusedError(
                f"this bench has no stock of {agent}",
                seen=f"it has {', '.join(self.stocks) or 'none'}",
                fix="Add it under `stocks`, or dose by hand.",
            )
        return found

    async def deliver(self, agent: str, volume_m3: float) -> None:
        """Begin to deliver from the agent's stock; returns at once. Never retried."""
        channel = self.stock(agent).channel
        await self.instrument.job(lambda: self.driver.deliver(channel, volume_m3))

    async def halt(self, reopens: bool = False) -> None:
        """Stop delivering, on every channel; `reopens`: by its port opened anew."""
        if reopens:
            await self.instrument.reopen()
        await self.instrument.job(self.driver.halt)

    async def read(self) -> DoserState:
        """Whether it still delivers, how much it has, and what is wrong with it."""
        return await self.instrument.job(self.driver.read_doser)


@dataclass(slots=True)
class AssayRole:
    """An assay with its calibrations in the medium."""

    instrument: Instrument
    driver: Assay
    calibrations: Mapping[str, AssayCalibration]
    now_ns: Callable[[], int]
    _species: str = ""
    _late: str = ""

    @property
    def species(self) -> tuple[str, ...]:
        """What it can measure here: the instrument can, and the bench has a calibration."""
        return tuple(one for one in self.driver.species if one in self.calibrations)

    @property
    def takes_s(self) -> float:
        """So long one measurement takes."""
        return self.driver.takes_s

    async def begin(self, species: str) -> None:
        """Begin one measurement; returns at once. RefusedError without a calibration. What was
        not answered in time is a result with a `trouble`."""
        if species not in self.species:
            raise RefusedError(
                f"this bench cannot assay {species}",
                seen=f"it can {', '.join(self.species) or 'nothing'}",
                fix="Add its calibration under `assays`, or type the value by hand.",
            )
        self._species, self._late = species, ""
        try:
            await self.instrument.job(lambda: self.driver.begin_assay(species))
        except PortTimeoutError as error:
            # One answer that is late spoils one measurement, not a run of a day.
            self._late = error.what

    async def read(self) -> AssayResult | None:
        """The measurement begun last, by its calibration; None while it is not done. What did not
        answer in time is a result with a `trouble`."""
        calibration = self.calibrations[self._species]
        if self._late:
            return calibration.assayed(Invalid(self._species, "timeout", self._late, self.now_ns()))
        try:
            given = await self.instrument.job(self.driver.read_assay)
        except PortTimeoutError as error:
            given = Invalid(self._species, "timeout", error.what, self.now_ns())
        return None if given is None else calibration.assayed(given)
