"""The coil around the cell: heat by H^2 f, and a metal bead that warms by itself."""

from __future__ import annotations

import pytest

from labctl.clock import NS
from labctl_simulators.world import Coil, World, draw
from tests.unit.simulators._helpers import SAMPLE, at, dry, quiet

IRON = {**SAMPLE, "material": "iron-oxide", "absorbance": 0.3, "iron_kg_per_m3": 5.0}


def magnetised(
    field_a_per_m: float = 15e3, hz: float = 300e3, *, fibre: bool = True
) -> tuple[World, Coil]:
    """The field is on from 10 s to 70.05 s."""
    world = World(dry(quiet(draw(3, IRON, {}))))
    coil = world.fit_coil(fibre=fibre)

    def on() -> None:
        coil.drive(field_a_per_m, hz)
        coil.output_on = True

    world.schedule(10 * NS, on)
    world.schedule(70_050_000_000, lambda: coil.switch_off() and None)
    return world, coil


def test_heat_is_iron_times_loss_power_times_field_squared_times_frequency() -> None:
    """Energy deposited is that, to the edge; half the field gives a quarter, half the frequency
    half."""
    world, coil = magnetised()
    at(world, 60.0)
    expected_w = coil.true.iron_kg * coil.true.loss_h_m2_per_kg * 15e3**2 * 300e3
    assert coil.power_w() == pytest.approx(expected_w)
    assert 0.1 < expected_w < 1.5
    at(world, 100.0)

    assert world.field_energy_j() == pytest.approx(expected_w * 60.05)
    assert world.thermal.deposited_j == pytest.approx(expected_w * 60.05)
    for field, hz, share in ((7.5e3, 300e3, 0.25), (15e3, 150e3, 0.5)):
        weaker, _ = magnetised(field, hz)
        assert at(weaker, 100.0).field_energy_j() == pytest.approx(share * expected_w * 60.05)


def test_the_energy_balance_closes_with_a_field() -> None:
    """What the field gave is stored or lost."""
    world, _ = magnetised()
    before_j = world.thermal.stored_j()
    at(world, 600.0)
    stored_j = world.thermal.stored_j() - before_j

    assert world.thermal.deposited_j == pytest.approx(stored_j + world.thermal.lost_j, rel=1e-9)


def test_a_metal_bead_reads_too_high_in_the_field_and_a_fibre_does_not() -> None:
    """By a kelvin or more within seconds; without the field both are right."""
    (metal, _), (fibre, _) = magnetised(fibre=False), magnetised()
    for world in (metal, fibre):
        at(world, 60.0)
    assert metal.thermal.rim == fibre.thermal.rim
    assert 0.9 < metal.probe_degc() - fibre.probe_degc() < 3.2
    for world in (metal, fibre):
        at(world, 120.0)
    assert metal.probe_degc() == pytest.approx(fibre.probe_degc(), abs=1e-6)


def test_the_log_of_the_field_is_exact() -> None:
    """Edges at their own times, and a field that finds no iron is logged too."""
    world, _ = magnetised()
    at(world, 100.0)
    [told] = world.magnetising.plain(world.now_ns, world.field_energy_j())
    assert (10 * NS, 70_050_000_000) == (told["on_ns"], told["off_ns"])
    empty = World(quiet(draw(3, SAMPLE, {})))
    coil = empty.fit_coil()
    coil.drive(10e3)
    coil.output_on = True
    empty.settle()

    assert empty.magnetising.lit
    assert 0.0 == coil.power_w()


def test_a_coil_that_is_stuck_on_obeys_neither_off_nor_level() -> None:
    """Both faults hold it where it is."""
    for fault in ("ignores_off", "lied_to_off"):
        world, coil = magnetised()
        at(world, 20.0)
        setattr(coil, fault, True)
        coil.drive(1e3)
        at(world, 100.0)

        assert coil.output_on and 15e3 == coil.field_a_per_m
        assert world.magnetising.lit


def test_the_plateau_of_a_run_with_a_field_alone_is_that_of_its_heat() -> None:
    """Where the liquid comes to rest under the field."""
    world, coil = magnetised()
    at(world, 60.0)
    told = world.plateau()

    assert told["heat_w"] == pytest.approx(coil.power_w())
    assert told["rise_k"] > 3.0
