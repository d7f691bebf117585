"""Draws from the posterior of a batch fit, weighed: what a Gaussian around the mode leaves out.

Importance sampling. The posterior is a bent ridge: along it the readings say little (a holder, a
loss that differs in the dark), across it much, and straight on from the mode one leaves it at once.
So the soft directions are drawn first, then the stiff ones are fitted to each such draw (Gauss-
Newton with the slopes of the mode), then drawn around that. The way from the drawn numbers to the
cell is triangular with a constant determinant, so the weights are exact, however good the fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma

import numpy as np

from labctl.photothermal._discretise import Floats
from labctl.photothermal._map_mode import SOFT_SD, Posterior, Problem, chord

_TAIL_DOF = 6.0
"""Draws come from Student's t of so many degrees of freedom, for the tails to be reached."""
_ROUNDS = 3
_BATCH = 128
"""Draws at once: more no longer stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Draws:
    """Cells, with what the record makes of each."""

    weight: Floats
    """(S,), sum 1."""
    z: Floats
    """(S, R)."""
    beta: Floats
    """(S, COLUMNS)."""
    beta_covariance: Floats
    """(S, COLUMNS, COLUMNS)."""
    log_evidence: float

    @property
    def effective(self) -> float:
        """What the draws are worth in independent ones of equal weight."""
        return 1.0 / float(self.weight @ self.weight)


def weighed(problem: Problem, posterior: Posterior, flutter: float, draws: int) -> Draws:
    """Draw about one flutter's mode; always the same numbers."""
    values, vectors = np.linalg.eigh(posterior.z_covariance)
    sd = np.sqrt(values)
    soft = sd > SOFT_SD
    normal, log_density = _student(draws, problem.free)
    ways = normal * sd * soft
    ridge = posterior.z + np.concatenate([ways, -ways]) @ vectors.T
    back = chord(posterior)
    if back is not None:
        for _ in range(_ROUNDS):
            for some in _batches(len(ridge)):
                trial = problem.evaluate(ridge[some], np.full(len(ridge[some]), flutter))
                off = np.hstack([trial.residuals, ridge[some]])
                ridge[some] -= np.nan_to_num(off @ back.T)
    across = (normal * sd * ~soft) @ vectors.T
    across = np.concatenate([across, across])
    z = np.concatenate([ridge + across, ridge - across])
    log_density = np.tile(log_density, 4)
    n = len(z)
    trials = [problem.evaluate(z[some], np.full(len(z[some]), flutter)) for some in _batches(n)]

    def every(name: str) -> Floats:
        values: Floats = np.concatenate([getattr(trial, name) for trial in trials])
        return values

    log_weight = every("log_likelihood") - 0.5 * (z**2).sum(axis=1)
    log_weight += np.log(sd).sum() - log_density
    log_weight[~np.isfinite(log_weight)] = -np.inf
    weight = np.exp(log_weight - log_weight.max())
    evidence = float(log_weight.max() + np.log(weight.mean()))
    return Draws(weight / weight.sum(), z, every("beta"), every("beta_covariance"), evidence)


def _batches(n: int) -> list[slice]:
    return [slice(first, first + _BATCH) for first in range(0, n, _BATCH)]


def _student(draws: int, dimensions: int) -> tuple[Floats, Floats]:
    """A quarter of the draws (S / 4, R), for each to come with its mirror images along the ridge
    and across; and the logarithm of their density over that of a standard normal at 0. The normal
    numbers behind them are stretched so that their covariance is right to the last digit."""
    quarter = max(draws // 4, dimensions + 1)
    some = np.random.default_rng(1).standard_normal((quarter, dimensions))
    root = np.linalg.cholesky(some.T @ some / quarter)
    some = np.linalg.solve(root, some.T).T
    some /= np.sqrt(np.random.default_rng(2).chisquare(_TAIL_DOF, quarter) / _TAIL_DOF)[:, None]
    both = 0.5 * (_TAIL_DOF + dimensions)
    density = -both * np.log1p((some**2).sum(axis=1) / _TAIL_DOF)
    density += lgamma(both) - lgamma(0.5 * _TAIL_DOF) + 0.5 * dimensions * np.log(2.0 / _TAIL_DOF)
    return some, density
