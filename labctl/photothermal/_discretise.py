"""Exact steps of dx/dt = A x + f over a time in which f is constant, for many A at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_TERMS = 11
"""Taylor terms at |A dt| <= 0.5: the next one is below 1e-12."""


def step_matrices(a: Floats, dt_s: float) -> tuple[Floats, Floats]:
    """(e^{A dt}, integral of e^{A s} ds from 0 to dt), both shaped like `a` (..., n, n).

    By a Taylor series over dt/2^m and m doublings, which holds for defective A too:
    I(2t) = I(t) (1 + e^{At}), e^{2At} = (e^{At})^2.
    """
    size = float(np.abs(a).sum(axis=-1).max()) * dt_s
    doublings = max(0, int(np.ceil(np.log2(size / 0.5)))) if size > 0.0 else 0
    t = dt_s / 2.0**doublings
    one = np.broadcast_to(np.eye(a.shape[-1]), a.shape)
    at = a * t
    integral = one.copy()
    term = one
    for i in range(2, _TERMS + 2):
        term = term @ at / i
        integral = integral + term
    integral = integral * t
    exponential = one + a @ integral
    for _ in range(doublings):
        integral = integral @ (one + exponential)
        exponential = exponential @ exponential
    return exponential, integral
