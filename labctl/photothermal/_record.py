"""Anybody's record of a heating and cooling curve, and the rows of it that can be computed with.

Pure arrays, one row a reading. `laser_on` and `power_w` of a row are what the light was when the
reading was taken: an edge lies between the last row of the old state and the first of the new.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from labctl.photothermal._discretise import Floats

Bools = NDArray[np.bool_]

_LIT = 0.05
"""Share of the largest power from which the light counts as on."""
_RESTART_ROWS = 5
_LONGEST_S, _HOTTEST_DEGC = 1e13, 1e6
"""Beyond these nothing is a time in any unit, or a temperature."""


class UnusableError(ValueError):
    """The record cannot carry what was asked of it; the words say what is missing."""


@dataclass(frozen=True, slots=True)
class Record:
    """Rows as they were found; nothing is sorted, filled in or left out. All arrays are (n,)."""

    time_s: Floats
    temperature_degc: Floats
    laser_on: Bools | None = None
    """None where the record does not say."""
    power_w: Floats | None = None
    """Power at the sample; None where it was not recorded."""
    ambient_degc: Floats | None = None

    def __post_init__(self) -> None:
        for name in ("time_s", "temperature_degc", "laser_on", "power_w", "ambient_degc"):
            values = getattr(self, name)
            if values is not None and not isinstance(values, np.ndarray):
                raise TypeError(
                    f"{name} is a {type(values).__name__}: give an array, "
                    f"`numpy.asarray({name}, dtype={'bool' if name == 'laser_on' else 'float'})`"
                )
            if values is not None and values.shape != self.time_s.shape:
                raise ValueError(
                    f"{name} has shape {values.shape} and time_s {self.time_s.shape}: one row a "
                    "reading"
                )
        if self.time_s.ndim != 1:
            raise ValueError(f"time_s has shape {self.time_s.shape}: one row a reading")

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def light(self) -> Bools | None:
        """Whether the light was on in each row: as recorded, else where the power was above 5 % of
        its largest value; None where neither was recorded."""
        if self.laser_on is not None:
            return self.laser_on
        if self.power_w is None:
            return None
        finite = np.nan_to_num(self.power_w, nan=0.0, posinf=0.0, neginf=0.0)
        largest = float(finite.max(initial=0.0))
        if largest <= 0.0:
            return np.zeros(len(self), dtype=bool)
        return finite > _LIT * largest

    def rows(self, which: slice | Bools | NDArray[np.intp]) -> Record:
        """The same record with some of its rows only."""
        return replace(
            self,
            time_s=self.time_s[which],
            temperature_degc=self.temperature_degc[which],
            laser_on=None if self.laser_on is None else self.laser_on[which],
            power_w=None if self.power_w is None else self.power_w[which],
            ambient_degc=None if self.ambient_degc is None else self.ambient_degc[which],
        )


def usable(record: Record) -> tuple[Record, NDArray[np.intp]]:
    """The rows that can be computed with, in order, and their places in `record`: those with a
    time and a temperature, each later than all before it, up to where the clock begins anew.
    UnusableError where none is left, or where they are beyond any time or temperature."""
    timed = np.flatnonzero(np.isfinite(record.time_s))
    restart = restart_row(record.time_s[timed])
    places = timed[:restart]
    places = places[np.isfinite(record.temperature_degc[places])]
    if not len(places):
        raise UnusableError("no row has both a time and a temperature")
    times = record.time_s[places]
    latest = np.maximum.accumulate(times)
    forward = np.ones(len(times), dtype=bool)
    forward[1:] = times[1:] > latest[:-1]
    places = places[forward]
    part = record.rows(places)
    span_s = float(part.time_s[-1]) - float(part.time_s[0])
    hottest = float(np.abs(part.temperature_degc).max())
    if not (span_s < _LONGEST_S and float(np.abs(part.time_s).max()) < 1e6 * _LONGEST_S):
        raise UnusableError(f"the times span {span_s:.3g} s")
    if hottest > _HOTTEST_DEGC:
        raise UnusableError(f"{hottest:.3g} is no temperature")
    return part, places


def restart_row(times_s: Floats) -> int | None:
    """The first row from which time has another zero: it falls back, and neither of the next rows
    is ahead of what was before. None where there is no such row; single rows out of order are
    not."""
    latest = np.maximum.accumulate(times_s)
    for row in np.flatnonzero(np.diff(times_s) < 0.0) + 1:
        following = times_s[row : row + _RESTART_ROWS]
        if len(following) > 2 and bool((following <= latest[row - 1]).all()):
            return int(row)
    return None


def noise_sd_k(record: Record) -> float | None:
    """White noise of the readings of a usable record, in K: each against the line between its
    neighbours, by the median, so that edges and steps weigh nothing. None for fewer than 8 rows.

    0.0 where more than half of the readings lie on that line: constant or coarsely quantised.
    """
    t, y = record.time_s, record.temperature_degc
    if len(t) < 8:
        return None
    weight = (t[1:-1] - t[:-2]) / (t[2:] - t[:-2])
    off = y[1:-1] - (1.0 - weight) * y[:-2] - weight * y[2:]
    off /= np.sqrt(1.0 + weight**2 + (1.0 - weight) ** 2)
    # The median of |x| of a normal deviate is 0.6745 of its deviation.
    return float(np.median(np.abs(off))) / 0.6745
