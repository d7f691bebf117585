"""From a heating rate to an efficiency with its budget."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.photothermal import BlankResult, Inputs, Known, RateEstimate, efficiency

INPUTS = Inputs(
    volume_m3=Known(1e-6, 1e-8),
    density_kg_per_m3=Known(997.0, 1.0),
    specific_heat_j_per_kg_k=Known(4180.0, 40.0),
    absorbance=Known(1.0, 0.005),
)


def _rate(value: float, inputs: Inputs) -> RateEstimate:
    """The rate per watt that this efficiency would make."""
    capacity = inputs.liquid_heat_capacity_j_per_k
    if capacity is None:
        raise ValueError("needs a heat capacity")
    particles, solvent = inputs.shares()
    heat = inputs.wall_transmission.value * (value * particles + solvent)
    return RateEstimate(heat / capacity.value, 1e-3 * heat / capacity.value, 0.0)


@given(st.floats(0.02, 1.0), st.floats(0.05, 3.0))
def test_efficiency_undoes_the_heat_balance(value: float, absorbance: float) -> None:
    """The efficiency that made the rate is found again."""
    inputs = replace(INPUTS, absorbance=Known(absorbance, 0.005))

    found = efficiency(_rate(value, inputs), inputs)

    assert found is not None
    assert value == pytest.approx(found[0].value, rel=1e-9)


def test_budget_adds_up() -> None:
    """The parts of the budget, squared and added, are the input deviation."""
    found = efficiency(_rate(0.4, INPUTS), INPUTS)

    assert found is not None
    estimate, budget = found
    together = math.sqrt(sum(part**2 for part in budget.values()))
    assert estimate.sd_inputs / estimate.value == pytest.approx(together)


def test_power_is_one_to_one() -> None:
    """3 % of power are 3 % of the heat, solvent's included."""
    found = efficiency(_rate(0.4, INPUTS), INPUTS)

    assert found is not None
    assert 0.03 == pytest.approx(found[1]["power at the sample"], rel=0.05)


def test_parts_are_kept_apart() -> None:
    """The interval is of both deviations together, each still to be seen."""
    found = efficiency(_rate(0.4, INPUTS), INPUTS)

    assert found is not None
    estimate = found[0]
    assert estimate.sd_statistical < estimate.sd_inputs < estimate.sd_total
    assert estimate.high - estimate.value == pytest.approx(1.96 * estimate.sd_total)


@pytest.mark.parametrize(
    "inputs",
    [
        replace(INPUTS, volume_m3=None),
        replace(INPUTS, specific_heat_j_per_kg_k=None),
        replace(INPUTS, absorbance=None),
        replace(INPUTS, absorbance=Known(0.0, 0.01)),
        replace(INPUTS, particles=False),
        replace(INPUTS, solvent_absorption_per_m=None),
    ],
)
def test_nothing_without_its_inputs(inputs: Inputs) -> None:
    """A missing input, and a blank, give no efficiency: none is invented."""
    assert efficiency(RateEstimate(0.09, 0.001, 0.0), inputs) is None


def test_blank_replaces_the_table() -> None:
    """With a blank, the solvent's heat is the one it measured, shaded by the particles."""
    blank = BlankResult(0.024, 0.001, 0.05, 0.002, 1e-6, 1.0, 0.1)
    particles, table = INPUTS.shares()

    with_blank = replace(INPUTS, blank=blank).shares()

    assert particles == pytest.approx(with_blank[0], rel=0.02)
    assert 0.05 / 0.0229 == pytest.approx(with_blank[1] / table, rel=0.06)
