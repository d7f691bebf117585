"""`labctl runs`: what it says of records, and the exit code that follows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from labctl.cli import main
from labctl.record import RunFolder, read_journal
from tests.unit.record.some_events import begun, run


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """The folder of a closed run."""
    folder = RunFolder.create(tmp_path / "runs", "heating-curve", "water")
    journal = folder.open_journal(real_time=False)
    for event in run():
        journal.append(event)
    folder.finish()
    return folder.path


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """The folder of a run that was killed."""
    folder = RunFolder.create(tmp_path / "runs", "heating-curve", "water")
    journal = folder.open_journal(real_time=False)
    journal.append(begun())
    journal.close()
    return folder.path


def called(*words: str) -> int:
    """The exit code."""
    with pytest.raises(SystemExit) as exit:
        main(["runs", *words])
    assert isinstance(exit.value.code, int)
    return exit.value.code


def spoken(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_an_intact_record_is_exit_code_0(record: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It names its head hash, and what that was held against."""
    assert 0 == called("verify", "--json", str(record))
    (said,) = spoken(capsys)
    assert ("intact", "run.json") == (said["outcome"], said["held_against"])
    assert read_journal(record / "journal.jsonl").head_hash == said["head_hash"]


def test_a_record_below_the_folder_for_records_is_found(record: Path) -> None:
    """By its date and number, or by its journal."""
    name = f"{record.parent.name}/{record.name}"

    assert 0 == called("verify", "--runs", str(record.parents[1]), name)
    assert 0 == called("verify", str(record / "journal.jsonl"))


def test_a_changed_record_is_exit_code_6(record: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also among good ones; the line is named."""
    journal = record / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"n":20,', b'"n":30,'))

    assert 6 == called("verify", str(record), str(record))
    assert "at journal.jsonl:21" in capsys.readouterr().out


def test_a_record_without_a_head_hash_is_exit_code_7(record: Path) -> None:
    """Whole in itself is not a pass; the hash may come from the command line."""
    head = read_journal(record / "journal.jsonl").head_hash
    (record / "run.json").unlink()

    assert 7 == called("verify", str(record))
    assert 0 == called("verify", "--head", head.upper(), str(record))
    assert 6 == called("verify", "--head", "0" * 64, str(record))


def test_a_cut_off_record_is_exit_code_7(killed: Path) -> None:
    """It is neither intact nor changed."""
    assert 7 == called("verify", str(killed))


def test_what_is_no_head_hash_is_refused(record: Path) -> None:
    """And one hash is that of one run."""
    assert 2 == called("verify", "--head", "abc", str(record))
    assert 2 == called("verify", "--head", "0" * 64, str(record), str(record))
    assert 2 == called("verify", str(record / "nowhere"))


def test_recover_names_what_it_kept(killed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Events, the bytes that were not read, the files that were made."""
    with (killed / "journal.jsonl").open("ab") as file:
        file.write(b'{"n":2,"t":')

    assert 0 == called("recover", "--json", str(killed))
    (said,) = spoken(capsys)
    assert (1, 11, "cut off") == (said["events"], said["tail_bytes"], said["state"])
    assert ["data.csv", "run.json", "ro-crate-metadata.json", "journal.tail"] == said["made"]
    assert b'{"n":2,"t":' == (killed / "journal.tail").read_bytes()


def test_recover_says_that_it_made_a_run_json_that_was_gone(
    record: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a run that had ended in order too; a second time there is nothing to make of it."""
    (record / "run.json").unlink()
    for made in (["data.csv", "run.json"], ["data.csv"]):
        assert 0 == called("recover", "--json", str(record))
        (said,) = spoken(capsys)
        assert made == said["made"][: len(made)] and "closed" == said["state"]
        assert ("run.json" in made) == ("run.json" in said["made"])


def test_the_list_names_runs_and_their_verdicts(
    record: Path, killed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The newest last; what is asked for alone; one JSON object a run."""
    runs = str(record.parents[1])

    assert 0 == called("--runs", runs)
    lines = capsys.readouterr().out.splitlines()
    assert [True, True] == [record.name in lines[1], killed.name in lines[2]]
    assert 0 == called("--runs", runs, "--verdict", "pass", "--sample", "wat*", "--json")
    assert [str(record)] == [said["path"] for said in spoken(capsys)]
    assert 0 == called("--runs", runs, "--state", "cut-off", "--rebuild", "--last", "1")
    assert killed.name in capsys.readouterr().out


def test_the_list_says_when_there_is_none(record: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And when it was asked for what cannot be."""
    assert 0 == called("--runs", str(record.parents[1]), "--lot", "B7")
    assert "no such run" in capsys.readouterr().out
    assert 2 == called("--runs", str(record / "nowhere"))
    assert 2 == called("--runs", str(record.parents[1]), "--since", "yesterday")
    assert 2 == called("--lot", "B7", "verify", str(record))
