"""A whole record through the bank, and the equations solved forward."""

import math

import numpy as np
import pytest

from labctl.photothermal import (
    CellParameters,
    Moments,
    PowerSteps,
    RecordError,
    run_record,
    solve_cell,
)
from tests.unit.photothermal.cell import Cell, curve
from tests.unit.photothermal.test_bank import PRIOR

LIGHT = PowerSteps.on_off(1.0, (60.0, 360.0))


def test_the_equations_are_solved() -> None:
    """A cell solved forward is that of a fine Runge-Kutta integration, to a millikelvin."""
    cell = Cell(curve_per_k=0.004, light_k_per_w=0.2)
    points = curve(cell, seed=1, noise_k=0.0)
    solved = solve_cell(
        CellParameters(4.18, 0.38, 0.024, 1.1, 0.15, 1.0, light_k_per_w=0.2, curve_per_k=0.004),
        np.array([0.0, *(p.t_s for p in points)]),
        LIGHT,
        22.0,
    )

    expected = [p.degc for p in points]
    np.testing.assert_allclose(solved.bead_degc[1:], expected, atol=1e-3)


def test_several_cells_are_solved_at_once() -> None:
    """Parameters that are arrays give one curve each, the same as alone."""
    times = np.arange(0.0, 200.0)
    losses = np.array([0.02, 0.03])
    both = solve_cell(CellParameters(4.18, 0.38, losses, 1.1, 0.15, 1.0), times, LIGHT, 22.0)
    alone = solve_cell(CellParameters(4.18, 0.38, 0.03, 1.1, 0.15, 1.0), times, LIGHT, 22.0)

    np.testing.assert_allclose(both.bead_degc[1], alone.bead_degc, atol=1e-12)


def test_an_edge_between_two_readings_counts_from_its_own_time() -> None:
    """Light that comes 0.4 s before a reading heats for 0.4 s before it."""
    cell = CellParameters(4.18, 0.38, 0.024, 1.1, 0.15, 1.0)
    coarse = solve_cell(cell, np.arange(0.0, 100.0), PowerSteps.on_off(1.0, (20.6, 90.0)), 22.0)
    fine = solve_cell(cell, np.arange(0.0, 100.0, 0.1), PowerSteps.on_off(1.0, (20.6, 90.0)), 22.0)

    np.testing.assert_allclose(coarse.liquid_degc, fine.liquid_degc[::10], atol=1e-9)


def _reading(times: np.ndarray, seed: int = 1, power: PowerSteps = LIGHT) -> np.ndarray:
    solved = solve_cell(
        CellParameters(4.18, 0.38, 0.024, 1.1, 0.15, 1.0, curve_per_k=0.004), times, power, 22.0
    )
    return solved.bead_degc + np.random.default_rng(seed).normal(0.0, 0.03, len(times))


def _rate(
    times: np.ndarray, readings: np.ndarray, power: PowerSteps = LIGHT
) -> tuple[float, float]:
    moments = run_record(PRIOR, times, readings, power, float(readings[0])).moments
    return float(moments.mean[Moments.RATE]), math.sqrt(moments.covariance[0, 0])


def test_a_record_gives_its_rate_and_noise() -> None:
    """The rate is inside three deviations, the noise within a tenth."""
    times = np.arange(0.0, 660.0)
    run = run_record(PRIOR, times, _reading(times), LIGHT, 22.0)

    sd = math.sqrt(run.moments.covariance[0, 0])
    assert 0.38 / 4.18 == pytest.approx(run.moments.mean[Moments.RATE], abs=3.0 * sd)
    assert run.noise_sd_k == pytest.approx(0.03, rel=0.1)


@pytest.mark.parametrize(
    ("times", "readings", "words"),
    [
        ([0.0], [22.0], "too few"),
        ([], [], "too few"),
        ([0.0, 1.0, 2.0], [22.0, math.nan, 22.0], "reading 1 is not a finite"),
        ([0.0, math.nan, 2.0], [22.0, 22.0, 22.0], "time 1 is not a finite"),
        ([0.0, 1.0, 1.0], [22.0, 22.0, 22.0], "time 2"),
        ([0.0, 2.0, 1.0], [22.0, 22.0, 22.0], "time 2"),
        ([0.0, 1.0], [22.0, 22.0, 22.0], "one length"),
    ],
)
def test_what_cannot_be_run_is_refused_by_name(
    times: list[float], readings: list[float], words: str
) -> None:
    """A record with too few, missing, repeated or reordered readings says which."""
    with pytest.raises(RecordError, match=words):
        run_record(PRIOR, np.array(times), np.array(readings), LIGHT, 22.0)


def test_a_frozen_reading_gives_an_answer() -> None:
    """Readings that never change, light or not: a finite rate near none."""
    value, sd = _rate(np.arange(0.0, 300.0), np.full(300, 22.0))

    assert abs(value) < 0.01
    assert math.isfinite(sd)


def test_a_gap_keeps_what_is_known_of_the_cell() -> None:
    """Three minutes without a reading while it cools: counted, and the rate is still found."""
    times = np.concatenate([np.arange(0.0, 400.0), np.arange(580.0, 660.0)])
    run = run_record(PRIOR, times, _reading(times), LIGHT, 22.0)

    sd = math.sqrt(run.moments.covariance[0, 0])
    assert 1 == run.gaps
    assert 0.38 / 4.18 == pytest.approx(run.moments.mean[Moments.RATE], abs=3.0 * sd)
