"""What a bench file says of instruments, held against the drivers that are installed.

Reading a bench file needs no driver; running on it does. Nothing is opened here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from labctl.bench._check_medium import medium_problems
from labctl.bench._model import BenchFile
from labctl.errors import InputError, Problem, RefusedError
from labctl.events import COIL, LASER, SOURCES
from labctl.instruments import (
    DEADMAN,
    GATES,
    MEDIUM,
    SHUTTER,
    Address,
    Driver,
    Gate,
    Source,
    Thermometer,
    check_instrument,
    place_of,
    quantum,
    wavelength,
)

_SAME_LIGHT_M = 2e-9
"""A diode laser is as far off its label, and a head's responsivity differs by less than 1 %."""


def check_instruments(bench: BenchFile, *, lights: bool = False) -> None:
    """InputError with every driver, address, setting and channel that there is not; RefusedError
    where the laser is to be lit (`lights`) and nothing could hold its light back."""
    problems = list(_problems(bench))
    if problems:
        raise InputError(f"bench {bench.name} names what there is not", problems=problems)
    if lights:
        _check_light(bench)


def _check_light(bench: BenchFile) -> None:
    """One that takes no power before it is on is lit behind a shutter only. In-process nothing can
    be hurt."""
    role = bench.roles.get(LASER)
    if role is None or SHUTTER in bench.roles:
        return
    entry = bench.instruments[role.instrument]
    laser = check_instrument(role.instrument, entry.driver, entry.address, entry.settings)
    if not laser.spec.sets_power_before_on and not Address.parse(entry.address).simulated:
        raise RefusedError(
            f"{laser.spec.title} takes no power before it is on: it is lit only behind a closed "
            "shutter, until its power is set and measured",
            where=bench.source_file,
            fix="Put a shutter into the beam, behind the power meter's pick-off, and give it the "
            "role `shutter`.",
        )


def _problems(bench: BenchFile) -> Iterator[Problem]:
    drivers: dict[str, Driver] = {}
    for key, entry in bench.instruments.items():
        try:
            drivers[key] = check_instrument(key, entry.driver, entry.address, entry.settings)
        except InputError as error:
            told = error.problems or [Problem("P060", error.what, fix=error.fix)]
            for problem in told:
                yield Problem(
                    problem.code,
                    f"instrument '{key}': {problem.message}",
                    file=bench.source_file,
                    fix=problem.fix,
                )
    yield from _shared(bench, drivers)
    yield from _steps(bench, drivers)
    yield from _light(bench, drivers)
    yield from _sensor(bench, drivers)
    yield from medium_problems(bench, drivers)
    for key, made in drivers.items():
        renews_s = made.spec.renews_s
        if (bench.instruments[key].min_period_s or 0.0) < renews_s:
            yield Problem(
                "P054",
                f"instrument '{key}' has a new reading every {renews_s:g} s, and says the old one "
                "again when it is asked in between",
                file=bench.source_file,
                fix=f"Add `min_period: {renews_s:g} s` to it.",
            )
    for role in bench.roles.values():
        driver = drivers.get(role.instrument)
        if driver is not None and driver.spec.drive and role.name in SOURCES:
            yield from _fits(bench, role.name, driver)
        if driver is not None and (role.name in GATES) != isinstance(driver, Gate):
            yield _no_gate(bench, role.name, driver)
        if role.name == DEADMAN and isinstance(driver, Gate) and driver.drops_after_s is None:
            yield _no_gate(bench, role.name, driver)
        if driver is not None and role.name in SOURCES and not isinstance(driver, Source):
            yield _lights_nothing(bench, role.name, driver)
        if role.name in MEDIUM or not isinstance(driver, Thermometer):
            continue
        if role.channel not in driver.channels:
            yield Problem(
                "P064",
                f"role '{role.name}' is channel '{role.channel}' of '{role.instrument}', "
                "which does not read it",
                file=bench.source_file,
                fix=f"It reads {', '.join(driver.channels)}; add the channel to its settings, or "
                "take one of these.",
            )


def _shared(bench: BenchFile, drivers: Mapping[str, Driver]) -> Iterator[Problem]:
    """Several entries on one instrument: as many as it serves, and one owner for what it lights or
    holds back."""
    places: dict[str, list[str]] = {}
    for key in drivers:
        places.setdefault(place_of(bench.instruments[key].address), []).append(key)
    for place, keys in places.items():
        most = min(drivers[key].spec.connections for key in keys)
        energy = [key for key in keys if isinstance(drivers[key], Source | Gate)]
        if len(keys) > most:
            what, fix = f"at {place}, which serves {most} at once", "Give them ports of their own."
        elif len(energy) > 1:
            what = f"at {place}, and more than one of them lights or holds back"
            fix = "What lights or holds back has one owner: give one role to one instrument."
        else:
            continue
        yield Problem(
            "P063",
            f"the instruments {' and '.join(repr(key) for key in keys)} are {what}",
            file=bench.source_file,
            fix=fix,
        )


