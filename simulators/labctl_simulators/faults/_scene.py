"""What a fault is, what it acts upon, and how it finds the instrument that it hits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from labctl.instruments import InputError
from labctl_simulators.bench import Device
from labctl_simulators.world import World


@dataclass(slots=True)
class Scene:
    """What faults act upon."""

    world: World
    devices: Mapping[str, Device]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault as asked for."""

    text: str
    kind: Kind
    where: str
    size: float
    onset_ns: int
    after_light: bool
    duration_ns: int | None


Undo = Callable[[], None]
Start = Callable[[Scene, Fault], Undo]
"""Lets the fault begin; returns how to take it back."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault."""

    name: str
    help: str
    begin: Start
    size: str = ""
    """Which units its size has: `relative`, `kelvin`, `time`, `power`; empty: it has none."""
    default: float = 0.0
    shown: str = ""
    """The default as a person would type it."""
    target: str = ""
    """What WHERE may name: `instrument`, `reading` (instrument or channel); empty: nothing."""
    hits: tuple[str, ...] = ()
    """Kinds of instrument it can hit; without WHERE, the first of them that is there."""
    aliases: tuple[str, ...] = ()
    needs_laser: bool = False
    """It acts on the light itself: a bench without a laser refuses it."""
    needs_heater: bool = False
    """It acts on the calibration resistor: a bench without one refuses it."""
    needs: str = ""
    """Kind of instrument that it acts on where there is but one, `shutter`, `deadman`, `pump` or
    `assay`; `coil`: what makes the field;
    `thermostat`: what keeps the cell's surroundings at a temperature."""


def device(scene: Scene, fault: Fault) -> Device:
    """The instrument that a fault acts on; InputError when there is none."""
    return reading(scene, fault)[0]


def reading(scene: Scene, fault: Fault) -> tuple[Device, int | None]:
    """The instrument, and the channel where one was named, that a fault acts on."""
    devices = scene.devices.values()
    where = fault.where
    found: Device | None = None
    channel: int | None = None
    if not where:
        for kind in fault.kind.hits:
            found = found or next((d for d in devices if d.kind == kind), None)
    elif where.isdigit() and fault.kind.target == "reading":
        found = next((d for d in devices if d.kind == "scanner"), None)
        channel = int(where)
    else:
        word = "scanner" if where in ("probe", "thermometer") else where
        found = next((d for d in devices if word in (d.name, d.key)), None) or next(
            (d for d in devices if word == d.kind), None
        )
    if found is None or found.kind not in fault.kind.hits or not _has(found, channel):
        names = ", ".join(" ".join([d.name, *map(str, d.channels)]) for d in devices)
        raise InputError(
            f"{fault.text!r} has nothing to act on",
            where="--fault",
            fix=f"It can hit {', '.join(fault.kind.hits)}; this bench has {names}.",
        )
    return found, channel


def _has(device: Device, channel: int | None) -> bool:
    return channel is None or channel in device.channels
