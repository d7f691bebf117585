"""The bench supply and what it feeds: a calibration resistor, or the inverter of a coil, by the
role that the bench gives it."""

from __future__ import annotations

from labctl_simulators._device import Device, Plain
from labctl_simulators.wire import KeysightSupply
from labctl_simulators.world import Inverter, World

_FIBRES = frozenset({"omega-fob100"})
"""Drivers of thermometers whose probes have no metal in them."""


def _e36300(
    world: World, name: str, key: str, driver: str, settings: Plain, bench: Plain
) -> Device:
    output = int(settings.get("output", 2))
    roles = bench.get("roles") or {}
    if str(roles.get("coil") or "") != key:
        return Device(name, key, driver, "supply", KeysightSupply(world, output))
    probe = str(roles.get("probe") or "").partition(".")[0]
    reads = str(((bench.get("instruments") or {}).get(probe) or {}).get("driver", ""))
    coil = world.fit_coil(fibre=reads in _FIBRES)
    inverter = Inverter(coil, bench.get("coil") or {}, world.truth.seed)
    return Device(name, key, driver, "supply", KeysightSupply(world, output, inverter))


FED = {"keysight-e36300": _e36300}
