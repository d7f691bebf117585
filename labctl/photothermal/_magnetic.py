"""Heat of magnetic particles in an alternating field: what their iron takes up, and what is left of
that when the field is taken out of it.

    SAR = heat in the liquid / mass of iron
    ILP = SAR / (H^2 f)

SAR: specific absorption rate, W/kg, at the field of the run. ILP: intrinsic loss power, H m^2/kg,
with the amplitude H in A/m and the frequency f in Hz (Kallumadil et al. 2009, doi
10.1016/j.jmmm.2009.02.075; it holds as long as heat grows with the square of the field). The heat
is that of the lumped model, as with light. Mass of iron and heat capacity go with the same volume,
so that the volume cancels; of the supply's power, by which the rate is told, SAR is free and ILP is
not, because the field is known by it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from labctl.photothermal._combine import (
    MODEL_RELATIVE_SD,
    WALL_PART,
    Estimate,
    RateEstimate,
    heat_per_watt,
)
from labctl.photothermal._inputs import Inputs, Known
from labctl.photothermal._told import Moments

VOLUME = "volume"
USUAL_LOSS_H_M2_PER_KG = 1e-9
"""Of iron oxides made for heating, to a factor of some: what a run starts from. Published values
are 0.2 to 3 nH m^2/kg, of a few particles more."""


@dataclass(frozen=True, slots=True)
class FieldInputs:
    """The field, and what it heats."""

    iron_kg_per_m3: Known | None
    """None where nobody stated it; then neither SAR nor ILP is computed."""
    strength_per_w: float
    """H^2 f at the sample for each watt of the coil's supply, A^2 Hz/m^2."""
    field_relative_sd: float
    """Of the amplitude H, common to the whole run."""
    frequency_hz: float

    def amplitude_a_per_m(self, power_w: float) -> float:
        """H while the supply gives that."""
        return math.sqrt(max(0.0, power_w) * self.strength_per_w / self.frequency_hz)


@dataclass(frozen=True, slots=True)
class FieldHeating:
    """What a field does to the iron of a sample."""

    absorption: Estimate
    """SAR at the field of the run, W/kg of iron."""
    loss: Estimate
    """ILP, H m^2/kg."""
    amplitude_a_per_m: float
    budget: Mapping[str, float]
    """Of ILP: the relative deviation that each input contributes."""


def field_heating(
    rate: RateEstimate,
    inputs: Inputs,
    field: FieldInputs,
    power_w: float,
    moments: Moments | None = None,
) -> FieldHeating | None:
    """SAR at the mean power of the supply, and ILP; None where volume, heat capacity or iron is not
    known. `moments` as in `efficiency`."""
    heat, parts = heat_per_watt(rate, inputs, moments)
    iron, volume = field.iron_kg_per_m3, inputs.volume_m3
    if heat is None or iron is None or volume is None or iron.value <= 0.0:
        return None
    if inputs.electrical is None:
        parts.pop(VOLUME)
    else:
        parts[VOLUME] = volume.sd / volume.value
    per_watt = 1.0 / (iron.value * volume.value)
    gross = abs(heat.value) or 1.0
    common = {
        **parts,
        "iron": iron.sd / iron.value,
        WALL_PART: heat.sd_wall / gross,
        "model": MODEL_RELATIVE_SD,
    }
    of_field = {
        "power of the coil": inputs.power_relative_sd,
        "field at the sample": 2.0 * field.field_relative_sd,
    }
    whole = {**common, **of_field}
    rate_w_per_kg = heat.value * per_watt
    return FieldHeating(
        _estimate(rate_w_per_kg * power_w, heat.sd / gross, common, "W/kg"),
        _estimate(rate_w_per_kg / field.strength_per_w, heat.sd / gross, whole, "H m^2/kg"),
        field.amplitude_a_per_m(power_w),
        {name: part for name, part in whole.items() if part > 0.0},
    )


def _estimate(value: float, statistical: float, parts: Mapping[str, float], unit: str) -> Estimate:
    return Estimate(value, abs(value) * statistical, abs(value) * math.hypot(*parts.values()), unit)
