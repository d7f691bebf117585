"""The bath around the cell, and the long steps of the dark that hours in it need."""

from __future__ import annotations

import random
import time
from itertools import pairwise

import pytest

from labctl.clock import NS
from labctl_simulators.world import Bath, World, draw
from tests.unit.simulators._helpers import SAMPLE, at, dark, dry, light, quiet, still_world

STAGED = {**SAMPLE, "material": "pda-aminoacid-staged", "solvent": "pbs"}


def bathed(seed: int = 3, degc: float = 37.0) -> tuple[World, Bath]:
    """A vessel in a chamber that is being brought to a temperature."""
    world = World(quiet(draw(seed, STAGED, {})))
    bath = world.fit_bath()
    bath.set_degc = degc
    bath.start()
    return world, bath


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_the_liquid_comes_to_the_temperature_of_the_bath(seed: int) -> None:
    """In half an hour the liquid is within some tenths of what the bath shows, which holds its
    point, after an overshoot of less than half a kelvin."""
    world, bath = bathed(seed)
    most = max(at(world, 10.0 * k).bath.fluid_degc for k in range(180))  # type: ignore[union-attr]
    at(world, 2700.0)

    assert bath.sensor_degc == pytest.approx(37.0, abs=0.01)
    assert world.thermal.rim == pytest.approx(37.0, abs=0.5)
    assert most < 37.0 + 0.5
    assert world.thermal.rim < bath.fluid_degc + 0.05


def test_the_ambient_probe_tells_what_the_cell_loses_its_heat_to() -> None:
    """It hangs in the chamber with the cell, unless somebody has left it in the room."""
    world, _ = bathed()
    at(world, 1800.0)
    in_chamber = world.ambient_degc()
    world.place_ambient(in_chamber=False)
    at(world, 1900.0)

    assert in_chamber == pytest.approx(37.0, abs=1.0)
    assert world.ambient_degc() < 26.0


def test_light_in_the_bath_heats_above_it() -> None:
    """What the laser adds is lost to the chamber, as it was to the room."""
    world, _ = bathed()
    light(world, 2700.0)
    at(world, 2699.0)
    before = world.thermal.rim
    at(world, 3300.0)

    assert 8.0 < world.thermal.rim - before < 20.0
    assert world.plateau()["temperature_degc"] > 37.0 + 8.0


def test_a_bath_that_is_stopped_cools_by_itself() -> None:
    """Slowly, towards the room, its set point kept."""
    world, bath = bathed()
    at(world, 1800.0)
    bath.stop()
    at(world, 3600.0)

    assert world.thermal.room + 1.0 < bath.fluid_degc < 33.0
    assert 0.0 == bath.heat_w
    assert 37.0 == bath.set_degc


def test_a_runaway_heats_until_the_protection_cuts_it_off() -> None:
    """Stopping does not help; the protection does, and stays."""
    world, bath = bathed()
    at(world, 900.0)
    bath.safety_degc = 45.0
    bath.runs_away = True
    bath.stop()
    peak = max(at(world, 900.0 + 5.0 * k).thermal.bath.fluid_degc for k in range(200))  # type: ignore[union-attr]

    assert bath.tripped
    assert 45.0 <= peak < 45.5
    bath.runs_away = False
    bath.start()
    at(world, 6000.0)
    assert 0.0 == bath.heat_w
    bath.reset()
    at(world, 6100.0)
    assert bath.heat_w > 0.0


def test_a_runaway_without_protection_goes_on() -> None:
    """Nothing else ends it."""
    world, bath = bathed()
    bath.runs_away = True
    at(world, 1500.0)

    assert bath.fluid_degc > 60.0


def test_a_stuck_heater_a_broken_one_and_a_sensor_that_is_off() -> None:
    """Each is seen in the fluid: it drifts up, stays cold, sits beside its point."""
    stuck_world, stuck = bathed()
    at(stuck_world, 60.0)
    stuck.sticks = True
    cold_world, cold = bathed()
    cold.cold = True
    off_world, off = bathed()
    off.offset_k = 2.0
    for world in (stuck_world, cold_world, off_world):
        at(world, 1200.0)

    assert stuck.fluid_degc > 45.0
    assert cold.fluid_degc < cold_world.thermal.room + 0.5
    assert off.fluid_degc == pytest.approx(35.0, abs=0.3)
    assert off.sensor_degc == pytest.approx(37.0, abs=0.05)


def test_cooling_reaches_a_point_below_the_room() -> None:
    """A circulator that can cool does."""
    world = World(quiet(draw(3, STAGED, {})))
    bath = world.fit_bath(cooling_w=200.0)
    assert bath is world.fit_bath()
    bath.set_degc = 10.0
    bath.start()
    at(world, 3000.0)

    assert bath.fluid_degc == pytest.approx(10.0, abs=0.3)


def test_long_steps_agree_with_short_ones() -> None:
    """In the dark, with everything that still moves: a bath that warms the cell begins when the
    long steps have begun, and both worlds are within some millikelvin all the way."""
    worlds = []
    for coasts in (True, False):
        world = World(quiet(draw(3, STAGED, {})))
        bath = world.fit_bath()
        if not coasts:
            world._coast_from_ns = 1 << 60
        at(world, 1000.0)
        bath.set_degc = 37.0
        bath.start()
        worlds.append(world)
    worst = 0.0
    for k in range(1, 90):
        readings = [at(w, 1000.0 + 20.3 * k).probe_degc() for w in worlds]
        worst = max(worst, abs(readings[0] - readings[1]))
    long, short = (w.released() for w in worlds)

    assert worst < 0.03
    for species, fraction in short.items():
        assert long[species] == pytest.approx(fraction, rel=2e-3)


