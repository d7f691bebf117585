"""Absorption rate and loss power: exact on exact numbers, and what their deviations are made of."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from labctl.photothermal import FieldInputs, Inputs, Known, RateEstimate, field_heating

INPUTS = Inputs(
    volume_m3=Known(1e-6, 0.01e-6),
    density_kg_per_m3=Known(1000.0, 3.0),
    specific_heat_j_per_kg_k=Known(4180.0, 20.9),
    power_relative_sd=0.005,
    particles=False,
)
FIELD = FieldInputs(Known(5.0, 0.15), 15e3**2 * 300e3 / 18.0, 0.03, 300e3)
# 0.5 W of 18 W into 4.18 J/K.
RATE = RateEstimate(0.5 / 18.0 / 4.18, 0.0, 0.0)


def test_sar_is_heat_over_iron_and_ilp_is_that_over_field_squared_and_frequency() -> None:
    """0.5 W in 5 mg at 15 kA/m and 300 kHz: 100 W/g, 1.48 nH m^2/kg."""
    found = field_heating(RATE, INPUTS, FIELD, 18.0)
    assert found is not None

    assert 1e5 == pytest.approx(found.absorption.value)
    assert 1e5 / (15e3**2 * 300e3) == pytest.approx(found.loss.value)
    assert 1.4815e-9 == pytest.approx(found.loss.value, rel=1e-4)
    assert 15e3 == pytest.approx(found.amplitude_a_per_m)
    assert ("W/kg", "H m^2/kg") == (found.absorption.unit, found.loss.unit)


def test_loss_power_is_the_same_at_any_field_and_the_rate_is_not() -> None:
    """A quarter of the watts is half the field and a quarter of the rate."""
    full, part = (field_heating(RATE, INPUTS, FIELD, power_w) for power_w in (18.0, 4.5))
    assert full is not None and part is not None

    assert full.loss == part.loss
    assert 0.25 == pytest.approx(part.absorption.value / full.absorption.value)
    assert 7.5e3 == pytest.approx(part.amplitude_a_per_m)


def test_the_volume_cancels_and_the_field_counts_twice() -> None:
    """Of the rate: density, heat, iron, model; of the loss power the field's and power's too."""
    found = field_heating(RATE, INPUTS, FIELD, 18.0)
    assert found is not None
    common = math.hypot(0.003, 0.005, 0.03, 0.01)

    assert common == pytest.approx(found.absorption.sd_inputs / found.absorption.value)
    assert math.hypot(common, 0.06, 0.005) == pytest.approx(found.loss.sd_inputs / found.loss.value)
    assert "volume" not in found.budget
    assert 0.06 == pytest.approx(found.budget["field at the sample"])
    wrong = field_heating(RATE, replace(INPUTS, volume_m3=Known(2e-6, 0.0)), FIELD, 18.0)
    assert wrong is not None
    assert wrong.absorption.value == pytest.approx(found.absorption.value)


def test_what_the_readings_leave_open_is_statistical() -> None:
    """With the wall's part among the inputs."""
    rate = RateEstimate(RATE.k_per_s_w, 0.02 * RATE.k_per_s_w, 0.04 * RATE.k_per_s_w)
    found = field_heating(rate, INPUTS, FIELD, 18.0)
    assert found is not None

    assert 0.02 == pytest.approx(found.absorption.sd_statistical / found.absorption.value)
    assert 0.04 == pytest.approx(found.budget["wall heat capacity"])


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        (INPUTS, replace(FIELD, iron_kg_per_m3=None)),
        (INPUTS, replace(FIELD, iron_kg_per_m3=Known(0.0, 0.0))),
        (replace(INPUTS, volume_m3=None), FIELD),
        (replace(INPUTS, specific_heat_j_per_kg_k=None), FIELD),
    ],
)
def test_without_iron_or_heat_capacity_there_is_none(inputs: Inputs, field: FieldInputs) -> None:
    """Nothing is assumed in their place."""
    assert field_heating(RATE, inputs, field, 18.0) is None
