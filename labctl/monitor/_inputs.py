"""Bench file and sample file -> inputs and priors of the check."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from labctl.monitor._build import build_priors
from labctl.photothermal import (
    WATER_ABSORPTION_PER_M,
    BlankResult,
    ElectricalCalibration,
    FieldInputs,
    Inputs,
    Known,
)

if TYPE_CHECKING:
    from labctl.bench import BenchFile
    from labctl.monitor._priors import Priors
    from labctl.quantities import Stated
    from labctl.sample import Specimen

_WATER_BAND_M = (780e-9, 830e-9)
"""Where water's coefficient at 808 nm may stand in, to the deviation below."""
_WATER_RELATIVE_SD = 0.10
_SAME_LINE_M = 5e-9
"""An absorbance measured so close to the laser's line is one at the line."""
_UNCALIBRATED_RELATIVE_SD = 0.10
"""Of a power that nobody calibrated."""
_IRON = "magnetic.iron"
_USED = frozenset({"volume", "density", "specific_heat", "absorbance"})
"""Of what a sample file may call a placeholder, what the check computes with."""


def priors_for(
    bench: BenchFile,
    specimen: Specimen | None,
    *,
    blank: BlankResult | None,
    electrical: ElectricalCalibration | None = None,
    calibrates: bool = False,
    magnetises: bool = False,
    has_ambient: bool,
    has_meter: bool,
    has_second: bool = False,
    nominal_power_w: float,
) -> tuple[Priors, tuple[str, ...]]:
    """Priors and assumptions of a run of this specimen on this bench. `has_meter`, `has_ambient`
    and `has_second` say what this run reads; `nominal_power_w` is the protocol's largest power.
    `electrical`: an earlier calibration of this cell with this volume in it; `calibrates`: the
    bench's resistor heats in this run, not the laser; `magnetises`: its coil does."""
    said: list[str] = []
    laser = bench.power_at_sample.deviation if bench.power_at_sample else None
    meter = bench.pick_off.deviation if bench.pick_off and has_meter else None
    power = meter if meter is not None else laser
    if power is None:
        power = _UNCALIBRATED_RELATIVE_SD
        said.append(f"the power at the sample was not calibrated: ± {power * 100.0:.0f} % assumed")
    if calibrates and bench.heater is not None:
        said, power, laser, meter = [], bench.heater.deviation, None, None
    field = _field(bench, specimen) if magnetises else None
    if field is not None and bench.coil is not None:
        said, power, laser, meter = [], bench.coil.deviation, None, None
    # A field finds its way without any light: nothing is said of that.
    inputs = _inputs(bench, specimen, blank, power, said if field is None else [])
    if specimen is not None:
        said.extend(f"of the sample: {words}" for words in specimen.assumptions)
    if calibrates:
        inputs = replace(inputs, particles=False, absorbance=None)
    elif electrical is not None:
        inputs = replace(inputs, electrical=electrical)
    vessel = bench.vessel
    priors, more = build_priors(
        inputs,
        heat_loss=_known(vessel.heat_loss) if vessel else None,
        wall_heat_capacity=_known(vessel.wall_heat_capacity) if vessel else None,
        blank=blank,
        calibrates=calibrates,
        field=field,
        has_ambient=has_ambient,
        has_meter=has_meter,
        has_second=has_second,
        nominal_power_w=nominal_power_w,
        power_mismatch_sd=None if laser is None or meter is None else math.hypot(laser, meter),
        placeholders=_placeholders(bench, specimen, magnetises),
        vessel=vessel.name if vessel else "",
    )
    return priors, (*said, *more)


def _field(bench: BenchFile, specimen: Specimen | None) -> FieldInputs | None:
    coil = bench.coil
    if coil is None:
        return None
    magnetic = specimen.magnetic if specimen is not None else None
    return FieldInputs(
        iron_kg_per_m3=None if magnetic is None else _known(magnetic.iron_kg_per_m3),
        strength_per_w=coil.strength_per_w,
        field_relative_sd=coil.field_deviation,
        frequency_hz=coil.frequency_hz,
    )


def _inputs(
    bench: BenchFile,
    specimen: Specimen | None,
    blank: BlankResult | None,
    power_relative_sd: float,
    said: list[str],
) -> Inputs:
    vessel = bench.vessel
    path_m = specimen.path_m if specimen and specimen.path_m else 0.01
    if vessel is not None:
        path_m = vessel.path_m
    else:
        said.append("the vessel is not stated: a quartz wall and a path of 10 mm are assumed")
    line_m = bench.wavelength_m
    water = line_m is None or _WATER_BAND_M[0] <= line_m <= _WATER_BAND_M[1]
    solvent = WATER_ABSORPTION_PER_M
    return Inputs(
        volume_m3=_known(specimen.volume_m3) if specimen else None,
        density_kg_per_m3=_known(specimen.density_kg_per_m3) if specimen else None,
        specific_heat_j_per_kg_k=_known(specimen.specific_heat_j_per_kg_k) if specimen else None,
        absorbance=_absorbance(specimen, line_m, path_m, said) if specimen else None,
        path_m=path_m,
        wall_transmission=_known(vessel.wall_transmission) if vessel else Known(0.964, 0.01),
        power_relative_sd=power_relative_sd,
        solvent_absorption_per_m=Known(solvent, _WATER_RELATIVE_SD * solvent) if water else None,
        particles=specimen is None or specimen.kind != "solvent",
        blank=blank,
    )


def _absorbance(
    specimen: Specimen, line_m: float | None, path_m: float, said: list[str]
) -> Known | None:
    """Of the particles over the vessel's path at the laser's line; None where it is not known."""
    stated = specimen.absorbance
    if stated is None or specimen.kind == "solvent":
        return None
    measured_m = specimen.wavelength_m
    if measured_m is not None and line_m is not None and abs(measured_m - line_m) > _SAME_LINE_M:
        said.append(
            f"the absorbance was measured at {measured_m * 1e9:.0f} nm and the laser emits at "
            f"{line_m * 1e9:.0f} nm: it is not used"
        )
        return None
    if specimen.absorbance_dilution > 1.0:
        said.append(
            f"the absorbance was measured on a dilution of 1 in {specimen.absorbance_dilution:g} "
            "and multiplied back"
        )
    scale = 1.0
    if specimen.path_m is not None and not math.isclose(specimen.path_m, path_m):
        scale = path_m / specimen.path_m
        said.append(
            f"the absorbance over {specimen.path_m * 1e3:g} mm is scaled to the vessel's "
            f"{path_m * 1e3:g} mm"
        )
    return Known(stated.value * scale, stated.sd * scale)


def _placeholders(bench: BenchFile, specimen: Specimen | None, magnetises: bool) -> tuple[str, ...]:
    solvent = specimen is not None and specimen.kind == "solvent"
    unused = {"absorbance"} if solvent or magnetises else set[str]()
    used = (_USED | ({_IRON} if magnetises else frozenset())) - unused
    names = [
        f"the {name.removeprefix('magnetic.').replace('_', ' ')} of the sample"
        for name in (specimen.placeholders if specimen else ())
        if name in used
    ]
    vessel = bench.vessel
    if vessel is not None:
        names += [
            f"the {name} of the vessel"
            for name, stated in (
                ("wall heat capacity", vessel.wall_heat_capacity),
                ("wall transmission", vessel.wall_transmission),
                ("heat loss", vessel.heat_loss),
            )
            if stated.placeholder
        ]
    return tuple(names)


def _known(stated: Stated) -> Known:
    return Known(stated.value, stated.sd)
