"""Curves on one time axis, that of the light: 0 is when it came on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labctl.compare._side import Side

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_GAP_PERIODS = 3.0
"""Nothing is drawn across more than this many times the usual time between readings."""
_MOST_POINTS = 20_000


@dataclass(frozen=True, slots=True)
class CurveDifference:
    """The second run's curve less the first one's, on a common axis; NaN where either has a gap."""

    first: str
    second: str
    t_s: Floats
    """Since the light came on; of a run that was never lit, since it began."""
    value_k: Floats
    rms_k: float | None
    """None where the two never overlap."""
    largest_k: float | None
    """With its sign."""
    largest_at_s: float | None


def aligned(side: Side, *, rise: bool) -> tuple[Floats, Floats]:
    """Time since the light, and temperature in degrees C, or with `rise` less its baseline. A run
    that was never lit counts from its beginning; one without a baseline from its first reading."""
    import numpy as np

    t_s = np.asarray(side.probe.t_s, dtype=np.float64) - (side.lit_s or 0.0)
    value = np.asarray(side.probe.value, dtype=np.float64)
    if rise and value.size:
        known = value[np.isfinite(value)]
        first = float(known[0]) if known.size else math.nan
        value = value - (side.baseline_degc if side.baseline_degc is not None else first)
    return t_s, value


def curve_difference(first: Side, second: Side, *, rise: bool) -> CurveDifference:
    """`second` less `first`, straight lines between readings, none across a gap."""
    import numpy as np

    one, other = aligned(first, rise=rise), aligned(second, rise=rise)
    periods = [_period(t_s) for t_s, _ in (one, other)]
    if not all(periods):
        none = np.empty(0)
        return CurveDifference(first.letter, second.letter, none, none, None, None, None)
    begin = max(float(one[0][0]), float(other[0][0]))
    end = min(float(one[0][-1]), float(other[0][-1]))
    step = max(*periods, (end - begin) / _MOST_POINTS)
    steps = np.arange(math.ceil(begin / step), math.floor(end / step) + 1)
    t_s: Floats = np.asarray(steps * step, dtype=np.float64)
    value: Floats = np.subtract(_at(t_s, *other, periods[1]), _at(t_s, *one, periods[0]))
    known = np.flatnonzero(np.isfinite(value))
    if not known.size:
        return CurveDifference(first.letter, second.letter, t_s, value, None, None, None)
    worst = known[np.argmax(np.abs(value[known]))]
    return CurveDifference(
        first.letter, second.letter, t_s, value, float(np.sqrt(np.mean(value[known] ** 2))),
        float(value[worst]), float(t_s[worst]),
    )  # fmt: skip


def _period(t_s: Floats) -> float:
    """The usual time between readings; 0 of less than two."""
    import numpy as np

    return float(np.median(np.diff(t_s))) if t_s.size > 1 else 0.0


def _at(where_s: Floats, t_s: Floats, value: Floats, period_s: float) -> Floats:
    import numpy as np

    known = np.isfinite(value)
    t_s, value = t_s[known], value[known]
    if t_s.size < 2:
        return np.full(where_s.shape, np.nan)
    found = np.interp(where_s, t_s, value, left=np.nan, right=np.nan)
    after = np.clip(np.searchsorted(t_s, where_s), 1, t_s.size - 1)
    wide = t_s[after] - t_s[after - 1] > _GAP_PERIODS * period_s
    # A moment at which there is a reading lies in no gap.
    on = np.isclose(t_s[after], where_s) | np.isclose(t_s[after - 1], where_s)
    return np.asarray(np.where(wide & ~on, np.nan, found), dtype=np.float64)