def test_light_after_long_darkness_is_as_light_after_short_steps() -> None:
    """An edge between two long steps takes effect at its own time: what is deposited is the
    energy that came, and the rise is that of short steps."""
    rises, shares = [], []
    for coasts in (True, False):
        world = still_world()
        if not coasts:
            world._coast_from_ns = 1 << 60
        light(world, 1500.537)
        dark(world, 1600.041)
        at(world, 1500.4)
        before = world.probe_degc()
        rises.append(at(world, 1600.0).probe_degc() - before)
        at(world, 1700.0)
        shares.append(world.thermal.deposited_j / world.optical_energy_j())
        [emission] = world.emission.plain(world.now_ns, world.optical_energy_j())
        assert (1_500_537_000_000, 1_600_041_000_000) == (emission["on_ns"], emission["off_ns"])

    assert rises[0] == pytest.approx(rises[1], abs=1e-4)
    assert shares[0] == pytest.approx(shares[1], rel=1e-6)


def test_energy_balance_closes_over_long_steps() -> None:
    """What a dry cell has lost since is what it held, over hours of cooling."""
    world = World(dry(draw(2, SAMPLE, {})))
    light(world, 10.0)
    dark(world, 610.0)
    before_j = world.thermal.stored_j()
    at(world, 4 * 3600.0)
    stored_j = world.thermal.stored_j() - before_j

    assert world.thermal.deposited_j == pytest.approx(stored_j + world.thermal.lost_j, rel=1e-9)


def test_looking_in_long_darkness_changes_nothing() -> None:
    """Irregular looks and one look give the same world, light afterwards included."""
    worlds = [World(draw(3, STAGED, {})) for _ in range(2)]
    for world in worlds:
        light(world, 2000.3)
        dark(world, 2060.7)
    rng = random.Random(5)
    t_s = 0.0
    while t_s < 3900.0:
        t_s = min(3900.0, t_s + rng.uniform(0.0, 3.0))
        at(worlds[0], t_s)
        worlds[0].probe_degc()
        worlds[0].signal("quinidine")
    at(worlds[1], 3900.0)

    assert worlds[0].probe_degc() == worlds[1].probe_degc()
    assert worlds[0].released() == worlds[1].released()


def test_a_bead_that_is_asked_between_long_steps_follows_the_ramp() -> None:
    """No stairs: while the bath warms the cell, ten looks a second rise evenly."""
    world = World(quiet(draw(3, STAGED, {})))
    bath = world.fit_bath()
    at(world, 950.0)
    bath.set_degc = 37.0
    bath.start()
    at(world, 1300.0)
    seen = [at(world, 1300.0 + 0.1 * k).probe_degc() for k in range(100)]
    steps = [b - a for a, b in pairwise(seen)]

    assert min(steps) > 0.0
    assert max(steps) < 1.5 * min(steps)


def test_eight_hours_in_the_dark_are_cheap() -> None:
    """Release at 37 degC for eight hours, looked at every second and assayed every ten minutes, in
    about a second of one core."""
    world, _ = bathed()
    begun = time.process_time()
    for k in range(8 * 3600):
        world.advance_to(k * NS)
        world.probe_degc()
        if k % 600 == 0:
            world.signal("quinidine")
            world.signal("doxorubicin")

    assert time.process_time() - begun < 2.0
    assert world.released()["quinidine"] > 0.8


def test_the_true_dose_is_that_of_the_liquid() -> None:
    """Ten minutes more at a constant temperature count as many equivalent seconds as the rule
    says, in long steps as in short ones; below 39 degC nothing counts."""
    cold, _ = bathed()
    at(cold, 3600.0)
    assert 0.0 == cold.thermal.cem43_s
    for lit in (False, True):
        world, _ = bathed(degc=44.0)
        if lit:
            # A light that warms next to nothing makes the steps short.
            light(world, 3000.0, level=0.35 + 1e-9)
        at(world, 3600.0)
        before, degc = world.thermal.cem43_s, world.thermal.rim
        at(world, 4200.0)
        counted = world.thermal.cem43_s - before

        assert counted == pytest.approx(600.0 * 0.5 ** (43.0 - degc), rel=5e-3)
        assert world.thermal.cem43_mean_s == pytest.approx(world.thermal.cem43_s, rel=1e-2)


def test_long_steps_keep_the_energy_of_a_cell_with_a_resistor() -> None:
    """Its heat and what its wires lose are in the balance too."""
    bench = {"heater": {"resistance_ohm": 100.0, "deviation": 0.002}}
    world = World(dry(draw(2, SAMPLE, bench)))
    heater = world.heater
    assert heater is not None

    def on() -> None:
        heater.level_v, heater.output_on = 10.0, True

    world.schedule(10 * NS, on)
    world.schedule(310 * NS, lambda: heater.switch_off() and None)
    before_j = world.thermal.stored_j()
    at(world, 2 * 3600.0)
    stored_j = world.thermal.stored_j() - before_j

    given_j = 300.0 * 10.0**2 / heater.true.resistance_ohm
    assert world.electrical_energy_j() == pytest.approx(given_j)
    assert world.thermal.deposited_j == pytest.approx(stored_j + world.thermal.lost_j, rel=1e-4)
