"""From the heating rate per watt to an efficiency, with both uncertainties and a budget.

    efficiency = (a C_l / t_wall - s_solvent) / s_particles

a: heating rate per watt at the sample, C_l: heat capacity of the liquid, t_wall: transmission of
the front wall, s: shares of the power behind that wall that particles and solvent absorb. The
wall's heat capacity enters through the bank: with a given a it is part of what the readings cannot
tell, and is counted as an input. In a cell that was calibrated electrically a C_l is the ratio of
the two heating rates, see `_electrical`; then the heat capacity cancels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from labctl.photothermal._cell import HeatPerWatt
from labctl.photothermal._inputs import Inputs, Known
from labctl.photothermal._told import Moments

MODEL_RELATIVE_SD = 0.01
"""Allowance for what two nodes and a bead leave out of a real cell (mixing, stratification,
scattering into the wall)."""
MODEL_LOSS_RELATIVE_SD = 0.03
"""The same for heat loss and time constant: one coefficient and one curvature stand for
convection, radiation and evaporation."""
WALL_PART = "wall heat capacity"
"""Name of the wall in the budget: the part that the readings, not an instrument, could mend."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its two standard deviations; the interval is of both together."""

    value: float
    sd_statistical: float
    sd_inputs: float
    unit: str = ""

    @property
    def sd_total(self) -> float:
        return math.hypot(self.sd_statistical, self.sd_inputs)

    @property
    def low(self) -> float:
        """Lower end of the 95 % interval."""
        return self.value - 1.96 * self.sd_total

    @property
    def high(self) -> float:
        """Upper end of the 95 % interval."""
        return self.value + 1.96 * self.sd_total


@dataclass(frozen=True, slots=True)
class RateEstimate:
    """The heating rate per watt and how it leans on the wall's heat capacity."""

    k_per_s_w: float
    sd: float
    """With the wall given."""
    sd_wall: float
    """What the uncertainty of the wall contributes."""


def efficiency(
    rate: RateEstimate, inputs: Inputs, moments: Moments | None = None
) -> tuple[Estimate, Mapping[str, float]] | None:
    """The efficiency and the relative deviation that each input contributes to it; None for a
    blank and where volume, heat capacity, absorbance or solvent heat is not known.

    `moments` are needed where `inputs` has an electrical calibration (ValueError without): what
    both runs leave open of the cell is then taken together."""
    heat, parts = heat_per_watt(rate, inputs, moments)
    if heat is None or inputs.absorbance is None or not inputs.particles:
        return None
    if inputs.absorbance.value <= 0.0:
        return None
    if inputs.blank is None and inputs.solvent_absorption_per_m is None:
        return None
    value = _efficiency(heat, inputs)
    wall_t = inputs.wall_transmission
    per_heat = 1.0 / (wall_t.value * inputs.shares()[0])
    gross = heat.value * per_heat
    absolute = {
        "power at the sample": gross * inputs.power_relative_sd,
        **{name: gross * relative for name, relative in parts.items()},
        "wall transmission": gross * _relative(wall_t),
        WALL_PART: heat.sd_wall * per_heat,
        "absorbance": _moved(value, heat, inputs, absorbance=_up(inputs.absorbance)),
        "rear reflection": _moved(value, heat, inputs, rear_return=_up(inputs.rear_return)),
        "solvent heat": _solvent(value, heat, inputs),
        "model": abs(value) * MODEL_RELATIVE_SD,
    }
    sd_inputs = math.sqrt(sum(part * part for part in absolute.values()))
    scale = abs(value) or 1.0
    budget = {name: part / scale for name, part in absolute.items() if part > 0.0}
    return Estimate(value, heat.sd * per_heat, sd_inputs), budget


def heat_per_watt(
    rate: RateEstimate, inputs: Inputs, moments: Moments | None
) -> tuple[HeatPerWatt | None, dict[str, float]]:
    """Heat in the liquid over power at the sample, and the relative deviations of what it rests
    on; None where the heat capacity is not known."""
    electrical, volume = inputs.electrical, inputs.volume_m3
    if electrical is not None and volume is not None:
        if moments is None:
            raise ValueError("an electrical calibration needs the moments of this run")
        return electrical.heat_per_watt(moments, volume.value), {
            "electrical power": electrical.power_relative_sd,
            "volume filled again": electrical.refill_relative_sd,
        }
    capacity = inputs.liquid_heat_capacity_j_per_k
    if capacity is None:
        return None, {}
    c = capacity.value
    return HeatPerWatt(rate.k_per_s_w * c, rate.sd * c, rate.sd_wall * c), {
        "volume": _relative(inputs.volume_m3),
        "density": _relative(inputs.density_kg_per_m3),
        "specific heat": _relative(inputs.specific_heat_j_per_kg_k),
    }


def _efficiency(
    heat: HeatPerWatt,
    inputs: Inputs,
    *,
    absorbance: float | None = None,
    absorption_per_m: float | None = None,
    rear_return: float | None = None,
) -> float:
    particles, solvent = inputs.shares(absorbance, absorption_per_m, rear_return)
    return (heat.value / inputs.wall_transmission.value - solvent) / particles


def _moved(value: float, heat: HeatPerWatt, inputs: Inputs, **moved: float) -> float:
    """What moving one input by its deviation does to the efficiency."""
    return abs(_efficiency(heat, inputs, **moved) - value)


def _solvent(value: float, heat: HeatPerWatt, inputs: Inputs) -> float:
    known = inputs.solvent_absorption_per_m
    if inputs.blank is None and known is not None:
        return _moved(value, heat, inputs, absorption_per_m=_up(known))
    if inputs.blank is None:
        return 0.0
    particles, share = inputs.shares()
    if inputs.blank.solvent_share == 0.0:
        return inputs.blank.solvent_share_sd / particles
    relative = inputs.blank.solvent_share_sd / abs(inputs.blank.solvent_share)
    return abs(share) / particles * relative


def _relative(known: Known | None) -> float:
    return 0.0 if known is None else known.sd / abs(known.value)


def _up(known: Known) -> float:
    return known.value + known.sd
