"""What the particles have been through: how long in which medium, up to any moment asked for.

Media that differ by less than a rate can tell are one class, so that hours of samples are a few
numbers.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

import numpy as np

from labctl.photothermal._release_laws import Array, Medium

_BIN_K = 0.2
_STAY_K = 0.16
"""A temperature leaves its class only when it is further than this from the middle of it."""


class MediumHistory:
    """Times in s, rising. The medium told holds until the next one is told."""

    def __init__(self) -> None:
        self._reference: Medium | None = None
        self.classes: list[Medium] = []
        """In order of appearance; never changed, only added to."""
        self._index: dict[Medium, int] = {}
        self._from_s: list[float] = []
        self._class: list[int] = []
        self._spent: list[dict[int, float]] = []
        """Seconds in each class before each entry."""

    @property
    def began_s(self) -> float | None:
        """When the clock of the release began; None before."""
        return self._from_s[0] if self._from_s else None

    @property
    def now(self) -> Medium | None:
        """The class that holds since the last one told."""
        return self.classes[self._class[-1]] if self._class else None

    def reference(self) -> Medium:
        """The medium in which rates are meant where nobody states another: what it is when this is
        first asked, at the first measurement that is, and never another. ValueError before any."""
        if self._reference is None:
            self._reference = self.now
        if self._reference is None:
            raise ValueError("no medium was told yet")
        return self._reference

    def tell(self, t_s: float, medium: Medium) -> None:
        """From `t_s` on it is this; a time that goes back is taken as the last one told."""
        now = self.now
        degc = medium.temperature_degc
        if now is not None and abs(degc - now.temperature_degc) <= _STAY_K:
            degc = now.temperature_degc
        else:
            degc = round(round(degc / _BIN_K) * _BIN_K, 6)
        found = replace(medium, temperature_degc=degc)
        if found == now:
            return
        at = self._index.setdefault(found, len(self.classes))
        if at == len(self.classes):
            self.classes.append(found)
        if self._from_s:
            t_s = max(t_s, self._from_s[-1])
            spent = dict(self._spent[-1])
            spent[self._class[-1]] = spent.get(self._class[-1], 0.0) + t_s - self._from_s[-1]
        else:
            spent = {}
        self._from_s.append(t_s)
        self._class.append(at)
        self._spent.append(spent)

    def spent_s(self, t_s: float) -> Array:
        """Seconds in each class until `t_s`; zeros before the clock began."""
        found = np.zeros(len(self.classes))
        at = bisect_right(self._from_s, t_s) - 1
        if at < 0:
            return found
        for index, seconds in self._spent[at].items():
            found[index] = seconds
        found[self._class[at]] += t_s - self._from_s[at]
        return found
