"""What a blank or an electrical calibration hands on to later runs, in its verdict's results."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from labctl.events import Verdict
from labctl.monitor._estimates import Snapshot, figures
from labctl.monitor._priors import Kind, Priors, load_plain, to_lists
from labctl.photothermal import (
    BlankResult,
    CellKnowledge,
    ElectricalCalibration,
    Estimate,
    HeatPerWatt,
    Moments,
)

SHARE, FLUTTER, LAG = "solvent_share", "flutter", "lag"
"""Results that are of use to later runs only."""


def handed_on(used: Snapshot, priors: Priors) -> dict[str, Any]:
    """Result name -> what a later run takes from this one; nothing for a run of particles."""
    if priors.kind not in {Kind.BLANK, Kind.ELECTRICAL}:
        return {}
    lag = math.exp(-used.moments.mean[Moments.LN_INVERSE_LAG])
    variance = used.moments.covariance[Moments.LN_INVERSE_LAG, Moments.LN_INVERSE_LAG]
    found: dict[str, Any] = {
        FLUTTER: plain(Estimate(used.flutter_k2_per_s, 0.0, 0.0, "K2/s")),
        LAG: plain(Estimate(lag, lag * math.sqrt(variance), 0.0, "s")),
    }
    if priors.kind is Kind.BLANK:
        found[SHARE] = plain(solvent_share(used, priors))
    return found


def heat_capacity_z(used: Snapshot, priors: Priors) -> tuple[float | None, str]:
    """Of a calibration: by how many deviations the heat capacity that the resistor finds is off the
    stated one, and what that may mean. Far from it the resistor is not in the liquid, or volume or
    resistance is not what is stated. None where there is nothing to compare."""
    capacity = priors.inputs.liquid_heat_capacity_j_per_k
    rate = used.thermal.rate
    if capacity is None:
        return None, "volume, density or specific heat is not known"
    if rate.k_per_s_w <= 0.0:
        return None, "the resistor does not heat"
    found = 1.0 / rate.k_per_s_w
    prior = math.hypot(capacity.sd / capacity.value, priors.inputs.power_relative_sd)
    after = math.hypot(rate.sd, rate.sd_wall) / rate.k_per_s_w
    # What was stated is part of what was found: the variance of their difference is the
    # difference of their variances.
    moved = math.log(found / capacity.value)
    z = moved / math.sqrt(max(prior**2 - after**2, (0.1 * prior) ** 2))
    return z, (
        f"the resistor finds {found:.3g} J/K and the sample states {capacity.value:.3g} J/K: check "
        "that the resistor is in the liquid, its power, and the volume"
    )


def solvent_share(used: Snapshot, priors: Priors) -> Estimate:
    """Heat in the liquid over the power behind the front wall."""
    inputs, rate = priors.inputs, used.thermal.rate
    volume, capacity = inputs.volume_m3, inputs.liquid_heat_capacity_j_per_k
    if inputs.electrical is not None and volume is not None:
        heat = inputs.electrical.heat_per_watt(used.moments, volume.value)
        of_heat = math.hypot(
            inputs.electrical.power_relative_sd, inputs.electrical.refill_relative_sd
        )
    else:
        c = priors.bank.heat_capacity_j_per_k
        heat = HeatPerWatt(rate.k_per_s_w * c, rate.sd * c, rate.sd_wall * c)
        of_heat = capacity.sd / capacity.value if capacity else 0.0
    through = inputs.wall_transmission.value
    value = heat.value / through
    of_inputs = value * math.hypot(inputs.power_relative_sd, of_heat)
    return Estimate(value, heat.sd / through, math.hypot(heat.sd_wall / through, of_inputs))


def blank_of(
    verdict: Verdict, priors: Priors, cell: CellKnowledge | None, head_hash: str = ""
) -> BlankResult:
    """What the blank with this verdict and these priors hands on; `cell` from its whole record."""
    found = verdict.results
    loss, share, lag = found["heat_loss_coefficient"], found[SHARE], found[LAG]
    return BlankResult(
        heat_loss_w_per_k=loss["value"],
        heat_loss_sd_w_per_k=_sd(loss),
        solvent_share=share["value"],
        solvent_share_sd=_sd(share),
        flutter_k2_per_s=found[FLUTTER]["value"],
        lag_s=lag["value"],
        lag_sd_s=_sd(lag),
        path_m=priors.inputs.path_m,
        head_hash=head_hash,
        cell=cell,
    )


def calibration_of(
    cell: CellKnowledge, priors: Priors, *, bench: str = "", date: str = "", head_hash: str = ""
) -> ElectricalCalibration:
    """What an electrical calibration with these priors hands on; `cell` from its whole record.
    ValueError where the volume is not known."""
    volume = priors.inputs.volume_m3
    if volume is None:
        raise ValueError("the calibration does not say the volume of its liquid")
    return ElectricalCalibration(
        cell=cell,
        power_relative_sd=priors.inputs.power_relative_sd,
        volume_m3=volume.value,
        vessel=priors.vessel,
        bench=bench,
        date=date,
        head_hash=head_hash,
    )


def calibration_to_plain(calibration: ElectricalCalibration) -> dict[str, Any]:
    """As JSON has it."""
    return to_lists(calibration)


def calibration_from_plain(plain_: Mapping[str, Any]) -> ElectricalCalibration:
    """What `calibration_to_plain` gave; TypeError or ValueError for anything else."""
    return load_plain(ElectricalCalibration, plain_)


def plain(estimate: Estimate) -> dict[str, Any]:
    """A result as the verdict has it."""
    return {
        "value": figures(estimate.value),
        "sd_statistical": figures(estimate.sd_statistical, 4),
        "sd_inputs": figures(estimate.sd_inputs, 4),
        "low": figures(estimate.low),
        "high": figures(estimate.high),
        "unit": estimate.unit,
    }


def _sd(result: Mapping[str, float]) -> float:
    total: float = (result["sd_statistical"] ** 2 + result["sd_inputs"] ** 2) ** 0.5
    return total
