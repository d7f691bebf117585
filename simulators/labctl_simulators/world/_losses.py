"""Where the heat goes: surface, holder and evaporation, and the scale that gives a stated loss.

Surface losses of the outer wall are forced and natural convection and radiation; their common
scale is chosen so that the differential conductance of the liquid at the reference rise is the
drawn heat loss. Evaporation is diffusion through a still headspace (Fick, with Magnus' formula for
the saturation pressure of water).
"""

from __future__ import annotations

import math
from dataclasses import replace

from labctl_simulators.world._truth import Vessel

KELVIN = 273.15
REFERENCE_RISE_K = 15.0
"""Rise of the liquid over the air at which the drawn heat loss holds."""
GAS_J_PER_MOL_K = 8.314462618
WATER_KG_PER_MOL = 0.018015
DIFFUSION_M2_PER_S = 2.5e-5
"""Water vapour in air at 25 degC."""
VAPORISATION_J_PER_KG = 2.42e6
"""At 35 degC."""


def saturation_pa(temperature_degc: float) -> float:
    """Vapour pressure over water (Magnus' formula, -45 to 60 degC)."""
    return 610.94 * math.exp(17.625 * temperature_degc / (temperature_degc + 243.04))


def evaporation_scale(vessel: Vessel) -> float:
    """Watts for one Pa/K of difference in p/T between surface and air."""
    return (
        VAPORISATION_J_PER_KG
        * DIFFUSION_M2_PER_S
        * WATER_KG_PER_MOL
        * vessel.evaporation_area_m2
        / (GAS_J_PER_MOL_K * vessel.headspace_m)
    )


class Losses:
    """Conductances of one vessel in one room, scaled to its drawn heat loss."""

    __slots__ = ("evaporation", "forced", "holder", "natural", "radiation", "vessel")

    def __init__(self, vessel: Vessel, room_degc: float, humidity: float) -> None:
        self.vessel = vessel
        self.evaporation = evaporation_scale(vessel)
        low, high = 0.0, 50.0 * vessel.heat_loss_w_per_k
        for _ in range(50):
            middle = 0.5 * (low + high)
            self._scale(middle, room_degc)
            reached = self.conductance(room_degc + REFERENCE_RISE_K, room_degc, humidity, room_degc)
            if reached < vessel.heat_loss_w_per_k:
                low = middle
            else:
                high = middle

    def stoppered(self, share: float, room_degc: float, humidity: float) -> Losses:
        """The same vessel, its drawn heat loss included, with that share of the evaporation."""
        area_m2 = share * self.vessel.evaporation_area_m2
        return Losses(replace(self.vessel, evaporation_area_m2=area_m2), room_degc, humidity)

    def _scale(self, surface_w_per_k: float, room_degc: float) -> None:
        v = self.vessel
        kelvin = room_degc + KELVIN
        self.holder = surface_w_per_k * v.holder_share
        self.natural = surface_w_per_k * v.natural_share / math.sqrt(math.sqrt(REFERENCE_RISE_K))
        self.radiation = surface_w_per_k * v.radiation_share / (4.0 * kelvin**3)
        forced = 1.0 - v.holder_share - v.natural_share - v.radiation_share
        self.forced = surface_w_per_k * forced

    def surface_w(self, outer_degc: float, room_degc: float) -> float:
        """From the outer wall into the air and onto the walls of the room."""
        rise = outer_degc - room_degc
        hot, cold = outer_degc + KELVIN, room_degc + KELVIN
        t4 = hot * hot * hot * hot - cold * cold * cold * cold
        convection = self.forced * rise + self.natural * rise * math.sqrt(math.sqrt(abs(rise)))
        return convection + self.radiation * t4

    def surface_slope(self, outer_degc: float, room_degc: float) -> float:
        """How much more than `surface_w` for one kelvin more of the wall [W/K]."""
        rise, hot = outer_degc - room_degc, outer_degc + KELVIN
        convection = self.forced + 1.25 * self.natural * math.sqrt(math.sqrt(abs(rise)))
        return convection + 4.0 * self.radiation * hot * hot * hot

    def evaporation_w(self, liquid_degc: float, room_degc: float, humidity: float) -> float:
        """Latent heat carried away from the liquid's surface."""
        here = saturation_pa(liquid_degc) / (liquid_degc + KELVIN)
        there = humidity * saturation_pa(room_degc) / (room_degc + KELVIN)
        return self.evaporation * (here - there)

    def total_w(
        self, liquid_degc: float, room_degc: float, humidity: float, holder_degc: float
    ) -> float:
        """All that the liquid loses when the wall has come to rest at this liquid temperature."""
        v = self.vessel
        series = 1.0 / (1.0 / v.film_w_per_k + 1.0 / v.wall_w_per_k)
        low, high = min(room_degc, liquid_degc) - 5.0, max(room_degc, liquid_degc) + 5.0
        for _ in range(60):
            outer = 0.5 * (low + high)
            out = self.surface_w(outer, room_degc) + self.holder * (outer - holder_degc)
            if series * (liquid_degc - outer) > out:
                low = outer
            else:
                high = outer
        through_wall = series * (liquid_degc - 0.5 * (low + high))
        return through_wall + self.evaporation_w(liquid_degc, room_degc, humidity)

    def conductance(
        self, liquid_degc: float, room_degc: float, humidity: float, holder_degc: float
    ) -> float:
        """Differential conductance of the liquid [W/K], wall at rest, holder and room held."""
        up = self.total_w(liquid_degc + 0.05, room_degc, humidity, holder_degc)
        down = self.total_w(liquid_degc - 0.05, room_degc, humidity, holder_degc)
        return (up - down) / 0.1
