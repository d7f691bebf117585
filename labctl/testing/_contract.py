"""From a driver and its case to the test class that tries it."""

from __future__ import annotations

from typing import Any

from labctl.instruments import Driver
from labctl.testing._assays import EveryAssay
from labctl.testing._case import Case
from labctl.testing._dosers import EveryDoser
from labctl.testing._every import EveryDriver
from labctl.testing._gates import AskingGate, BlindGate, EveryGate, WatchedGate
from labctl.testing._rig import FarEnd, OnRig
from labctl.testing._sensors import EverySensor
from labctl.testing._sources import ConfirmingSource, EverySource
from labctl.testing._thermostats import EveryThermostat

_MEDIUM: dict[str, type[OnRig]] = {
    "thermostat": EveryThermostat,
    "doser": EveryDoser,
    "assay": EveryAssay,
}


def contract(driver: type[Driver], case: Case, simulated: FarEnd | None = None) -> type[Any]:
    """A test class with all that the driver's capabilities ask for, to be given a name that begins
    with `Test`. `simulated` adds a second world beside the case's transcript."""
    spec = driver.spec
    parts: list[type[OnRig]] = [EveryDriver]
    if "source" in spec.capabilities:
        parts.append(EverySource)
        if spec.confirms_emission:
            parts.append(ConfirmingSource)
    if "gate" in spec.capabilities:
        parts.append(EveryGate)
        parts.append(AskingGate if spec.asks_before_block else BlindGate)
        # Only something that lives in time can drop by itself.
        if "hardware" in spec.fails_safe and simulated is not None:
            parts.append(WatchedGate)
    parts += [of for what, of in _MEDIUM.items() if what in spec.capabilities]
    if spec.capabilities & {"thermometer", "power_meter"} and not (
        spec.capabilities & {"source", "gate"}
    ):
        parts.append(EverySensor)
    far = None if simulated is None else staticmethod(simulated)
    members = {"driver": driver, "case": case, "simulated": far, "__doc__": spec.title}
    return type(f"Test_{spec.name.replace('-', '_')}", tuple(parts), members)
