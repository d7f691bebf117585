"""Rules that have nothing to look at on a bench are named."""

from __future__ import annotations

from dataclasses import replace

from click.testing import CliRunner

from labctl.bench import unwatched
from labctl.cli import main
from tests.scenario.runs import BENCHES, bench_file

FILE = bench_file("simulated")


def test_a_bench_with_everything_leaves_no_rule_out() -> None:
    """Meter, readable interlock, and a count of readings."""
    assert [] == unwatched(FILE, "laser")
    assert [] == unwatched(bench_file("simulated-heater"), "heater")


def test_each_rule_without_its_reading_is_named() -> None:
    """And why."""
    file = replace(
        FILE,
        roles={name: role for name, role in FILE.roles.items() if name != "meter"},
        vigilance=replace(FILE.vigilance, frozen_after=0),
        interlock_readable=False,
    )
    names = [line.partition(":")[0] for line in unwatched(file, "laser")]
    assert ["frozen", "power, power-mismatch", "interlock"] == names


def test_a_plan_names_them() -> None:
    """A CNI supply cannot read its interlock."""
    done = CliRunner().invoke(
        main, ["plan", "heating-curve", "--bench", str(BENCHES / "simulated-cni.yaml")]
    )
    assert "not available on this bench: interlock" in done.output
    whole = CliRunner().invoke(
        main, ["plan", "heating-curve", "--bench", str(BENCHES / "simulated.yaml")]
    )
    assert "not available" not in whole.output
