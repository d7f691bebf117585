"""The stated bench, as the simulator reads it: which instruments, where, on what.

A statement is the plain mapping that `SimSpec.bench` documents. Without one there is a bench of
the simulator's own, so that a session always works.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from labctl.instruments import InputError
from labctl_simulators._lasers import LASERS
from labctl_simulators.wire import (
    THERMOCOUPLES,
    Center309,
    DeadManBoard,
    HeiPlate,
    IkaPlate,
    KeithleyDaq,
    KeysightScanner,
    KeysightSupply,
    LabJackT7,
    NumatoModule,
    OphirMeter,
    Personality,
    Pm100,
    PyMeasureCalls,
    Sc10,
    Tc08,
    ThermoLoggerBoard,
)
from labctl_simulators.world import World

Plain = Mapping[str, Any]

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

PROBE_CHANNEL, AMBIENT_CHANNEL = 101, 102


@dataclass(frozen=True, slots=True)
class Device:
    """One instrument of the simulated bench."""

    name: str
    """Host part of its `sim://` address."""
    key: str
    """Its key in the bench file."""
    driver: str
    kind: str
    """`laser`, `scanner`, `meter`, `supply`, `shutter`, `deadman` or `plate`."""
    personality: Personality
    probe_channel: int = PROBE_CHANNEL
    """For a scanner: the channel whose bead is in the sample."""
    channels: tuple[int, ...] = ()
    """For a scanner: the channels that something is wired to."""


def address_name(address: str, key: str) -> str:
    """`sim://NAME` -> NAME; an instrument reached otherwise goes by its key."""
    scheme, found, rest = address.partition("://")
    if not found or scheme != "sim":
        return key
    return re.split(r"[/?#]", rest, maxsplit=1)[0] or key


def connect(world: World, bench: Plain) -> dict[str, Device]:
    """All instruments that the statement names, by address name."""
    entries = bench.get("instruments") or DEFAULT_BENCH["instruments"]
    devices: dict[str, Device] = {}
    for key, entry in entries.items():
        driver = str(entry.get("driver", ""))
        builder = _BUILDERS.get(driver)
        if builder is None:
            raise InputError(
                f"no simulated instrument speaks to driver {driver!r}",
                where=f"instruments.{key}.driver",
                fix=_suggest(driver, _BUILDERS),
            )
        address = str(entry.get("address", ""))
        name = address_name(address, key)
        settings = entry.get("settings") or {}
        first = devices.get(name)
        if first is not None and isinstance(first.personality, LabJackT7) and "#" in address:
            # Another connection to the same device.
            wire = _WIRES.get(driver)
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
        devices[name] = builder(world, name, key, driver, settings, bench.get("roles") or {})
    return devices


def _suggest(word: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(word, known, 1)
    asked = f"Did you mean {near[0]!r}? " if near else ""
    return f"{asked}There are: {', '.join(known)}."


def _laser(world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain) -> Device:
    return Device(name, key, driver, "laser", LASERS[driver](world, key, settings))


def _center(
    world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain
) -> Device:
    sensors = _sensors(world, key, _channels(settings.get("channels")) or [1], roles)
    meter = Center309(world, sensors)
    return Device(name, key, driver, "scanner", meter, next(iter(sensors)), tuple(sensors))


def _tc08(world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain) -> Device:
    sensors = _sensors(world, key, _channels(settings.get("channels")) or [1], roles)
    return Device(
        name, key, driver, "scanner", Tc08(world, sensors), next(iter(sensors)), tuple(sensors)
    )


def _keysight(
    world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain
) -> Device:
    listed = _channels(settings.get("channels")) or [PROBE_CHANNEL, AMBIENT_CHANNEL]
    sensors = _sensors(world, key, listed, roles)
    probe = next(iter(sensors))
    wired = str(settings.get("type", "K")).strip().upper()
    if wired not in THERMOCOUPLES:
        raise InputError(
            f"there is no thermocouple of type {wired!r}",
            where=f"instruments.{key}.settings.type",
            fix=f"One of {', '.join(THERMOCOUPLES)}.",
        )
    # The bead that hangs in the sample is of the type that the bench file states.
    personality = KeysightScanner(
        world, sensors, wired=wired, model=str(settings.get("model", "34970A"))
    )
    return Device(name, key, driver, "scanner", personality, probe, tuple(sensors))


def _daq6510(
    world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain
) -> Device:
    sensors = _sensors(world, key, _channels(settings.get("channels")) or [PROBE_CHANNEL], roles)
    # A terminal temperature is stated where the card has no sensor.
    plain = settings.get("reference", "internal") != "internal"
    personality = KeithleyDaq(world, sensors, card="2000" if plain else "7700")
    return Device(name, key, driver, "scanner", personality, next(iter(sensors)), tuple(sensors))


def _pm100(world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain) -> Device:
    return Device(name, key, driver, "meter", Pm100(world))


def _ophir(world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain) -> Device:
    # The head is as the bench file says it is; what the meter takes it for is the driver's to set.
    said = settings.get("filter")
    personality = OphirMeter(
        world,
        filtered=None if said is None else str(said).lower() == "in",
        baud=int(settings.get("baud", 9600)),
    )
    return Device(name, key, driver, "meter", personality)


def _pymeasure_meter(
    world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain
) -> Device:
    factor = {"mW": 1e3, "uW": 1e6}.get(str(settings.get("unit", "W")), 1.0)
    read = str(settings.get("read", "power"))
    calls = PyMeasureCalls(world, {read: lambda: world.head_power_w() * factor})
    return Device(name, key, driver, "meter", calls)


def _pymeasure_thermometer(
    world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain
) -> Device:
    read = {str(k): str(v) for k, v in (settings.get("read") or {"1": "temperature"}).items()}
    above = 273.15 if settings.get("unit") == "K" else 0.0
    sensors = _sensors(world, key, [int(channel) for channel in read], roles)

    def shown(channel: str) -> Callable[[], float]:
        sensor = sensors.get(int(channel), world.ambient_degc)
        return lambda: sensor() + above

    calls = PyMeasureCalls(world, {prop: shown(channel) for channel, prop in read.items()})
    return Device(name, key, driver, "scanner", calls, next(iter(sensors)), tuple(sensors))


def _e36300(
    world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain
) -> Device:
    output = int(settings.get("output", 2))
    return Device(name, key, driver, "supply", KeysightSupply(world, output))


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
        full_power_w=_amount(settings.get("full_power"), 4.0),
        full_scale_v=_amount(settings.get("full_scale"), 5.0),
        zero_v=_amount(settings.get("zero"), 0.0),
        **wired,
    )
    return Device(name, key, driver, "laser", personality)


def _labjack_logger(
    world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain
) -> Device:
    device = Device(name, key, driver, "scanner", LabJackT7(world, line=None))
    return _wire_thermocouples(world, device, settings, roles)


def _wire_thermocouples(world: World, device: Device, settings: Plain, roles: Plain) -> Device:
    listed = _channels(settings.get("channels")) or [0]
    sensors = _sensors(world, device.key, listed, roles)
    if isinstance(device.personality, LabJackT7):
        device.personality.wire_thermocouples(
            sensors,
            wired=str(settings.get("type", "K")),
            differential=settings.get("wiring", "differential") == "differential",
        )
    return replace(device, probe_channel=next(iter(sensors)), channels=tuple(sensors))


def _ika(world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain) -> Device:
    plate = IkaPlate(world, echoes=settings.get("replies") == "echoed")
    return Device(name, key, driver, "plate", plate)


def _heidolph(
    world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain
) -> Device:
    return Device(name, key, driver, "plate", HeiPlate(world))


def _thermologger(
    world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain
) -> Device:
    sensors = _sensors(world, key, _channels(settings.get("channels")) or [0], roles)
    personality = ThermoLoggerBoard(world, sensors, in_loop="heartbeat" in settings)
    return Device(name, key, driver, "scanner", personality, next(iter(sensors)), tuple(sensors))


_WIRES = {"labjack-thermocouples": _wire_thermocouples}
"""What may hang on a device that another entry has brought."""

_BUILDERS = {
    **dict.fromkeys(LASERS, _laser),
    "center-309": _center,
    "heidolph-hotplate": _heidolph,
    "ika-hotplate": _ika,
    "keithley-daq6510": _daq6510,
    "keysight-3497x": _keysight,
    "keysight-e36300": _e36300,
    "labjack-laser": _labjack_laser,
    "labjack-t7": _labjack,
    "labjack-thermocouples": _labjack_logger,
    "mcu-deadman": _deadman,
    "mcu-thermocouples": _thermologger,
    "numato-relay": _numato,
    "ophir-meter": _ophir,
    "pico-tc08": _tc08,
    "pymeasure-meter": _pymeasure_meter,
    "pymeasure-thermometer": _pymeasure_thermometer,
    "thorlabs-pm100": _pm100,
    "thorlabs-sc10": _sc10,
}


def _sensors(
    world: World, key: str, listed: list[int], roles: Plain
) -> dict[int, Callable[[], float]]:
    """The thermocouples on these channels, the one in the sample first."""
    found = _role_channel(roles.get("probe"), key)
    probe = listed[0] if found is None else found
    ambient = _role_channel(roles.get("ambient"), key)
    second = _role_channel(roles.get("probe2"), key)
    if ambient is None:
        ambient = next((c for c in listed if c not in (probe, second)), None)
    sensors: dict[int, Callable[[], float]] = {probe: world.probe_degc}
    if second is not None and second != probe:
        sensors[second] = world.second_degc
    if ambient is not None and ambient not in sensors:
        sensors[ambient] = world.ambient_degc
    return sensors


def _channels(said: Any) -> list[int]:
    """Channel numbers of a list, a mapping or a text such as `101:102, 105`."""
    if said is None:
        return []
    if isinstance(said, int):
        return [said]
    if isinstance(said, str):
        found: list[int] = []
        for part in re.findall(r"\d+(?:\s*[:-]\s*\d+)?", said):
            first, _, last = re.sub(r"\s", "", part).replace("-", ":").partition(":")
            found.extend(range(int(first), int(last or first) + 1))
        return found
    return [int(channel) for channel in said]


def _amount(said: Any, otherwise: float) -> float:
    """Watts or volts of `4 W`, `4000 mW`, `2.5 V`."""
    found = re.fullmatch(r"\s*([0-9.eE+-]+)\s*(m?)[WV]\s*", str(said or ""))
    return otherwise if found is None else float(found[1]) * (1e-3 if found[2] else 1.0)


def _role_channel(role: Any, key: str) -> int | None:
    """`scanner.101` -> 101, when it is this scanner's."""
    device, _, channel = str(role or "").partition(".")
    return int(channel) if device == key and channel.isdigit() else None
