"""What `labctl calibrate` prints of a cell."""

from __future__ import annotations

import math

import pytest

from labctl.cli._calibrate import _lines
from labctl.photothermal import CellKnowledge, ElectricalCalibration

A, K, GROWTH = 0.25, 5e-3, 0.0033
ROWS = tuple(
    tuple(v for v in row)
    for row in (
        (1e-4, 8e-5, 0.0, 1e-4, 0.0, 0.0),
        (8e-5, 1e-4, 0.0, 0.0, 0.0, 0.0),
        (0.0, 0.0, 0.03, 0.0, 0.0, 0.0),
        (1e-4, 0.0, 0.0, 9e-4, 0.0, 0.0),
        (0.0, 0.0, 0.0, 0.0, 0.02, 0.0),
        (0.0, 0.0, 0.0, 0.0, 0.0, 1e-7),
    )
)
FOUND = ElectricalCalibration(
    CellKnowledge(4.2, (math.log(A), math.log(K), -1.3, 0.0, -0.4, GROWTH), ROWS),
    0.002, 1e-6, "cuvette", date="2026-11-21",
)  # fmt: skip


def test_heat_loss_is_that_of_the_heat_capacity_found() -> None:
    """hS = k/a, with the covariance of both, at the surroundings' temperature: the cell loses more
    for each kelvin above it, and without that a reader finds it 8 % low at a rise of 25 K."""
    lines = _lines(FOUND)
    assert "heat capacity of the liquid  4 J/K ± 1 %" in lines
    loss = next(line for line in lines if line.startswith("heat loss"))
    sd = math.sqrt(1e-4 + 1e-4 - 2.0 * 8e-5)
    assert f"20 mW/K ± {100.0 * sd:.2g} %, at the surroundings' temperature" in loss
    assert "+0.33 % of it for each kelvin above" in lines[lines.index(loss) + 1]


def test_the_wall_is_scaled_with_the_liquid() -> None:
    """It was stated for 4.2 J/K of liquid, and 4.0 were found."""
    wall = next(line for line in _lines(FOUND) if line.startswith("wall"))
    assert float(wall.split()[1]) == pytest.approx(4.0 / 4.2, abs=1e-3)


def test_every_interval_has_its_assumption() -> None:
    """White noise, and covariances that are kept."""
    assert "for white noise: on a real bench they are a floor" in _lines(FOUND)
