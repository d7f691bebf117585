"""`labctl export`: what it writes, what it says, and the exit code that follows."""

from __future__ import annotations

import json
import os
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from labctl.cli import main
from labctl.record import RunFolder, json_schema
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
    """The exit code."""
    with pytest.raises(SystemExit) as exit:
        main(["export", *words])
    assert isinstance(exit.value.code, int)
    return exit.value.code


def test_several_formats_at_once(
    record: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line a file, all of them in the folder that was named."""
    out = tmp_path / "out"
    assert 0 == called(str(record), "--to", "csv", "--to", "rocrate", "-o", str(out))

    said = capsys.readouterr()
    assert 4 == len(said.out.splitlines()) == len(list(out.iterdir()))
    assert "" == said.err


def test_json_names_the_files(
    record: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One object a format."""
    assert 0 == called(str(record), "--to", "origin", "-o", str(tmp_path / "out"), "--json")

    told = json.loads(capsys.readouterr().out)
    assert ("labctl.exported/1", "origin", "closed") == (told["schema"], told["to"], told["state"])
    assert all(Path(path).is_file() for path in told["files"])


def test_what_is_there_stays_unless_forced(
    record: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and with --force 0."""
    words = (str(record), "--to", "prism", "-o", str(tmp_path / "out"))
    assert 0 == called(*words)
    assert 2 == called(*words)
    assert "--force" in capsys.readouterr().err
    assert 0 == called(*words, "--force")


def test_a_journal_that_is_another_than_at_the_runs_end_is_told(
    record: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every line of it may hold: the numbers that go out are not those that were recorded."""
    facts = record / "run.json"
    head = json.loads(facts.read_text())["journal"]["head_hash"]
    facts.write_text(facts.read_text().replace(head, "0" * 64))
    assert 6 == called(str(record), "--to", "csv", "-o", str(tmp_path))
    assert "not the journal that run.json speaks of" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="other file systems know no such name")
def test_a_folder_whose_name_is_not_utf8_is_exported(record: Path, tmp_path: Path) -> None:
    """To every format, with what cannot be written of its name written out."""
    other = record.rename(record.with_name(os.fsdecode(b"001-\xff")))
    formats = [word for name in ("csv", "origin", "bluesky", "rocrate") for word in ("--to", name)]
    assert 0 == called(str(other), *formats, "-o", str(tmp_path))
    assert any("udcff" in path.name for path in tmp_path.iterdir())


def test_a_damaged_record_is_exported_as_far_as_it_is_good(
    record: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says from which line on it is not, and ends with exit code 6."""
    journal = record / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[5] = lines[5].replace(b"0", b"1", 1)
    journal.write_bytes(b"".join(lines))

    assert 6 == called(str(record), "--to", "csv", "-o", str(tmp_path / "out"))
    assert "damaged at line 6" in capsys.readouterr().err


def test_no_record_and_no_format_are_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and what there is to choose from."""
    assert 2 == called(str(tmp_path), "--to", "csv")
    assert 2 == called(str(tmp_path), "--to", "xls")
    assert "parquet" in capsys.readouterr().err


def test_a_run_describes_its_folder_when_it_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ro-crate-metadata.json` names every file that is there, each by its hash."""
    monkeypatch.setenv("LABCTL_OPERATOR", "A. Ito")
    words = "run heating-curve -p baseline=5s -p heat=5s -p cool=5s --speed max --broker off"
    with pytest.raises(SystemExit):
        main([*words.split(), "--no-figure", "--plain", "--runs", str(tmp_path)])
    (path,) = tmp_path.glob("*/*/ro-crate-metadata.json")

    said = capsys.readouterr()
    assert "ro-crate-metadata" not in said.err
    assert f" labctl report {path.parent}\n" in said.err
    check_described(path)
    check_told(json.loads((path.parent / "run.json").read_text()))
    with pytest.raises(SystemExit):
        main(["report", str(path.parent)])
    check_described(path)
    assert (path.parent / "report.html").exists()


def check_told(facts: dict[str, Any]) -> None:
    """run.json fits its schema, and says who, on what, calibrated when."""
    jsonschema.validate(facts, json_schema())
    meter = facts["instruments"]["meter"]
    assert ("Thorlabs", "PM100D") == (meter["make"], meter["model"]) and meter["firmware"]
    assert {"name": "A. Ito", "told_by": "LABCTL_OPERATOR"} == facts["operator"]
    dated = {one["id"]: (one["date"], one["sha256"]) for one in facts["calibrations"]}
    assert {"power_at_sample", "pick_off"} <= dated.keys()
    assert all(date and len(digest) == 64 for date, digest in dated.values())
    assert facts["git"] is None or facts["git"]["changed"] in (True, False, None)


def check_described(path: Path) -> None:
    """A report that was made into the folder belongs to the crate from then on."""
    described = {entity["@id"]: entity for entity in json.loads(path.read_text())["@graph"]}
    for file in path.parent.iterdir():
        if file != path:
            assert sha256(file.read_bytes()).hexdigest() == described[file.name]["sha256"]
