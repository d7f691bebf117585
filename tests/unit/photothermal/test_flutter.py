"""The liquid's random heat flutter: a walk that goes on within a step, not a kick at its end."""

import math
from dataclasses import replace

import numpy as np
import pytest

from labctl.photothermal import (
    CellParameters,
    PowerSteps,
    fit_record,
    run_record,
    solve_cell,
)
from labctl.photothermal._layout import BEAD, DYNAMIC
from labctl.photothermal._nominal import Nominal
from tests.unit.photothermal.test_bank import PRIOR

STRONG = 3e-5
LAG_S = 1.0
CELL = CellParameters(4.18, 0.38, 0.024, 1.1, 0.15, LAG_S, curve_per_k=0.004, holder_share=0.06)


def _bead_k2(dt_s: float) -> float:
    """Variance of a bead that follows with `LAG_S` after `dt_s` of a walk of 1 K2/s."""
    left = math.exp(-dt_s / LAG_S)
    return dt_s - 2.0 * LAG_S * (1.0 - left) + 0.5 * LAG_S * (1.0 - left**2)


def test_two_steps_of_the_bank_leave_the_flutter_of_one() -> None:
    """Carried on and added to, the flutter of 1 s is that of 2 s, in all states and filters."""
    nominal = Nominal(replace(PRIOR, flutter_k2_per_s=(STRONG,)))
    one, two = nominal.step(1.0), nominal.step(2.0)
    move = one.fixed[:, :, :DYNAMIC]

    twice = move @ one.flutter_k2 @ move.transpose(0, 2, 1) + one.flutter_k2

    np.testing.assert_allclose(twice, two.flutter_k2, atol=0.002 * STRONG)


def test_the_bead_follows_the_flutter_within_a_step() -> None:
    """A step of 1 s leaves the bead with the variance of the integral, in the bank to a twentieth;
    and to 15 % in the solved curve, which is kicked once a step, over 4000 cells that lose hardly
    any heat. None where nothing flutters."""
    nominal = Nominal(replace(PRIOR, lag_s=LAG_S, lag_relative_sd=0.0, flutter_k2_per_s=(STRONG,)))
    cells = replace(CELL, coupling_w_per_k=1e-6, heat_loss_w_per_k=1e-6, liquid_k=np.zeros(4000))
    dark, times = PowerSteps.on_off(1.0, (5.0, 6.0)), np.array([0.0, 1.0])
    solved = solve_cell(
        cells, times, dark, 22.0, flutter_k2_per_s=STRONG, rng=np.random.default_rng(1)
    )
    still = solve_cell(cells, times, dark, 22.0, rng=np.random.default_rng(1))

    expected = STRONG * _bead_k2(1.0)
    np.testing.assert_allclose(nominal.step(1.0).flutter_k2[:, BEAD, BEAD], expected, rtol=0.05)
    assert solved.bead_degc[:, 1].var() == pytest.approx(expected, rel=0.15)
    assert solved.liquid_degc[:, 1].var() == pytest.approx(STRONG, rel=0.1)
    assert still.bead_degc[:, 1].var() < 1e-20


def test_bank_and_batch_fit_agree_where_strong_flutter_is_all_that_is_random() -> None:
    """With all that bends a curve known, both are exact: on a cell that flutters strongly the bank
    tells rate and light on the bead to a twentieth of a deviation as the batch fit does, and the
    deviations to 2 %."""
    light, times = PowerSteps.on_off(1.0, (60.0, 260.0)), np.arange(0.0, 461.0)
    rng = np.random.default_rng(3)
    solved = solve_cell(CELL, times, light, 22.0, flutter_k2_per_s=STRONG, rng=rng)
    readings = solved.bead_degc + rng.normal(0.0, 0.01, len(times))
    known = replace(
        PRIOR,
        heat_capacity_j_per_k=4.18,
        heat_loss_w_per_k=0.024,
        heat_loss_relative_sd=1e-4,
        wall_j_per_k=1.1,
        wall_relative_sd=1e-4,
        coupling_w_per_k=0.15,
        coupling_relative_sd=1e-4,
        lag_s=LAG_S,
        lag_relative_sd=1e-4,
        curve_sd_per_k=1e-6,
        holder_share_sd=1e-4,
        dark_loss_sd=1e-4,
        flutter_k2_per_s=(STRONG,),
    )

    bank = run_record(known, times, readings, light, 22.0, noise_sd_k=0.01, passes=2).moments
    batch = fit_record(known, times, readings, light, 22.0, noise_sd_k=0.01).mode

    asked = [bank.RATE, bank.LIGHT]
    sd, own = (np.sqrt(np.diag(some.covariance))[asked] for some in (batch, bank))
    assert np.abs(bank.mean - batch.mean)[asked] / sd == pytest.approx([0.0, 0.0], abs=0.05)
    assert own / sd == pytest.approx([1.0, 1.0], rel=0.02)
