"""The estimator: a bank of Kalman filters over the wall, its coupling and the heat flutter.

Each filter is exact in the states that enter linearly. What multiplies a temperature difference
(heat loss, its growth, coupling, wall, lag) is carried as a state of its filter too: those
differences are known to hundredths of a kelvin, so the product is as good as linear, and around
its nominal values every filter is a local Gaussian. The bank is their mixture: the grid reaches
where one Gaussian would be too far from its nominal values, the local Gaussians fill the gaps, so
that the truth cannot fall between grid points however sharp the likelihood. Weights are likelihood
times prior. One step is a handful of array operations over all filters at once.

The efficiency takes no random walk: a fault must not be eaten by the estimate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labctl.photothermal._discretise import Floats, step_matrices
from labctl.photothermal._layout import (
    BEAD,
    COUPLING,
    CURVE,
    DYNAMIC,
    HOLDER,
    LAG,
    LIGHT,
    LIQUID,
    LOSS,
    OFFSET,
    RATE,
    SHARE,
    STATES,
    WALL,
    WALL_LOSS_SHARE,
    WALL_MASS,
    BankPrior,
)
from labctl.photothermal._told import Leading, Moments, Taken

_NODES = np.array([-1.0, 0.0, 1.0])
_NODE_WEIGHTS = np.array([0.25, 0.5, 0.25])
_KERNEL = np.sqrt(0.5)
"""Grid of deviation sqrt(1/2) times local Gaussians of sqrt(1/2): together the prior's 1."""
_BENT = CURVE - LOSS
"""Parameters in a row (LOSS to LAG) whose effect is linear in the states before them."""
_CACHE = 64
_START_SPREAD_K = 0.1
"""Of wall and bead against the liquid in a cell that has stood."""
_GAP_SPREAD_K = 1.0
"""The same after a gap in the readings."""
_FARTHEST = 3.0
"""Nominal values stay within this logarithm of the prior's; then they are no cell any longer."""
_BOUND = np.full(STATES, 1e4)
_BOUND[[LOSS, COUPLING, WALL_MASS, LAG]] = 2.0 * _FARTHEST
"""A filter with a state beyond this is lost."""
_NEGLIGIBLE = -700.0
"""Logarithm of the weight of a filter that was lost."""


@dataclass(frozen=True, slots=True)
class _Step:
    """What a step of one length does in each filter, as far as its nominal values decide it."""

    response: Floats
    """(K, 4, 4): what constant forcing in each dynamic state has done after the step."""
    fixed: Floats
    """(K, 4, 5): of the dynamic states and of OFFSET."""
    by_power: Floats
    """(K, 4, 2): of RATE and LIGHT, for one watt."""
    bent: Floats
    """(K, 20, 5): of LOSS to LAG, for one kelvin in each of the states up to OFFSET."""
    flutter_k2: Floats
    """(K,)."""
    drift_k2: float


_ASKED = np.array([RATE, LOSS, WALL_MASS, COUPLING, LIGHT, LAG, CURVE])


class LostError(Exception):
    """No filter of the bank is left: the readings are not those of any cell. Start a new bank."""


