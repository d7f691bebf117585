"""Journals that were kept stay readable: every kind of event, whole and cut off, as they were
written then. tests/scenario/golden.py makes new ones; old ones are never made again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from labctl.events import KINDS
from labctl.ledger import run_dose
from labctl.record import (
    Journal,
    JournalState,
    Outcome,
    describe_run,
    make_table,
    read_journal,
    verify_run,
)
from labctl.replay import replay_run
from tests.scenario.golden import HOME

HEADS: dict[str, str] = json.loads((HOME / "heads.json").read_text())
JOURNALS = sorted(HOME.glob("*.jsonl"))
CUT_OFF = {"0.1-a-cut-off.jsonl"}


@pytest.fixture(params=JOURNALS, ids=lambda path: path.stem)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with a kept journal in it, and nothing else."""
    shutil.copy(request.param, tmp_path / "journal.jsonl")
    (tmp_path / "name").write_text(request.param.name)
    return tmp_path


def name(folder: Path) -> str:
    return (folder / "name").read_text()


def test_each_kept_journal_has_its_head_hash() -> None:
    """None is there without one, and none is gone."""
    assert set(HEADS) == {path.name for path in JOURNALS}


def test_a_kept_journal_is_what_was_written(folder: Path) -> None:
    """It verifies against the head hash kept beside."""
    expected = Outcome.CUT_OFF if name(folder) in CUT_OFF else Outcome.INTACT

    assert expected == verify_run(folder, HEADS[name(folder)]).outcome


def test_a_kept_journal_is_written_alike_today(folder: Path, tmp_path: Path) -> None:
    """Its events give the same bytes again: a field that was added since is not written while it
    has the value of then."""
    reading = read_journal(folder / "journal.jsonl")
    journal = Journal(tmp_path / "again.jsonl", real_time=False)
    for event in reading.events:
        journal.append(event)
    journal.close()
    was = (folder / "journal.jsonl").read_bytes()[: reading.good_bytes]

    # A journal that is closed early gets a chain line, which the one that was killed has not.
    assert was == (tmp_path / "again.jsonl").read_bytes()[: len(was)]
    assert (reading.state is JournalState.CLOSED) == (len(was) == journal.path.stat().st_size)


def test_everything_reads_a_kept_journal(folder: Path) -> None:
    """Description, table, dose and today's check take it."""
    make_table(folder / "journal.jsonl", folder / "data.csv")
    dose = run_dose(folder, rebuild=True)

    assert describe_run(folder).begun is not None
    assert dose is not None
    assert "" == replay_run(folder).broke
    assert (folder / "data.csv").read_text().startswith("time_s,")


def test_the_kept_journals_have_every_kind_of_event() -> None:
    """A kind that is added needs a journal that keeps it."""
    kinds = {event.kind for path in JOURNALS for event in read_journal(path).events}

    assert set(KINDS) == kinds
