"""What is true of one simulated bench: the numbers the physics runs on, drawn once from a seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labctl_simulators.world._bath import Circulator
from labctl_simulators.world._cargo import Cargo
from labctl_simulators.world._coil import Magnetism
from labctl_simulators.world._medium import Solution


@dataclass(frozen=True, slots=True)
class Liquid:
    """The dispersion in the vessel."""

    material: str
    volume_m3: float
    density_kg_per_m3: float
    specific_heat_j_per_kg_k: float
    absorbance: float
    """Decadic, of the particles over the path; 0 for a solvent."""
    solvent_absorbance: float
    """Decadic, of the solvent over the path."""
    efficiency: float
    """Heat over light absorbed by the particles, after the wall."""
    efficiency_placeholder: bool
    core_share: float
    """Share of the liquid that the beam passes through."""
    mixing_s: float
    """Time in which the stirrer evens core and rim out."""
    bleach_per_j: float = 0.0
    """Share of the particles' absorbance that a joule at the sample takes, for dyes."""

    @property
    def heat_capacity_j_per_k(self) -> float:
        """Of the whole liquid at the beginning."""
        return self.volume_m3 * self.density_kg_per_m3 * self.specific_heat_j_per_kg_k


@dataclass(frozen=True, slots=True)
class Vessel:
    """Cuvette and holder."""

    wall_heat_capacity_j_per_k: float
    wall_transmission: float
    """Share of the incident light that gets through the front wall."""
    rear_return: float
    """Share of the light arriving at the rear wall that comes back through the liquid."""
    film_w_per_k: float
    """Liquid to inner wall."""
    wall_w_per_k: float
    """Inner to outer wall, through the glass."""
    heat_loss_w_per_k: float
    """Differential loss of the liquid at the reference rise, holder and room held."""
    natural_share: float
    """Share of the surface loss that is natural convection (grows with rise^0.25)."""
    radiation_share: float
    """Share of the surface loss that is radiation (fourth powers)."""
    holder_share: float
    """Share of the surface loss that goes into the holder instead of the air."""
    holder_j_per_k: float
    holder_s: float
    """Time constant of the holder towards the room."""
    evaporation_area_m2: float
    headspace_m: float
    """Length of still air that vapour diffuses through."""


@dataclass(frozen=True, slots=True)
class Room:
    """Air around the bench."""

    temperature_degc: float
    drift_k_per_s: float
    swing_k: float
    """Amplitude of the air conditioning's cycle."""
    swing_s: float
    swing_phase: float
    humidity: float
    flutter: float
    """Relative deviation of the surface loss from draughts."""
    flutter_s: float
    start_offset_k: float
    """Liquid and wall above the air at the beginning."""


@dataclass(frozen=True, slots=True)
class Beam:
    """Laser and pick-off."""

    unit: str
    """Unit of the drive level, `A` or `W`."""
    threshold: float
    slope: float
    """Stated watts at the sample for one unit of level above the threshold."""
    power_factor: float
    """True power at the sample over the stated one, cold diode."""
    pick_off: float
    """Stated watts on the meter's head for one watt at the sample."""
    meter_factor: float
    """True power at the sample over what the meter's reading and the pick-off say."""
    sag: float
    """Relative loss of power of the warm diode."""
    sag_s: float
    rin: float
    """Relative intensity noise, standard deviation of its slow part."""
    rin_s: float


@dataclass(frozen=True, slots=True)
class Probes:
    """Thermocouple beads and the meter's head."""

    bead_lag_s: float
    bead_light_k_per_w: float
    """Direct light on the bead."""
    ambient_lag_s: float
    gain: float
    """Relative error of a temperature difference (stem, linearisation)."""
    common_offset_k: float
    """Cold-junction error, the same on every channel."""
    noise_k: float
    """Standard deviation at one power-line cycle of integration."""
    meter_lag_s: float
    meter_noise: float
    """Relative deviation of one sample of the meter."""
    meter_dark_w: float


@dataclass(frozen=True, slots=True)
class SecondBead:
    """Another thermocouple in the liquid."""

    lag_s: float
    offset_k: float
    """Of its wires, besides what all channels share."""
    light_k_per_w: float
    """Direct light on it."""


@dataclass(frozen=True, slots=True)
class Resistor:
    """The calibration resistor in the liquid, and its supply's own read-back."""

    resistance_ohm: float
    heat_capacity_j_per_k: float
    to_liquid_w_per_k: float
    lead_w_per_k: float
    """Up the wires into the room."""
    lead_share: float
    """Share of the measured power that stays in the wires outside the liquid."""
    voltage_gain: float
    """What the supply reads over what there is."""
    current_gain: float


@dataclass(frozen=True, slots=True)
class Truth:
    """One bench as it is."""

    seed: int
    liquid: Liquid
    vessel: Vessel
    room: Room
    beam: Beam
    probes: Probes
    heater: Resistor | None = None
    second: SecondBead | None = None
    cargo: tuple[Cargo, ...] = ()
    """What the particles carry."""
    solution: Solution = field(default_factory=Solution)
    """The medium at the beginning."""
    circulator: Circulator | None = None
    """A bath that may be fitted."""
    magnetism: Magnetism = field(default_factory=lambda: Magnetism(0.0, 0.0, 0.0))
    """What a coil's field would do."""
    assays: Mapping[str, Any] = field(default_factory=dict)
    """What the bench states of the calibration of each species."""
    assumed: tuple[str, ...] = ()
    """What the statement did not say and the simulator made up."""
