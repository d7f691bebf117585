"""Nominal values of every filter of a bank, and what a step does around them.

What multiplies a temperature difference (loss, coupling, wall, lag) has a nominal value in each
filter; its state is the logarithm over that. Around the nominal values a step is linear, and its
matrices depend on nothing but its length.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np

from labctl.photothermal._discretise import Floats, step_matrices
from labctl.photothermal._layout import (
    BEAD,
    COUPLING,
    DYNAMIC,
    HOLDER,
    LAG,
    LIGHT,
    LIQUID,
    LOSS,
    OFFSET,
    RATE,
    SHARE,
    WALL,
    WALL_MASS,
    BankPrior,
)

INPUTS = LIGHT + 1
"""The states up to LIGHT: temperatures, and what warms."""
BENT = LAG + 2 - LOSS
"""Parameters in a row (LOSS to LAG) whose effect is linear in the states before them; and behind
them WALL_MASS again by the wall's loss alone, which grows as the loss does."""
_GAUSS = 0.5 + np.array([-1.0, 0.0, 1.0]) * np.sqrt(0.15)
_GAUSS_WEIGHTS = np.array([5.0, 8.0, 5.0]) / 18.0
FARTHEST = 3.0
"""Nominal values stay within this logarithm of the prior's; then they are no cell any longer."""
_CACHE = 64
NOMINAL = [LOSS, COUPLING, WALL_MASS, LAG, SHARE]
"""States that are counted from a nominal value."""
GRID = (5, 3)
"""Points along the wall, and along its coupling beside it."""


def kernels() -> Floats:
    """(2,): deviation of each filter's local Gaussian in the directions of the grid. With binomial
    weights, and points sqrt(2) of these apart, grid and Gaussian together are the prior's 1."""
    points = np.array(GRID)
    root: Floats = np.sqrt(2.0 / (points + 1.0))
    return root


def _nodes(points: int) -> tuple[Floats, Floats]:
    """Where the points lie, and their weights."""
    apart = 2.0 / np.sqrt(points + 1.0)
    weights = np.array([float(comb(points - 1, i)) for i in range(points)])
    return apart * (np.arange(points) - 0.5 * (points - 1)), weights / weights.sum()


@dataclass(frozen=True, slots=True)
class Step:
    """What a step of one length does in each filter, as far as its nominal values decide it."""

    response: Floats
    """(K, 4, 4): what constant forcing in each dynamic state has done after the step."""
    fixed: Floats
    """(K, 4, 7): of the states up to LIGHT; of RATE and LIGHT for one watt."""
    bent: Floats
    """(K, 24, 7): of what is `BENT`, for one unit in each of the states up to LIGHT, one watt."""
    by_loss: Floats
    """(K, 4, 7): the same, of LOSS alone."""
    half_loss: Floats
    """(K, 4): the loss that acts on each dynamic state, times half the step; of no unit."""
    flutter_k2: Floats
    """(K, 4, 4): what the liquid's flutter leaves in the dynamic states."""
    drift_k2: float


