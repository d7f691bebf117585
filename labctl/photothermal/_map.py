"""The batch fit: all of a record at once, with the bank's equations and priors.

A reference for the filter bank, and the fit of a file. Around the most likely cell the posterior
is taken as Gaussian (Laplace), one for each candidate of the flutter, mixed by their evidence.
Draws weighed by what the record says of each (importance sampling) take the rest of the shape in:
a wall that is known to a factor makes it skew, and then the most likely cell is not the mean one.

1000 readings take about 0.2 s. Not for the live check.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labctl.photothermal._discretise import Floats
from labctl.photothermal._layout import BankPrior
from labctl.photothermal._light import PowerSteps
from labctl.photothermal._map_draws import Draws, weighed
from labctl.photothermal._map_mode import Course, Posterior, Problem, modes
from labctl.photothermal._map_model import (
    CELL,
    CURVE,
    DRIFT,
    LIGHT,
    LN_COUPLING,
    LN_DARK,
    LN_HOLDER,
    LN_INVERSE_LAG,
    LN_LOSS,
    LN_WALL,
    RATE,
    SHARE,
    STEP,
    FitOptions,
)
from labctl.photothermal._run import RecordError, check_record, noise_of_record
from labctl.photothermal._told import Moments

_NEGLIGIBLE = 1e-3
"""Share of the evidence below which a flutter is left out of the draws."""


@dataclass(frozen=True, slots=True)
class MapFit:
    """What a record says of its cell, all at once."""

    mode: Moments
    """Most likely cell of the most likely flutter, and the Gaussian around it."""
    moments: Moments
    """Mean and covariance over all flutters; over the draws where there were any."""
    fitted_degc: Floats
    """(n,): what the most likely cell shows by the equations alone, no flutter."""
    residuals_k: Floats
    """(n,): readings less that."""
    innovations: Floats
    """(n - 1,): standardised forecast errors at the mode, flutter allowed for."""
    noise_sd_k: float
    flutter_k2_per_s: tuple[float, ...]
    flutter_weights: Floats
    log_evidence: float
    """Log of the record's probability under prior and model; only differences mean anything."""
    nodes: int
    drift_k_per_s: float
    """Of the surroundings, at the mode."""
    holder_share: float
    holder_s: float
    dark_loss_log: float
    """ln of the heat loss in the dark over that under light, at the mode."""
    step: tuple[float, float]
    """Size of the supposed step and its deviation, at the mode; zeros without one."""
    parameters: int
    """Free in the fit."""
    converged: bool
    effective_draws: float
    """What the weighed draws are worth in independent ones; 0 without draws. Below 30 the moments
    are no better than the mode's."""

    @property
    def rms_k(self) -> float:
        """Of the residuals."""
        return float(np.sqrt(np.mean(self.residuals_k**2)))

    @property
    def lag1(self) -> float:
        """Correlation of each residual with the next."""
        r = self.residuals_k - self.residuals_k.mean()
        power = float(r @ r)
        return float(r[1:] @ r[:-1]) / power if power > 0.0 else 0.0


