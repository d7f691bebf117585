"""A record that is made aside is among the others whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from labctl.errors import RecordError
from labctl.events import Beam, Mode, RunBegun, RunEnded
from labctl.record import Outcome, RunFolder, aside, place_record, verify_run


def made(root: Path) -> Path:
    """A closed record."""
    folder = RunFolder.create(root, "imported", "x")
    journal = folder.open_journal(real_time=False)
    journal.append(RunBegun(0, Mode.IMPORTED, "imported", "0", "", "", "x", "0", None, "0"))
    journal.append(
        RunEnded(1, "imported", "from x", 0, "cannot tell", Beam.UNKNOWN, "none", 0, 0.0)
    )
    folder.finish()
    return folder.path


def test_it_gets_the_next_number_of_its_day_and_is_as_it_was_written(tmp_path: Path) -> None:
    """Numbers that others took meanwhile are theirs."""
    runs = tmp_path / "runs"
    first = made(runs)
    with aside(runs) as beside:
        placed = place_record(made(beside), runs)
    assert [first.name, placed.name] == ["001-imported-x", "002-imported-x"]
    assert verify_run(placed).outcome is Outcome.INTACT
    assert sorted(path.name for path in runs.iterdir()) == [first.parent.name]


def test_what_is_left_aside_goes_at_an_error_and_a_day_after_a_kill(tmp_path: Path) -> None:
    """Of a killed process the folder stays a day, since another may be at work in a younger one."""
    old, young = tmp_path / ".making-old", tmp_path / ".making-young"
    for path in (old, young):
        path.mkdir()
    os.utime(old, (0, 0))
    with pytest.raises(RecordError, match="no journal"), aside(tmp_path) as beside:
        place_record(beside, tmp_path)
    assert list(tmp_path.iterdir()) == [young]
