"""One time constant through a whole record, and whether the record obeys it.

    C dT/dt = Q u(t) - hS (T - T_s),    tau = C/hS,    A_r = Q/C

    T = T_s + (T_0 - T_s) e^{-t/tau} + A_r sum_k (+-) tau (1 - e^{-(t - t_k)/tau}),   t > t_k

over the edges k of the light (Roper, Ahn, Hoepfner 2007, heating and cooling together), all of them
moved by one delay to first order: where between two rows the light changed, and how far the probe
is behind, is not known. Real cuvettes do not obey it: the wall is a second node. So the fit never
comes without its reasons.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from labctl.photothermal._branches import Edge, branches, edges
from labctl.photothermal._discretise import Floats
from labctl.photothermal._exponential import fit_exponential
from labctl.photothermal._record import Record, noise_sd_k
from labctl.photothermal._whiteness import ljung_box

_RATIO = 1.5
"""Residuals may be so many times the readings' own noise."""
_LAG_SD = 4.0
"""Deviations of the lag-1 correlation of white residuals that are too many: once in 30 000."""
_LEAST_P = 0.001
_DARK_ROWS = 3
"""Before the light; fewer say nothing of the surroundings."""


@dataclass(frozen=True, slots=True)
class OneNodeFit:
    """What one time constant makes of a record. Each pair is a value and its deviation as white
    residuals would give it; where `reasons` is not empty they are not white and it is too small."""

    rate_k_per_s: tuple[float, float]
    """A_r = Q/C: the heating rate at the first moment of light."""
    time_constant_s: tuple[float, float]
    surroundings_degc: float
    residuals_k: Floats
    rms_k: float
    noise_k: float | None
    """Of the readings themselves; None where they are too few to tell."""
    lag1: float | None
    """Correlation of each residual with the next; None where there is nothing to correlate."""
    reasons: tuple[str, ...]
    """Why one time constant is not enough; empty where it is."""

    @property
    def passed(self) -> bool:
        return not self.reasons


def fit_one_node(record: Record) -> OneNodeFit:
    """Fit a usable record with known light. UnusableError where light or rows are missing, or no
    time constant fits. Without dark rows the surroundings are taken as the first reading."""
    found = edges(record)
    cut = branches(record)
    t, y = record.time_s, record.temperature_degc
    start_s = float(t[0])
    fixed = cut.before.stop < _DARK_ROWS and cut.off_s is None
    # A single edge is moved by the same exponential that a start above the surroundings has.
    delayed = cut.before.stop >= _DARK_ROWS and cut.off_s is not None

    def basis(tau: float, times: Floats) -> Floats:
        response, moved = _response(tau, times, found)
        if fixed:
            return response[:, None]
        decay = np.exp(-(times - start_s) / tau)
        columns = [response, np.ones_like(times), decay]
        if delayed:
            columns.append(moved)
        return np.column_stack(columns)

    span_s = max(float(t[-1]) - start_s, 1e-9)
    surroundings = float(y[0]) if fixed else 0.0
    fit = fit_exponential(t, y - surroundings, basis, span_s / 1000.0, 30.0 * span_s)
    if not fixed:
        surroundings = float(fit.coefficients[1])
    sd = fit.sd
    residuals = fit.residuals_k
    rms = math.sqrt(float(residuals @ residuals) / len(residuals))
    noise = noise_sd_k(record)
    lag1 = _lag1(residuals)
    return OneNodeFit(
        (float(fit.coefficients[0]), float(sd[0])),
        (fit.time_constant_s, float(sd[-1])),
        surroundings,
        residuals,
        rms,
        noise,
        lag1,
        _reasons(residuals, rms, noise, lag1),
    )


def _response(tau: float, times: Floats, found: tuple[Edge, ...]) -> tuple[Floats, Floats]:
    """Of the temperature to light that heats by 1 K/s, and what one second of delay takes off."""
    total, moved = np.zeros_like(times), np.zeros_like(times)
    for edge in found:
        sign = 1.0 if edge.on else -1.0
        since = np.maximum(times - edge.time_s, 0.0)
        decay = np.exp(-since / tau)
        total += sign * tau * (1.0 - decay)
        moved -= sign * decay * (times > edge.time_s)
    return total, moved


def _lag1(residuals: Floats) -> float | None:
    centred = residuals - residuals.mean()
    power = float(centred @ centred)
    return float(centred[1:] @ centred[:-1]) / power if power > 0.0 else None


def _reasons(
    residuals: Floats, rms: float, noise: float | None, lag1: float | None
) -> tuple[str, ...]:
    found = []
    if noise and rms > _RATIO * noise:
        found.append(
            f"it leaves {rms:.2g} K rms, {rms / noise:.1f} times the noise of the readings "
            f"({noise:.2g} K)"
        )
    if lag1 is not None and lag1 > _LAG_SD / math.sqrt(len(residuals)):
        found.append(
            f"what it leaves has a memory: each residual correlates with the next at {lag1:.2f}"
        )
    p = ljung_box(residuals)
    if p is not None and p < _LEAST_P and not found:
        found.append(f"what it leaves is not white (Ljung-Box, 20 lags, p {p:.1g})")
    return tuple(found)
