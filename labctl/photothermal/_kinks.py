"""When the light came on and went off, from the curve alone.

At an edge of the light the slope of the temperature changes at once by the heating rate A_r = Q/C,
up or down, wherever on the curve it lies; elsewhere it changes only as fast as the cell relaxes. So
the slope of the rows behind a time less that of the rows before it has its extremes at the edges.
A bead that lags shows an edge later than it was, by about its lag.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from labctl.photothermal._discretise import Floats
from labctl.photothermal._readings import step_k
from labctl.photothermal._record import Record

_GRID = 1500
"""Points that are looked at, however many rows there are."""
_WINDOWS = (60.0, 30.0, 15.0)
"""The span over each of these is how long a slope is taken over: longer where noise asks for it."""
_CLEAR_SD = 25.0
"""A largest change of so many deviations needs no longer window."""
_LEAST_ROWS = 3
_COARSE = 0.5
"""Of the step in which readings come, as their noise: a staircase has runs."""
_LEAST_SD = 8.0
"""A change of slope of so many of its deviations is an edge."""
_SHARE = 0.4
"""Of the largest change: what is smaller is the cell relaxing."""


@dataclass(frozen=True, slots=True)
class Kink:
    """A change of slope as light makes it."""

    time_s: float
    on: bool
    change_k_per_s: float
    window_s: float
    """Over which each slope was taken; the time is good to a fraction of it."""


def kinks(record: Record) -> tuple[Kink, ...]:
    """The kinks of a usable record in order; empty where there are none."""
    t, y = _even(record)
    if len(t) < 4 * _LEAST_ROWS:
        return ()
    step = float(t[1] - t[0])
    coarse = _COARSE * (step_k(record.temperature_degc) or 0.0)
    found: list[Kink] = []
    for parts in _WINDOWS:
        window = max(_LEAST_ROWS, round(float(t[-1] - t[0]) / parts / step))
        if len(t) < 2 * window + 2:
            break
        change, sd = _changes(y, window, step, coarse)
        # A short window sees edges near the ends, a long one edges in noise.
        for kink in _large(t, change, sd, window, step):
            if all(abs(kink.time_s - other.time_s) > kink.window_s for other in found):
                found.append(kink)
        if float(np.abs(change).max()) > _CLEAR_SD * sd:
            break
    return tuple(_placed(record, kink) for kink in sorted(found, key=lambda kink: kink.time_s))


def _large(t: Floats, change: Floats, sd: float, window: int, step: float) -> list[Kink]:
    """The extremes that are large enough."""
    at_s = 0.5 * (t[window - 1 : -window] + t[window : len(t) - window + 1])
    least = max(_SHARE * float(np.abs(change).max()), _LEAST_SD * sd)
    return [
        Kink(float(at_s[i]), bool(change[i] > 0.0), float(change[i]), window * step)
        for i in _extremes(change, window)
        if abs(change[i]) >= least
    ]


def _turns(large: Sequence[Kink]) -> list[Kink]:
    """Turn by turn up and down: of two of a kind in a row the stronger is the edge."""
    found: list[Kink] = []
    for kink in large:
        if not found or found[-1].on != kink.on:
            found.append(kink)
        elif abs(kink.change_k_per_s) > abs(found[-1].change_k_per_s):
            found[-1] = kink
    return found


def with_light(record: Record) -> Record | None:
    """A usable record whose light is not known, with the light that its curve shows; None where it
    shows none. A first kink that is down means that the light was on from the first row."""
    found = _turns(kinks(record))
    if found and found[0].on and _rises_before(record, found[0]):
        # Lit from the first row, and something else bent the curve upwards.
        found = found[1:]
    if not found:
        return None
    light = np.full(len(record), not found[0].on)
    for kink in found:
        light[record.time_s > kink.time_s] = kink.on
    return replace(record, laser_on=light)


def _rises_before(record: Record, kink: Kink) -> bool:
    before = record.time_s < kink.time_s - 0.25 * kink.window_s
    t, y = record.time_s[before], record.temperature_degc[before]
    if len(t) < _LEAST_ROWS:
        return False
    slope = float(np.polyfit(t - t[0], y, 1)[0])
    return slope > _SHARE * kink.change_k_per_s


def _even(record: Record) -> tuple[Floats, Floats]:
    """Evenly spaced means of the readings."""
    t, y = record.time_s, record.temperature_degc
    n = min(_GRID, len(t))
    if n < 2:
        return t, y
    borders = np.linspace(t[0], t[-1], n + 1)
    if len(t) <= _GRID:
        even = np.linspace(t[0], t[-1], n)
        return even, np.interp(even, t, y)
    which = np.clip(np.searchsorted(borders, t, side="right") - 1, 0, n - 1)
    count = np.bincount(which, minlength=n)
    full = count > 0
    means = np.bincount(which, weights=y, minlength=n)[full] / count[full]
    middles = 0.5 * (borders[1:] + borders[:-1])
    return middles, np.interp(middles, middles[full], means)


def _changes(y: Floats, window: int, step: float, coarse: float) -> tuple[Floats, float]:
    """Slope of the `window` points behind less that of those before, for every place between
    points, and the deviation that the points' noise, at least `coarse`, gives it."""
    x = np.arange(window) - 0.5 * (window - 1)
    spread = float((x**2).sum())
    slopes = np.convolve(y, x[::-1] / spread, mode="valid") / step
    change = slopes[window:] - slopes[:-window]
    noise = np.abs(y[1:-1] - 0.5 * (y[:-2] + y[2:]))
    sd = max(float(np.median(noise)) / 0.6745 / float(np.sqrt(1.5)), coarse)
    return change, sd * float(np.sqrt(2.0 / spread)) / step


def _extremes(change: Floats, window: int) -> list[int]:
    """Places where |change| is the largest within a window to either side, in order."""
    size = np.abs(change)
    found: list[int] = []
    for i in np.argsort(size)[::-1].tolist():
        if size[i] == 0.0:
            break
        if all(abs(i - other) > window for other in found):
            found.append(i)
        if len(found) > 200:
            break
    return sorted(found)


def _placed(record: Record, kink: Kink) -> Kink:
    """The kink where parabolas to either side, joined, leave the least."""
    t, y = record.time_s, record.temperature_degc
    near = np.flatnonzero(np.abs(t - kink.time_s) <= 2.0 * kink.window_s)
    if len(near) > 2 * _GRID:
        near = near[:: len(near) // _GRID]
    if len(near) < 8:
        return kink
    x, values = t[near] - kink.time_s, y[near]
    best, place = np.inf, 0.0
    for shift in np.linspace(-1.0, 1.0, 41) * kink.window_s:
        left, right = np.minimum(x - shift, 0.0), np.maximum(x - shift, 0.0)
        columns = np.column_stack([np.ones_like(x), left, left**2, right, right**2])
        off = values - columns @ np.linalg.lstsq(columns, values, rcond=None)[0]
        left_over = float(off @ off)
        if left_over < best:
            best, place = left_over, float(shift)
    return replace(kink, time_s=kink.time_s + place)
