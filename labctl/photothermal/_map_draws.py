"""Draws from the posterior of a batch fit, weighed: what a Gaussian around the mode leaves out.

Importance sampling. The posterior is a bent ridge: along it the readings say little (a holder, a
loss that differs in the dark), across it much, and straight on from the mode one leaves it at once.
So the soft directions are drawn first, then the stiff ones are fitted to each such draw (Gauss-
Newton with the slopes of the mode), then drawn around that. The way from the drawn numbers to the
cell is triangular with a constant determinant, so the weights are exact, however good the fit.

Where the mode's Gaussian turns out to lie badly (a skew ridge, a wall at the edge of what the
prior allows), the draws are worth little; then numbers are drawn anew around the mean and with the
spread that the weighed ones have, and what is worth most is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma

import numpy as np
from numpy.typing import NDArray

from labctl.photothermal._discretise import Floats
from labctl.photothermal._map_mode import SOFT_SD, Posterior, Problem, chord

_TAIL_DOF = 6.0
"""Draws come from Student's t of so many degrees of freedom, for the tails to be reached."""
_ROUNDS = 3
_BATCH = 128
"""Draws at once: more no longer stay in the processor's cache."""
_WORTH = 0.5
"""Of the draws, what is worth less is drawn anew"""
_ANEW = 3
"""so many times at the most."""
_SHRUNK = 20.0
"""Independent draws that the spread before counts for, where it is told anew."""


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
    way = _Way(problem, posterior, flutter)
    normal, log_density = _student(draws, way.soft)
    mean: Floats = np.zeros(problem.free)
    root: Floats = np.eye(problem.free)
    drawn = normal
    best = found = way.weigh(drawn, log_density)
    for _ in range(_ANEW):
        if best.effective >= _WORTH * len(normal):
            break
        told = found.weight @ drawn
        off = drawn - told
        held = _SHRUNK / (_SHRUNK + found.effective)
        spread = (1.0 - held) * (off * found.weight[:, None]).T @ off
        mean = held * mean + (1.0 - held) * told
        root = np.linalg.cholesky(held * root @ root.T + spread).astype(np.float64)
        drawn = mean + normal @ root.T
        found = way.weigh(drawn, log_density - np.log(np.diag(root)).sum())
        best = max(best, found, key=lambda draws: draws.effective)
    return best


class _Way:
    """From drawn numbers to cells, of one flutter: deviations of the mode's Gaussian along its
    principal directions, the soft ones followed along the ridge."""

    def __init__(self, problem: Problem, posterior: Posterior, flutter: float) -> None:
        self._problem, self._flutter = problem, flutter
        self._centre = posterior.z
        values, self._vectors = np.linalg.eigh(posterior.z_covariance)
        self._sd = np.sqrt(values)
        self.soft = self._sd > SOFT_SD
        self._back = chord(posterior)

    def weigh(self, drawn: Floats, log_density: Floats) -> Draws:
        """What the record makes of `drawn` (S, R), whose density had these logarithms (S,)."""
        problem, flutter = self._problem, self._flutter
        z = self._centre + (drawn * self._sd * self.soft) @ self._vectors.T
        if self._back is not None:
            for _ in range(_ROUNDS):
                for some in _batches(len(z)):
                    trial = problem.evaluate(z[some], np.full(len(z[some]), flutter))
                    off = np.hstack([trial.residuals, z[some]])
                    z[some] -= np.nan_to_num(off @ self._back.T)
        z += (drawn * self._sd * ~self.soft) @ self._vectors.T
        trials = [
            problem.evaluate(z[some], np.full(len(z[some]), flutter)) for some in _batches(len(z))
        ]

        def every(name: str) -> Floats:
            values: Floats = np.concatenate([getattr(trial, name) for trial in trials])
            return values

        log_weight = every("log_likelihood") - 0.5 * (z**2).sum(axis=1)
        log_weight += np.log(self._sd).sum() - log_density
        log_weight[~np.isfinite(log_weight)] = -np.inf
        weight = np.exp(log_weight - log_weight.max())
        evidence = float(log_weight.max() + np.log(weight.mean()))
        return Draws(weight / weight.sum(), z, every("beta"), every("beta_covariance"), evidence)


def _batches(n: int) -> list[slice]:
    return [slice(first, first + _BATCH) for first in range(0, n, _BATCH)]


def _student(draws: int, soft: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Numbers (S, R) of mean 0 and covariance 1, each with its mirror images along the ridge and
    across; and the logarithm of their density over that of a standard normal at 0. The normal
    numbers behind them are stretched so that their covariance is right to the last digit."""
    dimensions = len(soft)
    quarter = max(draws // 4, dimensions + 1)
    some = np.random.default_rng(1).standard_normal((quarter, dimensions))
    root = np.linalg.cholesky(some.T @ some / quarter)
    some = np.linalg.solve(root, some.T).T
    some /= np.sqrt(np.random.default_rng(2).chisquare(_TAIL_DOF, quarter) / _TAIL_DOF)[:, None]
    both = 0.5 * (_TAIL_DOF + dimensions)
    density = -both * np.log1p((some**2).sum(axis=1) / _TAIL_DOF)
    density += lgamma(both) - lgamma(0.5 * _TAIL_DOF) + 0.5 * dimensions * np.log(2.0 / _TAIL_DOF)
    along, across = some * soft, some * ~soft
    signs = ((1, 1), (-1, 1), (1, -1), (-1, -1))
    return np.concatenate([a * along + b * across for a, b in signs]), np.tile(density, 4)
