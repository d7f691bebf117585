"""Electrical calibration of a cell, on cells that obey the check's own equations (inference
alone)."""

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest

from labctl.photothermal import (
    BankPrior,
    BlankResult,
    CellKnowledge,
    ElectricalCalibration,
    FilterBank,
    Inputs,
    Known,
    Moments,
    RateEstimate,
    efficiency,
    electrical_prior,
    rate_ratio,
)
from tests.unit.photothermal.cell import Cell, Point, curve
from tests.unit.photothermal.test_bank import PRIOR

CAPACITY = 4.18
START = replace(PRIOR, wall_relative_sd=0.45, coupling_relative_sd=0.47)
CELL = Cell(liquid_j_per_k=4.31, wall_j_per_k=1.35, coupling_w_per_k=0.11, curve_per_k=0.004)
"""3 % more heat capacity, a heavier wall and a worse coupling than anybody states."""
HEAT_PER_WATT = 0.37


def _moments(points: list[Point], prior: BankPrior) -> Moments:
    bank = FilterBank(prior, points[0].degc, 22.0)
    power_w, t_s = 0.0, points[0].t_s
    for i, point in enumerate(points[1:]):
        if point.power_w != power_w or i % 50 == 0:
            bank.relinearise()
        power_w = point.power_w
        bank.predict(round(point.t_s - t_s, 3), power_w, 22.0)
        bank.update(point.degc, 0.03**2)
        t_s = point.t_s
    return bank.moments()


@pytest.fixture(scope="module")
def known() -> CellKnowledge:
    """What the calibration of the cell found; 1/C_l was known to 3 %."""
    points = curve(replace(CELL, heat_per_watt=1.0), seed=41, power_w=0.5)
    return CellKnowledge.of(_moments(points, electrical_prior(START, 0.03, 0.002)), CAPACITY)


@pytest.fixture(scope="module")
def lit(known: CellKnowledge) -> Moments:
    """A short laser run in that cell."""
    points = curve(replace(CELL, heat_per_watt=HEAT_PER_WATT), seed=42, heat_s=120.0, cool_s=240.0)
    return _moments(points, known.prior(START))


def test_heat_per_watt_does_not_need_the_heat_capacity(known: CellKnowledge, lit: Moments) -> None:
    """With a stated heat capacity that is 3 % off, the ratio of laser and resistor is right to
    three of its own deviations, and those are below 1 %."""
    found = rate_ratio(lit, known)

    sd = math.hypot(found.sd, found.sd_wall)
    assert HEAT_PER_WATT == pytest.approx(found.value, abs=3.0 * sd)
    assert sd < 0.01 * HEAT_PER_WATT


def test_single_deviations_would_overstate(known: CellKnowledge, lit: Moments) -> None:
    """What both runs leave open of the wall cancels: taken as independent, the two rates would
    leave half as much again of the ratio open."""
    found = rate_ratio(lit, known)

    together = math.hypot(found.sd, found.sd_wall) / found.value
    rate = math.sqrt(lit.covariance[Moments.RATE, Moments.RATE]) / lit.mean[Moments.RATE]
    apart = math.hypot(rate, math.sqrt(known.covariance[0][0]))
    assert apart > 1.5 * together


def test_nominal_heat_capacity_drops_out(known: CellKnowledge) -> None:
    """A later run whose liquid's heat capacity is stated otherwise gives the same ratio."""
    points = curve(replace(CELL, heat_per_watt=HEAT_PER_WATT), seed=43, heat_s=120.0, cool_s=120.0)
    other = replace(START, heat_capacity_j_per_k=1.02 * CAPACITY)

    here = rate_ratio(_moments(points, known.prior(START)), known)
    there = rate_ratio(_moments(points, known.prior(other)), known)

    assert here.value == pytest.approx(there.value, rel=1e-4)


def test_a_little_more_volume_is_allowed_for(known: CellKnowledge) -> None:
    """1.5 % more of the liquid is taken into account: the ratio is right within its deviation."""
    fuller = replace(CELL, liquid_j_per_k=1.015 * CELL.liquid_j_per_k, heat_per_watt=HEAT_PER_WATT)
    points = curve(fuller, seed=44, heat_s=120.0, cool_s=240.0)
    calibration = ElectricalCalibration(known, 0.002, 1e-6, "cuvette")

    moments = _moments(points, calibration.prior(START, 1.015e-6))

    found = calibration.heat_per_watt(moments, 1.015e-6)
    sd = math.hypot(found.sd, found.sd_wall)
    assert HEAT_PER_WATT == pytest.approx(found.value, abs=3.0 * sd)


