"""Whether two results differ: the difference with its interval, and what may be said of it.

An input that is the same thing for both runs, such as one calibration of one power meter, moves
both results together: its share of the difference is the difference of its shares. An input of
which that is not known moves each by itself. What varies from one filling to the next is in no
budget.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from labctl.compare._side import Side
from labctl.record import finite

QUANTITIES = {
    "efficiency": "efficiency",
    "specific_absorption_rate": "absorption rate",
    "heat_loss_coefficient": "heat-loss coefficient",
    "time_constant": "time constant",
    "temperature_rise": "rise, steady",
}
"""Results that are compared, by their names in the record, and as people call them."""
WIDTH = 1.96
"""Standard deviations either side of a 95 % interval, as in the record."""
_OF_BENCH = ("power at the sample", "wall heat capacity", "wall transmission", "rear reflection")
_OF_SAMPLE = ("absorbance", "density", "specific heat", "solvent heat")
_OF_MODEL = "model"


class Told(StrEnum):
    """What may be said."""

    DIFFER = "differ"
    """The interval leaves zero out, whether inputs are shared or not."""
    IF_SHARED = "differ, if what they share is the same"
    """It leaves zero out only because shared inputs are taken to move both alike."""
    NOT_APART = "cannot be told apart"
    """Zero is inside. That is no proof that they are the same."""
    CANNOT_TELL = "cannot tell"
    """One of them has no such number."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A result of the second run less that of the first, in the record's own unit."""

    quantity: str
    first: str
    """Letter."""
    second: str
    told: Told
    why: str = ""
    """Where it cannot be told."""
    unit: str = ""
    value: float | None = None
    low: float | None = None
    """95 %, with what is shared taken off."""
    high: float | None = None
    sd: float | None = None
    """One standard deviation, with what is shared taken off."""
    sd_independent: float | None = None
    """As if nothing were shared: where correlations are not negative it is this at most."""
    shared: tuple[str, ...] = ()
    """Inputs of the budget that are the same for both."""

    @property
    def low_independent(self) -> float | None:
        """Low end as if nothing were shared."""
        if self.value is None or self.sd_independent is None:
            return None
        return self.value - WIDTH * self.sd_independent

    @property
    def high_independent(self) -> float | None:
        """High end as if nothing were shared."""
        if self.value is None or self.sd_independent is None:
            return None
        return self.value + WIDTH * self.sd_independent


def difference(first: Side, second: Side, quantity: str) -> Difference:
    """`second` less `first`."""
    for side in (first, second):
        why = _lacks(side, quantity)
        if why:
            return Difference(quantity, first.letter, second.letter, Told.CANNOT_TELL, why)
    a, b = first.result(quantity) or {}, second.result(quantity) or {}
    value = float(b["value"]) - float(a["value"])
    independent = math.hypot(_sd(a), _sd(b))
    names = shared_inputs(first, second) if quantity == "efficiency" else ()
    sd, names = _with_shared(first, second, a, b, names) if names else (independent, ())
    if abs(value) <= WIDTH * sd:
        told = Told.NOT_APART
    else:
        told = Told.DIFFER if abs(value) > WIDTH * independent else Told.IF_SHARED
    return Difference(
        quantity, first.letter, second.letter, told, "", str(a.get("unit", "")), value,
        value - WIDTH * sd, value + WIDTH * sd, sd, independent, names,
    )  # fmt: skip


def shared_inputs(first: Side, second: Side) -> tuple[str, ...]:
    """Names of inputs in both budgets that are known to be the same thing for both runs: of the
    same bench file, the same sample, and for the model's own share the same protocol too. Each
    simulated world draws its own truth, so that two of them share something only with one seed."""
    one, other = first.begun, second.begun
    if one is None or other is None or one.mode != other.mode or one.mode.value == "IMPORTED":
        return ()
    if one.mode.value == "SIMULATED" and one.seed != other.seed:
        return ()
    names: tuple[str, ...] = ()
    same_sample = one.sample_digest == other.sample_digest != ""
    if one.bench_digest == other.bench_digest:
        names += _OF_BENCH
    if same_sample:
        names += _OF_SAMPLE
        if one.protocol_digest == other.protocol_digest:
            names += (_OF_MODEL,)
    have = _budget(first).keys() & _budget(second).keys()
    return tuple(name for name in names if name in have)


def _with_shared(
    first: Side,
    second: Side,
    a: Mapping[str, Any],
    b: Mapping[str, Any],
    names: tuple[str, ...],
) -> tuple[float, tuple[str, ...]]:
    """The deviation of the difference, and the names that were taken off: none, where the budget
    does not add up to what the result says of its inputs."""
    parts_a, parts_b = _parts(first, a), _parts(second, b)
    if not (_adds_up(parts_a, a) and _adds_up(parts_b, b)):
        return math.hypot(_sd(a), _sd(b)), ()
    squares = [_statistical(a) ** 2, _statistical(b) ** 2]
    for name in parts_a.keys() | parts_b.keys():
        one, other = parts_a.get(name, 0.0), parts_b.get(name, 0.0)
        squares += [(other - one) ** 2] if name in names else [one**2, other**2]
    return math.sqrt(math.fsum(squares)), names


def _budget(side: Side) -> Mapping[str, float]:
    """Input -> relative standard deviation."""
    budget = side.verdict.budget if side.verdict is not None else {}
    return {name: share for name, part in budget.items() if (share := finite(part)) is not None}


def _parts(side: Side, result: Mapping[str, Any]) -> dict[str, float]:
    return {name: part * float(result["value"]) for name, part in _budget(side).items()}


def _adds_up(parts: Mapping[str, float], result: Mapping[str, Any]) -> bool:
    inputs = finite(result.get("sd_inputs"))
    return inputs is not None and math.isclose(
        math.sqrt(math.fsum(part**2 for part in parts.values())), inputs, rel_tol=0.05
    )


def _statistical(result: Mapping[str, Any]) -> float:
    return finite(result.get("sd_statistical")) or 0.0


def _sd(result: Mapping[str, Any]) -> float:
    """In all; 0 where the record has none, which `_lacks` refuses."""
    found = math.hypot(_statistical(result), finite(result.get("sd_inputs")) or 0.0)
    if found > 0:
        return found
    low, high = finite(result.get("low")), finite(result.get("high"))
    return (high - low) / (2 * WIDTH) if low is not None and high is not None else 0.0


def _lacks(side: Side, quantity: str) -> str:
    """Why this run has nothing to compare; '' where it has."""
    if not side.completed:
        how = side.ended.outcome if side.ended is not None else side.state
        return f"{side.letter} did not come to its end ({how})"
    result = side.result(quantity)
    if result is None:
        return f"{side.letter} has no {QUANTITIES.get(quantity, quantity)}"
    if not _sd(result) > 0:
        return f"{side.letter} has no interval of its {QUANTITIES.get(quantity, quantity)}"
    return ""
