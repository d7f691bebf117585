"""The index of the runs: found by what they were, followed as they change, never the truth."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.catalogue import Catalogue, Entry, Query
from labctl.clock import NS
from labctl.events import Beam, DoseBasis, Event, Mode, RunBegun, RunEnded
from labctl.notes import add_note, change_tags
from labctl.record import RunFolder, verify_run
from labctl.record._encode import encode
from labctl.record._frames import seal


def make(
    runs: Path,
    number: int,
    *,
    day: str = "2026-01-31",
    sample: str = "pda",
    lot: str = "A25",
    protocol: str = "heating-curve",
    verdict: str | None = "pass",
    mode: Mode = Mode.SIMULATED,
) -> Path:
    """A record with only the ends of a journal; without `verdict` it has no end."""
    folder = runs / day / f"{number:03d}-{protocol}-{sample}"
    folder.mkdir(parents=True)
    lines = [seal('{"n":0,"schema":"labctl.journal/1"')]
    events: list[Event] = [
        RunBegun(0, mode, protocol, "p", "bench", "b", sample, "s", 7, "0.1.0"),
        DoseBasis(0, sample, lot, 0.5, 1.0, 0.5, "cem43", "skin", 0.03, 0.5, None, None, 0.0),
    ]
    if verdict is not None:
        ended = RunEnded(9 * NS, "completed", "all steps done", 0, verdict, Beam.OFF, "", 18, 4.5)
        events.append(ended)
    lines += [seal(f'{{"n":{n},{encode(event)}') for n, event in enumerate(events, start=1)]
    (folder / "journal.jsonl").write_bytes(b"".join(lines))
    return folder


def found(runs: Path, query: Query | None = None) -> list[str]:
    """Paths, from an index brought up to date."""
    with Catalogue(runs) as catalogue:
        catalogue.refresh()
        return [entry.path for entry in catalogue.search(query)]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Five records of two days."""
    make(tmp_path, 1)
    make(tmp_path, 2, verdict="fail", lot="A26")
    make(tmp_path, 3, sample="gold", protocol="on-off-cycles", verdict="cannot tell")
    make(tmp_path, 1, day="2026-02-01", verdict=None)
    make(tmp_path, 2, day="2026-02-01", mode=Mode.REAL)
    return tmp_path


FIRST, SECOND, GOLD, CUT, REAL = (
    "2026-01-31/001-heating-curve-pda",
    "2026-01-31/002-heating-curve-pda",
    "2026-01-31/003-on-off-cycles-gold",
    "2026-02-01/001-heating-curve-pda",
    "2026-02-01/002-heating-curve-pda",
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(), [FIRST, SECOND, GOLD, CUT, REAL]),
        (Query(sample="PDA"), [FIRST, SECOND, CUT, REAL]),
        (Query(sample="g*"), [GOLD]),
        (Query(sample="[g]*"), []),
        (Query(lot="A26"), [SECOND]),
        (Query(protocol="on-off-?ycles"), [GOLD]),
        (Query(verdict="fail"), [SECOND]),
        (Query(verdict="cannot tell"), [GOLD]),
        (Query(mode="real"), [REAL]),
        (Query(state="cut off"), [CUT]),
        (Query(since="2026-02-01"), [CUT, REAL]),
        (Query(until="2026-01-31", sample="pda"), [FIRST, SECOND]),
        (Query(bench="another"), []),
    ],
    ids=str,
)
def test_runs_are_found_by_what_they_were(runs: Path, query: Query, expected: list[str]) -> None:
    """Each key alone, and two together, oldest first."""
    assert expected == found(runs, query)


def test_the_last_ones_are_the_newest(runs: Path) -> None:
    """Still in order."""
    with Catalogue(runs) as catalogue:
        catalogue.refresh()
        assert [CUT, REAL] == [entry.path for entry in catalogue.search(last=2)]
        assert 5 == catalogue.count()


def test_an_entry_is_what_its_journal_says(runs: Path) -> None:
    """Not what its folder is called."""
    (runs / FIRST).rename(runs / "2026-01-31/009-a-copy")
    with Catalogue(runs) as catalogue:
        catalogue.refresh()
        (entry,) = catalogue.search(Query(lot="A25", until="2026-01-31", sample="pda"))
    assert entry == Entry(
        "2026-01-31/009-a-copy", "2026-01-31", "closed", "all steps done", None, None, "SIMULATED",
        "heating-curve", "pda", "A25", "bench", "completed", "pass", 0, 9.0, 18, 4.5,
    )  # fmt: skip


