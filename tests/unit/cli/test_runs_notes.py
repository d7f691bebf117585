"""`labctl runs note`, `labctl runs tag`, and the list that finds runs by them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from labctl.cli import main
from labctl.record import RunFolder, verify_run
from tests.unit.record.some_events import run


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """The folder of a closed run."""
    folder = RunFolder.create(tmp_path / "runs", "heating-curve", "water")
    journal = folder.open_journal(real_time=False)
    for event in run():
        journal.append(event)
    folder.finish()
    return folder.path


def called(*words: str) -> int:
    """The exit code of `labctl runs ...`."""
    with pytest.raises(SystemExit) as exit:
        main(["runs", *words])
    assert isinstance(exit.value.code, int)
    return exit.value.code


def test_a_note_is_found_by_its_words_and_says_who_wrote_it(
    record: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By --by; and the record is as intact as before."""
    runs = ["--runs", str(record.parents[1])]
    before = verify_run(record)
    assert 0 == called("note", str(record), "the lid was off", "--by", "A. Ito")
    assert "by A. Ito" in capsys.readouterr().out
    assert 0 == called("--text", "LID", "--json", *runs)
    (said,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (["the lid was off"], []) == (said["notes"], said["tags"])
    assert before == verify_run(record)


def test_a_note_without_a_name_has_the_account(
    record: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And where there is no account, nobody is made up."""
    monkeypatch.setattr("getpass.getuser", lambda: "aito")
    assert 0 == called("note", str(record), "first")
    assert "by account aito" in capsys.readouterr().out

    monkeypatch.setenv("LABCTL_OPERATOR", "Ann Ito")
    assert 0 == called("note", str(record), "in between")
    assert "by Ann Ito" in capsys.readouterr().out
    monkeypatch.delenv("LABCTL_OPERATOR")

    def unknown() -> str:
        raise OSError("no such user")

    monkeypatch.setattr("getpass.getuser", unknown)
    assert 0 == called("note", str(record), "second")
    assert "by nobody named" in capsys.readouterr().out


def test_tags_stand_in_the_list_until_they_are_taken_off(
    record: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Columns of tags and notes are there when a run has some."""
    runs = ["--runs", str(record.parents[1])]
    assert 0 == called(*runs)
    assert "tags" not in capsys.readouterr().out
    assert 0 == called("tag", str(record), "Figure-2", "good")
    assert "tagged figure-2 good" in capsys.readouterr().out
    assert 0 == called("tag", str(record), "good")
    assert "as before" in capsys.readouterr().out
    assert 0 == called(*runs, "--tag", "good", "--tag", "figure-2")
    assert "figure-2 good" in capsys.readouterr().out
    assert 0 == called("tag", "--remove", str(record), "good")
    capsys.readouterr()
    assert 0 == called(*runs, "--tag", "good")
    assert "no such run" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [["note", "RUN", " "], ["tag", "RUN", "two words"], ["note", "nowhere", "x"],
     ["note", "RUN", "K\udcfcvette"], ["note", "RUN", "x", "--by", "J\udcf6rg"]],
)  # fmt: skip
def test_what_cannot_be_written_is_bad_input(words: list[str], record: Path) -> None:
    """Exit code 2, and nothing is written."""
    assert 2 == called(*(str(record) if word == "RUN" else word for word in words))
    assert not (record / "notes.jsonl").exists()


def test_a_note_stands_though_the_index_does_not_know_it(
    record: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is told, with what to do."""
    from labctl.catalogue import Catalogue
    from labctl.errors import RecordError

    def held(self: Catalogue, path: str) -> None:
        raise RecordError("the index is held")

    monkeypatch.setattr(Catalogue, "look_at", held)
    assert 0 == called("note", str(record), "written")
    assert "--rebuild" in capsys.readouterr().err
    assert "written" in (record / "notes.jsonl").read_text()


def test_words_that_would_move_the_cursor_are_written_out(
    record: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the list and in the trail: a record may come from anywhere. Letters stay letters."""
    assert 0 == called("note", str(record), "Küvette\x1b[2J\u202e gone", "--by", "\x1b]0;x\x07")
    capsys.readouterr()
    assert 0 == called("--runs", str(record.parents[1]))
    assert 0 == called("audit", str(record))
    said = capsys.readouterr().out
    assert 2 == said.count("Küvette\\x1b[2J\\u202e gone")
    assert not set(said) & set("\x1b\x07\u202e")


def test_a_note_on_a_record_that_lies_by_itself_makes_no_index_around_it(
    record: Path, tmp_path: Path
) -> None:
    """As on one that a colleague sent, in a folder of downloads."""
    alone = record.rename(tmp_path / "sent")
    assert 0 == called("note", str(alone), "seen")
    assert 0 == called("tag", str(alone), "seen")
    assert 0 == called("audit", str(alone))
    assert not list(tmp_path.parent.glob(".catalogue*"))
    assert not list(tmp_path.glob(".catalogue*"))


@pytest.mark.skipif(sys.platform != "linux", reason="other file systems know no such name")
def test_the_trail_of_a_folder_whose_name_is_not_utf8_is_told(
    record: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside a service's audit, in which it is looked for."""
    (record.parents[1] / "service-audit.jsonl").write_text("{}\n")
    other = record.rename(record.with_name(os.fsdecode(b"001-\xff")))
    assert 0 == called("audit", str(other))
    assert "001-\\udcff" in capsys.readouterr().out
