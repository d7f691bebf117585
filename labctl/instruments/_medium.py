"""What acts on the medium around the particles and tells what they have let go into it.

A thermostat sets the surroundings, a doser adds from its stocks, an assay measures species. None of
them lights anything. As with every driver, methods are `async def` and await only the port.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from labctl.events import Invalid, Reading

THERMOSTAT, DOSER, ASSAY = "thermostat", "doser", "assay"
MEDIUM = (THERMOSTAT, DOSER, ASSAY)
"""Roles of what acts on the medium or looks into it; as capabilities they are called the same."""


@dataclass(frozen=True, slots=True)
class ThermostatState:
    """What a thermostat says of itself. Fields it cannot read are None."""

    set_degc: float | None
    """Set point as read back."""
    bath_degc: float | None
    """Of its own sensor."""
    on: bool | None
    safety_degc: float | None = None
    """At which the instrument's own over-temperature protection switches it off."""
    faults: tuple[str, ...] = ()
    """In words; empty when none is reported."""


@runtime_checkable
class Thermostat(Protocol):
    """Keeps the surroundings of the sample at a temperature: a bath, a plate, a holder."""

    async def set_temperature(self, degc: float) -> None:
        """Set the point and read it back; DeviceRefusedError when it holds another. Refuses, never
        clips."""
        ...

    async def start(self) -> None:
        """Regulate from now on."""
        ...

    async def stop(self) -> None:
        """Regulate no longer, at once; what it heats cools down by itself."""
        ...

    async def read_thermostat(self) -> ThermostatState:
        """Ask for the state; where the instrument has a communication watchdog this feeds it."""
        ...


@dataclass(frozen=True, slots=True)
class DoserState:
    """What a doser says of itself."""

    busy: bool
    """It is delivering."""
    delivered_m3: float | None
    """Since the last `deliver`, as it counts it; None where it does not."""
    faults: tuple[str, ...] = ()
    """In words, `stalled`; empty when none is reported."""


@runtime_checkable
class Doser(Protocol):
    """Adds a volume of one of its stocks to the sample. What a stock is, the bench file says."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Its pumps or valves, as the bench file names them."""
        ...

    async def deliver(self, channel: str, volume_m3: float) -> None:
        """Begin to deliver; returns at once. Never retried. DeviceRefusedError for a volume that
        the instrument cannot give."""
        ...

    async def halt(self) -> None:
        """Stop delivering, on every channel."""
        ...

    async def read_doser(self) -> DoserState:
        """Whether it still delivers, and how much it has."""
        ...


@runtime_checkable
class Assay(Protocol):
    """Measures what is dissolved in the medium: quinidine and doxorubicin by fluorescence, nitrite
    by Griess, glutathione by DTNB, iron, a dye that radicals bleach."""

    @property
    def species(self) -> tuple[str, ...]:
        """What it can measure, by the names of the bench file."""
        ...

    @property
    def takes_s(self) -> float:
        """So long one measurement takes."""
        ...

    async def begin_assay(self, species: str) -> None:
        """Begin one measurement; returns at once."""
        ...

    async def read_assay(self) -> Reading | Invalid | None:
        """The signal of the measurement begun last, `Reading.channel` is the species and its unit
        the instrument's own (`counts`, `AU`); None while it is not done. What it means in mol/m^3
        is the bench's calibration in the medium, not the driver's."""
        ...