def fit_record(
    prior: BankPrior,
    times_s: Floats,
    readings_degc: Floats,
    power: PowerSteps,
    ambients_degc: float | Floats,
    *,
    noise_sd_k: float | None = None,
    edge_spread_s: float = 0.0,
    options: FitOptions | None = None,
    draws: int = 0,
) -> MapFit:
    """Fit a record; arguments as those of `run_record`, times as irregular as they come.

    Gaps are bridged by the equations. `draws` a flutter (even; 200 do) make the moments those of
    the posterior itself. RecordError for a record that cannot be fitted.
    """
    times, readings = check_record(times_s, readings_degc)
    ambients = np.broadcast_to(np.asarray(ambients_degc, dtype=float), times.shape)
    if not np.isfinite(ambients).all():
        raise RecordError("an ambient reading is not a finite number")
    if noise_sd_k is None:
        noise_sd_k = noise_of_record(times, readings)
    record = Course(times, readings, power, ambients, noise_sd_k, edge_spread_s)
    problem = Problem(record, prior, options or FitOptions())
    flutter = np.array(prior.flutter_k2_per_s)
    with np.errstate(over="ignore", invalid="ignore"):
        found, converged = modes(problem, flutter)
    evidence = np.array([posterior.log_evidence for posterior in found])
    parts = [_moments(problem, posterior) for posterior in found]
    effective = 0.0
    if draws > 0:
        effective = float("inf")
        for i in np.flatnonzero(np.exp(evidence - evidence.max()) > _NEGLIGIBLE):
            drawn = weighed(problem, found[i], float(flutter[i]), draws)
            evidence[i], parts[i] = drawn.log_evidence, _moments_of_draws(problem, drawn)
            effective = min(effective, drawn.effective)
    weights = np.exp(evidence - evidence.max())
    total = float(evidence.max() + np.log(weights.mean()))
    weights /= weights.sum()
    leader = int(weights.argmax())
    best = found[leader]
    cell = problem.cells(best.z[None])[0]
    fitted = problem.deterministic(best.z, best.beta)
    trial = problem.evaluate(best.z[None], flutter[[leader]])
    return MapFit(
        mode=_moments(problem, best),
        moments=_mixed(parts, weights),
        fitted_degc=fitted,
        residuals_k=readings - fitted,
        innovations=-trial.residuals[0, 1 : len(times)],
        noise_sd_k=noise_sd_k,
        flutter_k2_per_s=prior.flutter_k2_per_s,
        flutter_weights=weights,
        log_evidence=total,
        nodes=problem.options.nodes,
        drift_k_per_s=float(best.beta[DRIFT]),
        holder_share=float(cell[SHARE]),
        holder_s=float(np.exp(cell[LN_HOLDER])),
        dark_loss_log=float(cell[LN_DARK]),
        step=(float(best.beta[STEP]), _step_sd(best)),
        parameters=problem.free + int((problem.cell_prior.column_sd > 0.0).sum()),
        converged=converged,
        effective_draws=effective,
    )


def _asked(cells: Floats, beta: Floats) -> Floats:
    """(B, 7) in the order of `Moments`."""
    return np.stack(
        [
            beta[:, RATE],
            cells[:, LN_LOSS],
            cells[:, LN_WALL],
            cells[:, LN_COUPLING],
            beta[:, LIGHT],
            cells[:, LN_INVERSE_LAG],
            cells[:, CURVE],
        ],
        axis=1,
    )


def _of_columns(covariance: Floats) -> Floats:
    """(..., 7, 7) of what is asked, from the covariance of the columns with the cell given."""
    out = np.zeros((*covariance.shape[:-2], 7, 7))
    asked, columns = np.array([Moments.RATE, Moments.LIGHT]), np.array([RATE, LIGHT])
    out[..., asked[:, None], asked] = covariance[..., columns[:, None], columns]
    return out


def _moments(problem: Problem, posterior: Posterior) -> Moments:
    """Of the Gaussian around a mode."""
    r = len(posterior.z)
    cells = problem.cells(posterior.z[None])
    slopes = np.zeros((r, CELL))
    slopes[:] = problem.cell_prior.directions.T
    by_z = _asked(slopes, posterior.slopes.T).T
    covariance = by_z @ posterior.z_covariance @ by_z.T + _of_columns(posterior.beta_covariance)
    return Moments(_asked(cells, posterior.beta[None])[0], covariance)


def _moments_of_draws(problem: Problem, drawn: Draws) -> Moments:
    values = _asked(problem.cells(drawn.z), drawn.beta)
    mean = drawn.weight @ values
    off = values - mean
    covariance = (off * drawn.weight[:, None]).T @ off
    covariance += np.einsum("i,ijk->jk", drawn.weight, _of_columns(drawn.beta_covariance))
    return Moments(mean, covariance)


def _step_sd(posterior: Posterior) -> float:
    slope = posterior.slopes[STEP]
    with_cell = float(slope @ posterior.z_covariance @ slope)
    return float((with_cell + posterior.beta_covariance[STEP, STEP]) ** 0.5)


def _mixed(parts: list[Moments], weights: Floats) -> Moments:
    means = np.stack([part.mean for part in parts])
    mean = weights @ means
    off = means - mean
    covariance = (off * weights[:, None]).T @ off
    for weight, part in zip(weights, parts, strict=True):
        covariance += weight * part.covariance
    return Moments(mean, covariance)
