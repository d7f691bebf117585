"""The filter bank on cells that obey its own equations (inference alone)."""

import math
import random
from dataclasses import replace

import numpy as np
import pytest

from labctl.photothermal import BankPrior, FilterBank, Moments, thermal
from labctl.photothermal._layout import CURVE, DYNAMIC, LIQUID, RATE, STATES
from labctl.photothermal._move import moved
from labctl.photothermal._nominal import INPUTS, Nominal
from tests.unit.photothermal.cell import Cell, Point, curve

PRIOR = BankPrior(
    heat_capacity_j_per_k=4.18,
    heat_loss_w_per_k=0.024,
    heat_loss_relative_sd=0.25,
    wall_j_per_k=1.1,
    wall_relative_sd=0.15,
    coupling_w_per_k=0.15,
    coupling_relative_sd=0.3,
    lag_s=1.0,
    lag_relative_sd=0.3,
    heat_per_watt=0.4,
    heat_per_watt_sd=0.6,
    light_k_per_w=0.3,
    offset_sd_k=0.7,
    drift_k2_per_s=4e-6,
)


def _run(points: list[Point], prior: BankPrior = PRIOR, ambient_degc: float = 22.0) -> FilterBank:
    bank = FilterBank(prior, points[0].degc, ambient_degc)
    power_w = 0.0
    t_s = points[0].t_s
    for i, point in enumerate(points[1:]):
        if point.power_w != power_w or i % 50 == 0:
            bank.relinearise()
        power_w = point.power_w
        bank.predict(round(point.t_s - t_s, 3), power_w, ambient_degc)
        bank.update(point.degc, 0.03**2)
        t_s = point.t_s
    return bank


def _rate(bank: FilterBank) -> tuple[float, float]:
    moments = bank.moments()
    return float(moments.mean[Moments.RATE]), math.sqrt(moments.covariance[0, 0])


def test_rate_of_a_nominal_cell_is_found() -> None:
    """A cell at the middle of the prior gives its heating rate to within three deviations, and
    those are about a percent or two."""
    value, sd = _rate(_run(curve(Cell(), seed=1)))

    expected = 0.38 / 4.18
    assert expected == pytest.approx(value, abs=3.0 * sd)
    assert sd < 0.03 * expected


def test_intervals_cover_cells_drawn_from_the_prior() -> None:
    """Of 24 cells drawn from the prior at least 20 have their rate, and their heat loss, inside
    two deviations."""
    rng = random.Random(7)
    rates = losses = 0
    for seed in range(24):
        cell = Cell(
            wall_j_per_k=1.1 * math.exp(0.15 * rng.gauss(0, 1)),
            coupling_w_per_k=0.15 * math.exp(0.3 * rng.gauss(0, 1)),
            loss_w_per_k=0.024 * math.exp(0.15 * rng.gauss(0, 1)),
            lag_s=math.exp(0.3 * rng.gauss(0, 1)),
            curve_per_k=rng.gauss(0.004, 0.002),
            heat_per_watt=rng.uniform(0.1, 0.8),
        )
        bank = _run(curve(cell, seed=seed, every_s=2.0, heat_s=200.0, cool_s=200.0))
        moments = bank.moments()
        value, sd = _rate(bank)
        rates += abs(value - cell.heat_per_watt / 4.18) <= 2.0 * sd
        loss_sd = math.sqrt(moments.covariance[Moments.LN_LOSS, Moments.LN_LOSS])
        error = moments.mean[Moments.LN_LOSS] - math.log(cell.loss_w_per_k / 4.18)
        losses += abs(error) <= 2.0 * loss_sd

    assert rates >= 20
    assert losses >= 20


def test_forecasts_are_as_good_as_they_say() -> None:
    """Standardised innovations have a mean square near 1."""
    points = curve(Cell(), seed=2)
    bank = FilterBank(PRIOR, points[0].degc, 22.0)
    squares = []
    for point in points[1:]:
        bank.predict(1.0, point.power_w, 22.0)
        mean, variance = bank.forecast(0.03**2)
        squares.append((point.degc - mean) ** 2 / variance)
        bank.update(point.degc, 0.03**2)

    assert 1.0 == pytest.approx(float(np.mean(squares)), abs=0.2)


def test_a_shift_of_all_temperatures_changes_nothing() -> None:
    """The same curve 15 K warmer, surroundings too, gives the same rate."""
    points = curve(Cell(), seed=3, heat_s=120.0, cool_s=60.0)
    warmer = [Point(p.t_s, p.power_w, p.degc + 15.0) for p in points]

    here, there = _rate(_run(points)), _rate(_run(warmer, ambient_degc=37.0))

    assert here == pytest.approx(there, rel=1e-6)


def test_twice_the_power_is_half_the_rate_per_watt() -> None:
    """Power in other units leaves the heat alone: rate times power is the same."""
    points = curve(Cell(), seed=4, heat_s=120.0, cool_s=60.0)
    doubled = [Point(p.t_s, 2.0 * p.power_w, p.degc) for p in points]

    assert _rate(_run(points))[0] == pytest.approx(2.0 * _rate(_run(doubled))[0], rel=0.01)


def test_every_other_reading_gives_the_same_answer() -> None:
    """Readings at half the rate move the estimate by less than its own deviation."""
    points = curve(Cell(), seed=5, every_s=0.5)

    all_of_them, half = _rate(_run(points)), _rate(_run(points[1::2]))

    assert all_of_them[0] == pytest.approx(half[0], abs=half[1])


