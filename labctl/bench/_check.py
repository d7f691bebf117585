"""What a bench file says of instruments, held against the drivers that are installed.

Reading a bench file needs no driver; running on it does. Nothing is opened here.
"""

from __future__ import annotations

from collections.abc import Iterator

from labctl.bench._model import BenchFile
from labctl.errors import InputError, Problem
from labctl.events import HEATER, LASER
from labctl.instruments import Driver, Thermometer, check_instrument


def check_instruments(bench: BenchFile) -> None:
    """InputError with every driver, address, setting and channel that there is not."""
    problems = list(_problems(bench))
    if problems:
        raise InputError(f"bench {bench.name} names what there is not", problems=problems)


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
    for role in bench.roles.values():
        driver = drivers.get(role.instrument)
        if driver is not None and driver.spec.drive and role.name in (LASER, HEATER):
            yield from _fits(bench, role.name, driver)
        if isinstance(driver, Thermometer) and role.channel not in driver.channels:
            yield Problem(
                "P064",
                f"role '{role.name}' is channel '{role.channel}' of '{role.instrument}', "
                "which does not read it",
                file=bench.source_file,
                fix=f"It reads {', '.join(driver.channels)}; add the channel to its settings, or "
                "take one of these.",
            )


def _fits(bench: BenchFile, role: str, driver: Driver) -> Iterator[Problem]:
    """A source is driven by what its calibration speaks of: a resistor by volts, a laser not."""
    by_voltage = driver.spec.drive == "voltage"
    if by_voltage != (role == HEATER):
        yield Problem(
            "P062",
            f"the {role} is a {driver.spec.name}, which is driven by {driver.spec.drive}",
            file=bench.source_file,
            fix="A calibration resistor needs a supply that sets a voltage, a laser needs a laser "
            "driver.",
        )
