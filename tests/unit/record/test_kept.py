"""The files that a record stands on: their hashes stand in its journal, and a change is named."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import jsonschema
import pytest

from labctl.events import FilesKept, Imported, RunBegun
from labctl.record import Outcome, RunFolder, json_schema, verify_run
from labctl.record._origin import read_commit
from tests.unit.record.some_events import run

SCHEMA = Path(__file__).resolve().parents[3] / "docs" / "reference" / "run-1.json"
TEXTS = {"protocol.yaml": "name: p\n", "bench.yaml": "name: b\n", "sample.yaml": "name: s\n"}


def made(where: Path, *, covered: bool = True, ended: bool = True) -> Path:
    """The folder of a run; its guard wrote one line by the end, and one on leaving."""
    folder = RunFolder.create(where, "heating-curve", "water", texts=TEXTS)
    journal = folder.open_journal(real_time=False)
    log = folder.path / "guard.jsonl"
    for event in run():
        if event.kind == "run-ended" and covered:
            log.write_text('{"what":"off"}\n')
            journal.append(FilesKept(event.t_ns, {"guard.jsonl": folder.kept()["guard.jsonl"]}))
        if event.kind != "run-ended" or ended:
            journal.append(event)
        if isinstance(event, RunBegun) and covered:
            journal.append(FilesKept(0, folder.kept()))
    folder.finish()
    with log.open("a") as file:
        file.write('{"what":"gone"}\n')
    return folder.path


def test_a_record_with_its_files_is_intact(tmp_path: Path) -> None:
    """The guard's last line came after the journal's word, and is told as not covered."""
    found = verify_run(made(tmp_path))

    assert (Outcome.INTACT, "") == (found.outcome, found.where)
    assert "not covered: the last 1 lines of guard.jsonl, of after the run" == found.why[-1]


@pytest.mark.parametrize("name", [*TEXTS, "guard.jsonl"])
def test_a_file_that_was_changed_is_named(tmp_path: Path, name: str) -> None:
    """One byte of a copy, or of the guard's log."""
    path = made(tmp_path)
    data = (path / name).read_bytes()
    (path / name).write_bytes(b"N" + data[1:])
    found = verify_run(path)

    assert (Outcome.CHANGED, name) == (found.outcome, found.where)
    assert f"{name} is not the file that the journal has the hash of" == found.why[0]


@pytest.mark.parametrize(
    ("what", "words"),
    [("", "is shorter than"), ("name: b\nmore: 1\n", "is longer than"), (None, "is missing")],
)
def test_a_file_of_another_length_is_named(tmp_path: Path, what: str | None, words: str) -> None:
    """Emptied, added to, or taken away; also of a run that was cut off."""
    path = made(tmp_path, ended=False)
    bench = path / "bench.yaml"
    bench.unlink() if what is None else bench.write_text(what)
    found = verify_run(path)

    assert (Outcome.CHANGED, "bench.yaml") == (found.outcome, found.where)
    assert f"bench.yaml {words}" in found.why[0]


def test_what_people_add_is_outside(tmp_path: Path) -> None:
    """Notes, observations, a report: nothing of the record."""
    path = made(tmp_path)
    for name in ("notes.jsonl", "observations.jsonl", "report.html", "ro-crate-metadata.json"):
        (path / name).write_text("anything\n")

    assert Outcome.INTACT is verify_run(path).outcome


def test_an_older_journal_tells_what_it_does_not_cover(tmp_path: Path) -> None:
    """Without hashes in it a record is intact as far as it goes, and says how far."""
    found = verify_run(made(tmp_path, covered=False))
    bare = "protocol.yaml, bench.yaml, sample.yaml, guard.jsonl"

    assert Outcome.INTACT is found.outcome
    assert f"not covered, the journal has no hash of: {bare}" == found.why[-1]


def test_no_file_outside_the_folder_is_looked_at(tmp_path: Path) -> None:
    """A journal may come from anywhere, and name anything."""
    folder = RunFolder.create(tmp_path, "heating-curve", "water")
    journal = folder.open_journal(real_time=False)
    for event in run():
        if event.kind == "run-ended":
            journal.append(FilesKept(event.t_ns, {"../../secret": {"sha256": "", "bytes": 0}}))
        journal.append(event)
    folder.finish()
    found = verify_run(folder.path)

    assert Outcome.CHANGED is found.outcome
    assert "a file '../../secret' that no labctl keeps" in found.why[0]


def test_a_run_closed_before_its_first_event_was_not_recovered(tmp_path: Path) -> None:
    """Its journal has a first line and no more, as it was closed."""
    folder = RunFolder.create(tmp_path, "heating-curve", "water")
    folder.open_journal(real_time=False)
    folder.finish()
    found = verify_run(folder.path)

    assert Outcome.CUT_OFF is found.outcome
    assert "is what it was when the run was closed" in found.why[0]


def test_the_schema_of_run_json_is_the_committed_one(tmp_path: Path) -> None:
    """`labctl schema run`, and what a run writes fits it."""
    told = json.loads((made(tmp_path) / "run.json").read_text())

    assert json_schema() == json.loads(SCHEMA.read_text())
    jsonschema.validate(told, json_schema())


def test_a_commit_is_read_from_files(tmp_path: Path) -> None:
    """On a branch, packed or not, detached, in a worktree; else it is not known."""
    one, other = "a" * 40, "b" * 40
    git = tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    head = git / "HEAD"
    head.write_text("ref: refs/heads/main\n")
    assert read_commit(tmp_path) is None
    (git / "packed-refs").write_text(f"# pack-refs with: peeled\n{other} refs/heads/main\n")
    assert other == read_commit(tmp_path)
    (git / "refs" / "heads" / "main").write_text(f"{one}\n")
    assert one == read_commit(tmp_path)
    tree = tmp_path / "tree"
    (git / "worktrees" / "tree").mkdir(parents=True)
    (git / "worktrees" / "tree" / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "worktrees" / "tree" / "commondir").write_text("../..\n")
    tree.mkdir()
    (tree / ".git").write_text(f"gitdir: {git}/worktrees/tree\n")
    assert one == read_commit(tree)
    head.write_text(f"{other}\n")
    assert other == read_commit(tmp_path)
    head.write_text("nonsense\n")
    assert read_commit(tmp_path) is None


def test_the_file_of_an_imported_curve_is_covered(tmp_path: Path) -> None:
    """By the hash that was taken when it came."""
    folder = RunFolder.create(tmp_path, "heating-curve", "water")
    text = b"time_s,T_C\n0,21.5\n"
    (folder.path / "imported.csv").write_bytes(text)
    journal = folder.open_journal(real_time=False)
    sha256 = hashlib.sha256(text).hexdigest()
    for event in run():
        journal.append(event)
        if isinstance(event, RunBegun):
            journal.append(
                Imported(0, "curve.csv", sha256, len(text), "imported.csv", "A. Ito", "", "", (),
                         (), (), 1, 0, None, 0.0)
            )  # fmt: skip
    folder.finish()

    assert Outcome.INTACT is verify_run(folder.path).outcome
    (folder.path / "imported.csv").write_bytes(text.replace(b"21.5", b"22.5"))
    assert "imported.csv" == verify_run(folder.path).where
