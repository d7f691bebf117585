"""What a hold sees of its cell: liquid and wall behind a late bead, and what the model is off by.

A Kalman filter over (T_l, T_w, T_m, a, d), exact in all of them for a given power. Heating rate a
and unknown heat d are told apart because the power changes: what goes with the power is a, the rest
d. It is told the power that there was, not the one that was wished for, so nothing winds up at a
limit. Both may drift: this is for control, and no efficiency is read from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from labctl.photothermal._discretise import Floats, step_matrices
from labctl.photothermal._hold_model import HoldModel, HoldStart

_LIQUID, _WALL, _BEAD, _RATE, _REST = range(5)
_STATES = 5
_FLUTTER_K2_PER_S = 4e-6
_RATE_PER_ROOT_S = 0.001
"""Random walk of a over itself: 1 % in 100 s, as bleaching and a drifting laser need."""
_REST_K_PER_S_PER_ROOT_S = 0.0012
"""Random walk of d: a draught is followed in some 5 s."""
_REST_SHARE = 0.5
"""d is at first as open as the loss at a rise of 20 K, this much of it: the rest is a's."""
_START_SD_K = 0.15
_WALL_SD_K = 0.4
_LEAST_RATE = 0.05
"""Of the model's: less is no heating, and nothing is divided by it."""
_SAME_POWER = 0.1
"""A slope under another power, or from before the light, says nothing of this one."""
_FAR_SD = 6.0
_LONGEST_S = 2.0


@dataclass(frozen=True, slots=True)
class Still:
    """Readings that were bit for bit the same, and what should have become of them."""

    count: int
    for_s: float
    should_k: float
    """They should have changed by so much: by all that was known of the cell when they began, and
    by what the power has done since, whichever is less."""
    liquid_degc: float
    """Where the liquid should be by now, had they told nothing."""


class _Still:
    """A reading since it was first what it is, under the power of then."""

    def __init__(self, reading_degc: float, power_w: float, x: Floats) -> None:
        self.reading_degc = reading_degc
        self.power_w = power_w
        self.x = x.copy()
        self.from_degc = float(x[_BEAD])
        self.count = 1
        self.for_s = 0.0
        self.should_k: Floats = np.zeros(3)
        """What other powers since should have made of liquid, wall and bead."""


