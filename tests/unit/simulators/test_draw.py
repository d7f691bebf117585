"""A true bench is drawn around the stated one."""

from __future__ import annotations

from statistics import fmean, pstdev

import pytest

from labctl_simulators.world import draw, particles
from tests.unit.simulators._helpers import SAMPLE

BENCH = {
    "laser": {"threshold": 0.35, "slope": 0.9, "deviation": 0.05, "unit": "A"},
    "meter": {"pick_off": 0.02, "deviation": 0.03},
    "vessel": {
        "wall_heat_capacity_j_per_k": 1.1,
        "wall_heat_capacity_sd": 0.05,
        "heat_loss_w_per_k": 0.03,
        "heat_loss_sd": 0.001,
        "wall_transmission": 0.964,
        "path_m": 0.01,
    },
}


def test_same_seed_same_bench() -> None:
    """A seed determines everything."""
    assert draw(5, SAMPLE, BENCH) == draw(5, SAMPLE, BENCH)


def test_stated_values_have_their_stated_deviation() -> None:
    """Volume, power and heat loss scatter around what is stated, by what is stated."""
    truths = [draw(seed, SAMPLE, BENCH) for seed in range(400)]
    volumes = [t.liquid.volume_m3 * 1e6 for t in truths]
    powers = [t.beam.power_factor for t in truths]
    meters = [t.beam.meter_factor for t in truths]
    losses = [t.vessel.heat_loss_w_per_k for t in truths]

    assert (fmean(volumes), pstdev(volumes)) == pytest.approx((1.0, 0.01), abs=0.0015)
    assert (fmean(powers), pstdev(powers)) == pytest.approx((1.0, 0.05), abs=0.007)
    assert (fmean(meters), pstdev(meters)) == pytest.approx((1.0, 0.03), abs=0.005)
    assert (fmean(losses), pstdev(losses)) == pytest.approx((0.03, 0.001), abs=1.5e-4)


def test_a_value_without_deviation_is_true() -> None:
    """What is stated without a deviation is not moved."""
    assert 0.964 == draw(5, SAMPLE, BENCH).vessel.wall_transmission


def test_what_is_not_stated_is_assumed_and_named() -> None:
    """A statement that lacks the wall gets one of the simulator's own, and says so."""
    assumed = draw(5, SAMPLE, {}).assumed

    assert any(text.startswith("wall_heat_capacity_j_per_k") for text in assumed)
    assert not any(text.startswith("volume_m3") for text in assumed)


def test_unknown_values_are_drawn_from_own_ranges() -> None:
    """A statement may say that it does not know: absorbance, deviation and density of None."""
    unknown = {**SAMPLE, "absorbance": None, "absorbance_sd": None, "density_kg_per_m3": None}
    truth = draw(5, unknown, {"laser": {"slope": 0.9, "deviation": None}, "meter": {}})

    assert 0.9 < truth.liquid.absorbance < 1.1
    assert 997.0 == truth.liquid.density_kg_per_m3
    assert any(text.startswith("absorbance") for text in truth.assumed)


def test_stating_one_more_thing_moves_nothing_else() -> None:
    """Each parameter has a stream of its own."""
    plain, more = draw(5, SAMPLE, {}), draw(5, SAMPLE, {"vessel": BENCH["vessel"]})

    assert plain.liquid == more.liquid
    assert plain.room == more.room
    assert plain.vessel.heat_loss_w_per_k != more.vessel.heat_loss_w_per_k


def test_efficiency_comes_from_the_simulators_own_table() -> None:
    """Polydopamine scatters around its table value whatever the sample file claims."""
    found = [draw(seed, {**SAMPLE, "efficiency": 0.9}, {}) for seed in range(200)]

    assert fmean(t.liquid.efficiency for t in found) == pytest.approx(0.40, abs=0.015)
    assert all(t.liquid.efficiency_placeholder for t in found)


@pytest.mark.parametrize("name", ["water", "PBS", "none"])
def test_solvents_have_no_particles(name: str) -> None:
    """A plain solvent absorbs by itself only."""
    assert particles(name) is None
    assert 0.0 == draw(1, {"material": name, "absorbance": 1.0}, {}).liquid.absorbance


@pytest.mark.parametrize(
    ("name", "known"),
    [("gold nanorods", "gold-nanorods"), ("polydopamine-coated", "polydopamine"), ("?", "unknown")],
)
def test_names_are_found(name: str, known: str) -> None:
    """Spellings of a material find its row; a new one gets a marked placeholder."""
    found = particles(name)

    assert found is not None
    assert known == found.name
