"""The most likely cell of a record, for each candidate of the flutter.

Gauss-Newton with Levenberg's damping on the marginal posterior of the cell's parameters; what the
curve is linear in is solved for exactly at each trial (variable projection, Golub and Pereyra
1973). All trials of one round, for every candidate of the flutter, run as one array.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from labctl.photothermal._discretise import Floats
from labctl.photothermal._layout import BankPrior
from labctl.photothermal._light import PowerSteps
from labctl.photothermal._map_filter import Noise, Plan, plan, whiten
from labctl.photothermal._map_model import (
    COLUMNS,
    HOLDER,
    LIQUID,
    RATE,
    SURROUNDINGS,
    WALL,
    Body,
    CellPrior,
    FitOptions,
    cell_prior,
    courses,
)
from labctl.photothermal._run import RecordError

_FIRST_DIFFERENCE = 1e-3
_DIFFERENCE = 0.005
"""Of a difference quotient, in prior deviations at first, in posterior deviations later."""
_SETTLED = 1e-4
"""Gain in log posterior: the last round brought no more, or the next promises no more."""
_LARGEST = 1e14
"""Sum of the columns' information, in squared prior deviations, beyond which it is no number."""
_STUCK = 1e8
"""Damping at which no smaller move is tried."""
_CLOSE = 0.01
"""The same, where the promise was not kept: a tenth of a deviation from the mode."""
_WILD_K = 1e4
"""Temperatures that no course is followed to."""
_BLURS = (30.0, 5.0)
_FIRST_ROUNDS = 8
_FREE = 1e-2
"""Damping up to which a move is as long as it wants to be."""
_BACK = 2
SOFT_SD = 0.15
"""Directions of the posterior wider than this share of the prior are soft, the others stiff."""
_FARTHEST = 6.0
"""Prior deviations that a trial may go from the prior's mean."""


@dataclass(frozen=True, slots=True)
class Course:
    """A record as the fit takes it."""

    times_s: Floats
    readings_degc: Floats
    power: PowerSteps
    ambients_degc: Floats
    noise_sd_k: float
    edge_spread_s: float


@dataclass(frozen=True, slots=True)
class Posterior:
    """Gaussian around the mode of one flutter: the cell in prior deviations z, the columns."""

    z: Floats
    """(R,)."""
    z_covariance: Floats
    beta: Floats
    """(COLUMNS,); KNOWN is 1."""
    beta_covariance: Floats
    """With the cell given."""
    slopes: Floats
    """(COLUMNS, R): how the columns' values follow the cell."""
    residual_slopes: Floats
    """(R, N + columns): how `Trial.residuals` follow the cell."""
    log_evidence: float


@dataclass(frozen=True, slots=True)
class Trial:
    """What a batch of candidate cells makes of the record."""

    log_likelihood: Floats
    """(B,): columns integrated out."""
    residuals: Floats
    """(B, N + columns): whitened, and how far the columns are from their prior."""
    log_variance: Floats
    """(B, N)."""
    log_volume: Floats
    """(B,): of the columns, posterior over prior."""
    beta: Floats
    """(B, COLUMNS)."""
    beta_covariance: Floats
    """(B, COLUMNS, COLUMNS)."""
    states: Floats
    """(M + 1, kept, states, COLUMNS)."""


