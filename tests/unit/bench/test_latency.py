"""How long light may go on at worst: computed from a bench's ports, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from labctl.bench import latency_lines, off_latency
from labctl.bench._latency import too_slow
from labctl.errors import RefusedError
from labctl.limits import Limits
from tests.scenario.runs import bench_file, run, without_shutter


def test_the_worst_case_is_made_of_tick_exchange_lease_and_the_lasers_own_time() -> None:
    """An Arroyo controller under a lease of 2 s, nothing beside it in the beam."""
    worst = off_latency(bench_file("simulated"))
    assert worst is not None
    assert ("laser", 0.25) == (worst.by, worst.asked_s)
    assert pytest.approx(0.29) == worst.engine_killed_s
    assert pytest.approx(2.29) == worst.engine_hangs_s
    assert pytest.approx(0.2 + 0.2 + 0.04 + 0.25) == worst.rule_s
    assert pytest.approx(0.45 + 0.2 + 0.25) == worst.guard_hangs_s
    assert worst.both_gone_s is None


def test_a_protocol_that_tightens_the_lease_shortens_the_worst_case() -> None:
    """And it cannot loosen it: that is refused before."""
    worst = off_latency(bench_file("simulated"), asked=Limits(lease_s=0.3))
    assert worst is not None
    assert pytest.approx(0.59) == worst.engine_hangs_s
    with pytest.raises(RefusedError):
        off_latency(bench_file("simulated"), asked=Limits(lease_s=2.5))


def test_the_quicker_of_laser_and_shutter_is_the_way_off() -> None:
    """A CNI supply may drop commands for half a second; the blade does not."""
    worst = off_latency(bench_file("simulated-cni"))
    assert worst is not None
    assert ("shutter", 0.4) == (worst.by, worst.asked_s)
    assert "" == too_slow(bench_file("simulated-cni"))


def test_a_laser_too_slow_by_itself_is_told_and_warned_of() -> None:
    """Without shutter or relay; on a simulated bench it is a warning."""
    slow = without_shutter(bench_file("simulated-cni"))
    assert "may take 0.6 s to go off" in too_slow(slow)
    assert latency_lines(slow)[-1].startswith("WARNING: the laser may take 0.6 s")
    assert 1 == len(latency_lines(bench_file("simulated-cni")))
    assert "" == too_slow(bench_file("simulated"))


def test_a_dead_man_that_is_fed_bounds_what_nobody_is_left_to_switch_off() -> None:
    """Its own time, and its contact's; it makes a slow laser's bench quick enough as well."""
    gates = bench_file("simulated-gates")
    worst = off_latency(gates)
    assert worst is not None and worst.both_gone_s is not None
    assert 0.6 < worst.both_gone_s < 0.7
    cni = bench_file("simulated-cni")
    relay = gates.roles["deadman"]
    mixed = replace(
        cni,
        instruments={**cni.instruments, relay.instrument: gates.instruments[relay.instrument]},
        roles={**cni.roles, "deadman": relay},
    )
    assert "" == too_slow(without_shutter(mixed))


def test_a_bench_without_the_source_has_no_worst_case() -> None:
    """Nothing is said of what is not there."""
    assert off_latency(bench_file("thermometer-only")) is None
    assert [] == latency_lines(bench_file("thermometer-only"))
    heater = off_latency(bench_file("simulated-heater"), "heater")
    assert heater is not None and "heater" == heater.by


def test_it_is_on_record(tmp_path: Path) -> None:
    """In run.json, by source."""
    story = run(tmp_path)
    assert '"engine_hangs_s": 2.29' in (story.result.folder.path / "run.json").read_text()