class HoldObserver:
    """Predict under a power, take a reading. Temperatures in degC, power in W, time in s."""

    def __init__(
        self, model: HoldModel, start: HoldStart, power_w: float, noise_sd_k: float
    ) -> None:
        self.model = model
        self.surroundings_degc = start.surroundings_degc
        self._noise_k2 = noise_sd_k**2
        self._x = np.array(
            [start.liquid_degc, start.wall_degc, start.bead_degc, model.rate_k_per_s_w, 0.0]
        )
        share = model.wall_loss_share
        self._k_l = (1.0 - share) * model.loss_per_s
        self._k_w = share * model.loss_per_s / model.wall_ratio
        self._g_l = model.coupling_per_s
        self._g_w = model.coupling_per_s / model.wall_ratio
        a = np.zeros((3, 3))
        a[_LIQUID, _LIQUID] = -self._g_l - self._k_l
        a[_LIQUID, _WALL] = self._g_l
        a[_WALL, _LIQUID] = self._g_w
        a[_WALL, _WALL] = -self._g_w - self._k_w
        a[_BEAD, _LIQUID] = 1.0 / model.lag_s
        a[_BEAD, _BEAD] = -1.0 / model.lag_s
        self._a = a
        self._cache: dict[float, tuple[Floats, Floats]] = {}
        self._f = np.eye(_STATES)
        rest_sd = _REST_SHARE * model.loss_per_s * model.loss_relative_sd * 20.0
        wall_sd = _WALL_SD_K if power_w > 0.0 else _START_SD_K
        sds = (
            _START_SD_K,
            wall_sd,
            _START_SD_K,
            min(model.rate_relative_sd, 1.5) * model.rate_k_per_s_w,
            rest_sd,
        )
        self._p = np.diag(np.square(sds))
        walk = np.zeros((_STATES, _STATES))
        walk[_LIQUID, _LIQUID] = _FLUTTER_K2_PER_S
        walk[_RATE, _RATE] = (_RATE_PER_ROOT_S * model.rate_k_per_s_w) ** 2
        walk[_REST, _REST] = _REST_K_PER_S_PER_ROOT_S**2
        self._walk = walk
        self._far = 0
        self._still = _Still(math.nan, power_w, self._x)
        self._power_w = power_w
        same = abs(power_w - start.slope_power_w) <= _SAME_POWER * power_w
        if start.slope_k_per_s is not None and same:
            # Then the power that holds this slope is the one that there is: no bump.
            expected = self.drive(power_w, start.liquid_degc, start.wall_degc, 0.0)
            self._x[_REST] = start.slope_k_per_s - expected

    # -- what is seen --------------------------------------------------------------------------

    @property
    def liquid_degc(self) -> float:
        """T_l."""
        return float(self._x[_LIQUID])

    @property
    def wall_degc(self) -> float:
        """T_w."""
        return float(self._x[_WALL])

    @property
    def liquid_sd_k(self) -> float:
        """Deviation of T_l by noise and model; a probe's offset is not in it."""
        return math.sqrt(max(0.0, float(self._p[_LIQUID, _LIQUID])))

    @property
    def rate_k_per_s_w(self) -> float:
        """a, never so little that a power would have no end."""
        return max(float(self._x[_RATE]), _LEAST_RATE * self.model.rate_k_per_s_w)

    @property
    def rest_k_per_s(self) -> float:
        """d."""
        return float(self._x[_REST])

    def drive(
        self, power_w: float, liquid_degc: float, wall_degc: float, rest_k_per_s: float
    ) -> float:
        """dT_l/dt, K/s."""
        over = liquid_degc - self.surroundings_degc
        lost = self._g_l * (liquid_degc - wall_degc)
        lost += self._k_l * (1.0 + self.model.curve_per_k * over) * over
        return float(self.rate_k_per_s_w * power_w + rest_k_per_s - lost)

    # -- moving on -----------------------------------------------------------------------------

    def ahead(self, dt_s: float, power_w: float) -> tuple[float, float]:
        """Liquid and wall after `dt_s` more of a power."""
        moved = self._moved(self._x, dt_s, power_w)
        return float(moved[_LIQUID]), float(moved[_WALL])

    def predict(self, dt_s: float, power_w: float) -> None:
        """Move on under the power that there was."""
        while dt_s > 0.0:
            part_s = min(dt_s, _LONGEST_S)
            self._predict(part_s, power_w)
            dt_s -= part_s

    @property
    def far_in_succession(self) -> int:
        """So many of the last readings were far from what the model and the power let expect."""
        return self._far

    @property
    def still(self) -> Still:
        """Of the last readings, those that were bit for bit the same."""
        still = self._still
        by_all, by_power = float(still.x[_BEAD]) - still.from_degc, float(still.should_k[_BEAD])
        return Still(
            still.count, still.for_s, min(abs(by_all), abs(by_power)), float(still.x[_LIQUID])
        )

    def update(self, reading_degc: float) -> bool:
        """Take a reading; False for one that stands alone, far off: it is left out, and the next
        one is taken wherever it is."""
        taken = self._update(reading_degc)
        if reading_degc == self._still.reading_degc:
            self._still.count += 1
        else:
            self._still = _Still(reading_degc, self._power_w, self._x)
        return taken

    def _update(self, reading_degc: float) -> bool:
        p = self._p
        off = reading_degc - float(self._x[_BEAD])
        variance = float(p[_BEAD, _BEAD]) + self._noise_k2
        far = off * off / (_FAR_SD**2 * variance)
        if far > 1.0:
            self._far += 1
            if self._far == 1:
                return False
            # It may still not pull more than so many deviations at once.
            variance *= far
        else:
            self._far = 0
        gain = p[:, _BEAD] / variance
        self._x += gain * off
        self._p = p - np.outer(gain, p[_BEAD])
        return True

    def _predict(self, dt_s: float, power_w: float) -> None:
        exponential, integral = self._matrices(dt_s)
        self._power_w, still = power_w, self._still
        # Without what the readings make of it: one that has frozen is else explained away.
        still.x[:3] = self._moved(still.x, dt_s, power_w)
        more_w = power_w - still.power_w
        forcing = np.array([self.rate_k_per_s_w, 0.0, self.model.light_k_per_w / self.model.lag_s])
        still.should_k = exponential @ still.should_k + integral @ (forcing * more_w)
        still.for_s += dt_s
        self._x[:3] = self._moved(self._x, dt_s, power_w)
        f = self._f
        f[:3, :3] = exponential
        f[:3, _RATE] = integral[:, _LIQUID] * power_w
        f[:3, _REST] = integral[:, _LIQUID]
        self._p = f @ self._p @ f.T + self._walk * dt_s

    def _moved(self, x: Floats, dt_s: float, power_w: float) -> Floats:
        exponential, integral = self._matrices(dt_s)
        model, around = self.model, self.surroundings_degc
        over = float(x[_LIQUID]) - around
        growth = model.curve_per_k * over
        forcing = np.array(
            [
                float(x[_RATE]) * power_w + float(x[_REST]) + self._k_l * (around - growth * over),
                self._k_w * (around - growth * (float(x[_WALL]) - around)),
                model.light_k_per_w * power_w / model.lag_s,
            ]
        )
        moved: Floats = exponential @ x[:3] + integral @ forcing
        return moved

    def _matrices(self, dt_s: float) -> tuple[Floats, Floats]:
        key = round(dt_s, 3)
        found = self._cache.get(key)
        if found is None:
            if len(self._cache) > 256:
                self._cache.clear()
            found = self._cache[key] = step_matrices(self._a, max(key, 1e-3))
        return found
