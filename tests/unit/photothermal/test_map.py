"""The batch fit on cells that obey its own equations (inference alone)."""

import math

import numpy as np
import pytest

from labctl.photothermal import (
    BankPrior,
    CellParameters,
    FitOptions,
    MapFit,
    PowerSteps,
    RecordError,
    fit_record,
    judge_fit,
    solve_cell,
)
from tests.unit.photothermal.test_bank import PRIOR

POWER = PowerSteps.on_off(1.0, (60.0, 360.0))
TIMES = np.arange(0.0, 661.0, 2.0)
CELL = CellParameters(
    heat_capacity_j_per_k=4.18,
    heat_per_watt=0.38,
    heat_loss_w_per_k=0.022,
    wall_j_per_k=1.0,
    coupling_w_per_k=0.12,
    lag_s=1.3,
    light_k_per_w=0.1,
    curve_per_k=0.005,
    holder_share=0.05,
    offset_k=0.2,
    liquid_k=0.3,
    wall_k=0.3,
    bead_k=0.3,
)


def _readings(
    noise_k: float, seed: int = 1, times_s: np.ndarray = TIMES, flutter: float = 0.0
) -> np.ndarray:
    rng = np.random.default_rng(seed)
    clean = solve_cell(CELL, times_s, POWER, 22.0, flutter_k2_per_s=flutter, rng=rng).bead_degc
    return clean + rng.normal(0.0, noise_k, len(times_s)) if noise_k else clean


def _prior(**changed: object) -> BankPrior:
    fields = {name: getattr(PRIOR, name) for name in PRIOR.__slots__}
    return BankPrior(**{**fields, **changed})  # type: ignore[arg-type]


def _fit(
    readings: np.ndarray, times_s: np.ndarray = TIMES, prior: BankPrior = PRIOR, **more: object
) -> MapFit:
    return fit_record(prior, times_s, readings, POWER, 22.0, **{"noise_sd_k": 0.03, **more})  # type: ignore[arg-type]


def test_a_noise_free_curve_gives_its_cell_back() -> None:
    """With readings good to 10 uK and wide priors, rate, heat loss, wall and coupling are the
    cell's own to a part in a hundred, and the curve is met to a millikelvin."""
    wide = _prior(
        flutter_k2_per_s=(1e-12,),
        drift_k2_per_s=1e-14,
        wall_relative_sd=0.5,
        coupling_relative_sd=0.5,
    )

    fit = _fit(_readings(0.0), prior=wide, noise_sd_k=1e-5)

    truth = [0.38 / 4.18, math.log(0.022 / 4.18), math.log(1.0), math.log(0.12)]
    assert fit.converged
    assert truth == pytest.approx(list(fit.mode.mean[:4]), abs=0.01)
    assert fit.rms_k < 1e-3


def test_the_likelihood_is_that_of_the_readings_as_one_gaussian() -> None:
    """Columns integrated out and flutter whitened step by step come to the density of one
    multivariate normal over all readings."""
    from labctl.photothermal._map_mode import Course, Problem

    times = np.array([0.0, 1.0, 2.0, 3.5, 4.0, 6.0])
    power = PowerSteps.on_off(1.0, (1.0, 3.5))
    readings = np.array([22.0, 22.02, 22.1, 22.2, 22.28, 22.24])
    prior = _prior(curve_per_k=0.0, curve_sd_per_k=0.0, drift_k2_per_s=1e-5)
    record = Course(times, readings, power, np.full(6, 22.0), 0.05, 0.0)
    problem = Problem(record, prior, FitOptions())
    z = np.zeros((1, problem.free))
    q = 1e-3

    found = problem.evaluate(z, np.array([q])).log_likelihood[0]

    # Drawn forward many times with the very same cell, the readings have this covariance.
    # It is built from unit answers: columns, then a kick of each walk in each of many thin slices.
    def curve(beta: np.ndarray) -> np.ndarray:
        return problem.deterministic(z[0], beta) - 22.0

    column_mean, sd = problem.cell_prior.column_mean, problem.cell_prior.column_sd
    mean = curve(column_mean)
    covariance = 0.05**2 * np.eye(6)
    for j in np.flatnonzero(sd > 0.0):
        moved = column_mean.copy()
        moved[j] += sd[j]
        answer = curve(moved) - mean
        covariance += np.outer(answer, answer)
    a = _rates(problem.cells(z)[0])
    thin = 0.01
    for state, strength in ((0, q), (4, 1e-5)):
        for at in np.arange(thin / 2.0, 6.0, thin):
            answer = np.array([_answer(a, t - at, state) for t in times])
            covariance += strength * thin * np.outer(answer, answer)
    off = readings - 22.0 - mean
    expected = -0.5 * (
        off @ np.linalg.solve(covariance, off)
        + np.linalg.slogdet(covariance)[1]
        + 6 * math.log(2.0 * math.pi)
    )
    assert expected == pytest.approx(found, abs=5e-3)


def _rates(cell: np.ndarray) -> np.ndarray:
    from labctl.photothermal._map_model import Body, transfer

    return transfer(cell[None], Body(4.18, 0.8, 3), True)[0][0]


def _answer(a: np.ndarray, after_s: float, state: int) -> float:
    """What a kick of 1 K in a state shows at the bead, by the eigenvectors of the matrix."""
    if after_s <= 0.0:
        return 0.0
    values, vectors = np.linalg.eig(a)
    kick = np.linalg.solve(vectors, np.eye(5)[state])
    return float((vectors @ (np.exp(values * after_s) * kick))[2].real)


