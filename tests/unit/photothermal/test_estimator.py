"""The estimator beside its own equations: derivatives, coverage, bound (inference alone)."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.check import agreement, bound, coverage
from labctl.photothermal import (
    BankPrior,
    CellParameters,
    FilterBank,
    Moments,
    PowerSteps,
    run_record,
    solve_cell,
)
from tests.unit.photothermal.test_bank import PRIOR

LIGHT = PowerSteps.on_off(1.0, (60.0, 260.0))
TIMES = np.arange(0.0, 461.0)
CELL = CellParameters(4.18, 0.38, 0.024, 1.1, 0.15, 1.0, curve_per_k=0.004, holder_share=0.06)
TIGHT = replace(
    PRIOR,
    wall_relative_sd=0.02,
    coupling_relative_sd=0.02,
    heat_loss_relative_sd=0.05,
    lag_relative_sd=0.1,
    drift_k2_per_s=0.0,
    flutter_k2_per_s=(1e-13,),
)
_MOVED = (
    ("heat_per_watt", PRIOR.heat_per_watt_sd),
    ("heat_loss_w_per_k", TIGHT.heat_loss_relative_sd),
    ("wall_j_per_k", TIGHT.wall_relative_sd),
    ("coupling_w_per_k", TIGHT.coupling_relative_sd),
    ("light_k_per_w", TIGHT.light_k_per_w),
    ("lag_s", TIGHT.lag_relative_sd),
    ("curve_per_k", TIGHT.curve_sd_per_k),
    ("dark_loss_log", TIGHT.dark_loss_sd),
    ("holder_share", TIGHT.holder_share_sd),
    ("offset_k", TIGHT.offset_sd_k),
    ("wall_k", 0.1),
    ("bead_k", 0.1),
    ("holder_k", 0.2),
    ("liquid_k", TIGHT.start_sd_k),
)
_LOGARITHMIC = {"heat_loss_w_per_k", "wall_j_per_k", "coupling_w_per_k", "lag_s"}


def _bound() -> np.ndarray:
    """Deviations of the first seven by derivatives of the solved curve and the priors."""
    sds = np.array([sd for _, sd in _MOVED])
    steps = 1e-4 * sds
    moves = np.concatenate([np.diag(steps), -np.diag(steps)])
    values = {
        name: getattr(CELL, name) * np.exp(moves[:, i])
        if name in _LOGARITHMIC
        else getattr(CELL, name) + moves[:, i]
        for i, (name, _) in enumerate(_MOVED)
    }
    # Where the liquid starts, wall and bead start too.
    values["wall_k"] = values["wall_k"] + values["liquid_k"]
    values["bead_k"] = values["bead_k"] + values["liquid_k"]
    curves = solve_cell(replace(CELL, **values), TIMES, LIGHT, 22.0).bead_degc
    n = len(_MOVED)
    jacobian = (curves[:n] - curves[n:]) / (2.0 * steps[:, None])
    information = jacobian @ jacobian.T / 0.05**2 + np.diag(1.0 / sds**2)
    found: np.ndarray = np.sqrt(np.diag(np.linalg.inv(information)))[:7]
    return found


def test_what_the_bank_claims_is_what_the_curve_tells() -> None:
    """Near its nominal values the bank's deviations are those of the solved curve's derivatives,
    each to 3 %."""
    readings = solve_cell(CELL, TIMES, LIGHT, 22.0).bead_degc
    run = run_record(TIGHT, TIMES, readings, LIGHT, 22.0, noise_sd_k=0.05, passes=2)

    claimed = np.sqrt(np.diag(run.moments.covariance)) * np.array([4.18, 1, 1, 1, 1, 1, 1])
    np.testing.assert_allclose(claimed, _bound(), rtol=0.03)


def _noisy(cell: CellParameters, seed: int, flutter: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    solved = solve_cell(cell, TIMES, LIGHT, 22.0, flutter_k2_per_s=flutter, rng=rng)
    noisy: np.ndarray = solved.bead_degc + rng.normal(0.0, 0.03, len(TIMES))
    return noisy


def test_cells_drawn_from_the_wide_prior_are_covered() -> None:
    """Of five cells with an unknown wall at least four have efficiency and heat loss inside their
    intervals, and no error is beyond four deviations."""
    found = np.array([coverage.one(seed) for seed in range(1, 6)])

    z = np.abs(found[:, 0][:, [0, 2]])
    assert 4 <= (z <= 1.96).all(axis=1).sum()
    assert z.max() < 4.0


def test_the_bank_says_what_the_batch_fit_says() -> None:
    """In a cell with an unknown wall the bank at the verdict has efficiency and heat loss within
    a quarter of a deviation of the batch fit's mean over draws (which err by a tenth themselves),
    and deviations within a quarter of its own."""
    rate, _, rate_ratio, loss, _, loss_ratio = agreement.one(2, draws=120)[:6]

    assert [0.0, 0.0] == pytest.approx([rate, loss], abs=0.25)
    assert [1.0, 1.0] == pytest.approx([rate_ratio, loss_ratio], rel=0.25)


def test_one_node_cells_are_found_near_the_bound() -> None:
    """Over twelve cells the error of the efficiency is about the bound, and nothing is far off."""
    found = np.array([bound.one(seed, heat_s=120.0, cool_s=120.0) for seed in range(1, 13)])

    ratio = found[:, 0] / found[:, 1]
    assert math.sqrt(float((ratio**2).mean())) < 1.6
    assert np.abs(ratio).max() < 4.0


def test_once_more_is_nearer_than_the_first_pass() -> None:
    """A wall at half of what was thought: told once more, the readings give the rate inside its
    deviation's reach, and re-centring in flight comes to the same."""
    wide = replace(PRIOR, wall_relative_sd=0.45, coupling_relative_sd=0.47)
    readings = _noisy(replace(CELL, wall_j_per_k=0.6), 4)
    again = run_record(wide, TIMES, readings, LIGHT, 22.0, passes=2).moments
    live = run_record(wide, TIMES, readings, LIGHT, 22.0, live=True).moments

    sd = math.sqrt(again.covariance[0, 0])
    assert 0.38 / 4.18 == pytest.approx(again.mean[Moments.RATE], abs=2.5 * sd)
    assert live.mean[Moments.RATE] == pytest.approx(again.mean[Moments.RATE], abs=sd)