def test_knowledge_becomes_a_prior(known: CellKnowledge) -> None:
    """The prior of a later run in the cell has the cell's parameters and a covariance without a
    negative direction, no tighter than runs differ."""
    prior = known.prior(START)

    covariance = prior.covariance()
    assert np.linalg.eigvalsh(covariance).min() > 0.0
    assert math.exp(known.mean[3]) == pytest.approx(prior.wall_j_per_k)
    assert prior.heat_loss_relative_sd > 0.05


def test_bank_starts_with_the_joint_prior(known: CellKnowledge) -> None:
    """Grid and filters together are the joint prior: the bank's first moments have its mean and
    its covariance."""
    prior = known.prior(START)

    moments = FilterBank(prior, 22.0, 22.0).moments()

    places = [
        Moments.LN_LOSS, Moments.LN_COUPLING, Moments.LN_WALL, Moments.LN_INVERSE_LAG,
        Moments.CURVE,
    ]  # fmt: skip
    np.testing.assert_allclose(
        prior.covariance(), moments.covariance[np.ix_(places, places)], atol=1e-12
    )
    assert math.log(prior.wall_j_per_k) == pytest.approx(moments.mean[Moments.LN_WALL])


def test_nothing_that_heats_is_no_calibration(lit: Moments) -> None:
    """A rate that is not above zero has no logarithm: a named error."""
    with pytest.raises(ValueError, match="heating rate"):
        CellKnowledge.of(Moments(-lit.mean, lit.covariance), CAPACITY)


INPUTS = Inputs(
    volume_m3=Known(1e-6, 3e-8),
    density_kg_per_m3=Known(1000.0, 1.0),
    specific_heat_j_per_kg_k=Known(4180.0, 40.0),
    absorbance=Known(1.0, 0.005),
)


def test_budget_has_the_resistor_in_place_of_the_heat_capacity(
    known: CellKnowledge, lit: Moments
) -> None:
    """With a calibration, volume, density and specific heat are not in the budget; the electrical
    power and the refilled volume are. The input deviation is smaller for it."""
    calibration = ElectricalCalibration(known, 0.002, 1e-6, "cuvette")
    rate = RateEstimate(float(lit.mean[Moments.RATE]), 1e-4, 1e-3)

    plain = efficiency(rate, INPUTS)
    calibrated = efficiency(rate, replace(INPUTS, electrical=calibration), lit)

    assert plain is not None
    assert calibrated is not None
    assert {"volume", "density", "specific heat"} <= set(plain[1])
    assert not {"volume", "density", "specific heat"} & set(calibrated[1])
    assert {"electrical power", "volume filled again"} <= set(calibrated[1])
    assert calibrated[0].sd_inputs < plain[0].sd_inputs


def test_a_calibration_needs_the_moments(known: CellKnowledge) -> None:
    """Without this run's moments there is no ratio: a named error, not another number."""
    inputs = replace(INPUTS, electrical=ElectricalCalibration(known, 0.002, 1e-6, "cuvette"))

    with pytest.raises(ValueError, match="moments"):
        efficiency(RateEstimate(0.09, 1e-4, 1e-3), inputs)


@pytest.mark.parametrize(("volume_m3", "fits"), [(1e-6, True), (1.01e-6, True), (1.2e-6, False)])
def test_another_volume_is_another_cell(known: CellKnowledge, volume_m3: float, fits: bool) -> None:
    """A calibration serves within 2 % of its own volume."""
    assert fits == ElectricalCalibration(known, 0.002, 1e-6, "cuvette").fits_volume(volume_m3)


def test_knowledge_is_plain(known: CellKnowledge) -> None:
    """A blank's knowledge of its cell goes through JSON as numbers and lists."""
    blank = BlankResult(0.023, 0.0005, 0.022, 0.001, 2e-6, 1.1, 0.1, cell=known)

    plain = json.loads(json.dumps(asdict(blank)))

    assert list(known.mean) == plain["cell"]["mean"]