class Problem:
    """One record under one prior: evaluates batches of cells."""

    def __init__(self, record: Course, prior: BankPrior, options: FitOptions) -> None:
        self.record, self.prior, self.options = record, prior, options
        self.cell_prior: CellPrior = cell_prior(prior, options)
        self.reference_degc = float(record.ambients_degc[0])
        self.body = Body(prior.heat_capacity_j_per_k, prior.wall_loss_share, options.nodes)
        self.free = self.cell_prior.directions.shape[1]
        self.plan: Plan = plan(
            record.times_s,
            record.readings_degc - self.reference_degc,
            record.power,
            record.ambients_degc - self.reference_degc,
            record.edge_spread_s,
            options.step,
        )
        self.blur = 1.0
        """How many times larger the noise is taken: a search from afar begins with a wide view."""
        self.edge_rate = self.cell_prior.column_mean[RATE]
        self._start_course()

    def _start_course(self) -> None:
        """Around the readings themselves, wall with liquid."""
        record = self.record
        over = np.interp(self.plan.at_s, record.times_s, record.readings_degc)
        over -= self.reference_degc
        over[1:] -= self.plan.ambient_k
        self.multipliers = courses(over, over, self.plan.ambient_k)

    def follow(self, states: Floats, beta: Floats) -> None:
        """Take the course of one candidate, `states` (M + 1, states, COLUMNS), as the known one."""
        x = states @ beta
        if not np.abs(x).max() < _WILD_K:
            return
        surroundings = x[:, HOLDER] + x[:, SURROUNDINGS]
        surroundings[1:] += self.plan.ambient_k
        surroundings[0] += self.plan.ambient_k[0]
        self.multipliers = courses(
            x[:, LIQUID] - surroundings, x[:, WALL] - surroundings, self.plan.ambient_k
        )

    def cells(self, z: Floats) -> Floats:
        """(B, CELL) of prior deviations (B, R)."""
        return self.cell_prior.mean + z @ self.cell_prior.directions.T

    def evaluate(self, z: Floats, flutter: Floats, keep: NDArray[np.int64] | None = None) -> Trial:
        """Evaluate cells `z` (B, R), each under its own `flutter` (B,)."""
        prior = self.cell_prior
        noise = Noise(
            (self.blur * self.record.noise_sd_k) ** 2,
            flutter,
            self.prior.drift_k2_per_s,
            np.full(len(z), self.edge_rate),
        )
        kept = np.zeros(0, dtype=np.int64) if keep is None else keep
        out = whiten(self.cells(z), self.body, noise, self.plan, self.multipliers, kept)
        free = np.flatnonzero(prior.column_sd > 0.0)
        known = out.columns @ prior.column_mean
        by = out.columns[:, :, free] * prior.column_sd[free]
        across = by.transpose(0, 2, 1)
        information = across @ by + np.eye(len(free))
        # Cells that no curve is of may overflow: they are impossible, not errors.
        sound = np.einsum("ijj->i", information) < _LARGEST
        information[~sound] = np.eye(len(free))
        covariance = np.linalg.inv(information)
        scaled = -(covariance @ (across @ known[:, :, None]))[:, :, 0]
        residuals = np.concatenate([known + (by @ scaled[:, :, None])[:, :, 0], scaled], axis=1)
        log_volume = np.linalg.slogdet(information)[1]
        n = known.shape[1]
        log_likelihood = -0.5 * (
            (residuals**2).sum(axis=1)
            + out.log_variance.sum(axis=1)
            + log_volume
            + n * np.log(2.0 * np.pi)
        )
        log_likelihood[~sound] = -np.inf
        beta = np.tile(prior.column_mean, (len(z), 1))
        beta[:, free] += scaled * prior.column_sd[free]
        full = np.zeros((len(z), COLUMNS, COLUMNS))
        scale = prior.column_sd[free]
        full[:, free[:, None], free[None, :]] = covariance * scale[:, None] * scale
        return Trial(
            log_likelihood, residuals, out.log_variance, log_volume, beta, full, out.states
        )

    def deterministic(self, z: Floats, beta: Floats) -> Floats:
        """The bead's course (N,) in degC by the equations alone, no flutter: a row a row of the
        record."""
        quiet = Noise(1.0, np.zeros(1), 0.0, np.zeros(1))
        every = replace(self.plan, widen_k2=0.0 * self.plan.widen_k2)
        out = whiten(
            self.cells(z[None]),
            self.body,
            quiet,
            every,
            self.multipliers,
            np.zeros(0, dtype=np.int64),
            blind=True,
        )
        curve: Floats = out.columns[0] @ beta + self.reference_degc
        return curve


def modes(
    problem: Problem, flutter: Floats, rounds: int = 40, start: Floats | None = None
) -> tuple[list[Posterior], bool]:
    """The mode for each candidate of the flutter, and whether all have converged; searched from
    `start` (R,) or from the prior's mean."""
    if start is None:
        # With the noise as it is, a cell far off is a cliff; with more of it, a slope.
        begin = np.zeros((len(flutter), problem.free))
        for problem.blur in _BLURS:
            first = _searched(problem, flutter, begin, _FIRST_ROUNDS)
            begin = np.stack([search.best for search in first])
        problem.blur = 1.0
    else:
        begin = np.tile(start, (len(flutter), 1))
    searches = _searched(problem, flutter, begin, rounds)
    found = [search.found for search in searches if search.found is not None]
    if len(found) < len(searches):
        raise RecordError("no cell gives such a record: its likelihood is not a number")
    return found, all(search.settled for search in searches)


def _searched(problem: Problem, flutter: Floats, begin: Floats, rounds: int) -> list[_Search]:
    searches = [_Search(z) for z in begin]
    size = problem.free + 2
    base = np.arange(len(flutter)) * size
    for _ in range(rounds):
        z = np.concatenate([search.asked() for search in searches])
        trial = problem.evaluate(z, np.repeat(flutter, size), base)
        for search, first in zip(searches, base.tolist(), strict=True):
            search.told(trial, first)
        if all(search.over for search in searches):
            break
        leader = int(np.argmin([search.target for search in searches]))
        best = trial.beta[base[leader]]
        problem.follow(trial.states[:, leader], best)
        problem.edge_rate = float(best[RATE])
        # A straight move leaves the bent ridge of the posterior; back onto it before the look.
        for _ in range(_BACK):
            ahead = problem.evaluate(np.stack([search.at for search in searches]), flutter)
            for i, search in enumerate(searches):
                search.back(ahead.residuals[i])
    return searches


