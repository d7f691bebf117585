"""The physics: energy is kept, the step does not matter, nothing depends on who looks when."""

from __future__ import annotations

import random
import time

import pytest

from labctl.clock import NS
from labctl_simulators.world import World, draw
from tests.unit.simulators._helpers import SAMPLE, at, dark, dry, light, quiet, still_world


def heated(seed: int = 3, *, step_ns: int = NS // 10) -> World:
    """Dark for 10 s, a stated watt until 610 s."""
    world = still_world(seed, step_ns=step_ns)
    light(world, 10.0)
    dark(world, 610.0)
    return world


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_energy_balance_closes(seed: int) -> None:
    """Heat put in is heat stored plus heat lost, to a tenth of a percent, over heating and
    cooling, draughts, drift and a flickering diode included."""
    world = World(dry(draw(seed, SAMPLE, {})))
    light(world, 10.0)
    dark(world, 610.0)
    before_j = world.thermal.stored_j()
    at(world, 1200.0)

    stored_j = world.thermal.stored_j() - before_j

    assert world.thermal.deposited_j == pytest.approx(stored_j + world.thermal.lost_j, rel=1e-9)
    assert world.thermal.deposited_j > 100.0


def test_energy_balance_with_evaporation() -> None:
    """With the vapour that leaves, the balance still closes to a tenth of a percent."""
    world = World(draw(1, SAMPLE, {}))
    light(world, 0.0)
    before_j = world.thermal.stored_j()
    at(world, 600.0)
    thermal = world.thermal
    # What left was as warm as the rest.
    gone_j = thermal.evaporated_kg * world.truth.liquid.specific_heat_j_per_kg_k * thermal.rim

    missing_j = thermal.deposited_j - (thermal.stored_j() - before_j) - thermal.lost_j - gone_j

    assert abs(missing_j) < 1e-3 * thermal.deposited_j


def test_heat_is_beer_and_lambert_after_the_wall() -> None:
    """Deposited heat is the light times wall, absorbed share and efficiency, solvent included."""
    world = at(heated(), 600.0)
    liquid, vessel = world.truth.liquid, world.truth.vessel
    both = liquid.absorbance + liquid.solvent_absorbance
    passed = 10.0**-both
    taken = vessel.wall_transmission * (1.0 - passed) * (1.0 + passed * vessel.rear_return)
    heat = taken * (liquid.absorbance * liquid.efficiency + liquid.solvent_absorbance) / both

    share = world.thermal.deposited_j / world.optical_energy_j()

    assert share == pytest.approx(heat, rel=2e-3)  # evaporation concentrates it a little


def test_step_does_not_matter() -> None:
    """A five times finer internal step moves no temperature by more than 2 mK."""
    coarse, fine = heated(), heated(step_ns=NS // 50)
    worst = 0.0
    for t_s in (9.0, 11.0, 20.0, 100.0, 609.0, 612.0, 700.0, 1000.0):
        at(coarse, t_s)
        at(fine, t_s)
        worst = max(worst, abs(coarse.probe_degc() - fine.probe_degc()))

    assert worst < 2e-3


def test_irregular_looking_changes_nothing() -> None:
    """Looking often and at odd times gives the same world as looking once."""
    world, watched = heated(), heated()
    rng = random.Random(5)
    t_s = 0.0
    while t_s < 700.0:
        t_s = min(700.0, t_s + rng.uniform(0.0, 0.7))
        at(watched, t_s)
        watched.probe_degc()
        watched.head_power_w()

    assert at(world, 700.0).probe_degc() == pytest.approx(watched.probe_degc(), abs=1e-9)
    assert world.optical_energy_j() == pytest.approx(watched.optical_energy_j(), rel=1e-12)


def test_dark_world_stays_where_it_is() -> None:
    """Without light the liquid only cools a little below the air, by evaporation."""
    world = at(still_world(), 3600.0)

    assert -0.3 < world.thermal.rim - world.thermal.room <= 0.0


def test_heating_rises_and_cooling_falls() -> None:
    """In still air the bead only rises while lit and only falls afterwards."""
    world = heated()
    rising = [at(world, 12.0 + 2.0 * k).probe_degc() for k in range(298)]
    falling = [at(world, 615.0 + 2.0 * k).probe_degc() for k in range(300)]

    assert rising == sorted(rising)
    assert falling == sorted(falling, reverse=True)


def test_plateau_is_the_steady_state() -> None:
    """The plateau computed for the truth is where the liquid comes to rest, holder held apart."""
    world = still_world()
    light(world, 0.0)
    at(world, 4 * 3600.0)

    plateau = world.plateau()

    assert plateau["temperature_degc"] == pytest.approx(world.thermal.rim, abs=0.02)


def test_size_is_that_of_a_cuvette() -> None:
    """A watt on a millilitre of absorbance 1 gives ten to twenty-five kelvin in ten minutes."""
    rises = []
    for seed in range(1, 9):
        world = heated(seed)
        rises.append(at(world, 609.0).thermal.rim - world.thermal.room)

    assert 8.0 < min(rises) and max(rises) < 27.0
    assert 12.0 < sum(rises) / len(rises) < 19.0


def test_loss_grows_with_temperature() -> None:
    """The conductance at 20 K above the air is 4 to 20 % above that at 2 K."""
    for seed in range(1, 9):
        world = still_world(seed)
        losses, room = world.thermal.losses, world.thermal.room
        humidity = world.truth.room.humidity
        warm = losses.conductance(room + 20.0, room, humidity, room)
        cool = losses.conductance(room + 2.0, room, humidity, room)

        assert 1.04 < warm / cool < 1.20


def test_loss_is_the_drawn_one_at_the_reference_rise() -> None:
    """The surface is scaled so that the drawn heat loss holds 15 K above the air."""
    world = still_world()
    room = world.truth.room

    reached = world.thermal.losses.conductance(
        room.temperature_degc + 15.0, room.temperature_degc, room.humidity, room.temperature_degc
    )

    assert reached == pytest.approx(world.truth.vessel.heat_loss_w_per_k, rel=1e-6)


def test_water_warms_by_its_own_absorption() -> None:
    """Plain water takes about 2.2 % of a watt and warms by about a kelvin."""
    water = {"name": "water", "kind": "solvent", "material": "water", "volume_m3": 1e-6}
    world = World(quiet(draw(3, water, {})))
    light(world, 0.0)
    at(world, 1200.0)

    assert 0.020 < world.thermal.heat_per_watt < 0.024
    assert 0.5 < world.thermal.rim - world.thermal.room < 1.5


def test_evaporation_takes_mass() -> None:
    """Ten warm minutes cost from tenths of a milligram to a few, and their heat capacity."""
    world = at(heated(), 610.0)

    assert 3e-7 < world.thermal.evaporated_kg < 5e-6
    assert world.thermal.liquid_j_per_k < world.truth.liquid.heat_capacity_j_per_k


def test_bead_lags_the_liquid() -> None:
    """While the liquid rises the bead is behind by lag times slope."""
    world = still_world()
    light(world, 0.0)
    at(world, 30.0)
    before, behind = world.thermal.rim, world.thermal.rim - world.thermal.bead
    slope = at(world, 31.0).thermal.rim - before
    direct = world.truth.probes.bead_light_k_per_w * world.power_w()

    assert behind + direct == pytest.approx(slope * world.truth.probes.bead_lag_s, rel=0.05)


def test_diode_sags_as_it_warms() -> None:
    """A current-driven diode loses one or two percent of its power within minutes."""
    world = World(draw(1, SAMPLE, {}))
    light(world, 0.0)
    cold = at(world, 0.05).power_w()
    warm = at(world, 600.0).power_w()

    assert 0.005 < 1.0 - warm / cold < 0.03


def test_meter_sees_the_pick_off_with_its_lag() -> None:
    """The head shows pick-off times power, a little later, and nothing before."""
    world = still_world()
    light(world, 1.0)
    beam = world.truth.beam

    assert 0.0 == at(world, 0.999).head_power_w()
    assert 0.0 < at(world, 1.01).head_power_w() < 0.5 * beam.pick_off
    assert at(world, 3.0).head_power_w() * beam.meter_factor == pytest.approx(
        beam.pick_off * world.power_w()
    )


def test_emission_log_is_exact() -> None:
    """Edges between grid points are logged at their own times, with the true mean power."""
    world = still_world()
    light(world, 1.037)
    dark(world, 3.241)
    at(world, 10.0)
    [emission] = world.emission.plain(world.now_ns, world.optical_energy_j())

    assert (1_037_000_000, 3_241_000_000) == (emission["on_ns"], emission["off_ns"])
    assert emission["mean_power_w"] == pytest.approx(world.truth.beam.power_factor)


def test_no_light_below_threshold() -> None:
    """A diode below its threshold current emits nothing and leaves no trace in the log."""
    world = still_world()
    light(world, 0.0, level=0.30)
    at(world, 5.0)

    assert [] == world.emission.plain(world.now_ns, world.optical_energy_j())


def test_an_hour_polled_at_ten_hertz_is_cheap() -> None:
    """Thirty-six thousand polls of the world take well under a second of one core."""
    world = heated()
    begun = time.process_time()
    for k in range(36_000):
        world.advance_to(k * NS // 10)
        world.probe_degc()
        world.head_power_w()

    assert time.process_time() - begun < 1.5


def test_time_does_not_go_back() -> None:
    """A time that has passed changes nothing."""
    world = at(heated(), 100.0)
    bead = world.probe_degc()
    at(world, 50.0)

    assert 100 * NS == world.now_ns
    assert bead == world.probe_degc()
