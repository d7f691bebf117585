"""A slice of the kills: nothing acknowledged is lost, and a loss or a change would be seen."""

from __future__ import annotations

from pathlib import Path

from benchmarks.records import kill
from benchmarks.records._writer import drawn_events
from labctl.record import RunFolder


def test_nothing_acknowledged_is_lost_in_a_kill_or_a_power_cut() -> None:
    """Three writers, one a load, and forty power cuts."""
    figures = list(kill.measure("short", writers=3, runs=0, cuts=40))

    assert 4 == len(figures)
    assert set() == {figure.name for figure in figures if not figure.holds}


def kept(root: Path, seed: int, count: int) -> Path:
    """The folder of a run that was left without its end."""
    folder = RunFolder.create(root, "load", "water")
    journal = folder.open_journal(real_time=False)
    drawn = drawn_events(seed)
    for _ in range(count):
        journal.append(next(drawn))
    journal.close()
    return folder.path


def test_a_loss_would_be_counted(tmp_path: Path) -> None:
    """Twenty events are there, and 21 were acknowledged."""
    tally = kill.Tally()
    kill._judge(tally, "one", kept(tmp_path, 1, 20), 1, 21)

    assert ["one: 21 acknowledged, 20 recovered"] == tally.lost
    assert [] == tally.corrupt


def test_an_event_that_was_never_written_would_be_counted(tmp_path: Path) -> None:
    """The run of another seed: whole in itself, and of other readings."""
    tally = kill.Tally()
    kill._judge(tally, "one", kept(tmp_path, 2, 20), 1, 20)

    assert ["one: 20 events are other ones"] == tally.corrupt
    assert [] == tally.lost
