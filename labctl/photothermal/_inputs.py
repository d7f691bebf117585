"""What must be known besides the curve, each number with one standard deviation, in SI units."""

from __future__ import annotations

import math
from dataclasses import dataclass

from labctl.photothermal._cell import CellKnowledge
from labctl.photothermal._electrical import ElectricalCalibration
from labctl.photothermal._optics import REAR_RETURN, absorbed_shares, solvent_absorbance


@dataclass(frozen=True, slots=True)
class Known:
    """A number and its standard deviation, same unit."""

    value: float
    sd: float


@dataclass(frozen=True, slots=True)
class BlankResult:
    """What a run without particles found; a later run takes it as prior."""

    heat_loss_w_per_k: float
    heat_loss_sd_w_per_k: float
    solvent_share: float
    """Heat in the liquid over the power behind the front wall."""
    solvent_share_sd: float
    flutter_k2_per_s: float
    """Random heat flutter of the liquid."""
    lag_s: float
    lag_sd_s: float
    path_m: float = 0.01
    head_hash: str = ""
    """Of the blank's record, so that it can be found and proved."""
    cell: CellKnowledge | None = None
    """What it left known of the cell, together; None in records of version 0.1."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What turns the heating rate per watt into an efficiency.

    Whatever is None is not known; then what rests on it is not computed, never assumed.
    """

    volume_m3: Known | None = None
    density_kg_per_m3: Known | None = None
    specific_heat_j_per_kg_k: Known | None = None
    absorbance: Known | None = None
    """Decadic, of the particles (read against the blank), over `path_m`, at the laser line."""
    path_m: float = 0.01
    wall_transmission: Known = Known(0.964, 0.005)
    """Share of the power at the sample that passes the front wall."""
    power_relative_sd: float = 0.03
    """Of the power at the sample, common to the whole run."""
    solvent_absorption_per_m: Known | None = Known(2.23, 0.11)
    """Natural absorption coefficient of the solvent at the laser line, 1/m; a blank stands in for
    it."""
    rear_return: Known = Known(REAR_RETURN, 0.012)
    particles: bool = True
    """False for a blank: solvent only, never an efficiency."""
    blank: BlankResult | None = None
    electrical: ElectricalCalibration | None = None
    """Of the same cell; the heat capacity then cancels."""

    @property
    def liquid_heat_capacity_j_per_k(self) -> Known | None:
        """C_l = volume x density x specific heat; None when one of them is not known."""
        factors = (self.volume_m3, self.density_kg_per_m3, self.specific_heat_j_per_kg_k)
        value, relative = 1.0, 0.0
        for factor in factors:
            if factor is None:
                return None
            value *= factor.value
            relative += (factor.sd / factor.value) ** 2
        return Known(value, value * relative**0.5)

    def shares(
        self,
        absorbance: float | None = None,
        absorption_per_m: float | None = None,
        rear_return: float | None = None,
    ) -> tuple[float, float]:
        """(particles, solvent) shares of the power behind the front wall, at the stated values
        or at others."""
        if absorbance is None:
            absorbance = self.absorbance.value if self.absorbance and self.particles else 0.0
        back = self.rear_return.value if rear_return is None else rear_return
        return absorbed_shares(absorbance, self._solvent(absorption_per_m), back)

    def _solvent(self, absorption_per_m: float | None) -> float:
        """Decadic absorbance of the solvent alone: as the blank had it, else from a table."""
        if absorption_per_m is None and self.blank is not None and self.particles:
            share = min(max(self.blank.solvent_share, 0.0), 0.99)
            return -math.log10(1.0 - share) * self.path_m / self.blank.path_m
        if absorption_per_m is None:
            known = self.solvent_absorption_per_m
            absorption_per_m = known.value if known is not None else 0.0
        return solvent_absorbance(self.path_m, absorption_per_m)