class _Search:
    """Levenberg's way to the mode of one flutter. Each round is asked for the best cell so far,
    the one to try, and that one moved in each direction; the best again because the course that
    the squares are taken around has moved since."""

    def __init__(self, start: Floats) -> None:
        free = len(start)
        self.found: Posterior | None = None
        self.settled = False
        self.stuck = False
        self.target = np.inf
        """Of the best so far: less log posterior."""
        self.best = self.at = start
        self._width = np.full(free, _FIRST_DIFFERENCE)
        self._damping = 1e-3
        self._hessian, self._gradient = np.eye(free), np.zeros(free)
        self._chord: Floats | None = None
        self._promised = np.inf

    @property
    def over(self) -> bool:
        """Whether there is nothing more to try."""
        return self.settled or self.stuck

    def asked(self) -> Floats:
        """(2 + R, R)."""
        return np.vstack([self.best, self.at, self.at + np.diag(self._width)])

    def told(self, trial: Trial, first: int) -> None:
        """Take the answers in, which begin at `first`."""
        self.target = float(-trial.log_likelihood[first] + 0.5 * self.best @ self.best)
        target = float(-trial.log_likelihood[first + 1] + 0.5 * self.at @ self.at)
        if target < self.target or self.found is None:
            if np.isfinite(target):
                self._accept(trial, first + 1, target)
            else:
                # Nothing to search from.
                self.stuck = True
                return
        else:
            self._damping = max(self._damping, 1e-3) * 10.0
            self.settled = self._promised < _CLOSE
            self.stuck = self._damping > _STUCK
        if not self.over:
            damped = self._hessian + self._damping * np.diag(np.diag(self._hessian))
            move = self.best - np.linalg.solve(damped, self._gradient)
            self.at = np.clip(move, -_FARTHEST, _FARTHEST)
        else:
            self.at = self.best

    def back(self, residuals: Floats) -> None:
        """Move the cell to try back in the stiff directions, `residuals` being its own."""
        if not self.over and self._chord is not None:
            off = self._chord @ np.concatenate([residuals, self.at])
            self.at = np.clip(self.at - np.nan_to_num(off), -_FARTHEST, _FARTHEST)

    def _accept(self, trial: Trial, at: int, target: float) -> None:
        rest, width = slice(at + 1, at + 1 + len(self.at)), self._width[:, None]
        residual_slopes = (trial.residuals[rest] - trial.residuals[at]) / width
        variance_slopes = (trial.log_variance[rest] - trial.log_variance[at]) / width
        volume_slopes = (trial.log_volume[rest] - trial.log_volume[at]) / self._width
        gradient = residual_slopes @ trial.residuals[at] + self.at
        gradient += 0.5 * (variance_slopes.sum(axis=1) + volume_slopes)
        hessian = residual_slopes @ residual_slopes.T + np.eye(len(self.at))
        hessian += 0.25 * variance_slopes @ variance_slopes.T
        covariance = np.linalg.inv(hessian)
        # Two rounds at the least: the known course follows the fit only after the first. Where
        # residuals are far from noise the slopes promise gains that are not there.
        promised = self._promised = float(gradient @ covariance @ gradient)
        free_move = self._damping <= _FREE
        brought = self.target - target if free_move else np.inf
        self.settled = self.found is not None and min(promised, brought) < _SETTLED
        self.found = Posterior(
            self.at,
            covariance,
            trial.beta[at],
            trial.beta_covariance[at],
            ((trial.beta[rest] - trial.beta[at]) / width).T,
            residual_slopes,
            float(-target + 0.5 * np.linalg.slogdet(covariance)[1]),
        )
        self.best, self.target = self.at, target
        self._hessian, self._gradient = hessian, gradient
        self._chord = chord(self.found)
        self._width = _DIFFERENCE * np.sqrt(np.diag(covariance))
        self._damping *= 0.1


def chord(posterior: Posterior) -> Floats | None:
    """(R, N + columns + R): by how much the stiff directions have to go back for residuals and
    distances from the prior, by the slopes at the mode; None where no direction is stiff."""
    values, vectors = np.linalg.eigh(posterior.z_covariance)
    stiff = vectors[:, np.sqrt(values) <= SOFT_SD]
    if not stiff.size:
        return None
    slopes = np.hstack([posterior.residual_slopes, np.eye(len(values))]).T @ stiff
    back: Floats = stiff @ np.linalg.pinv(slopes)
    return back
