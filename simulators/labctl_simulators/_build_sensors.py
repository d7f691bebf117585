"""What measures temperature or light on a simulated bench, built as the statement says it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from labctl.instruments import InputError
from labctl_simulators._device import (
    AMBIENT_CHANNEL,
    PROBE_CHANNEL,
    Device,
    Plain,
    channels_of,
    sensors,
)
from labctl_simulators.wire import (
    THERMOCOUPLES,
    Center309,
    FobThermometer,
    KeithleyDaq,
    KeysightScanner,
    LabJackT7,
    OphirMeter,
    Pm100,
    PyMeasureCalls,
    Tc08,
    ThermoLoggerBoard,
)
from labctl_simulators.world import World


def _center(
    world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain
) -> Device:
    wired_to = sensors(world, key, channels_of(settings.get("channels")) or [1], roles)
    meter = Center309(world, wired_to)
    return Device(name, key, driver, "scanner", meter, next(iter(wired_to)), tuple(wired_to))


def _fob(world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain) -> Device:
    wired_to = sensors(world, key, channels_of(settings.get("channels")) or [1], roles)
    count = {"FOB101": 1, "FOB102": 2}.get(str(settings.get("model", "FOB104")).upper(), 4)
    thermometer = FobThermometer(world, wired_to, count)
    return Device(name, key, driver, "scanner", thermometer, next(iter(wired_to)), tuple(wired_to))


def _tc08(world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain) -> Device:
    wired_to = sensors(world, key, channels_of(settings.get("channels")) or [1], roles)
    return Device(
        name, key, driver, "scanner", Tc08(world, wired_to), next(iter(wired_to)), tuple(wired_to)
    )


def _keysight(
    world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain
) -> Device:
    listed = channels_of(settings.get("channels")) or [PROBE_CHANNEL, AMBIENT_CHANNEL]
    wired_to = sensors(world, key, listed, roles)
    probe = next(iter(wired_to))
    wired = str(settings.get("type", "K")).strip().upper()
    if wired not in THERMOCOUPLES:
        raise InputError(
            f"there is no thermocouple of type {wired!r}",
            where=f"instruments.{key}.settings.type",
            fix=f"One of {', '.join(THERMOCOUPLES)}.",
        )
    # The bead that hangs in the sample is of the type that the bench file states.
    personality = KeysightScanner(
        world, wired_to, wired=wired, model=str(settings.get("model", "34970A"))
    )
    return Device(name, key, driver, "scanner", personality, probe, tuple(wired_to))


def _daq6510(
    world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain
) -> Device:
    wired_to = sensors(world, key, channels_of(settings.get("channels")) or [PROBE_CHANNEL], roles)
    # A terminal temperature is stated where the card has no sensor.
    plain = settings.get("reference", "internal") != "internal"
    personality = KeithleyDaq(world, wired_to, card="2000" if plain else "7700")
    return Device(name, key, driver, "scanner", personality, next(iter(wired_to)), tuple(wired_to))


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
    wired_to = sensors(world, key, [int(channel) for channel in read], roles)

    def shown(channel: str) -> Callable[[], float]:
        sensor = wired_to.get(int(channel), world.ambient_degc)
        return lambda: sensor() + above

    calls = PyMeasureCalls(world, {prop: shown(channel) for channel, prop in read.items()})
    return Device(name, key, driver, "scanner", calls, next(iter(wired_to)), tuple(wired_to))


def _labjack_logger(
    world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain
) -> Device:
    device = Device(name, key, driver, "scanner", LabJackT7(world, line=None))
    return wire_thermocouples(world, device, settings, roles)


def wire_thermocouples(world: World, device: Device, settings: Plain, roles: Plain) -> Device:
    listed = channels_of(settings.get("channels")) or [0]
    wired_to = sensors(world, device.key, listed, roles)
    if isinstance(device.personality, LabJackT7):
        device.personality.wire_thermocouples(
            wired_to,
            wired=str(settings.get("type", "K")),
            differential=settings.get("wiring", "differential") == "differential",
        )
    return replace(device, probe_channel=next(iter(wired_to)), channels=tuple(wired_to))


def _thermologger(
    world: World, name: str, key: str, driver: str, settings: Plain, roles: Plain
) -> Device:
    wired_to = sensors(world, key, channels_of(settings.get("channels")) or [0], roles)
    personality = ThermoLoggerBoard(world, wired_to, in_loop="heartbeat" in settings)
    return Device(name, key, driver, "scanner", personality, next(iter(wired_to)), tuple(wired_to))


WIRES = {"labjack-thermocouples": wire_thermocouples}
"""What may hang on a device that another entry has brought."""

SENSORS = {
    "center-309": _center,
    "keithley-daq6510": _daq6510,
    "keysight-3497x": _keysight,
    "labjack-thermocouples": _labjack_logger,
    "mcu-thermocouples": _thermologger,
    "omega-fob100": _fob,
    "ophir-meter": _ophir,
    "pico-tc08": _tc08,
    "pymeasure-meter": _pymeasure_meter,
    "pymeasure-thermometer": _pymeasure_thermometer,
    "thorlabs-pm100": _pm100,
}
