"""What was given with a curve: bench, sample, power, blank. What was not is asked for by name.

A file may come from any bench, so none is taken that was not named: no `./bench.yaml`, no shipped
one. Volume, absorbance and power are never assumed; what rests on them is then not computed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from labctl.bench import BenchFile, PowerAtSample, Vigilance
from labctl.limits import Limits
from labctl.monitor import Kind, Priors, priors_for
from labctl.photothermal import BlankResult, Expected, Known, Record, Setting, fit_one_node
from labctl.photothermal import UnusableError as Unusable
from labctl.quantities import Stated
from labctl.sample import Specimen

_UNCALIBRATED = 0.10
_NOMINAL_C_J_PER_K = 4.18
_NOMINAL_SHARE = 0.45
_ASK = {
    "power at the sample": "--power '1.20 W +- 3 %', or a column with the power in W",
    "volume": "`volume` in the file of --sample",
    "density": "`density` in the file of --sample",
    "specific heat": "`specific_heat` in the file of --sample",
    "absorbance": "`absorbance`, `wavelength` and `path` in the file of --sample",
    "the solvent's heat at this wavelength (a blank run)": "--blank RUN, a run of the solvent",
}


@dataclass(frozen=True, slots=True)
class Given:
    """As a person gave it."""

    specimen: Specimen | None = None
    bench: BenchFile | None = None
    power: Known | None = None
    """At the sample, in W. A deviation of 0: none was given."""
    blank: BlankResult | None = None


@dataclass(frozen=True, slots=True)
class Basis:
    """What the methods start from."""

    setting: Setting
    priors: Priors
    expected: Expected
    assumptions: tuple[str, ...]
    asked: tuple[tuple[str, str], ...]
    """(what is not known, how to give it)."""


def basis(given: Given, record: Record) -> Basis:
    """For a usable record with known light."""
    power, said = _power(given, record)
    nominal_w = power.value if power is not None else _nominal_w(record)
    bench = _bench(given, power)
    priors, more = priors_for(
        bench,
        given.specimen,
        blank=given.blank,
        has_ambient=record.ambient_degc is not None,
        has_meter=_is_measured(record),
        nominal_power_w=nominal_w,
    )
    missing = priors.missing
    if power is None:
        missing = (*missing, "power at the sample")
        priors = replace(priors, kind=Kind.RATE, missing=missing)
    said += [line for line in more if not line.startswith(_OF_A_RUN) and _ASKED not in line]
    if power is not None and not _is_measured(record):
        how = "taken as constant while the light is on"
        if record.power_w is not None:
            how = "what its column says, one number all along: set, and not measured"
        said.append(f"the power at the sample is {how}")
    vessel = bench.vessel
    wall = None if vessel is None else vessel.wall_heat_capacity
    setting = Setting(priors.inputs, power, None if wall is None else Known(wall.value, wall.sd))
    return Basis(
        setting,
        priors,
        _expected(given),
        tuple(dict.fromkeys(said)),
        tuple((name, _ASK.get(name, "the file of --sample")) for name in missing),
    )


_OF_A_RUN = ("no power meter",)
"""Beginnings of what the check says of a run."""
_ASKED = "not given: no efficiency is computed"
"""What stands among what is asked for here."""


def _is_measured(record: Record) -> bool:
    """False for a column of power that repeats one number while the light is on: somebody's
    setting, which sees no fault of the light."""
    if record.power_w is None or record.light is None:
        return False
    lit = record.power_w[record.light & np.isfinite(record.power_w)]
    return len(lit) > 1 and float(np.ptp(lit)) > 0.0


def _power(given: Given, record: Record) -> tuple[Known | None, list[str]]:
    """Mean power at the sample under light, and what is to be said of it."""
    power = given.power
    if power is None and record.power_w is not None and record.light is not None:
        lit = record.power_w[record.light & np.isfinite(record.power_w)]
        if len(lit):
            power = Known(float(lit.mean()), 0.0)
    if power is None or power.value <= 0.0:
        return None, []
    if power.sd > 0.0:
        return power, []
    calibration = given.bench.power_at_sample if given.bench is not None else None
    if calibration is not None:
        return Known(power.value, power.value * calibration.deviation), []
    said = [f"no deviation of the power was given: ± {100.0 * _UNCALIBRATED:.0f} % assumed"]
    return Known(power.value, power.value * _UNCALIBRATED), said


def _bench(given: Given, power: Known | None) -> BenchFile:
    """The bench that was named, or one of which nothing is known, with this power's deviation."""
    relative = _UNCALIBRATED if power is None else power.sd / power.value
    at_sample = PowerAtSample(threshold=0.0, slope=1.0, unit="W", deviation=relative, date="")
    if given.bench is not None:
        known = given.bench.power_at_sample or at_sample
        return replace(given.bench, power_at_sample=replace(known, deviation=relative))
    # The absorbance of a sample file is that at the laser's line, as far as a file can say.
    line_m = given.specimen.wavelength_m if given.specimen is not None else None
    return BenchFile(
        name="",
        title="",
        instruments={},
        roles={},
        wavelength_m=line_m,
        spot_area=None,
        power_at_sample=at_sample,
        pick_off=None,
        vessel=None,
        limits=Limits(),
        vigilance=Vigilance(),
        interlock=None,
        interlock_readable=False,
        dead_man=None,
    )


def _nominal_w(record: Record) -> float:
    """A power that makes the rates of this record usual ones. Only a scale: where the power is not
    known, nothing that depends on it is told."""
    try:
        rate = abs(fit_one_node(record).rate_k_per_s[0])
    except Unusable:
        return 1.0
    return min(max(rate * _NOMINAL_C_J_PER_K / _NOMINAL_SHARE, 0.01), 100.0)


def _expected(given: Given) -> Expected:
    specimen, bench = given.specimen, given.bench
    spot = bench.spot_area.value if bench is not None and bench.spot_area is not None else None
    if specimen is None:
        return Expected(spot_area_m2=spot)
    parts = (specimen.concentration_kg_per_m3, specimen.absorption_m2_per_kg)
    absorbance = None
    if parts[0] is not None and parts[1] is not None and specimen.path_m is not None:
        value = parts[0].value * parts[1].value * specimen.path_m
        absorbance = Known(value, value * math.hypot(parts[0].relative, parts[1].relative))
    return Expected(_known(specimen.expected_efficiency), absorbance, spot)


def _known(stated: Stated | None) -> Known | None:
    return None if stated is None else Known(stated.value, stated.sd)
