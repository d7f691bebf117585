"""What an audit says of a record: what was seen, where, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from labctl.photothermal._record import Record


class Severity(StrEnum):
    """How much a finding weighs."""

    WRONG = "wrong"
    """The record contradicts itself or physics: a number from it is not to be used."""
    DOUBTFUL = "doubtful"
    """It may be right; the record alone cannot tell."""
    NOTE = "note"
    """Worth knowing; some method suffers, the full model does not."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found."""

    code: str
    """Short and stable, e.g. `clock-jumps`."""
    severity: Severity
    seen: str
    fix: str
    row: int | None = None
    """Of the record as it was given, from 0; None where it is of no one row."""
    time_s: float | None = None
    hypothesis: bool = False
    """True for what would explain the record and is not proved by it, such as a wrong unit."""


def at(record: Record, places: NDArray[np.intp] | None, row: int) -> tuple[int, float | None]:
    """(row of the record as given, its time) of a row of a part of it."""
    given = row if places is None else int(places[row])
    time_s = float(record.time_s[row])
    return given, time_s if np.isfinite(time_s) else None
