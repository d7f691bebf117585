"""Whether a number that should be one and the same drifts."""

from __future__ import annotations

import numpy as np
import pytest

from labctl.photothermal import drift

SMALL = np.diag([1e-6] * 4)


def test_a_fall_by_a_part_of_what_is_left_is_found_whole() -> None:
    """Half as much at each step, of four, is seven eighths less."""
    found = drift([0, 1, 2, 3], [8.0, 4.0, 2.0, 1.0], SMALL)

    assert found is not None
    assert -0.875 == pytest.approx(found.change)


def test_scatter_beyond_what_is_stated_widens_the_deviation() -> None:
    """The same line with values that lie about it."""
    still = drift([0, 1, 2, 3], [1.0, 1.0, 1.0, 1.0], SMALL)
    wild = drift([0, 1, 2, 3], [1.0, 1.1, 0.9, 1.0], SMALL)

    assert still is not None
    assert wild is not None
    assert 10.0 * still.sd < wild.sd


def test_what_wanders_in_common_makes_a_drift_less_sure() -> None:
    """A random walk of the same variance at the end as independent noise has."""
    steps = np.minimum.outer(np.arange(1.0, 5.0), np.arange(1.0, 5.0)) / 4.0
    walk = drift([0, 1, 2, 3], [1.0] * 4, 1e-4 * steps)
    apart = drift([0, 1, 2, 3], [1.0] * 4, 1e-4 * np.diag(np.diag(steps)))

    assert walk is not None
    assert apart is not None
    assert 0.0 == pytest.approx(walk.change)
    assert walk.sd == pytest.approx(1e-2 * (3.0 / 4.0) ** 0.5, rel=1e-6)


@pytest.mark.parametrize(
    ("x", "y"), [([0, 1], [1.0, 1.0]), ([1, 1, 1], [1.0] * 3), ([0, 1, 2], [1.0, 0.0, 1.0])]
)
def test_too_little_to_tell_is_none(x: list[float], y: list[float]) -> None:
    """Two values, one place, or a value that is nothing."""
    assert drift(x, y, np.diag([1e-4] * len(x))) is None


def test_a_covariance_that_is_none_is_refused() -> None:
    """Three values that are known to be one and the same number."""
    with pytest.raises(ValueError, match="positive definite"):
        drift([0, 1, 2], [1.0] * 3, np.ones((3, 3)))