@pytest.mark.parametrize("flutter", PRIOR.flutter_k2_per_s)
def test_the_flutter_is_found_among_its_candidates(flutter: float) -> None:
    """The mean strength of the flutter is within a factor of ten of the true one; the smallest is
    told from the largest only (eight minutes cannot tell it from the one between)."""
    bank = run_record(PRIOR, TIMES, _noisy(CELL, 5, flutter), LIGHT, 22.0, passes=2).bank

    found = bank.flutter_k2_per_s()
    assert found <= max(10.0 * flutter, 3e-6)
    assert found >= 0.1 * flutter


def test_a_loss_that_differs_in_the_dark_is_told_apart() -> None:
    """A cell that cools 4 % slower than it warms keeps its lit heat loss inside the interval."""
    readings = _noisy(replace(CELL, dark_loss_log=-0.04), 6)
    run = run_record(PRIOR, TIMES, readings, LIGHT, 22.0, passes=2)

    sd = math.sqrt(run.moments.covariance[1, 1])
    assert math.log(0.024 / 4.18) == pytest.approx(run.moments.mean[1], abs=2.5 * sd)


def _estimate(prior: BankPrior, times: np.ndarray, readings: np.ndarray, power: PowerSteps,
              ambient: float = 22.0) -> tuple[float, float]:  # fmt: skip
    moments = run_record(prior, times, readings, power, ambient, noise_sd_k=0.03).moments
    return float(moments.mean[Moments.RATE]), math.sqrt(moments.covariance[0, 0])


READINGS = _noisy(CELL, 7)


@settings(max_examples=4, deadline=None)
@given(shift_s=st.integers(-100_000, 100_000), warmer_k=st.floats(-15.0, 40.0))
def test_time_and_temperature_have_no_origin(shift_s: int, warmer_k: float) -> None:
    """The same curve later, and warmer with its surroundings, gives the same rate."""
    here = _estimate(PRIOR, TIMES, READINGS, LIGHT)
    power = PowerSteps(LIGHT.times_s + shift_s, LIGHT.watts)
    there = _estimate(PRIOR, TIMES + shift_s, READINGS + warmer_k, power, 22.0 + warmer_k)

    assert here == pytest.approx(there, rel=1e-5)


@settings(max_examples=4, deadline=None)
@given(scale=st.floats(0.2, 5.0))
def test_a_cell_twice_as_large_has_the_same_curve(scale: float) -> None:
    """Heat capacities, losses, coupling and heat all times the same factor: the same rate."""
    larger = replace(
        PRIOR,
        heat_capacity_j_per_k=scale * PRIOR.heat_capacity_j_per_k,
        heat_loss_w_per_k=scale * PRIOR.heat_loss_w_per_k,
        wall_j_per_k=scale * PRIOR.wall_j_per_k,
        coupling_w_per_k=scale * PRIOR.coupling_w_per_k,
        heat_per_watt=scale * PRIOR.heat_per_watt,
        heat_per_watt_sd=scale * PRIOR.heat_per_watt_sd,
    )

    here = _estimate(PRIOR, TIMES, READINGS, LIGHT)
    assert here == pytest.approx(_estimate(larger, TIMES, READINGS, LIGHT), rel=1e-5)


@settings(max_examples=3, deadline=None)
@given(every=st.sampled_from([2, 3, 4]), first=st.integers(0, 1))
def test_fewer_readings_give_the_same_answer(every: int, first: int) -> None:
    """Every second to fourth reading moves the rate by less than its deviation."""
    all_of_them = _estimate(PRIOR, TIMES, READINGS, LIGHT)
    fewer = _estimate(PRIOR, TIMES[first::every], READINGS[first::every], LIGHT)

    assert all_of_them[0] == pytest.approx(fewer[0], abs=fewer[1])


def test_a_long_record_ends_its_own_keeping() -> None:
    """A bank that is told more than is kept goes on, and no longer tells it again."""
    bank = FilterBank(PRIOR.one_node(), 22.0, 22.0)
    for _ in range(10_050):
        bank.predict(1.0, 0.0, 22.0)
        bank.update(22.0, 1e-3)
    bank.recentre()

    assert bank.once_more() is bank
    assert not bank.catch_up()


def test_a_copy_goes_its_own_way() -> None:
    """What a copy is told changes nothing in the bank, and it does not carry the record along."""
    bank = run_record(PRIOR, TIMES, READINGS, LIGHT, 22.0).bank
    before = bank.moments().mean.copy()
    other = bank.copy()
    other.predict(1.0, 0.0, 22.0)
    other.update(40.0, 1e-3)

    np.testing.assert_array_equal(bank.moments().mean, before)
    assert other.once_more() is other
