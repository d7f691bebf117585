"""A slice of the stores beside the journal: those that need nothing installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.records import peers
from benchmarks.records.peers import HERE, ROOT, rows_left


def test_a_store_has_every_row_that_it_was_given(tmp_path: Path) -> None:
    """All are there, and a sync covers each of them."""
    store = "gathered"
    done = subprocess.run(
        [sys.executable, str(HERE / "rows.py"), store, "0.02", "0.1", "0", str(tmp_path)],
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout.splitlines()[-1])

    assert told["rows"] > 10
    assert told["rows"] == told["covered"] == rows_left(store, tmp_path)
    assert told["syncs"] is None


def test_rows_are_counted_as_their_readers_find_them(tmp_path: Path) -> None:
    """Of a CSV the whole lines, without what PyMeasure writes about them and the names."""
    (tmp_path / "rows.csv").write_text("#Procedure: <x>\ntime,probe\n1,2\n3,4\n5")

    assert 2 == rows_left("pymeasure", tmp_path)


def test_labctl_and_sqlite_are_measured_side_by_side() -> None:
    """One short round of each: rates, and the ratio with its goal."""
    figures = {
        figure.name: figure
        for figure in peers.measure("short", 1, 0.1, 0, stores=("labctl", "sqlite"))
    }

    assert figures["labctl's journal"].value > 0
    assert "nothing is durable" not in figures["labctl's journal"].beside
    assert figures["labctl's journal over SQLite WAL FULL"].holds is not None
