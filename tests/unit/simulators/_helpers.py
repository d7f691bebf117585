"""What the tests of the simulated bench share: a sample, a world, light on and off."""

from __future__ import annotations

import dataclasses

from labctl.clock import NS
from labctl.instruments import Link
from labctl_simulators.world import Truth, World, draw

SAMPLE = {
    "name": "pda",
    "kind": "dispersion",
    "material": "polydopamine",
    "volume_m3": 1.0e-6,
    "volume_sd": 0.01e-6,
    "absorbance": 1.0,
    "absorbance_sd": 0.005,
    "specific_heat_j_per_kg_k": 4180.0,
    "specific_heat_sd": 20.0,
    "density_kg_per_m3": 997.0,
}
"""A stated dispersion."""


def quiet(truth: Truth) -> Truth:
    """The same bench in still air of constant temperature, with a diode that does not flicker."""
    room = dataclasses.replace(
        truth.room, drift_k_per_s=0.0, swing_k=0.0, flutter=0.0, start_offset_k=0.0
    )
    beam = dataclasses.replace(truth.beam, rin=0.0, sag=0.0)
    return dataclasses.replace(truth, room=room, beam=beam)


def dry(truth: Truth) -> Truth:
    """The same vessel under a lid: nothing evaporates."""
    vessel = dataclasses.replace(truth.vessel, evaporation_area_m2=0.0)
    return dataclasses.replace(truth, vessel=vessel)


def still_world(seed: int = 3, *, step_ns: int = NS // 10) -> World:
    """A quiet world with the stated dispersion."""
    return World(quiet(draw(seed, SAMPLE, {})), step_ns=step_ns)


def light(world: World, t_s: float, level: float = 0.35 + 1.0 / 0.9) -> None:
    """Let the laser emit from `t_s` on; the default level is a stated watt."""

    def on() -> None:
        world.laser.level = level
        world.laser.output_on = world.laser.lit = True

    world.schedule(round(t_s * NS), on)


def dark(world: World, t_s: float) -> None:
    """Switch the laser off at `t_s`."""
    world.schedule(round(t_s * NS), lambda: world.laser.switch_off() and None)


def at(world: World, t_s: float) -> World:
    """The world, advanced."""
    world.advance_to(round(t_s * NS))
    return world


def ask(link: Link, data: bytes, t_s: float = 0.0, *, within_s: float = 10.0) -> bytes:
    """Everything that comes back within so many seconds; b"" for silence."""
    t_ns = round(t_s * NS)
    link.write(data, t_ns)
    got = b""
    while (arrived := link.next_chunk(t_ns + round(within_s * NS))) is not None:
        got += arrived[1]
    return got
