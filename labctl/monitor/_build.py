"""Inputs, vessel and channels -> priors, and in words what had to be assumed.

Numbers for what nobody stated are the field's usual ones for a cell of about 1 mL: heat loss
24 mW/K, wetted quartz wall 1.1 J/K, coupling of liquid and wall 0.15 W/K, growing with the surface.
"""

from __future__ import annotations

import math
from dataclasses import replace

from labctl.monitor._priors import GUESSED_LOSS_SD, Kind, Priors, Thresholds, listed
from labctl.photothermal import (
    SAME_VOLUME,
    USUAL_LOSS_H_M2_PER_KG,
    BankPrior,
    BlankResult,
    ElectricalCalibration,
    FieldInputs,
    Inputs,
    Known,
    electrical_prior,
)

_ML = 1e-6
_HEAT_LOSS_W_PER_K = 0.024
_WALL_J_PER_K = 1.1
_COUPLING_W_PER_K = 0.15
_RELATIVE_COUPLING = 0.47
"""A factor of 1.6 either way."""
_FLUTTER = (3e-8, 1e-6, 3e-5)
_MISMATCH_SD = 3.5
"""Measured and commanded power may differ by so many deviations: once in 2000 runs."""
_USUAL_SHARE = 0.02
"""Of a coil's power that a sample of unknown iron takes up, to a factor of some."""
_UNKNOWN_CAPACITY = 0.3
"""Relative deviation of a heat capacity of which only the volume is known, or not even that."""
_UNKNOWN_FLUTTER = (3e-6, 3e-5, 3e-4)
"""For a cell of which nothing is known, not even its volume."""


