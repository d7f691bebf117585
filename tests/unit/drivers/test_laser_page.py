"""The page on laser drivers and the drivers say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.contract.registered import registered

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "laser-drivers.md").read_text()
MINE = ("thorlabs-laser", "arroyo-laser", "ilx-laser", "srs-laser", "cni-laser", "cobolt-laser",
        "ipg-laser", "obis-laser")  # fmt: skip


@pytest.mark.parametrize("name", MINE)
def test_a_driver_has_its_row_and_its_section(name: str) -> None:
    """With the worst off that it declares, and with each of its settings by name."""
    spec = registered()[name].spec
    (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| `{name}`"))
    section = re.split(r"^## ", PAGE.partition(f"## {name}\n")[2], flags=re.MULTILINE)[0]

    assert f"| {spec.slowest_off_s:g} s |" in row
    assert {"current": "| A |", "power": "| W |"}[spec.drive] in row
    assert [key for key in spec.settings if f"`{key}" not in section] == []