class FilterBank:
    """Predict, look at the innovation, update. Temperatures in degC, power in W, time in s."""

    def __init__(self, prior: BankPrior, first_degc: float, surroundings_degc: float) -> None:
        self.prior = prior
        self.reference_degc = surroundings_degc
        self._grid(prior)
        k = self.filters
        # One array, because covariance and mean move and shrink by the same two operations.
        self._both = np.zeros((k, STATES, STATES + 1))
        self._p, self._x = self._both[:, :, :STATES], self._both[:, :, STATES]
        self._start(prior, first_degc)
        self._fd = np.zeros((k, DYNAMIC, STATES))
        self._response = np.zeros((k, DYNAMIC, DYNAMIC))
        self._less = np.zeros_like(self._both)
        self._taken = Taken(np.zeros(STATES), 0.0, 1.0, 0.0)
        self._moved_k = np.zeros(k)
        self._dt_s = 1.0
        self._ambient = 0.0
        self._leading = int(self.weight.argmax())
        self._cache: dict[float, _Step] = {}
        self._relinearised()

    # -- the start ---------------------------------------------------------------------------

    def _grid(self, prior: BankPrior) -> None:
        flutter = np.array(prior.flutter_k2_per_s)
        wall, coupling, which = np.meshgrid(_NODES, _NODES, np.arange(len(flutter)), indexing="ij")
        w_wall, w_coupling = np.meshgrid(_NODE_WEIGHTS, _NODE_WEIGHTS, indexing="ij")
        self.filters = wall.size
        # Where the grid's points lie, as logarithms over the prior's means.
        off = np.stack([wall.ravel(), coupling.ravel()], axis=1) @ prior.grid_directions().T
        loss_off, coupling_off, wall_off, lag_off, self._curve_off = off.T
        self._c_wall = prior.wall_j_per_k * np.exp(wall_off)
        self._coupling = prior.coupling_w_per_k * np.exp(coupling_off)
        self._flutter = flutter[which.ravel()]
        self._flutters = len(flutter)
        """Filters so far apart in the bank have the same flutter."""
        weight = np.repeat((w_wall * w_coupling).ravel(), len(flutter)) / len(flutter)
        self._log_weight = np.log(weight)
        self.weight = weight
        self._k = prior.heat_loss_w_per_k / prior.heat_capacity_j_per_k * np.exp(loss_off)
        self._inverse_lag = np.exp(lag_off) / prior.lag_s
        self._share = np.full(self.filters, prior.holder_share)
        self._nominal = tuple(
            (state, values, values.copy())
            for state, values in (
                (LOSS, self._k),
                (COUPLING, self._coupling),
                (WALL_MASS, self._c_wall),
                (LAG, self._inverse_lag),
            )
        )

    def _start(self, prior: BankPrior, first_degc: float) -> None:
        x, p = self._x, self._p
        x[:, [LIQUID, WALL, BEAD]] = first_degc - self.reference_degc
        x[:, RATE] = prior.heat_per_watt / prior.heat_capacity_j_per_k
        x[:, CURVE] = prior.curve_per_k + self._curve_off
        for i in (LIQUID, WALL, BEAD):
            for j in (LIQUID, WALL, BEAD):
                p[:, i, j] = prior.start_sd_k**2
        p[:, WALL, WALL] += _START_SPREAD_K**2
        p[:, BEAD, BEAD] += _START_SPREAD_K**2
        for state, sd in (
            (HOLDER, 0.2),
            (RATE, prior.heat_per_watt_sd / prior.heat_capacity_j_per_k),
            (OFFSET, prior.offset_sd_k),
            (SHARE, prior.holder_share_sd),
            (LIGHT, prior.light_k_per_w),
        ):
            p[:, state, state] = sd**2
        # What the grid's own spread leaves of the prior is each filter's.
        directions = prior.grid_directions()
        within = prior.covariance() - (1.0 - _KERNEL**2) * directions @ directions.T
        states = np.array(BankPrior.LOGARITHMS)
        p[:, states[:, None], states[None, :]] = within

    # -- nominal values ----------------------------------------------------------------------

    def relinearise(self) -> None:
        """Move each filter's nominal values to its present means. Call at edges and, ever more
        rarely, between them. Deviations are of logarithms, so that a prior of 30 % stays one of
        30 % wherever the nominal value goes: what was moved is taken off, the covariance stays."""
        x = self._x
        for state, nominal, start in self._nominal:
            so_far = np.log(nominal / start)
            move = np.clip(so_far + np.clip(x[:, state], -1.0, 1.0), -_FARTHEST, _FARTHEST)
            move -= so_far
            nominal *= np.exp(move)
            x[:, state] -= move
        self._share += x[:, SHARE]
        x[:, SHARE] = 0.0
        self._relinearised()

    def _relinearised(self) -> None:
        prior = self.prior
        self._g_l = self._coupling / prior.heat_capacity_j_per_k
        self._g_w = self._coupling / self._c_wall
        self._k_l = (1.0 - WALL_LOSS_SHARE) * self._k
        self._k_w = WALL_LOSS_SHARE * self._k * prior.heat_capacity_j_per_k / self._c_wall
        a = np.zeros((self.filters, DYNAMIC, DYNAMIC))
        a[:, LIQUID, LIQUID] = -self._g_l - self._k_l
        a[:, LIQUID, WALL] = self._g_l
        a[:, LIQUID, HOLDER] = self._k_l
        a[:, WALL, LIQUID] = self._g_w
        a[:, WALL, WALL] = -self._g_w - self._k_w
        a[:, WALL, HOLDER] = self._k_w
        a[:, BEAD, LIQUID] = self._inverse_lag
        a[:, BEAD, BEAD] = -self._inverse_lag
        a[:, HOLDER, WALL] = self._share / prior.holder_s
        a[:, HOLDER, HOLDER] = -1.0 / prior.holder_s
        self._a = a
        bent = self._bent = np.zeros((self.filters, DYNAMIC, _BENT, OFFSET + 1))
        # What a parameter adds to the rate of the state `row`: sign x rate x (warm - cold).
        for row, column, sign, rate, warm, cold in (
            (LIQUID, LOSS, -1.0, self._k_l, LIQUID, (HOLDER, OFFSET)),
            (WALL, LOSS, -1.0, self._k_w, WALL, (HOLDER, OFFSET)),
            (LIQUID, COUPLING, -1.0, self._g_l, LIQUID, (WALL,)),
            (WALL, COUPLING, 1.0, self._g_w, LIQUID, (WALL,)),
            (WALL, WALL_MASS, 1.0, self._k_w, WALL, (HOLDER, OFFSET)),
            (WALL, WALL_MASS, -1.0, self._g_w, LIQUID, (WALL,)),
            (HOLDER, SHARE, 1.0 / prior.holder_s, 1.0, WALL, (OFFSET,)),
            (BEAD, LAG, 1.0, self._inverse_lag, LIQUID, (BEAD,)),
        ):
            bent[:, row, column - LOSS, warm] += sign * rate
            for state in cold:
                bent[:, row, column - LOSS, state] -= sign * rate
        self._cache.clear()

    def _step(self, dt_s: float) -> _Step:
        """All of a step that nothing but its length and the nominal values decide."""
        prior, k = self.prior, self.filters
        exponential, response = step_matrices(self._a, dt_s)
        fixed = np.zeros((k, DYNAMIC, OFFSET + 1))
        fixed[:, :, :DYNAMIC] = exponential
        from_surroundings = np.zeros((k, DYNAMIC, 1))
        from_surroundings[:, LIQUID, 0] = self._k_l
        from_surroundings[:, WALL, 0] = self._k_w
        from_surroundings[:, HOLDER, 0] = -self._share / prior.holder_s
        fixed[:, :, OFFSET:] = response @ from_surroundings
        by_power = response[:, :, [LIQUID, BEAD]].copy()
        by_power[:, :, 1] *= self._inverse_lag[:, None]
        bent = response @ self._bent.reshape(k, DYNAMIC, -1)
        return _Step(
            response,
            fixed,
            by_power,
            bent.reshape(k, DYNAMIC * _BENT, OFFSET + 1),
            self._flutter * dt_s,
            prior.drift_k2_per_s * dt_s,
        )

    # -- one reading -------------------------------------------------------------------------

    def predict(self, dt_s: float, power_w: float, surroundings_degc: float) -> None:
        """Move on by `dt_s` under a constant power and ambient reading. `dt_s` should come from
        times rounded to a millisecond, so that the step's matrices are found again."""
        step = self._cache.get(dt_s)
        if step is None:
            if len(self._cache) >= _CACHE:
                self._cache.clear()
            step = self._cache[dt_s] = self._step(dt_s)
        x, p, fd = self._x, self._p, self._fd
        ambient = surroundings_degc - self.reference_degc
        if ambient != self._ambient:
            x[:, OFFSET] += ambient - self._ambient
            self._ambient = ambient
        liquid = x[:, LIQUID]
        over = liquid - x[:, HOLDER] - x[:, OFFSET]
        fd[:, :, : OFFSET + 1] = step.fixed
        np.multiply(step.by_power, power_w, out=fd[:, :, RATE : LIGHT + 1])
        bent = np.matmul(step.bent, x[:, : OFFSET + 1, None])
        fd[:, :, LOSS : LAG + 1] = bent.reshape(-1, DYNAMIC, _BENT)
        if power_w != 0.0:
            fd[:, :, LAG] += fd[:, :, LIGHT] * x[:, LIGHT, None]
        np.multiply(fd[:, :, LOSS], over[:, None], out=fd[:, :, CURVE])
        rows = np.matmul(fd, self._both)
        np.subtract(rows[:, LIQUID, STATES], liquid, out=self._moved_k)
        self._both[:, :DYNAMIC] = rows
        # Copied, not computed: the covariance stays symmetric however long the run.
        p[:, DYNAMIC:, :DYNAMIC] = rows[:, :, DYNAMIC:STATES].transpose(0, 2, 1)
        p[:, :DYNAMIC, :DYNAMIC] = np.matmul(rows[:, :, :STATES], fd.transpose(0, 2, 1))
        p[:, LIQUID, LIQUID] += step.flutter_k2
        p[:, OFFSET, OFFSET] += step.drift_k2
        self._response, self._dt_s = step.response, dt_s

    def loosen(self, sd_k: float) -> None:
        """Widen the liquid's temperature once: light that has just come or gone is not yet mixed,
        and its edge is known to a fraction of a second only."""
        self._p[:, LIQUID, LIQUID] += sd_k**2

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
        alike = log_weight[i % self._flutters :: self._flutters]
        before = float(np.logaddexp.reduce(alike))
        log_weight += log_likelihood
        ahead = float(np.logaddexp.reduce(alike)) - before - float(log_likelihood[i])
        log_weight -= np.maximum.reduce(log_weight)
        weight = np.exp(log_weight)
        weight /= np.add.reduce(weight)
        self.weight = weight
        return ahead

    def resume(self, reading_degc: float) -> None:
        """After a gap: temperatures start again at a reading, what is known of the cell stays."""
        x, p = self._x, self._p
        temperatures = [LIQUID, WALL, BEAD]
        x[:, temperatures] = reading_degc - self.reference_degc
        p[:, temperatures, :] = 0.0
        p[:, :, temperatures] = 0.0
        for i in temperatures:
            for j in temperatures:
                p[:, i, j] = self.prior.start_sd_k**2
        p[:, WALL, WALL] += _GAP_SPREAD_K**2
        p[:, BEAD, BEAD] += _START_SPREAD_K**2

    def _replace(self, sound: NDArray[np.bool_]) -> None:
        """Put copies of the best filter, at a negligible weight, where filters were lost. Readings
        that no cell gives can do that; LostError when no filter is left."""
        if not sound.any():
            raise LostError
        log_weight = self._log_weight
        log_weight[~sound] = -np.inf
        best = int(np.where(np.isnan(log_weight), -np.inf, log_weight).argmax())
        for array in (self._both, self._share, *(values for _, values, _ in self._nominal)):
            array[~sound] = array[best]
        log_weight -= log_weight[best]
        log_weight[~sound] = _NEGLIGIBLE
        weight = np.exp(log_weight)
        self.weight = weight / weight.sum()
        self._relinearised()

    # -- what is known -----------------------------------------------------------------------

    def moments(self) -> Moments:
        """What is known of the parameters that people ask for."""
        values = self._x[:, _ASKED]
        values[:, Moments.LN_LOSS] += np.log(self._k)
        values[:, Moments.LN_WALL] += np.log(self._c_wall)
        values[:, Moments.LN_COUPLING] += np.log(self._coupling)
        values[:, Moments.LN_INVERSE_LAG] += np.log(self._inverse_lag)
        weight = self.weight
        mean = weight @ values
        off = values - mean
        within = self._p[:, _ASKED[:, None], _ASKED[None, :]]
        covariance = (weight @ within.reshape(len(weight), -1)).reshape(len(_ASKED), len(_ASKED))
        covariance += (off * weight[:, None]).T @ off
        return Moments(mean, covariance)

    def mean_rate(self) -> float:
        """a in K/(s W)."""
        return float(self.weight @ self._x[:, RATE])

    def mean_loss_k_per_s(self) -> float:
        """k D: how fast the liquid would cool by its loss alone."""
        mean = (self.weight * self._k) @ self._x
        return float(mean[LIQUID] - mean[HOLDER] - mean[OFFSET])

    def flutter_k2_per_s(self) -> float:
        """Mean strength of the liquid's random heat flutter."""
        return float(self.weight @ self._flutter)

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
        lag_s = 1.0 / float(self._inverse_lag[i])
        return Leading(self._fd[i], self._response[i], lag_s, self._dt_s)

    def taken(self) -> Taken:
        """How the leading filter took the last reading in."""
        return self._taken
