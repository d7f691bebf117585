"""Thermostat, doser and assay of a bench file, held against the drivers that are installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labctl.bench._model import BenchFile
from labctl.errors import Problem
from labctl.instruments import ASSAY, DOSER, THERMOSTAT, Assay, Doser, Driver, Thermostat

_IS: dict[str, tuple[Any, str, str]] = {
    THERMOSTAT: (Thermostat, "a bath or a plate that keeps a temperature",
                 "julabo-circulator and ika-hotplate are thermostats."),
    DOSER: (Doser, "a pump that adds a volume", "new-era-pump is a doser."),
    ASSAY: (Assay, "an instrument that measures what is dissolved", "mcu-fluorimeter is an assay."),
}  # fmt: skip


def medium_problems(bench: BenchFile, drivers: Mapping[str, Driver]) -> Iterator[Problem]:
    """What cannot be what its role says, and what is stated of channels that there are not."""
    for role in bench.roles.values():
        driver = drivers.get(role.instrument)
        if driver is None or role.name not in _IS:
            continue
        kind, meant, fix = _IS[role.name]
        if not isinstance(driver, kind):
            yield _problem(
                bench,
                "P062",
                f"the role '{role.name}' is {meant}, and {driver.spec.name} is not",
                fix,
            )
        elif isinstance(driver, Doser) and role.name == DOSER:
            yield from _channels(bench, role.instrument, driver)
        elif isinstance(driver, Assay) and role.name == ASSAY:
            for species in bench.assays:
                if species not in driver.species:
                    yield _problem(
                        bench,
                        "P064",
                        f"'{role.instrument}' does not measure {species}, for which the bench has "
                        "a calibration",
                        f"It measures {', '.join(driver.species)}; mend its settings, or `assays`.",
                    )


def _channels(bench: BenchFile, key: str, driver: Doser) -> Iterator[Problem]:
    taken: dict[str, str] = {}
    for agent, stock in bench.stocks.items():
        if stock.channel not in driver.channels:
            yield _problem(
                bench,
                "P064",
                f"the stock of {agent} is in channel '{stock.channel}' of '{key}', which it does "
                "not have",
                f"It has {', '.join(driver.channels)}; mend its settings, or the stock.",
            )
        other = taken.setdefault(stock.channel, agent)
        if other != agent:
            yield _problem(
                bench,
                "P063",
                f"the stocks of {other} and {agent} are in one channel, '{stock.channel}'",
                "Each stock has a channel of its own.",
            )


def _problem(bench: BenchFile, code: str, message: str, fix: str) -> Problem:
    return Problem(code, message, file=bench.source_file, fix=fix)
