"""How far the guarded reading has risen in an emission, beside what its energy makes of it.

At least: every joule gives `least_k_per_j`, and what is there fades with the shortest time
constant, together with what the sample had over its coldest before the light. At most: every joule
gives `most_k_per_j` and nothing is lost. Both are bounds, not predictions; the check predicts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from labctl.clock import NS
from labctl.talk import GuardSpec


@dataclass(slots=True)
class Rise:
    """Of the present emission, as of the newest valid guarded reading. Temperatures in K."""

    rise_k: float | None = None
    """Over the last reading before the light; None in the dark."""
    given_j: float = 0.0
    least_k: float = 0.0
    most_k: float = 0.0
    peak_k: float = 0.0
    """The highest that `least_k` has been."""
    same_k: float = 0.0
    """What `peak_k` was at the first of the identical readings."""
    _lit_ns: int | None = None
    _lit_degc: float = 0.0
    _warm_k: float = 0.0
    """How much warmer than ever in the dark the sample was when the light came."""
    _coldest_degc: float = math.inf
    _taken_ns: int = 0
    _degc: float | None = None
    _given_j: float = 0.0

    def take(
        self, spec: GuardSpec, taken_ns: int, degc: float, lit_ns: int | None, given_j: float
    ) -> None:
        """Take in a newer reading. `lit_ns`: when the present emission began, None in the dark;
        `given_j`: all that this source has given."""
        if lit_ns is None:
            self.rise_k = None
            self._coldest_degc = min(self._coldest_degc, degc)
        else:
            if lit_ns != self._lit_ns:
                self._lit_degc = degc if self._degc is None else self._degc
                self._warm_k = max(0.0, self._lit_degc - self._coldest_degc)
                self.given_j = self.least_k = self.most_k = self.peak_k = 0.0
            self._follow(spec, max(taken_ns - max(self._taken_ns, lit_ns), 0) / NS,
                         given_j - self._given_j)  # fmt: skip
            self.rise_k = degc - self._lit_degc
        self._lit_ns, self._taken_ns, self._degc = lit_ns, taken_ns, degc
        self._given_j = given_j

    def _follow(self, spec: GuardSpec, took_s: float, given_j: float) -> None:
        self.given_j += given_j
        self.most_k += spec.most_k_per_j * given_j
        if spec.least_k_per_j > 0.0:
            over_k = (self.least_k + self._warm_k) * math.exp(-took_s / spec.fades_s)
            self.least_k = over_k - self._warm_k + spec.least_k_per_j * given_j
            self.peak_k = max(self.peak_k, self.least_k)

    def fades_k_per_s(self, spec: GuardSpec, degc: float) -> float:
        """As fast as the sample, at this reading, may cool by itself; 0 where nobody knows."""
        return max(0.0, degc - self._coldest_degc) / spec.fades_s if spec.fades_s > 0.0 else 0.0
