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
    START,
    SURROUNDINGS,
    WALL,
    CellPrior,
    FitOptions,
    cell_prior,
    courses,
)
from labctl.photothermal._run import RecordError

_FIRST_DIFFERENCE = 1e-3
_DIFFERENCE = 0.02
"""Of a difference quotient, in prior deviations at first, in posterior deviations later."""
_SETTLED = 1e-4
"""Twice the gain in log posterior that a last round still promised."""
_FARTHEST = 8.0
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
        self.free = self.cell_prior.directions.shape[1]
        self.plan: Plan = plan(
            record.times_s,
            record.readings_degc - self.reference_degc,
            record.power,
            record.ambients_degc - self.reference_degc,
            record.edge_spread_s,
        )
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
            self.record.noise_sd_k**2,
            flutter,
            self.prior.drift_k2_per_s,
            np.full(len(z), self.edge_rate),
        )
        capacity, nodes = self.prior.heat_capacity_j_per_k, self.options.nodes
        kept = np.zeros(0, dtype=np.int64) if keep is None else keep
        out = whiten(self.cells(z), capacity, nodes, noise, self.plan, self.multipliers, kept)
        free = np.flatnonzero(prior.column_sd > 0.0)
        known = out.columns @ prior.column_mean
        by = out.columns[:, :, free] * prior.column_sd[free]
        across = by.transpose(0, 2, 1)
        information = across @ by + np.eye(len(free))
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
        every = self.plan
        blind = replace(every, reading_k=0.0 * every.reading_k, widen_k2=0.0 * every.widen_k2)
        capacity, nodes = self.prior.heat_capacity_j_per_k, self.options.nodes
        out = whiten(
            self.cells(z[None]),
            capacity,
            nodes,
            quiet,
            blind,
            self.multipliers,
            np.zeros(0, dtype=np.int64),
        )
        curve = np.full(len(self.record.times_s), np.nan)
        curve[every.row[every.row >= 0]] = out.columns[0] @ beta
        curve[0] = every.first_k + beta[START]
        return curve + self.reference_degc


def modes(problem: Problem, flutter: Floats, rounds: int = 30) -> tuple[list[Posterior], bool]:
    """The mode for each candidate of the flutter, and whether all have converged."""
    q, r = len(flutter), problem.free
    at = np.zeros((q, r))
    damping = np.full(q, 1e-3)
    width = np.full((q, r), _FIRST_DIFFERENCE)
    value = np.full(q, np.inf)
    best = at.copy()
    found: list[Posterior | None] = [None] * q
    hessians, gradients = np.zeros((q, r, r)), np.zeros((q, r))
    done = np.zeros(q, dtype=bool)
    base = np.arange(q) * (r + 1)
    for _ in range(rounds):
        z = np.repeat(at[:, None, :], r + 1, axis=1)
        z[:, np.arange(1, r + 1), np.arange(r)] += width
        trial = problem.evaluate(z.reshape(-1, r), np.repeat(flutter, r + 1), base)
        target = -trial.log_likelihood[base] + 0.5 * (at**2).sum(axis=1)
        for i in range(q):
            if not target[i] < value[i] + 1e-3:
                damping[i] = max(damping[i], 1e-3) * 10.0
                continue
            first = base[i]
            rest = slice(first + 1, first + r + 1)
            residual_slopes = (trial.residuals[rest] - trial.residuals[first]) / width[i][:, None]
            variance_slopes = trial.log_variance[rest] - trial.log_variance[first]
            variance_slopes /= width[i][:, None]
            volume_slopes = (trial.log_volume[rest] - trial.log_volume[first]) / width[i]
            gradients[i] = residual_slopes @ trial.residuals[first] + at[i]
            gradients[i] += 0.5 * (variance_slopes.sum(axis=1) + volume_slopes)
            hessians[i] = residual_slopes @ residual_slopes.T + np.eye(r)
            hessians[i] += 0.25 * variance_slopes @ variance_slopes.T
            covariance = np.linalg.inv(hessians[i])
            slopes = ((trial.beta[rest] - trial.beta[first]) / width[i][:, None]).T
            evidence = -target[i] + 0.5 * np.linalg.slogdet(covariance)[1]
            found[i] = Posterior(
                at[i].copy(),
                covariance,
                trial.beta[first],
                trial.beta_covariance[first],
                slopes,
                float(evidence),
            )
            # Two rounds at the least: the known course follows the fit only after the first.
            gain = float(gradients[i] @ covariance @ gradients[i])
            done[i] = bool(np.isfinite(value[i])) and gain < _SETTLED
            value[i], best[i] = target[i], at[i]
            damping[i] *= 0.1
            width[i] = _DIFFERENCE * np.sqrt(np.diag(covariance))
        if done.all() or not np.isfinite(value).all():
            break
        leader = int(np.argmin(value))
        if np.array_equal(best[leader], at[leader]):
            problem.follow(trial.states[:, leader], trial.beta[base[leader]])
            problem.edge_rate = float(trial.beta[base[leader], RATE])
        for i in range(q):
            if not done[i]:
                damped = hessians[i] + damping[i] * np.diag(np.diag(hessians[i]))
                move = best[i] - np.linalg.solve(damped, gradients[i])
                at[i] = np.clip(move, -_FARTHEST, _FARTHEST)
            else:
                at[i] = best[i]
    if any(posterior is None for posterior in found):
        raise RecordError("no cell gives such a record: its likelihood is not a number")
    return [posterior for posterior in found if posterior is not None], bool(done.all())