def test_deviations_are_those_of_the_errors() -> None:
    """Over 20 cells drawn from the prior, rate and heat loss are off by as much as each fit says
    they may be."""
    quiet = _prior(flutter_k2_per_s=(0.0,), drift_k2_per_s=0.0)
    errors = []
    for seed in range(1, 21):
        rng = np.random.default_rng(seed)
        normal = rng.standard_normal
        start, wall, bead = PRIOR.start_sd_k * normal(), 0.1 * normal(), 0.1 * normal()
        per_watt = 0.4 + 0.1 * normal()
        loss = 0.024 * math.exp(0.25 * normal())
        cell = CellParameters(
            heat_capacity_j_per_k=4.18,
            heat_per_watt=per_watt,
            heat_loss_w_per_k=loss,
            wall_j_per_k=1.1 * math.exp(0.15 * normal()),
            coupling_w_per_k=0.15 * math.exp(0.3 * normal()),
            lag_s=math.exp(0.3 * normal()),
            light_k_per_w=0.3 * normal(),
            curve_per_k=0.004 + 0.003 * normal(),
            holder_share=0.06 + 0.05 * normal(),
            offset_k=0.7 * normal(),
            liquid_k=start,
            wall_k=start + wall,
            bead_k=start + bead,
            holder_k=0.2 * normal(),
        )
        clean = solve_cell(cell, TIMES, POWER, 22.0).bead_degc
        fit = _fit(clean + 0.03 * normal(len(TIMES)), prior=quiet)
        truth = np.array([per_watt / 4.18, math.log(loss / 4.18)])
        sd = np.sqrt(np.diag(fit.moments.covariance))[:2]
        errors.append((fit.moments.mean[:2] - truth) / sd)

    assert [1.0, 1.0] == pytest.approx(list(np.sqrt(np.mean(np.square(errors), axis=0))), abs=0.35)


def test_one_node_on_two_is_found_out() -> None:
    """A one-node fit of a two-node curve leaves residuals with a memory, and says so; the full
    model passes the same checks."""
    readings = _readings(0.01)
    quiet = _prior(flutter_k2_per_s=(1e-12,), drift_k2_per_s=1e-12)

    one = _fit(readings, prior=quiet, noise_sd_k=0.01, options=FitOptions(nodes=1))
    full = _fit(readings, prior=quiet, noise_sd_k=0.01)

    failed = {check.name for check in judge_fit(one) if not check.holds}
    assert {"memory", "whiteness", "size"} == failed
    assert [] == [check.said for check in judge_fit(full) if not check.holds]


def test_the_flutter_is_found_among_its_candidates() -> None:
    """Readings of a cell that flutters at 1e-5 K2/s give that candidate nearly all the weight."""
    prior = _prior(flutter_k2_per_s=(1e-7, 1e-5, 1e-3))

    fit = _fit(_readings(0.01, seed=3, flutter=1e-5), prior=prior, noise_sd_k=0.01)

    assert fit.flutter_weights[1] > 0.95


def test_another_origin_of_time_changes_nothing() -> None:
    """The same record an hour later gives the same moments."""
    readings = _readings(0.03)
    later = PowerSteps.on_off(1.0, (3660.0, 3960.0))

    here = _fit(readings)
    there = fit_record(PRIOR, TIMES + 3600.0, readings, later, 22.0, noise_sd_k=0.03)

    np.testing.assert_allclose(here.moments.mean, there.moments.mean, atol=1e-6)


def test_uneven_times_are_as_good_as_even_ones() -> None:
    """Half the readings, taken away at random, leave the rate within its own deviation, and the
    deviation a little wider."""
    times = np.arange(0.0, 661.0, 1.0)
    readings = _readings(0.03, seed=2, times_s=times)
    kept = np.sort(np.random.default_rng(5).permutation(len(times))[::2])

    every = _fit(readings, times).moments
    some = _fit(readings[kept], times[kept]).moments

    sd = every.covariance[0, 0] ** 0.5
    assert every.mean[0] == pytest.approx(some.mean[0], abs=sd)
    assert sd <= some.covariance[0, 0] ** 0.5 < 1.5 * sd


def test_draws_agree_with_the_gaussian_where_that_is_true() -> None:
    """With a wall and coupling known to a part in a hundred nothing is skew: draws change means by
    less than a tenth of their deviations, and these by less than a fifth."""
    known = _prior(wall_relative_sd=0.01, coupling_relative_sd=0.01, coupling_w_per_k=0.12)
    readings = _readings(0.03)

    plain = _fit(readings, prior=known).moments
    drawn = _fit(readings, prior=known, draws=200)

    sd = np.sqrt(np.diag(plain.covariance))
    assert np.all(np.abs(plain.mean - drawn.moments.mean)[:2] < 0.1 * sd[:2])
    assert sd[:2] == pytest.approx(np.sqrt(np.diag(drawn.moments.covariance))[:2], rel=0.2)
    assert drawn.effective_draws > 50.0


@pytest.mark.parametrize(
    ("times", "readings"),
    [
        (np.array([0.0]), np.array([22.0])),
        (np.array([0.0, 1.0, 1.0]), np.array([22.0, 22.0, 22.0])),
        (np.array([0.0, 2.0, 1.0]), np.array([22.0, 22.0, 22.0])),
        (np.array([0.0, 1.0, 2.0]), np.array([22.0, math.nan, 22.0])),
    ],
)
def test_what_is_no_record_is_refused_by_name(times: np.ndarray, readings: np.ndarray) -> None:
    """One reading, times that stand still or run back, readings that are no number."""
    with pytest.raises(RecordError):
        _fit(readings, times)


def test_a_flat_record_has_a_rate_within_its_deviation_of_nothing() -> None:
    """Constant readings under light are a cell that takes up no heat: the answer is a number."""
    fit = _fit(np.full(len(TIMES), 22.0))

    assert abs(fit.moments.mean[0]) < 1e-3
    assert np.isfinite(fit.moments.covariance).all()
