"""Bench file, sample file and the check's priors -> how the dose of a run is worked out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labctl.events import DoseBasis, PriorsFixed

if TYPE_CHECKING:
    from labctl.bench import BenchFile
    from labctl.sample import Specimen

CLASS_2_K = {"T": 1.0, "E": 2.5, "J": 2.5, "K": 2.5, "N": 2.5, "R": 1.5, "S": 1.5}
"""Tolerance of unused thermocouples of class 2 between 0 and 130 degC, K: IEC 60584-1 as vendors
print it (the standard itself was not read)."""
OTHER_K = 4.0
"""Of a thermometer of which nothing is known."""
LAG_S, LAG_SD_S = 1.0, 0.4
"""Of a bead in stirred water: 0.3 to 3 s."""
CONVENTION, PAIR = "cem43", "skin"
UNCALIBRATED_RELATIVE_SD = 0.10


_LEAST_K = 0.05
"""No offset is known better, at another temperature than its reference's."""


def dose_basis(
    t_ns: int,
    bench: BenchFile,
    specimen: Specimen | None,
    priors: PriorsFixed | None,
    *,
    has_meter: bool,
    sampling_s: float,
) -> DoseBasis:
    """What the dose of a run on this bench starts from; `priors` where the run is checked, because
    they know of the bead's lag what a blank found."""
    said: list[str] = []
    tolerance = _tolerance(bench, said)
    lag_s, lag_sd_s = lag_of(priors)
    laser = bench.power_at_sample.deviation if bench.power_at_sample else None
    meter = bench.pick_off.deviation if bench.pick_off and has_meter else None
    power = meter if meter is not None else laser
    return DoseBasis(
        t_ns,
        sample=specimen.name if specimen else "",
        lot=specimen.lot if specimen else "",
        probe_tolerance_k=tolerance,
        lag_s=lag_s,
        lag_sd_s=lag_sd_s,
        convention=CONVENTION,
        pair=PAIR,
        power_relative_sd=power if power is not None else UNCALIBRATED_RELATIVE_SD,
        sampling_s=sampling_s,
        wavelength_m=bench.wavelength_m,
        spot_area_m2=bench.spot_area.value if bench.spot_area else None,
        spot_area_sd_m2=bench.spot_area.sd if bench.spot_area else 0.0,
        assumptions=tuple(said),
    )


def lag_of(priors: PriorsFixed | None) -> tuple[float, float]:
    """The bead's lag and its deviation, s."""
    bank = {} if priors is None else priors.priors.get("bank", {})
    lag_s, relative = bank.get("lag_s"), bank.get("lag_relative_sd")
    if not isinstance(lag_s, float) or not isinstance(relative, float):
        return LAG_S, LAG_SD_S
    return lag_s, lag_s * relative


def _tolerance(bench: BenchFile, said: list[str]) -> float:
    stated = bench.probe
    if stated is not None:
        return stated.tolerance_k
    offset = bench.offsets.get("probe")
    if offset is not None:
        said.append(
            f"the probe's offset was found to ± {offset.deviation_k:g} K against "
            f"{offset.reference}: twice that is taken as its bound"
        )
        return max(2.0 * offset.deviation_k, _LEAST_K)
    role = bench.roles.get("probe")
    entry = bench.instruments.get(role.instrument) if role else None
    kind = str(entry.settings.get("type", "")) if entry else ""
    tolerance = CLASS_2_K.get(kind, OTHER_K)
    what = f"class 2 of a type {kind} thermocouple" if kind in CLASS_2_K else "of no known type"
    said.append(
        f"the bench states no tolerance of its probe: ± {tolerance:g} K taken ({what}); a "
        "calibrated probe narrows the dose"
    )
    return tolerance