def build_priors(
    inputs: Inputs,
    *,
    heat_loss: Known | None = None,
    wall_heat_capacity: Known | None = None,
    blank: BlankResult | None = None,
    calibrates: bool = False,
    field: FieldInputs | None = None,
    has_ambient: bool,
    has_meter: bool,
    has_second: bool = False,
    nominal_power_w: float,
    noise_sd_k: float = 0.05,
    power_mismatch_sd: float | None = None,
    placeholders: tuple[str, ...] = (),
    vessel: str = "",
) -> tuple[Priors, tuple[str, ...]]:
    """Priors and assumptions. `heat_loss` in W/K and `wall_heat_capacity` in J/K as the bench
    states them; `calibrates`: a resistor heats the cell in this run, and the power of `inputs` is
    its electrical power; `field`: a coil heats, and the power is that of its supply;
    `power_mismatch_sd` the relative deviation of measured against commanded
    power by both calibrations; `placeholders` are inputs that stand in until somebody measures
    them; `vessel` is the cell's name. A calibration in `inputs` is taken as it is: whether it is of
    this cell is for the caller to see."""
    said: list[str] = []
    capacity = inputs.liquid_heat_capacity_j_per_k
    missing = _missing(replace(inputs, particles=False) if calibrates else inputs)
    volume = inputs.volume_m3.value if inputs.volume_m3 else _ML
    surface = (volume / _ML) ** (2.0 / 3.0)
    known = capacity is not None
    if field is not None:
        missing = _missing(replace(inputs, particles=False))
        missing += () if field.iron_kg_per_m3 is not None else ("the iron of the sample",)
    if missing:
        what = "efficiency" if field is None else "absorption rate of the iron"
        said.append(
            f"{listed(missing)} not given: no {what} is computed; heating rate, time "
            "constant and temperature rise are"
        )
    electrical = None if calibrates else inputs.electrical
    # What a calibration knows better is neither assumed nor said.
    guessed = said if electrical is None else []
    loss, loss_sd = _heat_loss(heat_loss if known else None, blank, surface, guessed)
    wall, wall_sd = _wall(wall_heat_capacity, surface, known, guessed)
    lag, lag_sd = (1.0, 0.4) if blank is None else (blank.lag_s, blank.lag_sd_s / blank.lag_s)
    shares = inputs.shares()
    if inputs.particles:
        heat_per_watt, heat_sd = 0.4 * (shares[0] or 0.9) + shares[1], 0.6
    else:
        heat_per_watt, heat_sd = shares[1], max(0.05, 2.0 * shares[1])
    if not calibrates and field is None:
        _say_optics(inputs, blank, said)
    if not has_ambient:
        said.append(
            "no ambient probe: the surroundings are taken from the readings before the light, or "
            "from the first one"
        )
    if not has_meter:
        said.append("no power meter: the power at the sample is taken as commanded")
    said.extend(f"{name} is a placeholder, not a measurement" for name in placeholders)
    bank = BankPrior(
        heat_capacity_j_per_k=capacity.value if capacity else 4.18 * volume / _ML,
        heat_loss_w_per_k=loss,
        heat_loss_relative_sd=loss_sd,
        wall_j_per_k=wall,
        wall_relative_sd=wall_sd,
        coupling_w_per_k=_COUPLING_W_PER_K * surface,
        coupling_relative_sd=_RELATIVE_COUPLING if known else 2.0 * _RELATIVE_COUPLING,
        lag_s=lag,
        lag_relative_sd=max(0.1, lag_sd),
        heat_per_watt=heat_per_watt,
        heat_per_watt_sd=heat_sd,
        light_k_per_w=0.3 / max(nominal_power_w, 0.05),
        offset_sd_k=0.7,
        # A probe leaves the drift of the sample's own corner, 0.05 K in ten minutes.
        drift_k2_per_s=(0.05 if has_ambient else 0.3) ** 2 / 600.0,
        flutter_k2_per_s=_flutter(blank, known),
    )
    bank = _of_this_cell(bank, inputs, blank, electrical, said)
    kind = Kind.EFFICIENCY if inputs.particles else Kind.BLANK
    if missing and (inputs.particles or capacity is None):
        kind = Kind.RATE
    if calibrates:
        capacity_sd = _UNKNOWN_CAPACITY if capacity is None else capacity.sd / capacity.value
        bank = electrical_prior(bank, capacity_sd, inputs.power_relative_sd)
        kind = Kind.ELECTRICAL
        said.append(
            "all of the resistor's power is taken as heat in the liquid: voltage and current are "
            "those at the resistor, and it hangs in the liquid as it will under the laser"
        )
    if field is not None:
        bank = _of_field(bank, inputs, field)
        kind = Kind.MAGNETIC
        said.append(
            "the field at the sample is that of the bench's calibration, and heat goes with its "
            "square: the loss power is that of this field and frequency"
        )
    thresholds = Thresholds()
    if power_mismatch_sd is not None:
        relative = round(max(0.05, _MISMATCH_SD * power_mismatch_sd), 4)
        thresholds = replace(thresholds, power_relative=relative)
    priors = Priors(
        kind=kind,
        bank=bank,
        inputs=inputs,
        noise_sd_k=noise_sd_k,
        has_ambient=has_ambient,
        has_meter=has_meter,
        has_second=has_second,
        nominal_power_w=nominal_power_w,
        missing=missing,
        vessel=vessel,
        field=field,
        thresholds=thresholds,
    )
    return priors, tuple(said)


def _of_field(bank: BankPrior, inputs: Inputs, field: FieldInputs) -> BankPrior:
    """Heat for each watt of the coil's supply as iron oxides usually give it, and to a factor of
    some; nothing on the probe, which is a fibre."""
    iron, volume = field.iron_kg_per_m3, inputs.volume_m3
    per_watt = _USUAL_SHARE
    if iron is not None and volume is not None:
        mass_kg = iron.value * volume.value
        per_watt = USUAL_LOSS_H_M2_PER_KG * mass_kg * field.strength_per_w
    return replace(bank, heat_per_watt=per_watt, heat_per_watt_sd=5.0 * per_watt, light_k_per_w=0.0)


