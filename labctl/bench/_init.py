"""A bench file to be filled in, from what a scan has found.

What was found stands in it as found, what is guessed is marked GUESS, and what only a person can
know is empty and marked FILL: until that is filled in the file is no valid bench file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from labctl.bench._devices import Device, Scan
from labctl.bench._dump import SCHEMA
from labctl.errors import InputError
from labctl.events import HEATER, LASER
from labctl.instruments import (
    ASSAY,
    DEADMAN,
    DOSER,
    SHUTTER,
    THERMOSTAT,
    Driver,
    DriverSpec,
    Gate,
    Thermometer,
    check_instrument,
    driver,
)

FILL = "FILL"
_METER, _PROBE, _AMBIENT = "meter", "probe", "ambient"
_TWO_CHANNELS = {"channels": [101, 102]}
"""A guess for a scanner: one in the sample, one beside it."""
_END_SWITCH: dict[str, Any] = {"sense": 0}
_TYPE = "K"
_KEYS = {
    "source": "laser",
    "thermostat": "bath",
    "thermometer": "scanner",
    "power_meter": "meter",
    "gate": "gate",
    "doser": "pump",
    "assay": "fluorimeter",
}
"""By the first capability that fits."""
_NEEDS = {
    DOSER: "; it can be `doser` once you state `stocks`",
    ASSAY: "; it can be `assay` once you state `assays`",
}
_BY_DRIVE = {"current": LASER, "power": LASER, "voltage": HEATER}
"""What a source may be, by what drives it; of any other nothing is guessed."""


_VESSEL = (
    "# What an efficiency is computed with. Without them a quartz cuvette of 10 mm is assumed,",
    "# with wide margins, and that the probe is as far off as its class allows:",
    "# vessel:",
    "#   name: quartz cuvette, 10 mm",
    "#   path: 10 mm",
    '#   wall_heat_capacity: {value: 1.1 J/K, sd: 8 %, source: "1.5 g of wetted quartz"}',
    '#   wall_transmission: {value: 96.4 %, sd: 0.3 %, source: "Fresnel, air-quartz-water"}',
    "#   heat_loss: {value: 24 mW/K, sd: 12 %, source: water blanks}",
    "# probe: {tolerance: 0.5 K, source: against a reference at 25 and 50 degC}",
)


@dataclass(slots=True)
class _Instrument:
    """One that was found, and what may be said of it."""

    key: str
    device: Device
    spec: DriverSpec
    driver: Driver | None
    settings: dict[str, Any] = field(default_factory=dict)
    guessed: bool = False
    """Its settings are."""


def starting_file(name: str, found: Scan) -> str:
    """The text of a bench file `name`. InputError where nothing was found to write of."""
    instruments = list(_instruments(found))
    if not instruments:
        raise InputError(
            "nothing that a driver knows has answered, so there is nothing to write",
            fix="`labctl devices` shows what is plugged in; `labctl doctor` says why a port cannot "
            "be opened; an instrument elsewhere is named with --at.",
        )
    roles = _roles(instruments)
    return "\n".join(_text(name, found, instruments, roles)) + "\n"


def _instruments(found: Scan) -> Iterator[_Instrument]:
    taken: set[str] = set()
    for device in found.devices:
        who = device.answerer
        if who is None or not who.driver:
            continue
        one = _settled(_Instrument("", device, driver(who.driver).spec, None, dict(who.settings)))
        base, n = _base(one), 2
        one.key = base
        while one.key in taken:
            one.key, n = f"{base}{n}", n + 1
        taken.add(one.key)
        yield one


def _base(one: _Instrument) -> str:
    """What it is called, where it is the only one of its kind."""
    if isinstance(one.driver, Gate):
        return SHUTTER if one.driver.drops_after_s is None else DEADMAN
    if one.spec.drive and one.spec.drive not in ("current", "power"):
        return {"voltage": "supply"}.get(one.spec.drive, "source")
    return next((_KEYS[c] for c in _KEYS if c in one.spec.capabilities), "instrument")


def _settled(one: _Instrument) -> _Instrument:
    """With the settings that its driver cannot do without, guessed; its limits are for a person."""
    for more in (_TWO_CHANNELS, {}, _END_SWITCH):
        settings = one.settings | more
        if not set(settings) <= set(one.spec.settings):
            continue
        try:
            address = one.device.place.address
            one.driver = check_instrument(one.key, one.spec.name, address, settings)
        except InputError:
            continue
        # One that reads channels by default says which; they are guessed all the same.
        if "channels" in one.spec.settings and isinstance(one.driver, Thermometer):
            settings = {"channels": [_number(c) for c in one.driver.channels]} | settings
            if "type" in one.spec.settings:
                # Of another kind it would read as any temperature, and say nothing.
                settings = {**settings, "type": _TYPE}
        one.guessed = more is not _END_SWITCH and len(settings) > len(one.settings)
        # Where a shutter's end switch is wired to is nobody's guess.
        one.settings = settings | (dict.fromkeys(more, FILL) if more is _END_SWITCH else {})
        break
    if one.spec.capabilities & {"source", "thermostat"}:
        limits = [key for key in one.spec.settings if key.startswith("max_")]
        one.settings |= dict.fromkeys(limits, FILL)
    return one


def _roles(instruments: list[_Instrument]) -> dict[str, str]:
    """What each is for, as far as its kind tells; the first of a kind has the role."""
    roles: dict[str, str] = {}
    for one in instruments:
        if "source" in one.spec.capabilities:
            role = _BY_DRIVE.get(one.spec.drive)
            if role is not None:
                roles.setdefault(role, one.key)
        if isinstance(one.driver, Thermometer):
            for role, channel in zip((_PROBE, _AMBIENT), one.driver.channels, strict=False):
                roles.setdefault(role, f"{one.key}.{channel}")
        elif "thermometer" in one.spec.capabilities:
            roles.setdefault(_PROBE, f"{one.key}.{FILL}")
        if THERMOSTAT in one.spec.capabilities:
            roles.setdefault(THERMOSTAT, one.key)
        if "power_meter" in one.spec.capabilities:
            roles.setdefault(_METER, one.key)
        if isinstance(one.driver, Gate):
            drops = one.driver.drops_after_s is not None
            roles.setdefault(DEADMAN if drops else SHUTTER, one.key)
    return roles


def _text(
    name: str, found: Scan, instruments: list[_Instrument], roles: Mapping[str, str]
) -> Iterator[str]:
    yield f"schema: {SCHEMA}"
    yield "# Written by `labctl bench init` from what answered. GUESS: look whether it is so, then"
    yield "# take the word away. FILL: only you can know, and the file is not valid before you say."
    yield "# `labctl validate` says what is still missing, and where."
    yield f"name: {name}"
    yield "instruments:"
    for one in instruments:
        yield from _instrument(one)
    yield from _left_out(found)
    yield f"roles:  # GUESS, all of them, from what each can do; {_other_roles(roles)}"
    used: set[str] = set()
    for role, place in roles.items():
        yield f"  {role}: {place}{_role_words(role)}"
        used.add(place.partition(".")[0])
    for one in instruments:
        if one.key not in used:
            needs = "".join(_NEEDS[c] for c in _NEEDS if c in one.spec.capabilities)
            yield f"  # no role was left for {one.key}{needs}"
    if LASER in roles:
        yield from _laser(instruments, roles)
    if _METER in roles:
        yield "pick_off:  # power on the meter's head over power at the sample"
        yield f"  ratio:  # {FILL}: 2 %"
        yield f"  deviation:  # {FILL}: 3 %, one standard deviation"
        yield f"  date:  # {FILL}: when it was measured, 2026-01-31"
        yield f"  expires:  # {FILL}: 2026-07-31"
    if HEATER in roles:
        yield "heater:  # the resistor in the cell"
        yield f"  resistance:  # {FILL}: 100 ohm, as measured"
        yield f"  max_power:  # {FILL}: 1 W, the most that may ever be asked for"
        yield f"  deviation:  # {FILL}: 0.2 %, of the electrical power as the supply reads it back"
        yield f"  date:  # {FILL}: 2026-01-31"
    if THERMOSTAT in roles:
        yield "thermostat:  # it is not lit, and nobody guards it: decision 0022"
        yield f"  max_temperature:  # {FILL}: 50 degC, the highest set point"
    if LASER in roles or HEATER in roles:
        yield from _limits(roles)
        yield from _behind(roles)
        yield from _VESSEL


def _instrument(one: _Instrument) -> Iterator[str]:
    place, who = one.device.place, one.device.answerer
    told = [str(who.identity)] if who is not None and who.identity else []
    told += [f"USB serial {place.usb_serial}"] if place.usb_serial else []
    told += [f"found as {place.device}"] if place.device else []
    yield f"  # {', '.join(told)}" if told else f"  # {one.spec.title}"
    yield f"  {one.key}:"
    yield f"    driver: {one.spec.name}"
    yield f"    address: {json.dumps(place.address)}"
    if one.settings:
        yield "    settings:" + ("  # GUESS" if one.guessed else "")
        for key, value in one.settings.items():
            yield f"      {key}: {json.dumps(value).strip(chr(34))}  # {one.spec.settings[key]}"


def _left_out(found: Scan) -> Iterator[str]:
    """What else is plugged in: an instrument that cannot be asked is one of these."""
    for device in found.devices:
        who = device.answerer
        if device.state == "known":
            continue
        why = f"held by {device.held_by}" if who is None else who.why
        yield f"  # not known: {device.place.address} ({device.state}: {why})"
    silent = any(device.state == "silent" for device in found.devices)
    if silent:
        yield "  # A CNI supply answers no question. If a silent port is one, write for example:"
        yield "  #   laser: {driver: cni-laser, address: ..., settings: {sub: 3, max_power: 2 W}}"


def _other_roles(roles: Mapping[str, str]) -> str:
    known = (LASER, HEATER, SHUTTER, DEADMAN, _PROBE, "probe2", _AMBIENT, _METER)
    return "there are also " + ", ".join(role for role in known if role not in roles)


def _role_words(role: str) -> str:
    words = {
        LASER: "what lights the sample",
        HEATER: "a resistor in the cell",
        _PROBE: "the bead in the sample",
        _AMBIENT: "the bead in the air beside it",
        _METER: "sees a part of the beam",
        SHUTTER: "in the beam, behind the meter's pick-off",
        DEADMAN: "a relay in the laser's interlock loop, fed by labctl",
    }
    return f"  # {words[role]}" if role in words else ""


def _laser(instruments: list[_Instrument], roles: Mapping[str, str]) -> Iterator[str]:
    drive = next(one.spec.drive for one in instruments if one.key == roles[LASER])
    level, slope = ("0.35 A", "0.90 W/A") if drive == "current" else ("0 W", "0.95 W/W")
    yield f"wavelength:  # {FILL}: 808 nm"
    yield "spot_area:"
    yield f"  value:  # {FILL}: 0.50 cm^2"
    yield f"  sd:  # {FILL}: 5 %, one standard deviation"
    yield f"  source:  # {FILL}: how it was measured, knife edge"
    yield "power_at_sample:  # measured at the sample's place: power = slope (level - threshold)"
    yield f"  threshold:  # {FILL}: {level}"
    yield f"  slope:  # {FILL}: {slope}"
    yield f"  deviation:  # {FILL}: 3 %, one standard deviation"
    yield f"  date:  # {FILL}: 2026-01-31"
    yield f"  method:  # {FILL}: which meter, where"
    yield f"  expires:  # {FILL}: the last day on which you trust it, 2026-07-31"


def _limits(roles: Mapping[str, str]) -> Iterator[str]:
    yield "limits:  # no protocol can loosen them"
    if LASER in roles:
        yield f"  power:  # {FILL}: the most power at the sample, e.g. 1.5 W"
    yield f"  temperature:  # {FILL}: the probe may never be warmer, e.g. 80 degC"
    yield f"  exposure:  # {FILL}: the longest light of one step, e.g. 20 min"
    yield f"  energy:  # {FILL}: the most energy of one run, e.g. 2 kJ"


def _behind(roles: Mapping[str, str]) -> Iterator[str]:
    if LASER in roles:
        yield "interlock:  # the hardware interlock; labctl is no safety device"
        yield f"  what:  # {FILL}: lid switch in the interlock loop of the diode controller"
        yield f"  tested:  # {FILL}: opened the lid at 50 mW; the meter fell to zero"
        yield f"  date:  # {FILL}: 2026-01-31"
        yield f"  readable:  # {FILL}: true where the laser can read it, else false"
    yield "dead_man:  # what drops the energy when the computer dies"
    yield f"  what:  # {FILL}: relay in the interlock loop, held by a watchdog of 2 s"
    yield f"  tested:  # {FILL}: pulled the USB cable at 50 mW; the meter fell to zero after 2.1 s"
    yield f"  date:  # {FILL}: 2026-01-31"
    yield "arming:"
    yield "  commissioned: true  # lit only with a record of `labctl bench check` beside this file"


def _number(channel: str) -> int | str:
    return int(channel) if channel.isdigit() else channel
