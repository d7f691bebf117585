"""Three answers about a value and its limits: pass, fail, cannot tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Answer(StrEnum):
    """What can be said of a value against its limits."""

    PASS = "pass"
    FAIL = "fail"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Declared limits in SI units; None where there is none on that side. A bound is no part of
    what is allowed."""

    low: float | None
    high: float | None


def judge(low: float, high: float, bounds: Bounds) -> Answer:
    """What an interval from `low` to `high` says of the limits.

    `pass` where all of it is strictly inside, `fail` where all of it is strictly outside, else
    `cannot tell`: it straddles a limit or touches one. So a value at a limit never passes, however
    well it is known. ValueError for an interval whose ends are no numbers or stand crosswise.
    """
    if not low <= high:
        raise ValueError(f"no interval: from {low} to {high}")
    if bounds.low is not None and high < bounds.low:
        return Answer.FAIL
    if bounds.high is not None and low > bounds.high:
        return Answer.FAIL
    above = bounds.low is None or low > bounds.low
    below = bounds.high is None or high < bounds.high
    return Answer.PASS if above and below else Answer.CANNOT_TELL


def together(answers: Iterable[Answer]) -> Answer:
    """One answer of many: fail where one fails, else cannot tell where one cannot, else pass.
    Where there is nothing to judge, nothing passes."""
    found = list(answers)
    if Answer.FAIL in found:
        return Answer.FAIL
    if not found or Answer.CANNOT_TELL in found:
        return Answer.CANNOT_TELL
    return Answer.PASS