class Nominal:
    """The grid of a prior, and its nominal values as they move. All arrays are (K,).

    Or, of `cells` (K, 7: logarithms of k, G, C_w and 1/tau_c, growth of the loss, holder's share,
    and the dark) with their `flutter` (K,), a filter for each, of equal weight."""

    curve_off: Floats
    """What the grid adds to the growth of the loss."""
    weight: Floats
    flutters: int
    """Filters so far apart in the bank have the same flutter."""

    def __init__(
        self, prior: BankPrior, cells: Floats | None = None, flutter: Floats | None = None
    ) -> None:
        self._prior = prior
        if cells is None or flutter is None:
            self._lay_grid(prior)
        else:
            self._take(cells, flutter)
        self._logarithms = tuple(
            (state, values, values.copy())
            for state, values in (
                (LOSS, self.loss_per_s),
                (COUPLING, self.coupling_w_per_k),
                (WALL_MASS, self.wall_j_per_k),
                (LAG, self.inverse_lag),
            )
        )
        self._cache: dict[float, Step] = {}
        self._worked_out()

    def _lay_grid(self, prior: BankPrior) -> None:
        flutter = np.array(prior.flutter_k2_per_s)
        spread = np.sqrt(np.diag(prior.covariance()))
        (walls, w_walls), (couplings, w_couplings) = (
            _nodes(points if spread[BankPrior.LOGARITHMS.index(state)] > 0.0 else 1)
            for state, points in zip((WALL_MASS, COUPLING), GRID, strict=True)
        )
        wall, coupling, which = np.meshgrid(
            walls, couplings, np.arange(len(flutter)), indexing="ij"
        )
        self.filters = wall.size
        # Where the grid's points lie, as logarithms over the prior's means.
        off = np.stack([wall.ravel(), coupling.ravel()], axis=1) @ prior.grid_directions().T
        loss_off, coupling_off, wall_off, lag_off, self.curve_off = off.T
        self.wall_j_per_k = prior.wall_j_per_k * np.exp(wall_off)
        self.coupling_w_per_k = prior.coupling_w_per_k * np.exp(coupling_off)
        self.loss_per_s = prior.heat_loss_w_per_k / prior.heat_capacity_j_per_k * np.exp(loss_off)
        self.inverse_lag = np.exp(lag_off) / prior.lag_s
        self.share = np.full(self.filters, float(prior.holder_share))
        self.flutter = flutter[which.ravel()]
        self.flutters = len(flutter)
        by_node = np.outer(w_walls, w_couplings).ravel()
        self.weight = np.repeat(by_node, len(flutter)) / len(flutter)

    def _take(self, cells: Floats, flutter: Floats) -> None:
        loss, coupling, wall, inverse_lag = np.exp(cells[:, :4].T)
        self.loss_per_s, self.coupling_w_per_k = loss, coupling
        self.wall_j_per_k, self.inverse_lag = wall, inverse_lag
        self.share, self.flutter = cells[:, 5].copy(), flutter
        self.filters, self.flutters = len(cells), 1
        self.curve_off = np.zeros(len(cells))
        self.weight = np.full(len(cells), 1.0 / len(cells))

    def values(self) -> Floats:
        """(K, 5), in the order of `NOMINAL`."""
        logarithms = [np.log(values) for _, values, _ in self._logarithms]
        return np.stack([*logarithms, self.share], axis=1)

    def move_to(self, x: Floats) -> None:
        """Move the nominal values to the means `x` (K, STATES), and take off what was moved: so a
        prior of 30 % stays one of 30 % wherever the nominal value goes."""
        for state, nominal, start in self._logarithms:
            so_far = np.log(nominal / start)
            move = np.clip(so_far + np.clip(x[:, state], -1.0, 1.0), -FARTHEST, FARTHEST)
            move -= so_far
            nominal *= np.exp(move)
            x[:, state] -= move
        self.share += x[:, SHARE]
        x[:, SHARE] = 0.0
        self._worked_out()

    def start_from(self, other: Nominal, x: Floats, found: Floats) -> None:
        """Take another's nominal values, moved on to its means `found` (which are then 0); the
        means `x` of the prior are off by what that moves."""
        pairs = zip(self._logarithms, other._logarithms, strict=True)
        for (state, nominal, start), (_, theirs, _) in pairs:
            move = np.clip(np.log(theirs / start) + found[:, state], -FARTHEST, FARTHEST)
            nominal[:] = start * np.exp(move)
            x[:, state] -= move
            found[:, state] = 0.0
        share = other.share + found[:, SHARE]
        x[:, SHARE] -= share - self.share
        found[:, SHARE] = 0.0
        self.share[:] = share
        self._worked_out()

    def copy_filter(self, best: int, to: np.ndarray) -> None:
        """Give the filters `to` the values of another."""
        for array in (self.share, *(values for _, values, _ in self._logarithms)):
            array[to] = array[best]
        self._worked_out()

    def _worked_out(self) -> None:
        """Rates and matrices from the values."""
        prior = self._prior
        capacity, loss_share = prior.heat_capacity_j_per_k, prior.wall_loss_share
        self._g_l = self.coupling_w_per_k / capacity
        self._g_w = self.coupling_w_per_k / self.wall_j_per_k
        self._k_l = (1.0 - loss_share) * self.loss_per_s
        self._k_w = loss_share * self.loss_per_s * capacity / self.wall_j_per_k
        a = np.zeros((self.filters, DYNAMIC, DYNAMIC))
        a[:, LIQUID, LIQUID] = -self._g_l - self._k_l
        a[:, LIQUID, WALL] = self._g_l
        a[:, LIQUID, HOLDER] = self._k_l
        a[:, WALL, LIQUID] = self._g_w
        a[:, WALL, WALL] = -self._g_w - self._k_w
        a[:, WALL, HOLDER] = self._k_w
        a[:, BEAD, LIQUID] = self.inverse_lag
        a[:, BEAD, BEAD] = -self.inverse_lag
        a[:, HOLDER, WALL] = self.share / prior.holder_s
        a[:, HOLDER, HOLDER] = -1.0 / prior.holder_s
        self._a = a
        bent = self._bent = np.zeros((self.filters, DYNAMIC, BENT, INPUTS))
        # What a parameter adds to the rate of the state `row`: sign x rate x (warm - cold).
        for row, column, sign, rate, warm, cold in (
            (LIQUID, LOSS, -1.0, self._k_l, LIQUID, (HOLDER, OFFSET)),
            (WALL, LOSS, -1.0, self._k_w, WALL, (HOLDER, OFFSET)),
            (LIQUID, COUPLING, -1.0, self._g_l, LIQUID, (WALL,)),
            (WALL, COUPLING, 1.0, self._g_w, LIQUID, (WALL,)),
            (WALL, WALL_MASS, 1.0, self._k_w, WALL, (HOLDER, OFFSET)),
            (WALL, WALL_MASS, -1.0, self._g_w, LIQUID, (WALL,)),
            (WALL, LAG + 1, 1.0, self._k_w, WALL, (HOLDER, OFFSET)),
            (HOLDER, SHARE, 1.0 / prior.holder_s, 1.0, WALL, (OFFSET,)),
            (BEAD, LAG, 1.0, self.inverse_lag, LIQUID, (BEAD,)),
            (BEAD, LAG, 1.0, self.inverse_lag, LIGHT, ()),
        ):
            bent[:, row, column - LOSS, warm] += sign * rate
            for state in cold:
                bent[:, row, column - LOSS, state] -= sign * rate
        self._cache.clear()

    def step(self, dt_s: float) -> Step:
        """All of a step that nothing but its length and the nominal values decide."""
        step = self._cache.get(dt_s)
        if step is None:
            if len(self._cache) >= _CACHE:
                self._cache.clear()
            step = self._cache[dt_s] = self._new_step(dt_s)
        return step

    def _new_step(self, dt_s: float) -> Step:
        """A parameter's effect on a step is the integral of e^{A (dt - s)} B x(s), by three points
        of Gauss: the bead may follow in less than a step, the liquid warm much within one."""
        prior, k = self._prior, self.filters
        response = step_matrices(self._a, dt_s)[1]
        fixed = self._by_inputs(dt_s)
        at = [self._by_inputs(dt_s * part) for part in _GAUSS]
        bent = np.zeros((k, DYNAMIC, BENT, INPUTS))
        flutter = np.zeros((k, DYNAMIC, DYNAMIC))
        for i, weight in enumerate(_GAUSS_WEIGHTS):
            # Flutter early in the step has reached bead and wall by its end.
            reached = at[i][:, :, LIQUID]
            flutter += weight * dt_s * reached[:, :, None] * reached[:, None, :]
            # What stands where at the point (all inputs), bent, and carried on to the end.
            inputs = np.zeros((k, INPUTS, INPUTS))
            inputs[:, :DYNAMIC] = at[i]
            inputs[:, DYNAMIC:, DYNAMIC:] = np.eye(INPUTS - DYNAMIC)
            rates = (self._bent.reshape(k, DYNAMIC * BENT, INPUTS) @ inputs).reshape(k, DYNAMIC, -1)
            carried = at[len(_GAUSS) - 1 - i][:, :, :DYNAMIC] @ rates
            bent += weight * dt_s * carried.reshape(k, DYNAMIC, BENT, INPUTS)
        half_loss = np.zeros((k, DYNAMIC))
        half_loss[:, [LIQUID, BEAD]] = 0.5 * dt_s * self._k_l[:, None]
        half_loss[:, WALL] = 0.5 * dt_s * self._k_w
        return Step(
            response,
            fixed,
            bent.reshape(k, DYNAMIC * BENT, INPUTS),
            np.ascontiguousarray(bent[:, :, 0]),
            half_loss,
            flutter * self.flutter[:, None, None],
            prior.drift_k2_per_s * dt_s,
        )

    def _by_inputs(self, dt_s: float) -> Floats:
        """(K, 4, 7): the dynamic states after `dt_s`, for one unit of each input."""
        exponential, response = step_matrices(self._a, dt_s)
        forcing = np.zeros((self.filters, DYNAMIC, INPUTS - DYNAMIC))
        forcing[:, LIQUID, OFFSET - DYNAMIC] = self._k_l
        forcing[:, WALL, OFFSET - DYNAMIC] = self._k_w
        forcing[:, HOLDER, OFFSET - DYNAMIC] = -self.share / self._prior.holder_s
        forcing[:, LIQUID, RATE - DYNAMIC] = 1.0
        forcing[:, BEAD, LIGHT - DYNAMIC] = self.inverse_lag
        return np.concatenate([exponential, response @ forcing], axis=2)
