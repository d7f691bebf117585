"""What lights, heats or blocks on a simulated bench, built as the statement says it is."""

from __future__ import annotations

from labctl_simulators._device import Device, Plain, amount
from labctl_simulators._lasers import LASERS
from labctl_simulators.wire import (
    DeadManBoard,
    LabJackT7,
    NumatoModule,
    Sc10,
)
from labctl_simulators.world import World


def _laser(world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain) -> Device:
    return Device(name, key, driver, "laser", LASERS[driver](world, key, settings))


def _sc10(world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain) -> Device:
    return Device(name, key, driver, "shutter", Sc10(world, baud=int(settings.get("baud", 9600))))


def _numato(
    world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain
) -> Device:
    sense = settings.get("sense")
    personality = NumatoModule(
        world,
        relay=int(settings.get("relay", 0)),
        sense=None if sense is None else int(sense),
    )
    return Device(name, key, driver, "shutter", personality)


def _deadman(
    world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain
) -> Device:
    return Device(name, key, driver, "deadman", DeadManBoard(world))


def _labjack(
    world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain
) -> Device:
    sense = settings.get("sense")
    personality = LabJackT7(
        world,
        line=int(settings.get("line", 0)),
        sense=None if sense is None else int(sense),
    )
    return Device(name, key, driver, "deadman", personality)


def _labjack_laser(
    world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain
) -> Device:
    personality = LabJackT7(world, line=None)
    wired = {
        said: int(settings[said]) for said in ("output", "gate", "interlock", "monitor")
        if said in settings
    }  # fmt: skip
    personality.wire_laser(
        full_power_w=amount(settings.get("full_power"), 4.0),
        full_scale_v=amount(settings.get("full_scale"), 5.0),
        zero_v=amount(settings.get("zero"), 0.0),
        **wired,
    )
    return Device(name, key, driver, "laser", personality)


ENERGY = {
    **dict.fromkeys(LASERS, _laser),
    "labjack-laser": _labjack_laser,
    "labjack-t7": _labjack,
    "mcu-deadman": _deadman,
    "numato-relay": _numato,
    "thorlabs-sc10": _sc10,
}
