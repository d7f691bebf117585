"""Letting faults happen: each is scheduled in the world at its onset."""

from __future__ import annotations

from collections.abc import Iterable

from labctl.instruments import InputError
from labctl_simulators.faults._scene import Fault, Scene, reading


def inject(faults: Iterable[Fault], scene: Scene) -> None:
    """Schedule the faults in the world; InputError when one has nothing to act on here."""
    for fault in faults:
        if fault.kind.target:
            reading(scene, fault)
        elif fault.kind.needs_laser and not any(
            device.kind == "laser" for device in scene.devices.values()
        ):
            raise InputError(
                f"{fault.text!r} needs a laser, and this bench has none", where="--fault"
            )
        elif fault.kind.needs_heater and scene.world.heater is None:
            raise InputError(
                f"{fault.text!r} needs a calibration resistor, and this bench has none",
                where="--fault",
            )
        elif fault.kind.needs == "coil":
            if scene.world.coil is None:
                raise InputError(
                    f"{fault.text!r} needs a coil, and this bench has none", where="--fault"
                )
        elif fault.kind.needs == "thermostat":
            if scene.world.bath is None:
                raise InputError(
                    f"{fault.text!r} needs a thermostat, and this bench has none", where="--fault"
                )
        elif fault.kind.needs and not any(
            device.kind == fault.kind.needs for device in scene.devices.values()
        ):
            raise InputError(
                f"{fault.text!r} needs a {fault.kind.needs}, and this bench has none",
                where="--fault",
            )
        _schedule(fault, scene)


def _schedule(fault: Fault, scene: Scene) -> None:
    world = scene.world

    def begin() -> None:
        undo = fault.kind.begin(scene, fault)
        if fault.duration_ns is not None:
            world.schedule(world.now_ns + fault.duration_ns, undo)

    if fault.after_light:
        world.schedule_after_first_light(fault.onset_ns, begin)
    else:
        world.schedule(fault.onset_ns, begin)