def _steps(bench: BenchFile, drivers: Mapping[str, Driver]) -> Iterator[Problem]:
    """A thermometer with coarser steps than the bench states repeats itself where the guard expects
    a change: a healthy run would be ended as frozen."""
    role = bench.roles.get("probe")
    made = drivers.get(role.instrument) if role is not None else None
    step_k = quantum(made) if made is not None else None
    stated_k = bench.vigilance.resolution_k
    if step_k is None or step_k <= stated_k * (1.0 + 1e-9) or not bench.vigilance.frozen_after:
        return
    yield Problem(
        "P062",
        f"the probe's thermometer, as it is set up, has steps of {step_k * 1e3:.3g} mK, and the "
        f"bench says {stated_k * 1e3:.3g} mK",
        file=bench.source_file,
        fix=f"Write `resolution: {step_k * 1e3:.3g} mK` or more under `vigilance`, or integrate "
        "longer.",
    )


def _light(bench: BenchFile, drivers: Mapping[str, Driver]) -> Iterator[Problem]:
    """A meter that is set up for other light than the laser's is wrong by the ratio of its head's
    responsivities, and still looks like one that works."""
    role = bench.roles.get("meter")
    made = drivers.get(role.instrument) if role is not None else None
    own_m = wavelength(made) if made is not None else None
    laser_m = bench.wavelength_m
    if role is None or own_m is None or laser_m is None or abs(own_m - laser_m) <= _SAME_LIGHT_M:
        return
    laser_nm, own_nm = laser_m * 1e9, own_m * 1e9
    yield Problem(
        "P062",
        f"the meter '{role.instrument}' is set up for {own_nm:g} nm, and the light of this bench "
        f"has {laser_nm:g} nm",
        file=bench.source_file,
        fix=f"Write `wavelength: {laser_nm:g} nm` under its `settings`, or mend that of the bench.",
    )


def _sensor(bench: BenchFile, drivers: Mapping[str, Driver]) -> Iterator[Problem]:
    """A bench that calls a thermocouple a fibre would light a coil beside metal."""
    role = bench.roles.get("probe")
    made = drivers.get(role.instrument) if role is not None else None
    if made is None or not bench.sensor or made.spec.sensor in ("", bench.sensor):
        return
    yield Problem(
        "P062",
        f"the bench calls its probe a {bench.sensor}, and {made.spec.name} reads a "
        f"{made.spec.sensor}",
        file=bench.source_file,
        fix="Mend `sensor` under `probe`, or the role `probe`.",
    )


def _lights_nothing(bench: BenchFile, role: str, driver: Driver) -> Problem:
    return Problem(
        "P062",
        f"the {role} is a {driver.spec.name}, which lights nothing",
        file=bench.source_file,
        fix="Mend `roles` in the bench file.",
    )


def _no_gate(bench: BenchFile, role: str, driver: Driver) -> Problem:
    kinds = {
        SHUTTER: "a shutter in the laser's beam",
        DEADMAN: "a relay that drops by itself when it is not fed",
    }
    meant = kinds.get(role, f"no {' or '.join(GATES)}")
    return Problem(
        "P062",
        f"the role '{role}' is {meant}, and {driver.spec.name} is not",
        file=bench.source_file,
        fix="thorlabs-sc10 and numato-relay are shutters, mcu-deadman and labjack-t7 are dead-men.",
    )


def _fits(bench: BenchFile, role: str, driver: Driver) -> Iterator[Problem]:
    """A source is driven by what its calibration speaks of: a resistor and a coil by volts, a laser
    not."""
    drives: tuple[str, ...] = ("current", "power") if role == LASER else ("voltage",)
    if role == COIL and bench.coil is not None:
        drives = (bench.coil.drive,)
    if driver.spec.drive not in drives:
        yield Problem(
            "P062",
            f"the {role} is a {driver.spec.name}, which is driven by {driver.spec.drive}",
            file=bench.source_file,
            fix="A calibration resistor and a coil with `at_power` need a supply that sets a "
            "voltage, a coil with `at_current` an induction heater, a laser needs a laser driver.",
        )
