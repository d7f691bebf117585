"""Are the surroundings of a cell where the ambient probe has them?

The bank takes the surroundings for the probe's, to within some tenths of a kelvin. A probe that is
many kelvin off (elsewhere, of another unit, a holder of its own temperature) contradicts the curve:
a dark sample would go to where the probe is, and cools down to there. Here the record is told to
two banks once more: one that keeps to the probe, and one in which the surroundings may be anywhere.
How much better the second one foretold the readings, and where it has the surroundings, is told.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from labctl.photothermal._bank import FilterBank, LostError
from labctl.photothermal._layout import OFFSET, BankPrior
from labctl.photothermal._told_so_far import Told

_ANYWHERE_K = 30.0
"""Deviation of surroundings that may be anywhere a liquid is."""
_LINE_S = 8.0
"""First time behind an edge at which the filters are laid anew around what they have found."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a record has the surroundings of its cell, no ambient probe asked."""

    over_probe_k: float
    """Their temperature over the ambient probe's."""
    sd_k: float
    log_ratio: float
    """Log of the readings' probability with surroundings anywhere over that with the probe's;
    infinite where the readings are those of no cell with the probe's."""
    bank: FilterBank
    """That knows the surroundings by the record alone."""


def find_surroundings(bank: FilterBank, noise_k2: float) -> Surroundings | None:
    """From all that a bank was told, at a noise of the readings of `noise_k2`; None where it was
    more than is kept, or the readings are those of no cell. Some 0.5 s for 1000 readings."""
    told = bank.told
    if told is None or not told.whole:
        return None
    anywhere = replace(bank.prior, offset_sd_k=_ANYWHERE_K)
    try:
        free, by_record = _told_to(anywhere, bank.reference_degc, told, noise_k2)
        free = free.once_more()
    except LostError:
        return None
    try:
        _, by_probe = _told_to(bank.prior, bank.reference_degc, told, noise_k2)
    except LostError:
        by_probe = -math.inf
    each = free.each()
    means = each.mean[:, OFFSET]
    mean = float(each.weight @ means)
    variance = float(each.weight @ (each.covariance[:, OFFSET, OFFSET] + (means - mean) ** 2))
    return Surroundings(mean, math.sqrt(variance), by_record - by_probe, free)


def _told_to(
    prior: BankPrior, reference_degc: float, told: Told, noise_k2: float
) -> tuple[FilterBank, float]:
    """A bank of that prior that was told all, and the logarithm of what it gave the readings."""
    follower = _Follower(FilterBank(prior, told.first_degc, reference_degc), noise_k2)
    with np.errstate(all="ignore"):
        told.tell(follower, 0, len(told))
    return follower.bank, follower.log_likelihood


class _Follower:
    """Is told what a bank is told, lays its filters anew on the way as a live check does, and
    counts how well it foretells."""

    def __init__(self, bank: FilterBank, noise_k2: float) -> None:
        self.bank = bank
        self.log_likelihood = 0.0
        self._noise_k2 = noise_k2
        self._since_s = 0.0
        self._next_line_s = _LINE_S

    def predict(self, dt_s: float, power_w: float, surroundings_degc: float) -> None:
        if self._since_s >= self._next_line_s:
            self.bank.relinearise()
            self._next_line_s = 2.0 * self._since_s
        self.bank.predict(dt_s, power_w, surroundings_degc)
        self._since_s += dt_s

    def update(self, reading_degc: float, noise_k2: float) -> None:
        # A reading that was far off for the bank that was told it need not be so for this one.
        mean, variance = self.bank.forecast(self._noise_k2)
        off = reading_degc - mean
        self.log_likelihood -= 0.5 * (off * off / variance + math.log(variance))
        self.bank.update(reading_degc, self._noise_k2)

    def loosen(self, sd_k: float) -> None:
        self.bank.relinearise()
        self._since_s, self._next_line_s = 0.0, _LINE_S
        self.bank.loosen(sd_k)

    def resume(self, reading_degc: float) -> None:
        self.bank.relinearise()
        self.bank.resume(reading_degc)
