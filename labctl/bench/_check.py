"""What a bench file says of instruments, held against the drivers that are installed.

Reading a bench file needs no driver; running on it does. Nothing is opened here.
"""

from __future__ import annotations

from collections.abc import Iterator

from labctl.bench._model import BenchFile
from labctl.errors import InputError, Problem
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
        if isinstance(driver, Thermometer) and role.channel not in driver.channels:
            yield Problem(
                "P064",
                f"role '{role.name}' is channel '{role.channel}' of '{role.instrument}', "
                "which does not read it",
                file=bench.source_file,
                fix=f"It reads {', '.join(driver.channels)}; add the channel to its settings, or "
                "take one of these.",
            )
