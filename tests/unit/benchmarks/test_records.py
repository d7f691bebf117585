"""A slice of each figure on records, and that what measures them does find what it looks for."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from benchmarks.records import catalogue, export, replay, verify
from benchmarks.records._made import BRIEF, remade, simulated
from labctl.catalogue import Catalogue, Query
from labctl.record import JournalState, Outcome, read_journal, verify_run


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a simulated run."""
    return simulated(tmp_path_factory.mktemp("run"), 1, BRIEF)


def test_every_kind_of_damage_is_found_and_its_line_named() -> None:
    """Ten trials of each."""
    figures = list(verify.measure("short", trials=10))

    assert set() == {figure.name for figure in figures if not figure.holds}
    assert len(verify.KINDS) + 2 == len(figures)


def test_damage_that_is_not_found_would_be_a_miss(record: Path, tmp_path: Path) -> None:
    """The journal as it was is called intact, and counts as not found."""
    copy = Path(shutil.copytree(record, tmp_path / "copy"))
    was = (record / "journal.jsonl").read_bytes()

    assert (False, False) == verify._verified(copy, was, was)


def test_replays_are_the_same_and_tampering_is_found() -> None:
    """Three runs, one of them with a fault."""
    figures = list(replay.measure("short", runs=3))

    assert set() == {figure.name for figure in figures if figure.holds is False}


def test_a_journal_made_anew_holds_in_itself(record: Path, tmp_path: Path) -> None:
    """So that what finds it is not a slip of whoever made it; its head is another one."""
    path = tmp_path / "journal.jsonl"
    was = (record / "journal.jsonl").read_bytes()
    path.write_bytes(remade(was.splitlines(keepends=True)))
    assert was == path.read_bytes()
    replay._tamper(path, random.Random(1))

    assert JournalState.CLOSED == read_journal(path).state
    assert Outcome.NO_HEAD == verify_run(tmp_path).outcome
    assert was != path.read_bytes()


def test_synthetic_runs_are_found(record: Path, tmp_path: Path) -> None:
    """Each is listed as a closed run under its own names."""
    catalogue.synthetic(record, tmp_path, 50)
    with Catalogue(tmp_path) as index:
        index.refresh()
        found = index.search()

    assert 50 == len(found)
    assert {"closed"} == {entry.state for entry in found}
    assert len({entry.sample for entry in found}) > 10
    with Catalogue(tmp_path) as index:
        one = found[0]
        assert one in index.search(Query(sample=one.sample, lot=one.lot, verdict=one.verdict))


def test_exports_read_back_equal() -> None:
    """Two runs, one of them with gaps; the formats, pandas and xarray each have their figure."""
    readings, *figures = export.measure("short", runs=2)

    assert readings.value > 300
    assert len(export.EQUAL) + 2 == len(figures)
    assert set() == {figure.name for figure in figures if not figure.holds}
