"""The lasers that a stated bench may name: driver -> the personality that answers it.

Beside what a driver takes, a simulated one takes `emission_delay_s`, from ON to light.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from labctl.instruments import InputError
from labctl_simulators.wire import (
    ACKNOWLEDGEMENTS,
    ArroyoController,
    CniSupply,
    CoboltLaser,
    IlxController,
    IpgLaser,
    ObisRemote,
    Personality,
    SrsController,
    ThorlabsController,
)
from labctl_simulators.world import World

Plain = Mapping[str, Any]
Builder = Callable[[World, str, Plain], Personality]
"""World, key in the bench file (for errors), settings -> personality."""


def _delay_s(settings: Plain, usual_s: float) -> float:
    return float(settings.get("emission_delay_s", usual_s))


def _arroyo(world: World, key: str, settings: Plain) -> Personality:
    baud = int(settings.get("baud", 38400))
    return ArroyoController(world, baud=baud, emission_delay_s=_delay_s(settings, 0.02))


def _ilx(world: World, key: str, settings: Plain) -> Personality:
    return IlxController(world, emission_delay_s=_delay_s(settings, 0.05))


def _srs(world: World, key: str, settings: Plain) -> Personality:
    return SrsController(
        world,
        interface=str(settings.get("interface", "serial")),
        baud=int(settings.get("baud", 9600)),
        emission_delay_s=_delay_s(settings, 0.02),
    )


def _thorlabs(world: World, key: str, settings: Plain) -> Personality:
    return ThorlabsController(world, emission_delay_s=_delay_s(settings, 0.5))


def _cni(world: World, key: str, settings: Plain) -> Personality:
    said = str(settings.get("acknowledge", "echo")).lower()
    if said == str(0x41):
        # Without quotes YAML reads a number.
        said = "0x41"
    if said not in ACKNOWLEDGEMENTS:
        raise InputError(
            f"a CNI supply does not acknowledge by {said!r}",
            where=f"instruments.{key}.settings.acknowledge",
            fix=f"One of {', '.join(ACKNOWLEDGEMENTS)}.",
        )
    return CniSupply(
        world,
        acknowledge=said,
        sub=int(settings.get("sub", 1)),
        baud=int(settings.get("baud", 9600)),
    )


def _cobolt(world: World, key: str, settings: Plain) -> Personality:
    return CoboltLaser(world, emission_delay_s=_delay_s(settings, 0.05))


def _obis(world: World, key: str, settings: Plain) -> Personality:
    return ObisRemote(world, emission_delay_s=_delay_s(settings, 5.0))


def _ipg(world: World, key: str, settings: Plain) -> Personality:
    baud = int(settings.get("baud", 57600))
    return IpgLaser(world, baud=baud, emission_delay_s=_delay_s(settings, 3.0))


LASERS: Mapping[str, Builder] = {
    "arroyo-laser": _arroyo,
    "cni-laser": _cni,
    "cobolt-laser": _cobolt,
    "ilx-laser": _ilx,
    "ipg-laser": _ipg,
    "obis-laser": _obis,
    "srs-laser": _srs,
    "thorlabs-laser": _thorlabs,
}
