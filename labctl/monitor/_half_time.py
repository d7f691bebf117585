"""When half of a load had left, out of a fraction as a function of time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labctl.monitor._estimates import figures

_HALVINGS = 14
"""Of a run's time: to a ten thousandth of it."""


def half_time(
    fraction: Callable[[float], tuple[float, float, float]], began_s: float, last_s: float
) -> dict[str, Any] | None:
    """When half of the load had left, s after `began_s`, with its 95 % interval, by a function of
    time to (low, middle, high) fractions; None where the interval goes on beyond `last_s`, the last
    measurement."""

    def crossed(which: int) -> float | None:
        if fraction(last_s)[which] < 0.5:
            return None
        low, high = began_s, last_s
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            if fraction(middle)[which] < 0.5:
                low = middle
            else:
                high = middle
        return 0.5 * (low + high) - began_s

    # The upper bound of the fraction reaches it first.
    early, middle, late = crossed(2), crossed(1), crossed(0)
    if early is None or middle is None or late is None:
        return None
    return {
        "value": figures(middle, 4),
        "low": figures(early, 4),
        "high": figures(late, 4),
        "unit": "s",
        "of": "after the stimulus, when half of the load had left",
    }
