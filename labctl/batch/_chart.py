"""Shewhart's chart of individual values: centre, limits, and what a point says against them.

The spread is that of one lot to the next: the mean moving range over 1.128 (its expectation, in
standard deviations, for two normal values). Rules are the four of the Western Electric handbook
(Statistical Quality Control Handbook, 1956). A point on a line is not beyond it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

RANGE_OF_TWO = 1.128
"""Expected range of two normal values, in standard deviations."""
FEWEST = 8
"""Lots from which limits are worked out; with fewer they say more of chance than of the process."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Centre and spread of a chart, in the unit of its values."""

    centre: float
    sd: float
    declared: bool
    """Stated in the limits file, not worked out from the lots."""

    @property
    def low(self) -> float:
        """Lower control limit."""
        return self.centre - 3.0 * self.sd

    @property
    def high(self) -> float:
        """Upper control limit."""
        return self.centre + 3.0 * self.sd


@dataclass(frozen=True, slots=True)
class Signal:
    """A point at which a rule holds."""

    index: int
    """Of the point, from 0: the last one that the rule needs."""
    rule: str
    """In words."""


def lines_of(values: Sequence[float]) -> Lines | None:
    """Lines worked out from lots in the order in which they were made; None for fewer than
    `FEWEST`."""
    if len(values) < FEWEST:
        return None
    ranges = [abs(b - a) for a, b in pairwise(values)]
    return Lines(sum(values) / len(values), sum(ranges) / len(ranges) / RANGE_OF_TWO, False)


_RULES: tuple[tuple[int, int, float, str], ...] = (
    (1, 1, 3.0, "beyond three standard deviations"),
    (2, 3, 2.0, "two of three in a row beyond two standard deviations on one side"),
    (4, 5, 1.0, "four of five in a row beyond one standard deviation on one side"),
    (8, 8, 0.0, "eight in a row on one side of the centre"),
)
"""How many, of how many in a row, beyond how many standard deviations, in words."""


def signals(values: Sequence[float], lines: Lines) -> list[Signal]:
    """Every point at which a rule holds, in order; a point is told once a rule."""
    found = []
    for index in range(len(values)):
        for wanted, of, beyond, words in _RULES:
            window = values[max(0, index + 1 - of) : index + 1]
            if any(_holds(window, lines, side, wanted, beyond) for side in (1.0, -1.0)):
                found.append(Signal(index, words))
    return found


def _holds(window: Sequence[float], lines: Lines, side: float, wanted: int, beyond: float) -> bool:
    """The last point is beyond, and with it as many as wanted."""
    out = [side * (value - lines.centre) > beyond * lines.sd for value in window]
    return out[-1] and sum(out) >= wanted