def _of_this_cell(
    bank: BankPrior,
    inputs: Inputs,
    blank: BlankResult | None,
    electrical: ElectricalCalibration | None,
    said: list[str],
) -> BankPrior:
    """With what an earlier run in the same cell left known of it, all together."""
    volume = inputs.volume_m3
    if electrical is not None and volume is not None:
        found = electrical.prior(bank, volume.value)
        wall_sd, loss_sd = found.wall_relative_sd * 100.0, found.heat_loss_relative_sd * 100.0
        said.append(
            f"cell as calibrated electrically{_on(electrical.date)} (record ends in "
            f"{electrical.head_hash[:12] or 'no hash'}): the heat capacity cancels; wall "
            f"{found.wall_j_per_k:.3g} J/K ± {wall_sd:.2g} %, heat loss "
            f"{found.heat_loss_w_per_k * 1e3:.3g} mW/K ± {loss_sd:.2g} %"
        )
        return found
    cell = None if blank is None else blank.cell
    if cell is None:
        return bank
    ratio = bank.heat_capacity_j_per_k / cell.heat_capacity_j_per_k
    # Of another volume it is another cell, and the blank's heat loss alone is taken.
    return cell.prior(bank, ratio) if abs(ratio - 1.0) <= SAME_VOLUME else bank


def _on(date: str) -> str:
    return f" on {date}" if date else ""


def _missing(inputs: Inputs) -> tuple[str, ...]:
    needed: list[tuple[str, Known | None]] = [
        ("volume", inputs.volume_m3),
        ("density", inputs.density_kg_per_m3),
        ("specific heat", inputs.specific_heat_j_per_kg_k),
    ]
    if inputs.particles:
        needed.append(("absorbance", inputs.absorbance))
    names = [name for name, known in needed if known is None]
    if inputs.particles and inputs.blank is None and inputs.solvent_absorption_per_m is None:
        names.append("the solvent's heat at this wavelength (a blank run)")
    return tuple(names)


def _heat_loss(
    stated: Known | None, blank: BlankResult | None, surface: float, said: list[str]
) -> tuple[float, float]:
    """hS in W/K and its relative deviation."""
    if blank is not None:
        relative = blank.heat_loss_sd_w_per_k / blank.heat_loss_w_per_k
        return blank.heat_loss_w_per_k, max(0.05, relative)
    if stated is not None:
        # What a bench file states was found in another run: position and draught differ.
        relative = max(0.25, stated.sd / stated.value)
        return stated.value, relative
    value = _HEAT_LOSS_W_PER_K * surface
    said.append(
        f"heat loss of the vessel not stated: {value * 1e3:.3g} mW/K assumed before the readings, "
        f"to a factor of {math.exp(GUESSED_LOSS_SD):.1f} either way"
    )
    return value, GUESSED_LOSS_SD


def _wall(
    stated: Known | None, surface: float, known: bool, said: list[str]
) -> tuple[float, float]:
    """C_w in J/K and its relative deviation."""
    if stated is not None and known:
        said.append(
            f"heat capacity of the wall as stated, {stated.value:.3g} ± {stated.sd:.2g} J/K"
        )
        return stated.value, max(0.02, stated.sd / stated.value)
    value = _WALL_J_PER_K * surface
    if not known:
        return value, 0.9
    said.append(f"heat capacity of the wall not stated: {value:.3g} J/K ± 45 % assumed")
    return value, 0.45


def _flutter(blank: BlankResult | None, known: bool) -> tuple[float, ...]:
    if blank is None:
        return _FLUTTER if known else _UNKNOWN_FLUTTER
    middle = min(max(blank.flutter_k2_per_s, _FLUTTER[0]), _FLUTTER[-1])
    return (middle / 3.0, middle, middle * 3.0)


def _say_optics(inputs: Inputs, blank: BlankResult | None, said: list[str]) -> None:
    if not inputs.particles or inputs.absorbance is None:
        return
    if blank is None:
        if inputs.solvent_absorption_per_m is None:
            return
        per_cm = inputs.solvent_absorption_per_m.value / 100.0
        said.append(
            "no blank was named: solvent heat computed from the solvent's absorption "
            f"coefficient, {per_cm:.3g} 1/cm"
        )
    else:
        said.append(
            "solvent heat, heat loss, flutter and lag start from the blank run whose record ends "
            f"in {blank.head_hash[:12] or 'no hash'}"
        )
    said.append(
        f"the front wall passes {inputs.wall_transmission.value * 100.0:.3g} % of the power at "
        "the sample"
    )
    said.append("the absorbance is absorption: light scattered out of the beam is not told from it")
