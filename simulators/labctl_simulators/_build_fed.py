"""What feeds a calibration resistor or a coil: a bench supply, by the role that the bench gives it,
and an induction heater."""

from __future__ import annotations

from labctl_simulators._device import Device, Plain
from labctl_simulators.wire import EasyHeat, KeysightSupply
from labctl_simulators.world import Coil, CoilCurrent, Inverter, World

_USUAL = {"field_a_per_m": 15e3, "at_current_a": 200.0, "resistance_ohm": 0.01}
"""Of a coil of which the bench states nothing."""
_FIBRES = frozenset({"omega-fob100"})
"""Drivers of thermometers whose probes have no metal in them."""


def _e36300(
    world: World, name: str, key: str, driver: str, settings: Plain, bench: Plain
) -> Device:
    output = int(settings.get("output", 2))
    roles = bench.get("roles") or {}
    if str(roles.get("coil") or "") != key:
        return Device(name, key, driver, "supply", KeysightSupply(world, output))
    inverter = Inverter(_coil(world, bench), bench.get("coil") or {}, world.truth.seed)
    return Device(name, key, driver, "supply", KeysightSupply(world, output, inverter))


def _easyheat(
    world: World, name: str, key: str, driver: str, settings: Plain, bench: Plain
) -> Device:
    said = {**_USUAL, **(bench.get("coil") or {})}
    current = CoilCurrent(_coil(world, bench), said, world.truth.seed)
    unit = EasyHeat(world, current, int(settings.get("address", 1)))
    return Device(name, key, driver, "supply", unit)


def _coil(world: World, bench: Plain) -> Coil:
    """Around the cell, whose probe is a fibre or not by the driver that reads it."""
    probe = str((bench.get("roles") or {}).get("probe") or "").partition(".")[0]
    reads = str(((bench.get("instruments") or {}).get(probe) or {}).get("driver", ""))
    return world.fit_coil(fibre=reads in _FIBRES)


FED = {"ambrell-easyheat": _easyheat, "keysight-e36300": _e36300}
