"""The field's own methods: right where they are right, and wrong by the bias that they tell.

Curves are those of one node in closed form, so this tests the methods and no physics.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from labctl.photothermal import (
    Classical,
    Inputs,
    Known,
    Record,
    Setting,
    UnusableError,
    classical_methods,
)
from tests.unit.photothermal.curves import HEAT_J_PER_K, INPUTS, SETTING, TAU_S, curve

SLOW = ("Roper, steady state", "Roper, corrected", "Chen, rate constants")


def by_name(record: Record, setting: Setting = SETTING) -> dict[str, Classical]:
    """Each method's answer under its name."""
    return {found.name: found for found in classical_methods(record, setting)}


def value(found: Classical) -> float:
    """Its efficiency, which must be there."""
    assert found.efficiency is not None
    return found.efficiency.value


def test_a_long_heating_gives_all_methods_the_truth() -> None:
    """On a noise-free cell of one node at its plateau each method gives the efficiency."""
    found = by_name(curve(heating_s=3000.0, cooling_s=1200.0))
    for name in (*SLOW, "one time constant"):
        assert value(found[name]) == pytest.approx(0.4, rel=0.01)
    tau = found["log-linear cooling"].time_constant
    assert tau is not None and tau.value == pytest.approx(TAU_S, rel=0.005)
    loss = found["log-linear cooling"].heat_loss
    assert loss is not None and loss.value == pytest.approx(HEAT_J_PER_K / TAU_S, rel=0.005)


@pytest.mark.parametrize("heating_s", [300.0, 600.0])
def test_roper_tells_what_the_early_end_does_to_it(heating_s: float) -> None:
    """The steady-state form is low by e^(-t_heat/tau), as it says; the correction mends it."""
    found = by_name(curve(heating_s=heating_s))
    plain, corrected = found[SLOW[0]], found[SLOW[1]]
    expected = -100.0 * math.exp(-heating_s / TAU_S)
    told = plain.biases[0].percent
    assert told == pytest.approx(expected, rel=0.02)
    assert 100.0 * (value(plain) / 0.4 - 1.0) == pytest.approx(expected, abs=0.7)
    assert value(corrected) == pytest.approx(0.4, rel=0.01)


def test_the_slope_tells_how_its_line_bends_away() -> None:
    """The straight line through the start is low by what it says."""
    found = by_name(curve())["initial slope"]
    told = found.biases[0].percent
    assert told is not None and -10.0 < told < -3.0
    assert 100.0 * (value(found) / 0.4 - 1.0) == pytest.approx(told, abs=0.7)


def test_a_wall_that_is_known_is_told_as_a_bias() -> None:
    """1.1 J/K beside 4.17 J/K: the field's methods come out 21 % low."""
    found = by_name(curve(), replace(SETTING, wall_j_per_k=Known(1.1, 0.1)))[SLOW[2]]
    assert [-21] == [
        round(bias.percent)
        for bias in found.biases
        if "wall's heat capacity" in bias.what and bias.percent is not None
    ]


def test_shading_is_3_5_per_cent_at_absorbance_1() -> None:
    """Subtracting the whole solvent from an efficiency of 0.4 at A = 1 shifts it by some per
    cent, and from an efficiency of 1 by about 1.3 %."""
    inputs = replace(INPUTS, solvent_absorption_per_m=Known(2.23, 0.1))
    found = by_name(curve(), Setting(inputs, SETTING.power_w))[SLOW[1]]
    told = [bias.percent for bias in found.biases if "shade" in bias.what]
    assert told[0] is not None and -4.5 < told[0] < -2.5


def test_without_inputs_there_is_a_rate_and_no_efficiency() -> None:
    """What is not known is named; time constant and rate are still given."""
    found = by_name(curve(), Setting())[SLOW[1]]
    assert found.efficiency is None and found.heat_loss is None
    assert {"power at the sample", "volume", "density", "specific heat", "absorbance"} == set(
        found.missing
    )
    assert found.rate is not None and found.rate.value == pytest.approx(0.0864, rel=0.01)
    assert found.time_constant is not None


def test_a_blank_never_has_an_efficiency() -> None:
    """Solvent alone: none of the methods gives an efficiency."""
    setting = replace(SETTING, inputs=replace(INPUTS, particles=False))
    assert all(m.efficiency is None for m in classical_methods(curve(), setting))


def test_without_cooling_what_needs_it_says_so() -> None:
    """A record that ends lit: no time constant from cooling, and the reason; the heating alone
    still gives a rate."""
    found = by_name(curve(cooling_s=0.0, noise_k=0.02))
    assert found["log-linear cooling"].why == "the record has no cooling"
    assert found[SLOW[0]].efficiency is None
    assert value(found[SLOW[2]]) == pytest.approx(0.4, rel=0.02)


def test_the_floor_moves_the_time_constant_of_a_curve_with_a_tail() -> None:
    """Surroundings that drift by 0.5 K: the interval over the floors opens."""
    still = by_name(curve())["log-linear cooling"].biases[0].what
    drifting = curve()
    drift = 0.5 * drifting.time_s / drifting.time_s[-1]
    drifting = replace(drifting, temperature_degc=drifting.temperature_degc + drift)
    moved = by_name(drifting)["log-linear cooling"].biases[0].what
    assert "(half width 0 %)" in still
    assert "(half width 0 %)" not in moved


def test_the_statistical_deviation_is_that_of_the_scatter() -> None:
    """Over 60 seeds of white noise the fit of rate constants scatters as it says."""
    found = [by_name(curve(noise_k=0.05, seed=seed))[SLOW[2]] for seed in range(60)]
    told = [m.efficiency.sd_statistical for m in found if m.efficiency]
    scatter = float(np.std([value(m) for m in found], ddof=1))
    # The start is a mean of 60 readings and taken as known: a little more scatter than told.
    assert 0.75 < float(np.mean(told)) / scatter < 1.25


def test_inputs_have_their_own_deviation() -> None:
    """Power 3 %, volume 1 %: the inputs' part of the efficiency is a little over 3 %."""
    estimate = by_name(curve())[SLOW[1]].efficiency
    assert estimate is not None
    assert 0.031 < estimate.sd_inputs / estimate.value < 0.035


def test_dark_records_are_refused_by_name() -> None:
    """No light, or no word about it: UnusableError says which."""
    record = curve()
    with pytest.raises(UnusableError, match="does not say"):
        classical_methods(Record(record.time_s, record.temperature_degc))
    dark = replace(record, laser_on=np.zeros(len(record), dtype=bool))
    with pytest.raises(UnusableError, match="never on"):
        classical_methods(dark)


def test_inputs_default_to_nothing_known() -> None:
    """A Setting of nothing assumes nothing."""
    assert Setting() == Setting(Inputs(), None, None)
