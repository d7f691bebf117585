"""One exponential through a branch of a curve: y = c_0 f_0(t; tau) + c_1 f_1(t; tau) + ...

For a given time constant the coefficients follow by linear least squares, so that only the time
constant is searched (variable projection: Golub and Pereyra 1973).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from labctl.photothermal._discretise import Floats
from labctl.photothermal._record import UnusableError

_GRID = 60
_NARROWED = 40
"""Steps of the golden section: the time constant to about 1e-9 of itself."""
_GOLDEN = 0.5 * (math.sqrt(5.0) - 1.0)
_MOST = 4000
"""Rows that a search looks at; the last fit takes all."""

Basis = Callable[[float, Floats], Floats]
"""(tau in s, times) -> (n, m) columns."""


@dataclass(frozen=True, slots=True)
class ExponentialFit:
    """Coefficients in the order of the basis and the time constant, with the covariance of both
    (time constant last) as white noise of the residuals' size gives it."""

    coefficients: Floats
    time_constant_s: float
    covariance: Floats
    residuals_k: Floats

    @property
    def sd(self) -> Floats:
        """One standard deviation of each; the time constant last."""
        return np.sqrt(np.diag(self.covariance))


def fit_exponential(
    times_s: Floats, values: Floats, basis: Basis, shortest_s: float, longest_s: float
) -> ExponentialFit:
    """The least-squares time constant between the two given, with its coefficients.
    UnusableError for too few rows, or where no time constant in that range is a minimum."""
    columns = basis(math.sqrt(shortest_s * longest_s), times_s[:1]).shape[1]
    if len(times_s) < columns + 3:
        raise UnusableError(f"{len(times_s)} rows are too few for a fit")
    if float(np.ptp(values)) == 0.0:
        raise UnusableError("the temperature does not change")
    every = max(1, len(times_s) // _MOST)
    t, y = times_s[::every], values[::every]

    def left(log_tau: float) -> float:
        return _sum_of_squares(basis(math.exp(log_tau), t), y)

    logs = np.linspace(math.log(shortest_s), math.log(longest_s), _GRID)
    sums = np.array([left(value) for value in logs])
    best = int(sums.argmin())
    if best in (0, _GRID - 1):
        raise UnusableError(
            f"no time constant between {shortest_s:.3g} and {longest_s:.3g} s fits best"
        )
    tau = math.exp(_golden(left, float(logs[best - 1]), float(logs[best + 1])))
    return _at(tau, times_s, values, basis)


def _sum_of_squares(columns: Floats, values: Floats) -> float:
    found = np.linalg.lstsq(columns, values, rcond=None)[0]
    off = values - columns @ found
    return float(off @ off)


def _golden(f: Callable[[float], float], low: float, high: float) -> float:
    a, b = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_a, at_b = f(a), f(b)
    for _ in range(_NARROWED):
        if at_a < at_b:
            high, b, at_b = b, a, at_a
            a = high - _GOLDEN * (high - low)
            at_a = f(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + _GOLDEN * (high - low)
            at_b = f(b)
    return 0.5 * (low + high)


def _at(tau: float, t: Floats, y: Floats, basis: Basis) -> ExponentialFit:
    columns = basis(tau, t)
    coefficients = np.asarray(np.linalg.lstsq(columns, y, rcond=None)[0], dtype=float)
    step = 1e-4 * tau
    slope = (basis(tau + step, t) - basis(tau - step, t)) @ coefficients / (2.0 * step)
    jacobian = np.column_stack([columns, slope])
    residuals = y - columns @ coefficients
    freedom = max(1, len(y) - jacobian.shape[1])
    # A scaled pseudo-inverse: times run to thousands of seconds, shares to one.
    scale = np.sqrt((jacobian**2).sum(axis=0))
    scale[scale == 0.0] = 1.0
    scaled = jacobian / scale
    inverse: Floats = np.asarray(np.linalg.pinv(scaled.T @ scaled), dtype=float)
    inverse /= np.outer(scale, scale)
    covariance = inverse * float(residuals @ residuals) / freedom
    return ExponentialFit(coefficients, tau, covariance, residuals)
