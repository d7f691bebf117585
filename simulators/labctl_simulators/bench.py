"""The stated bench, as the simulator reads it: which instruments, where, on what.

A statement is the plain mapping that `SimSpec.bench` documents. Without one there is a bench of
the simulator's own, so that a session always works.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from labctl.instruments import InputError
from labctl_simulators._build_energy import ENERGY
from labctl_simulators._build_fed import FED
from labctl_simulators._build_medium import MEDIUM
from labctl_simulators._build_sensors import SENSORS, WIRES
from labctl_simulators._device import Device, Plain, address_name
from labctl_simulators.wire import LabJackT7
from labctl_simulators.world import World

_LASER_BY_CURRENT = {"threshold": 0.35, "slope": 0.90, "deviation": 0.03, "unit": "A"}
_LASER_BY_POWER = {"threshold": 0.0, "slope": 1.0, "deviation": 0.03, "unit": "W"}
_SCANNER = {
    "driver": "keysight-3497x",
    "address": "sim://scanner",
    "settings": {"channels": [101, 102]},
}
_METER = {"driver": "thorlabs-pm100", "address": "sim://meter"}

DEFAULT_BENCH: Plain = {
    "instruments": {
        "laser": {"driver": "arroyo-laser", "address": "sim://laser"},
        "scanner": _SCANNER,
        "meter": _METER,
    },
    "laser": _LASER_BY_CURRENT,
    "meter": {"pick_off": 0.02, "deviation": 0.03},
}
"""Arroyo laser, Keysight scanner, Thorlabs meter."""

DEFAULT_CNI_BENCH: Plain = {
    "instruments": {
        "laser": {"driver": "cni-laser", "address": "sim://laser"},
        "scanner": _SCANNER,
        "meter": _METER,
    },
    "laser": _LASER_BY_POWER,
    "meter": {"pick_off": 0.02, "deviation": 0.03},
}
"""The same with a CNI laser, which tells nothing."""


def connect(world: World, bench: Plain) -> dict[str, Device]:
    """All instruments that the statement names, by address name."""
    entries = bench.get("instruments") or DEFAULT_BENCH["instruments"]
    devices: dict[str, Device] = {}
    for key, entry in entries.items():
        driver = str(entry.get("driver", ""))
        builder = {**SENSORS, **ENERGY}.get(driver)
        medium = {**FED, **MEDIUM}.get(driver)
        if builder is None and medium is None:
            raise InputError(
                f"no simulated instrument speaks to driver {driver!r}",
                where=f"instruments.{key}.driver",
                fix=_suggest(driver, {**SENSORS, **ENERGY, **FED, **MEDIUM}),
            )
        address = str(entry.get("address", ""))
        name = address_name(address, key)
        settings = entry.get("settings") or {}
        first = devices.get(name)
        if first is not None and isinstance(first.personality, LabJackT7) and "#" in address:
            # Another connection to the same device.
            wire = WIRES.get(driver)
            if wire is not None:
                again = f"{name}#{address.rpartition('#')[2]}"
                device = Device(again, key, driver, "scanner", first.personality)
                devices[again] = wire(world, device, settings, bench.get("roles") or {})
                continue
        if name in devices:
            raise InputError(
                f"two instruments have the address sim://{name}",
                where=f"instruments.{key}.address",
                fix="Give each instrument an address of its own.",
            )
        if builder is not None:
            devices[name] = builder(world, name, key, driver, settings, bench.get("roles") or {})
        elif medium is not None:
            devices[name] = medium(world, name, key, driver, settings, bench)
    return devices


def _suggest(word: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(word, known, 1)
    asked = f"Did you mean {near[0]!r}? " if near else ""
    return f"{asked}There are: {', '.join(known)}."


__all__ = ["DEFAULT_BENCH", "DEFAULT_CNI_BENCH", "Device", "address_name", "connect"]