def test_only_what_changed_is_read_again(runs: Path) -> None:
    """And what had not ended, because it may have by now; what is gone is forgotten."""
    with Catalogue(runs) as catalogue:
        assert 5 == catalogue.refresh()
        assert 1 == catalogue.refresh()
    make(runs, 9)
    (runs / GOLD / "journal.jsonl").unlink()
    (runs / GOLD).rmdir()
    with Catalogue(runs) as catalogue:
        assert 2 == catalogue.refresh()
        assert 5 == catalogue.count()


def test_an_old_day_is_looked_into_when_its_runs_come_or_go(tmp_path: Path) -> None:
    """Or while one of them has no end; else it is passed over, which `rebuild` makes good."""
    for day in ("2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"):
        make(tmp_path, 1, day=day, verdict=None if day == "2026-01-02" else "pass")
    with Catalogue(tmp_path) as catalogue:
        assert 4 == catalogue.refresh()
        assert 1 == catalogue.refresh()
        old = tmp_path / "2026-01-01"
        (old / "001-heating-curve-pda" / "journal.jsonl").write_bytes(b"")
        assert 1 == catalogue.refresh()
        make(tmp_path, 2, day="2026-01-01")
        assert 2 == catalogue.refresh()
        assert 5 == catalogue.refresh(rebuild=True)
        assert ["2026-01-01/001-heating-curve-pda"] == [
            entry.path for entry in catalogue.search(Query(state="unreadable"))
        ]
        shutil.rmtree(old)
        catalogue.refresh()
        assert 3 == catalogue.count()


def test_a_run_that_goes_on_is_followed_to_its_end(tmp_path: Path) -> None:
    """Running, then closed with its verdict and its efficiency."""
    folder = RunFolder.create(tmp_path, "heating-curve", "water")
    journal = folder.open_journal(real_time=False)
    journal.append(RunBegun(0, Mode.REAL, "heating-curve", "p", "b", "b", "water", "s", None, "0"))
    journal.durable(1).result()
    with Catalogue(tmp_path) as catalogue:
        catalogue.refresh()
        assert ["running"] == [entry.state for entry in catalogue.search()]
        journal.append(RunEnded(NS, "completed", "done", 0, "pass", Beam.OFF, "", 2, 1.0))
        folder.finish(results={"efficiency": {"value": 0.41, "low": 0.37, "high": 0.45}})
        catalogue.refresh()
        (entry,) = catalogue.search()
    assert ("closed", "pass", 0.41, 0.45) == (
        entry.state, entry.verdict, entry.efficiency, entry.efficiency_high,
    )  # fmt: skip
    assert folder.run_id == entry.run_id


@given(what=st.binary(max_size=300), name=st.sampled_from(["journal.jsonl", "run.json"]))
def test_whatever_lies_in_a_folder_is_listed(
    what: bytes, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A run that cannot be read drops out of no list: it says why."""
    runs = tmp_path_factory.mktemp("runs")
    folder = make(runs, 1)
    (folder / name).write_bytes(what)
    with Catalogue(runs) as catalogue:
        catalogue.refresh()
        (entry,) = catalogue.search()
    assert entry.state in ("closed", "unreadable")
    assert entry.state == "closed" or entry.why


def test_an_index_is_made_again_whatever_became_of_it(runs: Path) -> None:
    """Deleted, overwritten with something else, of another version, or asked to: the same list."""
    expected = found(runs)
    index = runs / ".catalogue.sqlite"
    index.unlink()
    assert expected == found(runs)
    index.write_bytes(b"not an index of anything" * 100)
    assert expected == found(runs)
    with sqlite3.connect(index) as base:
        base.execute("PRAGMA user_version = 99")
    base.close()
    assert expected == found(runs)
    with Catalogue(runs) as catalogue:
        assert 5 == catalogue.refresh(rebuild=True)
        assert expected == [entry.path for entry in catalogue.search()]


def test_records_that_may_not_be_written_to_are_listed_all_the_same(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From memory; nothing is left behind in them."""
    monkeypatch.setattr("os.access", lambda *_: False)
    with Catalogue(runs) as catalogue:
        assert (5, False) == (catalogue.refresh(), catalogue.kept)
    assert not (runs / ".catalogue.sqlite").exists()


def test_looking_writes_nothing_into_a_record(runs: Path) -> None:
    """The index is all that there is new."""
    before = {path: path.stat().st_mtime_ns for path in runs.rglob("*") if path.is_file()}
    found(runs)
    after = {path: path.stat().st_mtime_ns for path in runs.rglob("*") if path.is_file()}
    after.pop(runs / ".catalogue.sqlite")

    assert before == after


def test_what_is_no_run_is_not_listed(runs: Path) -> None:
    """Folders by other names, files among the runs."""
    (runs / "notes").mkdir()
    (runs / "2026-01-31" / "todo.txt").write_text("weigh the cuvette")

    assert 5 == len(found(runs))


def test_the_columns_are_those_of_an_entry() -> None:
    """A field that is added needs another version of the index: its name is told by this test."""
    assert 22 == len(dataclasses.fields(Entry))


@pytest.fixture
def noted(runs: Path) -> Path:
    """Two of them with tags, one with notes."""
    change_tags(runs / FIRST, ["figure-2", "good"], who="A", user="a")
    change_tags(runs / GOLD, ["good"], who="A", user="a")
    add_note(runs / GOLD, "Küvette 3,\n a bubble", who="A", user="a")
    return runs


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(tags=("good",)), [FIRST, GOLD]),
        (Query(tags=("GOOD", "figure-2")), [FIRST]),
        (Query(tags=("goo",)), []),
        (Query(tags=("%",)), []),
        (Query(text="KÜVETTE 3, a"), [GOLD]),
        (Query(text="bubble", tags=("figure-2",)), []),
        (Query(text="*"), []),
    ],
    ids=str,
)
def test_runs_are_found_by_tags_and_by_words_of_their_notes(
    noted: Path, query: Query, expected: list[str]
) -> None:
    """Whole tags, all of them; words in any case."""
    assert expected == found(noted, query)
    (noted / ".catalogue.sqlite").unlink()
    assert expected == found(noted, query)


