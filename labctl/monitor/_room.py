"""Is the sample where the ambient probe is? What the whole record says of a probe that is far off.

Asked only of a run whose sample does not begin at the probe's temperature: in the dark it would
have gone there. A sample from the refrigerator does not begin there either, and goes there; so the
probe is named only where the record has the surroundings far from it, and near to where the sample
began.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from labctl.events import Criterion
from labctl.monitor._estimates import figures
from labctl.monitor._history import FAR_K, History
from labctl.monitor._priors import Priors
from labctl.photothermal import FilterBank, NoiseEstimate, Surroundings, find_surroundings

NAME = "surroundings where the ambient probe is"
_NAMED_K, _NAMED_SD, _NAMED_RATIO = 2.0, 5.0, 10.0
"""From these on the probe is named: kelvin, deviations, log likelihood ratio."""
_HOLDS_K = 2.0
"""The probe holds where the record has the surroundings within so much of it, 3 deviations of the
record's own among it."""
_NEAR = 0.4
"""Of how far the surroundings are from the probe, by which the sample may begin off them."""


@dataclass(frozen=True, slots=True)
class Room:
    """What is said of the ambient probe of a run."""

    outcome: str
    value_k: float | None = None
    """Surroundings by the record, or else the sample's beginning, over the probe."""
    why: str = ""
    named: bool = False
    """True where the probe is what contradicts the curve."""
    bank: FilterBank | None = None
    """That knows the surroundings by the record alone, where the probe is in doubt."""

    def criterion(self) -> Criterion:
        value = None if self.value_k is None else figures(self.value_k, 3)
        return Criterion(NAME, value, "", self.outcome, self.why)


def in_reach() -> str:
    """Of the criterion, in words."""
    return (
        f"the sample begins within {FAR_K:g} K of the probe, or the record has its surroundings "
        f"within {_HOLDS_K:g} K of it"
    )


def room_of(
    priors: Priors, history: History, bank: FilterBank | None, noise: NoiseEstimate
) -> Room:
    """What a run with these priors says of its ambient probe, by the bank that followed it."""
    if not priors.has_ambient or bank is None:
        return Room("not applicable", None, "no ambient probe")
    begins_k = history.begins_over_ambient_k
    if abs(begins_k) < FAR_K or history.lit_s == 0.0:
        return Room("pass", begins_k)
    found = find_surroundings(bank, noise.variance)
    if found is None:
        return _open(begins_k, "there is more than can be looked at again")
    return _judged(begins_k, found)


def _judged(begins_k: float, found: Surroundings) -> Room:
    over_k, sd_k = found.over_probe_k, found.sd_k
    far = abs(over_k) > max(_NAMED_K, _NAMED_SD * sd_k)
    near = abs(begins_k - over_k) < _NEAR * abs(over_k)
    likely = found.log_ratio > _NAMED_RATIO
    if far and near and likely:
        side = "above" if over_k > 0.0 else "below"
        why = (
            f"the sample behaves as in surroundings {abs(over_k):.1f} ± "
            f"{1.96 * sd_k:.1f} K {side} the ambient probe (95 %): that probe is off, elsewhere, "
            "or in another unit, or the holder has a temperature of its own"
        )
        return Room("cannot tell", over_k, why, named=True, bank=found.bank)
    at_probe = abs(over_k) < 0.5 * abs(begins_k) and found.log_ratio < -_NAMED_RATIO
    reach_k = abs(over_k) + 3.0 * sd_k
    if at_probe or reach_k < _HOLDS_K or (reach_k < 0.5 * abs(begins_k) and not (far and likely)):
        return Room("pass", over_k)
    how = f"the record has the surroundings only to ± {1.96 * sd_k:.1f} K"
    if far and likely:
        how = f"the record has the surroundings {abs(over_k):.1f} K from it"
    elif far:
        how = "a vessel that loses other heat explains the record as well"
    return replace(_open(begins_k, how), bank=found.bank)


def _open(begins_k: float, how: str) -> Room:
    side = "above" if begins_k > 0.0 else "below"
    why = (
        f"the sample begins {abs(begins_k):.1f} K {side} the ambient probe, and {how}: whether "
        "the sample was so, or that probe is off, cannot be told"
    )
    return Room("cannot tell", begins_k if math.isfinite(begins_k) else None, why)
