"""The probe's noise, from the readings themselves."""

from __future__ import annotations

_KEEP_SD = 5.0
"""A second difference beyond this many of its deviations is a step or an edge, not noise."""


class NoiseEstimate:
    """Variance of white noise from second differences, which a slope leaves at zero.

    (y_i - 2 y_{i-1} + y_{i-2})^2 / 6 has the noise's variance as its mean; neighbours overlap, and
    n of them are worth 18/35 n independent ones. A prior counts as `prior_dof`.
    """

    def __init__(self, prior_sd_k: float, prior_dof: float = 3.0) -> None:
        self._sum = prior_dof * prior_sd_k**2
        self._dof = prior_dof
        self._last: list[float] = []
        self.variance = prior_sd_k**2
        """K2."""

    @property
    def dof(self) -> float:
        """Independent squares that `variance` rests on."""
        return self._dof

    def add(self, value_degc: float) -> None:
        """One more reading, evenly spaced after the one before."""
        last = self._last
        if len(last) == 2:
            difference = value_degc - 2.0 * last[1] + last[0]
            square = difference * difference / 6.0
            if square <= _KEEP_SD**2 * self.variance:
                weight = 18.0 / 35.0
                self._sum += weight * square
                self._dof += weight
                # A frozen or coarse reading must not make the filter infinitely sure.
                self.variance = max(self._sum / self._dof, 1e-8)
            del last[0]
        last.append(value_degc)

    def restart(self) -> None:
        """Forget the neighbours: a gap or an edge lies between the readings."""
        self._last.clear()
