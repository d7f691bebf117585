"""From the heating rate per watt to an efficiency, with both uncertainties and a budget.

    efficiency = (a C_l / t_wall - s_solvent) / s_particles

a: heating rate per watt at the sample, C_l: heat capacity of the liquid, t_wall: transmission of
the front wall, s: shares of the power behind that wall that particles and solvent absorb. The
wall's heat capacity enters through the bank: with a given a it is part of what the readings cannot
tell, and is counted as an input.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from labctl.photothermal._inputs import Inputs, Known

MODEL_RELATIVE_SD = 0.01
"""Allowance for what two nodes and a bead leave out of a real cell (mixing, stratification,
scattering into the wall)."""
MODEL_LOSS_RELATIVE_SD = 0.03
"""The same for heat loss and time constant: one coefficient and one curvature stand for
convection, radiation and evaporation."""


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


def efficiency(rate: RateEstimate, inputs: Inputs) -> tuple[Estimate, Mapping[str, float]] | None:
    """The efficiency and the relative deviation that each input contributes to it; None for a
    blank and where volume, heat capacity, absorbance or solvent heat is not known."""
    heat = inputs.liquid_heat_capacity_j_per_k
    if heat is None or inputs.absorbance is None or not inputs.particles:
        return None
    if inputs.absorbance.value <= 0.0:
        return None
    if inputs.blank is None and inputs.solvent_absorption_per_m is None:
        return None
    value = _efficiency(rate, inputs, heat.value)
    wall_t = inputs.wall_transmission
    per_rate = heat.value / (wall_t.value * inputs.shares()[0])
    gross = rate.k_per_s_w * per_rate
    absolute = {
        "power at the sample": gross * inputs.power_relative_sd,
        "volume": gross * _relative(inputs.volume_m3),
        "density": gross * _relative(inputs.density_kg_per_m3),
        "specific heat": gross * _relative(inputs.specific_heat_j_per_kg_k),
        "wall transmission": gross * _relative(wall_t),
        "wall heat capacity": rate.sd_wall * per_rate,
        "absorbance": _moved(value, rate, inputs, heat.value, absorbance=_up(inputs.absorbance)),
        "rear reflection": _moved(
            value, rate, inputs, heat.value, rear_return=_up(inputs.rear_return)
        ),
        "solvent heat": _solvent(value, rate, inputs, heat.value),
        "model": abs(value) * MODEL_RELATIVE_SD,
    }
    sd_inputs = math.sqrt(sum(part * part for part in absolute.values()))
    scale = abs(value) or 1.0
    budget = {name: part / scale for name, part in absolute.items() if part > 0.0}
    return Estimate(value, rate.sd * per_rate, sd_inputs), budget


def _efficiency(
    rate: RateEstimate,
    inputs: Inputs,
    heat_capacity: float,
    *,
    absorbance: float | None = None,
    absorption_per_m: float | None = None,
    rear_return: float | None = None,
) -> float:
    particles, solvent = inputs.shares(absorbance, absorption_per_m, rear_return)
    gross = rate.k_per_s_w * heat_capacity / inputs.wall_transmission.value
    return (gross - solvent) / particles


def _moved(
    value: float, rate: RateEstimate, inputs: Inputs, heat_capacity: float, **moved: float
) -> float:
    """What moving one input by its deviation does to the efficiency."""
    return abs(_efficiency(rate, inputs, heat_capacity, **moved) - value)


def _solvent(value: float, rate: RateEstimate, inputs: Inputs, heat_capacity: float) -> float:
    known = inputs.solvent_absorption_per_m
    if inputs.blank is None and known is not None:
        return _moved(value, rate, inputs, heat_capacity, absorption_per_m=_up(known))
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
