"""What acts on the medium or looks into it, built as the statement says it is: with `stocks` and
`assays` of the bench beside the instrument's own settings."""

from __future__ import annotations

from labctl_simulators._device import Device, Plain
from labctl_simulators.wire import (
    FluorimeterBoard,
    HeiPlate,
    IkaPlate,
    JulaboBath,
    NewEraPumps,
    PlateTable,
)
from labctl_simulators.world import World


def _ika(world: World, name: str, key: str, driver: str, settings: Plain, bench: Plain) -> Device:
    role = (bench.get("roles") or {}).get("thermostat")
    plate = IkaPlate(world, echoes=settings.get("replies") == "echoed", bath=str(role or "") == key)
    return Device(name, key, driver, "plate", plate)


def _heidolph(
    world: World, name: str, key: str, driver: str, settings: Plain, bench: Plain
) -> Device:
    return Device(name, key, driver, "plate", HeiPlate(world))


def _julabo(
    world: World, name: str, key: str, driver: str, settings: Plain, bench: Plain
) -> Device:
    bath = JulaboBath(world, tells_protection=settings.get("protection") != "unread")
    return Device(name, key, driver, "bath", bath)


def _new_era(
    world: World, name: str, key: str, driver: str, settings: Plain, bench: Plain
) -> Device:
    addresses = tuple(int(n) for n in settings.get("syringes") or {0: ""})
    return Device(
        name, key, driver, "pump", NewEraPumps(world, addresses, bench.get("stocks") or {})
    )


def _fluorimeter(
    world: World, name: str, key: str, driver: str, settings: Plain, bench: Plain
) -> Device:
    said = settings.get("species") or {"quinidine": 0, "doxorubicin": 1}
    assays = bench.get("assays") or {}
    drawn = {one: float(assays.get(one, {}).get("removed_m3") or 0.0) for one in said}
    board = FluorimeterBoard(world, {str(one): int(n) for one, n in said.items()}, drawn)
    return Device(name, key, driver, "assay", board)


def _table(world: World, name: str, key: str, driver: str, settings: Plain, bench: Plain) -> Device:
    species = tuple(str(one) for one in settings.get("species") or ("quinidine", "doxorubicin"))
    return Device(name, key, driver, "assay", PlateTable(world, species))


MEDIUM = {
    "csv-assay": _table,
    "heidolph-hotplate": _heidolph,
    "ika-hotplate": _ika,
    "julabo-circulator": _julabo,
    "mcu-fluorimeter": _fluorimeter,
    "new-era-pump": _new_era,
}