def test_covariances_stay_covariances() -> None:
    """After a whole run every filter's covariance is symmetric and has no negative direction."""
    bank = _run(curve(Cell(), seed=6))

    np.testing.assert_allclose(bank._p, bank._p.transpose(0, 2, 1), atol=1e-9)
    assert np.linalg.eigvalsh(bank._p).min() > -1e-9


def test_weights_are_weights() -> None:
    """They are positive and add up to one."""
    bank = _run(curve(Cell(), seed=8, heat_s=60.0, cool_s=0.0))

    assert bank.weight.min() >= 0.0
    assert 1.0 == pytest.approx(float(bank.weight.sum()))


def test_relinearising_leaves_the_estimate_alone() -> None:
    """Moving the nominal values moves neither rate nor heat loss nor wall by more than a tenth of
    their deviations."""
    bank = _run(curve(Cell(loss_w_per_k=0.027), seed=9, cool_s=100.0))
    before = bank.moments()

    bank.relinearise()

    after = bank.moments()
    sd = np.sqrt(np.diag(before.covariance))
    assert np.all(np.abs(after.mean - before.mean) <= 0.1 * sd)


def test_plateau_agrees_with_the_cell() -> None:
    """Heat loss, time constant and rise at the plateau are the cell's own."""
    cell = Cell()
    found = thermal(_run(curve(cell, seed=10, heat_s=600.0, cool_s=600.0)).moments(), 4.18, 1.0)

    across = cell.coupling_w_per_k / (cell.coupling_w_per_k + 0.8 * cell.loss_w_per_k)
    conductance = cell.loss_w_per_k * (0.2 + 0.8 * across)
    assert conductance == pytest.approx(found.loss_per_s[0] * 4.18, rel=0.05)
    assert (4.18 + 1.1) / conductance == pytest.approx(found.time_constant_s[0], rel=0.05)
    assert 0.38 / conductance == pytest.approx(found.rise_k, rel=0.05)


def test_an_uncertain_wall_makes_an_uncertain_rate() -> None:
    """A wall known to 45 % leaves more doubt in the rate than one known to 5 %."""
    points = curve(Cell(), seed=11)
    wide = PRIOR.__class__(**{**_fields(PRIOR), "wall_relative_sd": 0.45})
    tight = PRIOR.__class__(**{**_fields(PRIOR), "wall_relative_sd": 0.05})

    assert _rate(_run(points, tight))[1] < 0.7 * _rate(_run(points, wide))[1]


def _fields(prior: BankPrior) -> dict[str, object]:
    return {name: getattr(prior, name) for name in prior.__slots__}


def test_a_copy_goes_its_own_way() -> None:
    """A copied bank foresees what the bank foresees, and what one takes in the other never sees."""
    bank = FilterBank(PRIOR, 22.0, 22.0)
    for i in range(20):
        bank.predict(1.0, 1.0, 22.0)
        bank.update(22.0 + 0.05 * i, 1e-3)
    other = bank.copy()
    for each in (bank, other):
        each.predict(1.0, 1.0, 22.0)
    before = bank.forecast(1e-3)
    other.let_change(RATE, 0.01)
    other.update(30.0, 1e-3)

    assert before == bank.forecast(1e-3)
    assert before != other.forecast(1e-3)


def test_a_step_of_a_second_is_as_good_as_twenty_small_ones() -> None:
    """A loss that grows with what it takes away: 30 K over the surroundings, half a percent a
    kelvin, 600 s. The course differs by less than a millikelvin; it did by nine."""
    hot = replace(PRIOR, heat_loss_w_per_k=0.06, curve_per_k=0.005, heat_per_watt=1.0)
    cell = np.array([[math.log(0.06 / 4.18), math.log(0.17), math.log(0.6), 0.0, 0.005, 0.0, 0.0]])

    def course(dt_s: float) -> np.ndarray:
        step = Nominal(hot, cell, np.zeros(1)).step(dt_s)
        x, fd, inputs = np.zeros((1, STATES)), np.zeros((1, DYNAMIC, STATES)), np.ones(INPUTS)
        x[0, RATE], x[0, CURVE] = 1.0 / 4.18, 0.005
        liquid_k = []
        for i in range(round(600.0 / dt_s)):
            x[:, :DYNAMIC] = moved(x, step, 1.5, i * dt_s, inputs, fd)
            liquid_k.append(x[0, LIQUID])
        return np.array(liquid_k)

    coarse, fine = course(1.0), course(0.05)[19::20]

    assert coarse[-1] > 15.0
    assert np.abs(coarse - fine).max() < 1e-3


@pytest.mark.parametrize(("next_degc", "known"), [(22.05, True), (22.5, False)])
def test_the_first_reading_is_news_when_the_next_one_stands_beside_it(
    next_degc: float, known: bool
) -> None:
    """It says where the bead was to within the noise; but one of two readings that are far apart
    is none, or the cell moves: then the bank stays as open as it began."""
    bank = FilterBank(PRIOR, 22.0, 22.0)

    bank.take_first(next_degc, 0.05**2)

    _, variance = bank.forecast(0.0)
    assert (variance**0.5 < 0.06) is known
    bank.take_first(22.0, 0.05**2)
    assert bank.forecast(0.0)[1] == variance, "only once"
