"""What was written once stays readable, and is written alike: a journal kept from the first
version, and the reference page beside what is really written."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from labctl.record import JournalState, RunFolder, read_journal
from labctl.record._frames import first_line
from tests.unit.record.some_events import run, write

GOLDEN = Path(__file__).with_name("golden") / "journal-1.jsonl"
PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "record.md"


def test_a_journal_of_the_first_version_is_read() -> None:
    """Its events are those that were written then, and it is closed."""
    reading = read_journal(GOLDEN)

    assert (tuple(run()), JournalState.CLOSED) == (reading.events, reading.state)


def test_a_journal_is_written_as_ever(tmp_path: Path) -> None:
    """The same events give the same bytes as in the first version."""
    assert GOLDEN.read_bytes() == write(tmp_path / "j", run()).read_bytes()


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    """The folder of a finished run."""
    folder = RunFolder.create(tmp_path, "heating-curve", "water")
    journal = folder.open_journal(real_time=False)
    for event in run():
        journal.append(event)
    folder.finish()
    return folder.path


def test_the_page_shows_the_first_line() -> None:
    """The example of the page is what is written."""
    assert first_line().decode().strip() in PAGE.read_text().splitlines()


def test_the_page_names_every_key(finished: Path) -> None:
    """Every key of run.json and of its part on the journal is explained."""
    explained = set(re.findall(r"`([a-z_]+)`", PAGE.read_text()))
    said = json.loads((finished / "run.json").read_text())

    assert set() == (said.keys() | said["journal"].keys()) - explained - {"protocol", "sample"}


def test_the_page_names_every_column(finished: Path) -> None:
    """Every column of data.csv is explained."""
    explained = set(re.findall(r"`(\w+)`", PAGE.read_text()))
    header = (finished / "data.csv").read_text().splitlines()[0].split(",")

    assert set() == set(header) - explained
