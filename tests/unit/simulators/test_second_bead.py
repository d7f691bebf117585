"""The second bead in the sample: its own lag, offset and noise, none of the first one's faults, and
nothing of the world moved by it."""

from __future__ import annotations

from labctl.clock import NS
from labctl_simulators.world import World, draw

WITH = {"roles": {"probe": "scanner.101", "probe2": "scanner.103"}}
SAMPLE = {"kind": "dispersion", "name": "pda-aminoacid"}


def _lit(world: World, *, until_s: float = 120.0) -> World:
    laser = world.laser

    def on() -> None:
        laser.drive(laser.beam.threshold + 1.0 / laser.beam.slope)
        laser.output_on = laser.lit = True

    world.schedule(10 * NS, on)
    world.advance_to(round(until_s * NS))
    return world


def test_a_second_bead_moves_nothing_else() -> None:
    """The truth that was drawn, the liquid and the first bead are those without it."""
    one, two = (_lit(World(draw(3, SAMPLE, bench))) for bench in ({}, WITH))

    assert one.truth.second is None
    assert two.truth.second is not None
    assert one.probe_degc() == two.probe_degc()
    assert one.thermal.rim == two.thermal.rim
    assert one.truth.probes == two.truth.probes


def test_both_beads_are_in_the_same_liquid() -> None:
    """They differ by offset, lag and direct light only."""
    world = _lit(World(draw(3, SAMPLE, WITH)))
    second = world.truth.second
    assert second is not None

    assert abs(world.second_degc() - second.offset_k - world.probe_degc()) < 0.3
    assert world.truth.probes.bead_lag_s != second.lag_s


def test_faults_of_the_first_bead_do_not_touch_the_second() -> None:
    """Out of the sample, lit and off by a kelvin: the second reads on."""
    healthy, faulty = (World(draw(3, SAMPLE, WITH)) for _ in range(2))
    faulty.thermal.bead_in_air = True
    faulty.thermal.bead_light_k_per_w = 2.0
    faulty.probe_offset_k = 1.0

    assert _lit(healthy).second_degc() == _lit(faulty).second_degc()
    assert abs(healthy.probe_degc() - faulty.probe_degc()) > 1.0
