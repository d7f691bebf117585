"""Laser energy at the sample, and its fluence over the spot, as readings of power come."""

from __future__ import annotations

import math

from labctl.photothermal._dose import LONGEST_GAP_S, Bounded

_Z95 = 1.96


class EnergyMeter:
    """Integrates the power at the sample while there is light: the mean of two readings over the
    time between them. A gap in the light is bridged so, and counted."""

    def __init__(self, longest_gap_s: float = LONGEST_GAP_S) -> None:
        self.longest_gap_s = longest_gap_s
        self.energy_j = 0.0
        self.lit_s = 0.0
        self.gaps = 0
        """Times without a reading while lit that were bridged."""
        self.gap_s = 0.0
        self._t_s: float | None = None
        self._power_w = 0.0

    def add(self, t_s: float, power_w: float, lit: bool) -> None:
        """Power of now, in W, and whether light may have come since the reading before. A power
        that is none counts as the one before; a time that is not later counts nothing."""
        if not math.isfinite(power_w):
            power_w = self._power_w
        if self._t_s is None:
            self._t_s, self._power_w = t_s, power_w
            return
        dt_s = t_s - self._t_s
        if not dt_s > 0.0:
            return
        if lit:
            self.energy_j += max(0.0, (power_w + self._power_w) / 2.0) * dt_s
            self.lit_s += dt_s
            if dt_s > self.longest_gap_s:
                self.gaps += 1
                self.gap_s += dt_s
        self._t_s, self._power_w = t_s, power_w

    def energy(self, relative_sd: float) -> Bounded:
        """J at the sample, 95 % by the calibration of the power (one relative deviation)."""
        return _within(self.energy_j, relative_sd)


def fluence_j_per_m2(
    energy_j: float, energy_relative_sd: float, spot_m2: float, spot_sd_m2: float
) -> Bounded:
    """Mean fluence over the spot, J/m^2 (1 J/cm^2 is 1e4), 95 % by power and area. A Gaussian
    beam's middle has twice that. ValueError unless the spot is larger than nothing."""
    if not (math.isfinite(spot_m2) and spot_m2 > 0.0):
        raise ValueError(f"a spot of {spot_m2} m^2 is none")
    return _within(energy_j / spot_m2, math.hypot(energy_relative_sd, spot_sd_m2 / spot_m2))


def _within(value: float, relative_sd: float) -> Bounded:
    reach = _Z95 * relative_sd * value
    return Bounded(value, max(0.0, value - reach), value + reach)
