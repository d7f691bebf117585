"""Exact steps of a linear system."""

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

from labctl.photothermal._discretise import step_matrices

RATE = st.floats(1e-4, 5.0)


def _network(a: float, b: float, c: float) -> np.ndarray:
    return np.array([[-a - b, a, 0.0], [c, -c, 0.0], [b, 0.0, -b]])


@given(RATE, RATE, RATE, st.floats(1e-3, 30.0))
def test_agrees_with_scipy(a: float, b: float, c: float, dt_s: float) -> None:
    """The exponential is SciPy's, for any rates and any step."""
    matrix = _network(a, b, c)

    exponential, _ = step_matrices(matrix[None], dt_s)

    np.testing.assert_allclose(exponential[0], scipy.linalg.expm(matrix * dt_s), atol=1e-9)


@given(RATE, RATE, RATE, st.floats(1e-3, 30.0))
def test_integral_closes_the_exponential(a: float, b: float, c: float, dt_s: float) -> None:
    """e^{At} = 1 + A times the integral of e^{As}."""
    matrix = _network(a, b, c)[None]

    exponential, integral = step_matrices(matrix, dt_s)

    np.testing.assert_allclose(exponential, np.eye(3) + matrix @ integral, atol=1e-9)


def test_two_steps_make_one() -> None:
    """Two steps of 1 s do what one of 2 s does, with equal poles too (a defective matrix)."""
    matrix = np.array([[[-1.0, 0.0], [1.0, -1.0]]])

    once, _ = step_matrices(matrix, 2.0)
    half, _ = step_matrices(matrix, 1.0)

    np.testing.assert_allclose(once, half @ half, atol=1e-12)


def test_no_dynamics_integrates_time() -> None:
    """With A = 0 the integral is the time itself."""
    _, integral = step_matrices(np.zeros((1, 2, 2)), 3.0)

    assert 3.0 == pytest.approx(integral[0, 0, 0])
