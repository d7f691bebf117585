"""How long light may go on at worst, computed for each laser driver on the shipped bench."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labctl.bench import BenchFile, off_latency
from labctl.bench._latency import too_slow
from tests.contract.registered import registered
from tests.scenario.runs import bench_file, without_shutter

CURRENT = {name: driver for name, driver in registered().items() if driver.spec.drive == "current"}


def bench_with(driver: str) -> BenchFile:
    file = bench_file("simulated")
    entry = replace(file.instruments["diode"], driver=driver, settings={"max_current": "2 A"})
    return replace(file, instruments={**file.instruments, "diode": entry})


@pytest.mark.parametrize("name", CURRENT)
def test_a_diode_controller_is_quick_enough_by_itself(name: str) -> None:
    """The bench prints what its driver declares, and needs no shutter for it."""
    worst = off_latency(bench_with(name))

    assert worst is not None
    assert ("laser", CURRENT[name].spec.slowest_off_s) == (worst.by, worst.asked_s)
    assert "" == too_slow(bench_with(name))


def test_a_supply_that_drops_commands_is_not() -> None:
    """A CNI supply is too slow without a shutter or relay; the shutter is its way off."""
    with_shutter = bench_file("simulated-cni")
    worst = off_latency(with_shutter)

    assert worst is not None
    assert ("shutter", 0.4) == (worst.by, worst.asked_s)
    assert "no shutter or relay" in too_slow(without_shutter(with_shutter))
