"""What the check knows of a cell, for a hold of its temperature to start from."""

from __future__ import annotations

from labctl.events import HEATER
from labctl.monitor._priors import Priors
from labctl.photothermal import FilterBank, HoldModel, HoldStart


def hold_of(
    priors: Priors, bank: FilterBank | None, power_w: float, checked: str, source: str
) -> tuple[HoldModel, HoldStart | None]:
    """The cell and where it stands, under the power of its last reading. `checked` is the source
    that the run is checked for, whose heating its bank has learned; `source` the one that shall
    hold. ValueError where nothing is expected to heat."""
    prior = priors.bank
    model = HoldModel.of_prior(prior)
    start = None
    if bank is not None:
        start = HoldStart.of_bank(bank, power_w)
        if bank.mean_rate() > 0.0:
            model = HoldModel.of_bank(bank)
    if source == HEATER and checked != HEATER:
        model = model.heated_by_resistor(prior.heat_capacity_j_per_k)
    return model, start
