"""What changed? Banks side by side that each let one thing be another from an onset on.

While the light is on, a change of the absorbed heat, of the heat loss and of the surroundings make
the same curve. Behind the switch-off they do not: the heat that came in no longer counts, the loss
sets how fast the cell cools, the surroundings where it ends. So each hypothesis has a bank of its
own, a copy of the bank from before the onset in which one state may be another from there on; its
evidence is the likelihood of all readings since, each foretold before it was taken in, so that a
hypothesis that explains anything pays for it (Kass and Raftery 1995).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from labctl.photothermal._bank import FilterBank, LostError
from labctl.photothermal._layout import LIGHT, LIQUID, LOSS, OFFSET, RATE

_LINE_S, _FIRST_LINE_S, _FIRST_S = 20.0, 4.0, 60.0
"""How often nominal values follow, and how often at first: what changed may have changed much."""
_WELL = 2.0
"""Mean square of the standardised innovations up to which a hypothesis explains the readings."""
_FAR_SD = 7.0
"""A reading may count against a hypothesis for no more than this."""
_BLUR_S = 4.0
"""The onset is known to a reading or two, and a bead's lag: so long after it no reading counts."""


class Cause(StrEnum):
    """What may have become another at the onset."""

    HEAT_IN = "heat in"
    """Heat for a watt of light: power, overlap, efficiency."""
    HEAT_OUT = "heat out"
    """The heat-loss coefficient."""
    SURROUNDINGS = "surroundings"
    """Their temperature."""
    BEAD_LIGHT = "light on the bead"
    READING = "reading"
    """What is read is off by a constant."""


@dataclass(frozen=True, slots=True)
class Change:
    """A hypothesis: `cause`, with a prior deviation of its size: relative for heat in and out, K
    for the others. `shift_k` is the size itself, for a reading that is off."""

    cause: Cause
    sd: float
    shift_k: float = 0.0


class _Branch:
    """One hypothesis with its bank and its evidence."""

    def __init__(self, change: Change, bank: FilterBank) -> None:
        self.change = change
        self.bank = bank
        self.evidence = 0.0
        self.begun = False
        self.at_edge: float | None = None
        """What the evidence was when the light changed for the first time."""
        self.squares, self.count = 0.0, 0

    @property
    def since_edge(self) -> float:
        """The evidence of the readings behind that edge alone."""
        return 0.0 if self.at_edge is None else self.evidence - self.at_edge

    def begin(self, power_w: float) -> None:
        self.begun = True
        bank, change = self.bank, self.change
        match change.cause:
            case Cause.HEAT_IN:
                bank.let_change(RATE, change.sd * abs(bank.mean_rate()))
            case Cause.HEAT_OUT:
                bank.let_change(LOSS, change.sd)
            case Cause.SURROUNDINGS:
                bank.let_change(OFFSET, change.sd)
            case Cause.BEAD_LIGHT:
                bank.let_change(LIGHT, change.sd / max(power_w, 1e-3))
            case Cause.READING:
                bank.let_change(LIQUID, change.sd)


class ChangeTest:
    """Feed it what the bank was fed since the copy was made. Times in s, temperatures in degC,
    powers in W, variances in K2."""

    def __init__(self, before: FilterBank, onset_s: float, changes: Sequence[Change]) -> None:
        """`before`: the bank as it was before the onset; it is copied."""
        self._onset_s = onset_s
        self._now_s = -math.inf
        self._branches = [_Branch(change, before.copy()) for change in changes]
        self._next_line_s = onset_s + _FIRST_LINE_S

    def predict(self, to_s: float, dt_s: float, power_w: float, surroundings_degc: float) -> None:
        """All banks move on by `dt_s`, up to `to_s`."""
        self._now_s = to_s
        line = to_s >= self._next_line_s
        if line:
            first = to_s < self._onset_s + _FIRST_S
            self._next_line_s = to_s + (_FIRST_LINE_S if first else _LINE_S)
        for branch in self._branches:
            if not branch.begun and to_s > self._onset_s:
                branch.begin(power_w)
            if line:
                branch.bank.relinearise()
            branch.bank.predict(dt_s, power_w, surroundings_degc)

    def edge(self, spread_k: float) -> None:
        """The light has come or gone; by how much the liquid may be ahead or behind."""
        for branch in self._branches:
            branch.bank.relinearise()
            branch.bank.loosen(spread_k)
            if branch.begun and branch.at_edge is None:
                branch.at_edge = branch.evidence

    def update(self, reading_degc: float, noise_k2: float) -> None:
        """All banks take a reading in."""
        if 0.0 < self._now_s - self._onset_s < _BLUR_S:
            return
        for branch in list(self._branches):
            value = reading_degc - (branch.change.shift_k if branch.begun else 0.0)
            mean, variance = branch.bank.forecast(noise_k2)
            if not (math.isfinite(mean) and 0.0 < variance < math.inf):
                self._branches.remove(branch)
                continue
            square = (value - mean) * (value - mean) / variance
            noise = noise_k2
            if square > _FAR_SD**2:
                noise += variance * (square / _FAR_SD**2 - 1.0)
                square = _FAR_SD**2
            if branch.begun:
                branch.evidence -= 0.5 * (square + math.log(variance))
                branch.squares += square
                branch.count += 1
            try:
                branch.bank.update(value, noise)
            except LostError:
                self._branches.remove(branch)

    def odds(self) -> Mapping[Cause, float]:
        """Log of each hypothesis' evidence over that of the best, of all readings or of those
        behind the first edge, whichever is kinder to it: a change may be so large that no bank
        follows its beginning well. Nothing where even the best does not explain the readings: then
        they say nothing of the others either."""
        branches = self._branches
        best = max(branches, key=lambda branch: branch.evidence, default=None)
        if best is None or best.squares > _WELL * max(best.count, 1):
            return {}
        behind = max(branch.since_edge for branch in branches)
        edge = all(branch.at_edge is not None for branch in branches)
        return {
            branch.change.cause: max(
                branch.evidence - best.evidence,
                branch.since_edge - behind if edge else -math.inf,
            )
            for branch in branches
        }
