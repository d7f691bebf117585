"""The estimator: a bank of Kalman filters over the wall, its coupling and the heat flutter.

Each filter is exact in the states that enter linearly. What multiplies a temperature difference
(heat loss, coupling, wall, lag) is a state of its filter too, a local Gaussian around its nominal
values. The bank is their mixture, weighted by likelihood times prior: the grid reaches where one
Gaussian would be too far from its nominal values, and the truth cannot fall between grid points.
A step is a handful of array operations over all filters at once. The wall's temperature is not
seen, so what was concluded on the way to its heat capacity is not to be trusted: the bank tells
what it was told once more, around the curve it has found (`recentre`).

The efficiency takes no random walk: a fault must not be eaten by the estimate.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labctl.photothermal._discretise import Floats
from labctl.photothermal._layout import (
    BEAD,
    COUPLING,
    CURVE,
    DRIFT,
    DYNAMIC,
    HOLDER,
    LAG,
    LIGHT,
    LIQUID,
    LOSS,
    OFFSET,
    RATE,
    STATES,
    WALL,
    WALL_MASS,
    BankPrior,
)
from labctl.photothermal._move import moved
from labctl.photothermal._nominal import FARTHEST, INPUTS, NOMINAL, Nominal
from labctl.photothermal._start import START_SPREAD_K, before_readings
from labctl.photothermal._told import CELLS, Cells, Each, Leading, Moments, Taken
from labctl.photothermal._told_so_far import Told

_GAP_SPREAD_K = 1.0
"""Of the wall against the liquid after a gap in the readings."""
_LONGEST_DRIFT_S = 3600.0
"""Nothing drifts on and on at one rate; later only the random walk goes on."""
_BOUND = np.full(STATES, 1e4)
_BOUND[[LOSS, COUPLING, WALL_MASS, LAG]] = 2.0 * FARTHEST
"""A filter with a state beyond this is lost."""
_BESIDE_SD = 4.0
"""Deviations of a difference of two readings, within which they stand beside each other."""
_SLICE = 64
"""Words told anew with every reading: some 3 ms."""
_NEWS = 1.5
"""So many times as much must have been told for once more to begin."""
_NEGLIGIBLE = -700.0
"""Logarithm of the weight of a filter that was lost."""

_ASKED = np.array([RATE, LOSS, WALL_MASS, COUPLING, LIGHT, LAG, CURVE])


class LostError(Exception):
    """No filter of the bank is left: the readings are not those of any cell. Start a new bank."""


class FilterBank:
    """Predict, look at the innovation, update. Temperatures in degC, power in W, time in s."""

    def __init__(
        self,
        prior: BankPrior,
        first_degc: float,
        surroundings_degc: float,
        nominal: Nominal | None = None,
    ) -> None:
        self.prior = prior
        self.reference_degc = surroundings_degc
        self._nominal = nominal = Nominal(prior) if nominal is None else nominal
        k = self.filters = nominal.filters
        self.weight = nominal.weight
        self._log_weight = np.log(self.weight)
        # One array, because covariance and mean shrink by the same operation.
        self._both = before_readings(prior, k, nominal.curve_off, first_degc - self.reference_degc)
        self._p, self._x = self._both[:, :, :STATES], self._both[:, :, STATES]
        self._fd = np.zeros((k, DYNAMIC, STATES))
        self._response = np.zeros((k, DYNAMIC, DYNAMIC))
        self._less = np.zeros_like(self._both)
        self._inputs = np.ones(INPUTS)
        self._taken = Taken(np.zeros(STATES), 0.0, 1.0, 0.0)
        self._moved_k = np.zeros(k)
        self._dt_s = 1.0
        self._elapsed_s = 0.0
        self._ambient = 0.0
        self._leading = int(self.weight.argmax())
        self._centre: Floats | None = None
        self._told: Told | None = Told(first_degc)
        self._first_degc: float | None = first_degc
        self._again: FilterBank | None = None
        self._again_told = self._told_when_begun = 0

    # -- once more ---------------------------------------------------------------------------

    @property
    def told(self) -> Told | None:
        """All that it was told so far; None of a copy."""
        return self._told

    def once_more(self) -> FilterBank:
        """A bank that has been told the same, every filter linearised around the curve it ended
        with here, not what it knew on the way (a step of Gauss and Newton): only then is what is
        told of the wall honest. As long as all updates; this bank where the record is too long."""
        told = self._told
        if told is None or not told.whole:
            return self
        return self._told_again(told, self._begin_again(told))

    def among(self, cells: Cells) -> FilterBank:
        """A bank of other filters that has been told the same, each around a curve of its own; this
        bank where the record is too long. LostError when it is that of none of them."""
        told = self._told
        if told is None or not told.whole:
            return self
        nominal = Nominal(self.prior, cells.around[:, CELLS], cells.flutter)
        bank = FilterBank(self.prior, told.first_degc, self.reference_degc, nominal)
        bank._told = None
        bank._log_weight = cells.log_weight.copy()
        bank._x[:, CELLS] = cells.mean
        bank._x[:, NOMINAL] -= cells.around[:, NOMINAL]
        bank._p[:, np.array(CELLS)[:, None], CELLS] = cells.covariance
        bank._centre = cells.around.copy()
        bank._centre[:, NOMINAL] = 0.0
        bank._centre_on(told.start_degc)
        return self._told_again(told, bank)

    def _told_again(self, told: Told, bank: FilterBank) -> FilterBank:
        with np.errstate(all="ignore"):
            told.tell(bank, 0, len(told))
        bank._told = told
        return bank

    def recentre(self) -> None:
        """Begin once more beside, in slices: `catch_up` takes it on with every reading. Not while
        there is little that is new."""
        told = self._told
        if self._again is not None or told is None or not told.whole:
            return
        if len(told) >= _NEWS * self._told_when_begun:
            self._told_when_begun = len(told)
            self._again, self._again_told = self._begin_again(told), 0

    def catch_up(self) -> bool:
        """A slice of what `recentre` began; True when it took over. Not while in suspicion."""
        again, told = self._again, self._told
        if again is None or told is None:
            return False
        if not told.whole:
            self._again = None
            return False
        try:
            told.tell(again, self._again_told, self._again_told + _SLICE)
        except LostError:
            self._again = None
            return False
        self._again_told += _SLICE
        if self._again_told < len(told):
            return False
        self._again = None
        self._take_over(again)
        return True

    def _take_over(self, other: FilterBank) -> None:
        self._both, self._p, self._x = other._both, other._p, other._x
        self._nominal, self._log_weight = other._nominal, other._log_weight
        self.weight = other.weight
        self._leading = int(self._log_weight.argmax())
        self.relinearise()

    def _begin_again(self, told: Told) -> FilterBank:
        """A bank around the curve of this one, which has not been told anything yet."""
        bank = FilterBank(self.prior, told.first_degc, self.reference_degc)
        bank._told = None
        x = self._x.copy()
        bank._nominal.start_from(self._nominal, bank._x, x)
        bank._centre = x
        x[:, OFFSET] -= self._ambient
        bank._centre_on(told.start_degc)
        return bank

    def _centre_on(self, degc: float) -> None:
        if self._centre is not None:
            self._centre[:, [LIQUID, WALL, BEAD]] = degc - self.reference_degc
            self._centre[:, HOLDER] = 0.0

    def relinearise(self) -> None:
        """Move each filter's nominal values to its present means: at edges, and ever more rarely
        between them. Not in a run around a given curve."""
        if self._centre is None:
            self._nominal.move_to(self._x)

    # -- one reading -------------------------------------------------------------------------

    def take_first(self, next_degc: float, noise_k2: float) -> None:
        """Take in the reading that the bank began with, before anything else: it says where the
        bead was, not only about where the cell is. Not where the next one stands elsewhere: one of
        the two is then no reading of it, or it moves."""
        first, self._first_degc = self._first_degc, None
        if first is not None and abs(next_degc - first) <= _BESIDE_SD * (2.0 * noise_k2) ** 0.5:
            self.update(first, noise_k2)

    def predict(self, dt_s: float, power_w: float, surroundings_degc: float) -> None:
        """Move on by `dt_s` under a constant power and ambient reading. `dt_s` should come from
        times rounded to a millisecond, so that the step's matrices are found again."""
        if self._told is not None:
            self._told.predicted(dt_s, power_w, surroundings_degc)
        step = self._nominal.step(dt_s)
        x, p, fd = self._x, self._p, self._fd
        ambient = surroundings_degc - self.reference_degc
        if ambient != self._ambient:
            x[:, OFFSET] += ambient - self._ambient
            if self._centre is not None:
                self._centre[:, OFFSET] += ambient - self._ambient
            self._ambient = ambient
        around = x if self._centre is None else self._centre
        before = x[:, LIQUID].copy()
        elapsed_s = min(self._elapsed_s + 0.5 * dt_s, _LONGEST_DRIFT_S)
        self._elapsed_s += dt_s
        after = moved(around, step, power_w, elapsed_s, self._inputs, fd)
        if self._centre is None:
            x[:, :DYNAMIC] = after
        else:
            x[:, :DYNAMIC] = after + np.matmul(fd, (x - around)[:, :, None])[:, :, 0]
            self._centre[:, :DYNAMIC] = after
        np.subtract(x[:, LIQUID], before, out=self._moved_k)
        rows = np.matmul(fd, p)
        p[:, :DYNAMIC] = rows
        # Copied, not computed: the covariance stays symmetric however long the run.
        p[:, DYNAMIC:, :DYNAMIC] = rows[:, :, DYNAMIC:].transpose(0, 2, 1)
        p[:, :DYNAMIC, :DYNAMIC] = np.matmul(rows, fd.transpose(0, 2, 1))
        p[:, :DYNAMIC, :DYNAMIC] += step.flutter_k2
        p[:, OFFSET, OFFSET] += step.drift_k2
        self._response, self._dt_s = step.response, dt_s

    def loosen(self, sd_k: float) -> None:
        """Widen the liquid's temperature once: light that has just come or gone is not yet mixed,
        and its edge is known to a fraction of a second only."""
        if self._told is not None:
            self._told.loosened(sd_k)
        self._p[:, LIQUID, LIQUID] += sd_k**2

    def let_change(self, state: int, sd: float) -> None:
        """Let a state be another from here on, by this standard deviation: what a hypothesis of a
        fault does, and nothing else may."""
        self._p[:, state, state] += sd**2

    def copy(self) -> FilterBank:
        """A bank that goes its own way from here; it never tells anything once more."""
        return copy.deepcopy(self)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_told": None, "_again": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """A copy's covariance and mean are views into its own array."""
        self.__dict__.update(state)
        self._p, self._x = self._both[:, :, :STATES], self._both[:, :, STATES]

    def forecast(self, noise_k2: float) -> tuple[float, float]:
        """Mean (degC) and variance (K2) of the reading to come."""
        bead, weight = self._both[:, BEAD], self.weight
        mean = weight @ bead[:, STATES]
        off = bead[:, STATES] - mean
        off *= off
        off += bead[:, BEAD]
        return float(mean) + self.reference_degc, float(weight @ off) + noise_k2

    def update(self, reading_degc: float, noise_k2: float) -> None:
        """Take a reading in."""
        if self._told is not None:
            self._told.updated(reading_degc, noise_k2)
        # The bead's covariances, and behind them how far it is above the reading.
        row = self._both[:, BEAD].copy()
        row[:, STATES] -= reading_degc - self.reference_degc
        variance = row[:, BEAD] + noise_k2
        gain = row[:, :STATES] / variance[:, None]
        np.multiply(gain[:, :, None], row[:, None, :], out=self._less)
        self._both -= self._less
        ahead = self._weigh(row[:, STATES], variance)
        i = self._leading
        self._taken = Taken(gain[i], -float(row[i, STATES]), float(variance[i]), ahead)
        within = np.abs(self._x) < _BOUND
        if not (np.logical_and.reduce(within, axis=None) and np.minimum.reduce(variance) > 0.0):
            self._replace(within.all(axis=1) & (variance > 0.0))

    def _weigh(self, off_k: Floats, variance: Floats) -> float:
        """Weigh each filter by how well it had foreseen the reading; see `Taken.bank_ahead`."""
        log_weight = self._log_weight
        log_likelihood = -0.5 * (off_k * off_k / variance + np.log(variance))
        i = self._leading
        flutters = self._nominal.flutters
        alike = log_weight[i % flutters :: flutters]
        before = float(np.logaddexp.reduce(alike))
        log_weight += log_likelihood
        ahead = float(np.logaddexp.reduce(alike)) - before - float(log_likelihood[i])
        # A filter that is lost has no likelihood; the others keep theirs (`_replace`).
        log_weight -= np.fmax.reduce(log_weight)
        weight = np.exp(log_weight)
        weight /= np.add.reduce(weight)
        self.weight = weight
        return ahead

    def resume(self, reading_degc: float) -> None:
        """After a gap: temperatures start again at a reading, what is known of the cell stays."""
        if self._told is not None:
            self._told.resumed(reading_degc)
        x, p = self._x, self._p
        at = np.array([LIQUID, WALL, BEAD])
        x[:, at] = reading_degc - self.reference_degc
        p[:, at, :] = 0.0
        p[:, :, at] = 0.0
        p[:, at[:, None], at] = self.prior.start_sd_k**2
        p[:, WALL, WALL] += _GAP_SPREAD_K**2
        p[:, BEAD, BEAD] += START_SPREAD_K**2
        self._centre_on(reading_degc)

    def _replace(self, sound: NDArray[np.bool_]) -> None:
        """Put copies of the best filter, at a negligible weight, where filters were lost. Readings
        that no cell gives can do that; LostError when no filter is left."""
        if not sound.any():
            raise LostError
        log_weight = self._log_weight
        log_weight[~sound] = -np.inf
        best = int(np.where(np.isnan(log_weight), -np.inf, log_weight).argmax())
        self._both[~sound] = self._both[best]
        if self._centre is not None:
            self._centre[~sound] = self._centre[best]
        self._nominal.copy_filter(best, ~sound)
        log_weight -= log_weight[best]
        log_weight[~sound] = _NEGLIGIBLE
        weight = np.exp(log_weight)
        self.weight = weight / weight.sum()

    # -- what is known -----------------------------------------------------------------------

    def moments(self) -> Moments:
        """What is known of the parameters that people ask for."""
        values = self.each().mean[:, _ASKED]
        return Moments.of_mixture(self.weight, values, self._p[:, _ASKED[:, None], _ASKED[None, :]])

    def each(self) -> Each:
        """What each filter knows now."""
        nominal = self._nominal
        mean = self._x.copy()
        mean[:, NOMINAL] += nominal.values()
        mean[:, OFFSET] -= self._ambient
        return Each(self.weight, mean, self._p, nominal.flutter)

    def mean(self) -> Floats:
        """(STATES,): temperatures over the reference; logarithms each over its filter's nominal."""
        return np.asarray(self.weight @ self._x, dtype=np.float64)

    def mean_rate(self) -> float:
        """a in K/(s W)."""
        return float(self.weight @ self._x[:, RATE])

    def mean_loss_k_per_s(self) -> float:
        """k D: how fast the liquid would cool by its loss alone."""
        mean = (self.weight * self._nominal.loss_per_s) @ self._x
        drifted = mean[DRIFT] * min(self._elapsed_s, _LONGEST_DRIFT_S)
        return float(mean[LIQUID] - mean[HOLDER] - mean[OFFSET] - drifted)

    def flutter_k2_per_s(self) -> float:
        """Mean strength of the liquid's random heat flutter."""
        return float(self.weight @ self._nominal.flutter)

    def slope_k_per_s(self) -> float:
        """How fast the liquid moved over the last step, by the model."""
        return float(self.weight @ self._moved_k) / self._dt_s

    def follow_the_leading(self) -> bool:
        """Let `moved` and `taken` speak of the filter that has the greatest weight now; True when
        that is another one. Not while a fault is suspected: its errors obey the filter that was
        followed when it came."""
        before = self._leading
        self._leading = int(self._log_weight.argmax())
        return self._leading != before

    def moved(self) -> Leading:
        """How the leading filter moved in the last `predict`."""
        i = self._leading
        lag_s = 1.0 / float(self._nominal.inverse_lag[i])
        return Leading(self._fd[i], self._response[i], lag_s, self._dt_s)

    def taken(self) -> Taken:
        """How the leading filter took the last reading in."""
        return self._taken
