"""The drivers' benchmark in short, and the page that is made from it."""

from __future__ import annotations

import pytest

from benchmarks.drivers import fuzz, pace, table
from tests.contract.registered import registered

DRIVERS = registered()


def test_the_page_of_all_drivers_is_up_to_date() -> None:
    """Else: python -m benchmarks.drivers.table."""
    assert table.page() == table.PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("part", [table, pace, fuzz])
def test_every_goal_holds_for_every_driver(part: object) -> None:
    """One figure a driver at least, and none missed."""
    figures = list(part.measure("short"))  # type: ignore[attr-defined]

    assert {figure.name.rpartition(".")[2] for figure in figures} >= set(DRIVERS)
    assert [] == [figure for figure in figures if figure.holds is False]
