"""The page on meters and loggers and the drivers say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.contract.registered import registered

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "meters-and-loggers.md").read_text()
METERS = (
    "ophir-meter",
    "thorlabs-pm100",
    "keysight-3497x",
    "keithley-daq6510",
    "center-309",
    "pico-tc08",
    "heidolph-hotplate",
)


@pytest.mark.parametrize("name", METERS)
def test_a_driver_has_its_row_and_its_section(name: str) -> None:
    """With the longest exchange and the step that it declares, and each of its settings."""
    driver = registered()[name]
    (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| `{name}`"))
    section = re.split(r"^## ", PAGE.partition(f"## {name}\n")[2], flags=re.MULTILINE)[0]

    assert row.endswith(f"| {driver.spec.slowest_exchange_s:g} s |")
    if driver.spec.quantum is not None:
        milli = round(driver.spec.quantum * 1e3)
        assert f"| {milli} mK |" in row or f"| {driver.spec.quantum:g} K |" in row
    assert [key for key in driver.spec.settings if f"`{key}" not in section] == []
