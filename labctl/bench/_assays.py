"""Calibrations of assays in their medium: from an instrument's signal to what is dissolved.

`signal = offset + slope * concentration`, as standards in the same medium gave it. Quench and inner
filter are in the slope as far as the standards had them; a medium with particles in it may quench
more (docs/how-to/assay-a-release.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from labctl.events import Invalid, Reading
from labctl.quantities import Kind, format

_WITHIN_SD = 3.0
"""So many deviations of a measurement may lie outside the calibrated range: at nothing dissolved
half of all signals are below the blank's."""


@dataclass(frozen=True, slots=True)
class AssayCalibration:
    """Of one species, in one medium."""

    species: str
    medium: str
    unit: str
    """Of the signal: `counts`, `AU`."""
    slope: float
    """Signal per mol/m^3; negative for a dye that is lost."""
    offset: float
    """Signal of the medium without the species."""
    slope_deviation: float
    """One relative standard deviation, common to all measurements of a run."""
    offset_deviation: float
    """One standard deviation in `unit`, common to all measurements of a run."""
    noise: float
    """One standard deviation of a single measurement, in `unit`."""
    low_mol_per_m3: float
    high_mol_per_m3: float
    """Between these standards it was calibrated; nothing is extrapolated."""
    date: str
    source: str
    removed_m3: float = 0.0
    """Of the medium, by each measurement: a sample that is drawn and not given back."""
    expires: str = ""
    placeholder: bool = False
    """It stands in until somebody measures it; whatever is computed from it says so."""

    def assayed(self, given: Reading | Invalid) -> AssayResult:
        """What one signal says. Out of range, in another unit or invalid: no number and why."""
        if isinstance(given, Invalid):
            return self._none(given.t_ns, None, given.detail or given.reason)
        if given.unit != self.unit:
            told = f"the signal is in {given.unit or 'no unit'}, and the calibration in {self.unit}"
            return self._none(given.t_ns, given.value, told)
        concentration = (given.value - self.offset) / self.slope
        sd = self.noise / abs(self.slope)
        kind = Kind.SUBSTANCE_CONCENTRATION
        lowest = self.low_mol_per_m3 - _WITHIN_SD * sd
        highest = self.high_mol_per_m3 + _WITHIN_SD * sd
        if not lowest <= concentration <= highest:
            told = (
                f"{format(concentration, kind)} is outside the calibrated "
                f"{format(self.low_mol_per_m3, kind)} to {format(self.high_mol_per_m3, kind)}"
            )
            return self._none(given.t_ns, given.value, told)
        common = math.hypot(
            self.slope_deviation * concentration, self.offset_deviation / self.slope
        )
        return AssayResult(
            self.species, given.t_ns, given.value, self.unit, concentration, sd, common,
            self.removed_m3,
        )  # fmt: skip

    def _none(self, t_ns: int, signal: float | None, why: str) -> AssayResult:
        return AssayResult(
            self.species, t_ns, signal, self.unit, None, None, None, self.removed_m3, why
        )


@dataclass(frozen=True, slots=True)
class AssayResult:
    """One measurement of one species, by the bench's calibration."""

    species: str
    taken_ns: int
    signal: float | None
    """As the instrument gave it; None where it gave none."""
    unit: str
    concentration_mol_per_m3: float | None
    """Below 0 where noise took it there: nothing is clipped. None with a `trouble`."""
    sd_mol_per_m3: float | None
    """Of this measurement alone."""
    common_sd_mol_per_m3: float | None
    """Of the calibration: the same error in all measurements of a run."""
    removed_m3: float = 0.0
    trouble: str = ""
    """Why there is no concentration; empty where there is one."""