def test_a_note_that_comes_later_is_seen_at_the_next_look(noted: Path) -> None:
    """Of the newest days by itself, of an older one when the index is told of it, or rebuilt."""
    assert [] == found(noted, Query(text="later"))
    add_note(noted / GOLD, "later", who="A", user="a")
    assert [GOLD] == found(noted, Query(text="later"))
    for day in ("2026-03-01", "2026-03-02"):
        make(noted, 1, day=day)
    assert [] == found(noted, Query(text="too late"))
    add_note(noted / GOLD, "too late", who="A", user="a")
    assert [] == found(noted, Query(text="too late"))
    with Catalogue(noted) as catalogue:
        catalogue.look_at(GOLD)
    assert [GOLD] == found(noted, Query(text="too late"))


def test_notes_that_cannot_be_read_hide_no_run(noted: Path) -> None:
    """It is listed, with the tags that can be read: none."""
    path = noted / GOLD / "notes.jsonl"
    path.unlink()
    path.mkdir()
    assert [FIRST] == found(noted, Query(tags=("good",)))
    assert GOLD in found(noted)


def test_half_a_character_in_one_record_hides_no_other(runs: Path) -> None:
    """In its notes, its sample or the name of its folder, which no SQLite takes; nor does one in
    what is asked for."""
    make(runs, 4, sample="K\udcfcvette")
    body = json.dumps({"n": 1, "utc": "", "user": "a", "who": "", "what": "note", "text": "\udcff",
                       "before": "0" * 64})  # fmt: skip
    sum_ = hashlib.sha256(body.encode()).hexdigest()[:16]
    (runs / GOLD / "notes.jsonl").write_text(f'{body[:-1]}, "c": "{sum_}"}}\n')
    for _ in range(3):
        paths = found(runs)
        assert [FIRST, SECOND, GOLD, CUT, REAL] == [p for p in paths if "vette" not in p]
        assert 1 == len([p for p in paths if "vette" in p])
    assert [GOLD] == found(runs, Query(text="\udcff"))
    assert [] == found(runs, Query(sample="\udcff"))


def test_a_count_that_is_none_hides_no_run(runs: Path) -> None:
    """One that is longer than any index holds."""
    folder = make(runs, 4)
    journal = folder / "journal.jsonl"
    lines = journal.read_bytes().splitlines()
    body = lines[-1].decode().rpartition(',"c"')[0].replace('"samples":18', f'"samples":{10**30}')
    journal.write_bytes(b"\n".join(lines[:-1]) + b"\n" + seal(body))
    assert 6 == len(found(runs))


def test_notes_change_nothing_that_is_verified(tmp_path: Path) -> None:
    """A record with notes and tags is as intact as it was."""
    folder = RunFolder.create(tmp_path, "heating-curve", "water")
    journal = folder.open_journal(real_time=False)
    journal.append(RunBegun(0, Mode.REAL, "heating-curve", "p", "b", "b", "water", "s", None, "0"))
    journal.append(RunEnded(NS, "completed", "done", 0, "none", Beam.OFF, "", 0, 0.0))
    folder.finish()
    before = verify_run(folder.path)
    add_note(folder.path, "the lid was off", who="A", user="a")
    change_tags(folder.path, ["lid"], who="A", user="a")
    assert "intact" == before.outcome
    assert before == verify_run(folder.path)
