"""Fewer points, same picture: a line for print needs no more than a point for each of its dots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

POINTS = 800
"""Of a line."""

Floats = NDArray[np.float64]


def thin_line(
    t_s: Sequence[float], value: Sequence[float], points: int = POINTS
) -> tuple[Floats, Floats]:
    """The line through the lowest and highest point of each of `points / 2` stretches: no peak is
    lost. Gaps (NaN) stay gaps."""
    times, values = _floats(t_s), _floats(value)
    if len(times) <= points:
        return times, values
    kept = []
    for stretch in np.array_split(np.arange(len(times)), points // 2):
        inside = values[stretch]
        gap = np.isnan(inside)
        if gap.all():
            kept.append(stretch[0])
            continue
        chosen = {int(np.nanargmin(inside)), int(np.nanargmax(inside))}
        if gap.any():
            chosen.add(int(np.argmax(gap)))
        kept.extend(stretch[place] for place in sorted(chosen))
    return times[kept], values[kept]


def thin_evenly(count: int) -> Any:
    """Indices of at most `POINTS` of `count` points, both ends among them."""
    if count <= POINTS:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, POINTS).round().astype(int))


def _floats(values: Sequence[float]) -> Floats:
    return np.asarray(values, dtype=np.float64)
