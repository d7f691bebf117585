"""Electrical calibration of a cell: the heat capacity cancels against a resistor's known heat.

A resistor of measured electrical power heats the liquid in the same geometry as the light does. The
same bank on that record gives the heating rate a_el = 1/C_l (all of the power is heat in the
liquid) together with the cell's parameters. A later run's heating rate over it is the heat in the
liquid per watt of light,

    a_laser/a_el = t_wall (s_particles efficiency + s_solvent),

whatever volume, density and specific heat are. (Electrical substitution; for liquids in this form
the project's own, see docs/decisions/0015.) The resistor must be in the cell in both runs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from labctl.photothermal._bank import LostError
from labctl.photothermal._cell import CellKnowledge, HeatPerWatt, rate_ratio
from labctl.photothermal._discretise import Floats
from labctl.photothermal._layout import BankPrior
from labctl.photothermal._light import PowerSteps
from labctl.photothermal._map import fit_record
from labctl.photothermal._run import RecordError, run_record
from labctl.photothermal._told import Moments

REFILL_RELATIVE_SD = 0.005
"""Of the volume, when the cell is filled anew to the same mark. Declared, not measured."""
SAME_VOLUME = 0.02
"""Volumes that differ by more are not the same cell any longer."""
_DRAWS = 200
_FEWEST_DRAWS = 30.0
"""Weighed draws that are worth fewer than so many say no more than the most likely cell does."""


@dataclass(frozen=True, slots=True)
class ElectricalCalibration:
    """What a passed electrical calibration found, and of which cell."""

    cell: CellKnowledge
    """`ln_rate` is of the electrical power as it was measured."""
    power_relative_sd: float
    """Of the electrical power."""
    volume_m3: float
    vessel: str
    bench: str = ""
    date: str = ""
    """Of the calibration run, `2026-01-31`."""
    head_hash: str = ""
    """Of its record, so that it can be found and proved."""
    world: str = ""
    """Empty for a real cell, else which simulated one: `seed 7`."""
    refill_relative_sd: float = REFILL_RELATIVE_SD

    def prior(self, start: BankPrior, volume_m3: float) -> BankPrior:
        """`start` with the cell as calibrated, for a run of that volume."""
        return self.cell.prior(start, volume_m3 / self.volume_m3)

    def heat_per_watt(self, moments: Moments, volume_m3: float) -> HeatPerWatt:
        """Heat in the liquid over power at the sample, from the moments of a bank that started
        from `prior` with the same volume."""
        return rate_ratio(moments, self.cell, volume_m3 / self.volume_m3)

    def fits_volume(self, volume_m3: float) -> bool:
        """True when a cell with so much in it is the one that was calibrated."""
        return abs(volume_m3 / self.volume_m3 - 1.0) <= SAME_VOLUME


def electrical_prior(
    start: BankPrior, capacity_relative_sd: float, power_relative_sd: float
) -> BankPrior:
    """What a calibration's bank starts from: `start` with all of the power as heat in the liquid
    to within the deviations of C_l and of the electrical power, and no light on the bead."""
    return replace(
        start,
        heat_per_watt=1.0,
        heat_per_watt_sd=math.hypot(capacity_relative_sd, power_relative_sd),
        light_k_per_w=0.0,
    )


def know_cell(
    prior: BankPrior,
    times_s: Floats,
    readings_degc: Floats,
    power: PowerSteps,
    ambients_degc: float | Floats,
    *,
    noise_sd_k: float | None = None,
    edge_spread_s: float = 0.0,
) -> CellKnowledge:
    """What a whole record (of a calibration, or of a blank) leaves known of its cell; arguments as
    those of `run_record`, RecordError where there is no cell to be found in it.

    All readings at once, and not the live bank's last word: a calibration tightens a wall that is
    known to a factor, and on the way there the bank, which goes forward once, gets surer of the
    wall than it should (its squared standardised errors are twice too large; those of this are not,
    see `benchmarks check early_stop`).
    """
    fit = fit_record(
        prior, times_s, readings_degc, power, ambients_degc, noise_sd_k=noise_sd_k,
        edge_spread_s=edge_spread_s, draws=_DRAWS,
    )  # fmt: skip
    # Weighed draws are right wherever the search for the most likely cell ended.
    found = fit.moments if fit.effective_draws >= _FEWEST_DRAWS else fit.mode
    if not fit.converged and fit.effective_draws < _FEWEST_DRAWS:
        try:
            found = run_record(
                prior, times_s, readings_degc, power, ambients_degc, noise_sd_k=noise_sd_k,
                edge_spread_s=edge_spread_s, passes=2,
            ).moments  # fmt: skip
        except LostError as error:
            raise RecordError("the readings are those of no cell") from error
    try:
        return CellKnowledge.of(found, prior.heat_capacity_j_per_k)
    except ValueError as error:
        raise RecordError(str(error)) from error
