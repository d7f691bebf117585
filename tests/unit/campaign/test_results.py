"""What is told of a campaign: every run that was begun, and of what counts the numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.campaign import exclude, gather, report_lines
from tests.unit.campaign.given import LIT, TEXT, Bench


def told(bench: Bench) -> list[str]:
    """The report."""
    state = bench.state
    return report_lines(bench.study, state, gather(bench.study, state, bench.runs))


def test_means_and_comparison_are_of_the_runs_that_count(tmp_path: Path) -> None:
    """Arms with their values, the others held against the one that was declared."""
    bench = Bench(tmp_path)
    bench.value = lambda unit, number: (0.4 if unit.arm == "particles" else 0.1) + 0.01 * number
    bench.go_on()
    table = gather(bench.study, bench.state, bench.runs).tables[0]
    comparison = table.comparisons["particles"]

    assert {"particles": 4, "medium": 4} == {arm: each.n for arm, each in table.groups.items()}
    assert comparison is not None and comparison.low is not None and comparison.g is not None
    assert comparison.low < 0.3 < 0.35
    assert comparison.g > 0
    assert {"lot", "day", "bench"} == {each.factor for each in table.components}


def test_an_excluded_run_is_listed_with_its_reason_and_does_not_count(tmp_path: Path) -> None:
    """It stays in the list for good."""
    bench = Bench(tmp_path)
    bench.go_on()
    with bench.log as log:
        made = exclude(log, "u03", by="A. Lab", reason="the lid was left open")
    results = gather(bench.study, bench.state, bench.runs)

    assert 7 == sum(row.counts for row in results.runs)
    assert 8 == len(results.runs)
    assert any(
        made.name in line and "A. Lab: the lid was left open" in line for line in told(bench)
    )


def test_crashed_and_missing_runs_are_listed(tmp_path: Path) -> None:
    """Nothing drops out silently."""
    bench = Bench(tmp_path)
    bench.die(*LIT)
    bench.go_on(at_most=2)
    lines = told(bench)

    assert any("u01 does not count: crashed: cut off" in line for line in lines)
    assert any("not begun: u04, u05, u06, u07, u08" in line for line in lines)


def test_a_changed_record_does_not_count(tmp_path: Path) -> None:
    """Its head hash stands in the campaign's log."""
    bench = Bench(tmp_path)
    bench.go_on()
    folder = bench.runs / bench.state.made["u02", 1].run
    journal = folder / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b"4.5", b"5.5"))
    rows = {row.made.name: row for row in gather(bench.study, bench.state, bench.runs).runs}

    assert not rows["u02"].counts
    assert "not intact" in rows["u02"].why_not


@pytest.mark.parametrize(("counted", "number"), [("completed", 0), ("completed, held", 8)])
def test_held_runs_count_where_that_was_declared(
    tmp_path: Path, counted: str, number: int
) -> None:  # fmt: skip
    """And else are listed."""
    bench = Bench(tmp_path, TEXT.replace("to: medium", f"to: medium, count: [{counted}]"))
    bench.outcome = "held"
    bench.go_on()

    assert number == sum(row.counts for row in gather(bench.study, bench.state, bench.runs).runs)
    held = "held        medium 4 of 4, particles 4 of 4: not treated further"
    assert any(line.startswith(held) for line in told(bench)) is bool(number)


def test_a_result_that_a_run_lacks_is_told(tmp_path: Path) -> None:
    """Not left out of the count in silence."""
    bench = Bench(tmp_path, TEXT.replace("primary: efficiency", "primary: retention"))
    bench.go_on()

    assert any("particles: 4 runs that count have no retention" in line for line in told(bench))
