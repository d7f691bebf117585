"""An imported curve: a record like any other, and taken for a run by nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import labctl
from labctl.analysis import Choice, Given, read
from labctl.campaign import folder_of
from labctl.catalogue import Catalogue, Query
from labctl.errors import InputError, RecordError
from labctl.events import Beam, Invalid, Mode, RunEnded, Sample
from labctl.events import Imported as Provenance
from labctl.export import export_run
from labctl.imported import Imported, analyse_again, import_curve
from labctl.monitor import read_blank
from labctl.record import Outcome, describe_run, read_journal, verify_run
from labctl.report import report_html
from tests.unit.imported.loggers import FORMS, curve, plain


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """One imported record for all; whoever changes it makes a copy."""
    root = tmp_path_factory.mktemp("imports")
    file = root / "Their Curve.csv"
    file.write_text(plain())
    return import_curve(file, root / "runs", who="Ada", source="doi 10.1000/1")


@pytest.mark.parametrize("name", FORMS)
def test_what_loggers_and_spreadsheets_write_is_one_curve(name: str) -> None:
    """Separators, decimal commas, units, preambles and clock times all lead to the same numbers."""
    record = read(FORMS[name]().encode(), name).record
    times, degrees, lit = (np.array(values) for values in zip(*curve(), strict=True))
    assert np.allclose(record.time_s - record.time_s[0], times, atol=1e-3)
    assert np.allclose(record.temperature_degc, degrees, atol=0.06)
    assert record.light is not None and (record.light == lit).all()


def test_it_is_marked_and_nobody_takes_it_for_a_run(made: Imported) -> None:
    run = describe_run(made.folder)
    assert run.begun is not None and run.begun.mode is Mode.IMPORTED
    assert run.begun.bench == "" and run.begun.seed is None
    assert isinstance(run.ended, RunEnded) and run.ended.outcome == "imported"
    assert run.ended.beam is Beam.UNKNOWN
    assert json.loads((made.folder / "run.json").read_text())["mode"] == "IMPORTED"


def test_the_file_and_where_it_came_from_stand_in_the_journal(made: Imported) -> None:
    events = read_journal(made.folder / "journal.jsonl").events
    about = next(event for event in events if isinstance(event, Provenance))
    assert (about.file, about.who, about.source) == ("Their Curve.csv", "Ada", "doi 10.1000/1")
    assert (made.folder / about.kept_as).read_text() == plain()
    assert [(one["role"], one["unit"]) for one in about.columns] == [
        ("time", "s"), ("temperature", "C"), ("light", ""),
    ]  # fmt: skip


def test_without_power_and_sample_it_cannot_tell_and_says_what_is_missing(made: Imported) -> None:
    run = describe_run(made.folder)
    assert run.verdict is not None and run.verdict.verdict == "cannot tell"
    assert "efficiency" not in run.verdict.results
    assert (
        run.verdict.results["time_constant"]["low"] < run.verdict.results["time_constant"]["high"]
    )
    asked = {name for name, _ in made.analysis.asked}
    assert {"volume", "absorbance", "power at the sample"} <= asked


def test_it_is_intact_until_the_file_that_it_keeps_is_changed(
    made: Imported, tmp_path: Path
) -> None:
    assert verify_run(made.folder).outcome is Outcome.INTACT
    copy = _copy(made.folder, tmp_path)
    facts = copy / "run.json"
    was = facts.read_text()
    facts.write_text(json.dumps(json.loads(was) | {"host": "elsewhere"}))
    assert verify_run(copy).why[0].endswith("than when the run began of: host")
    assert "begun.json" in (copy / "journal.jsonl").read_text()
    facts.write_text(was)
    kept = copy / made.about.kept_as
    kept.write_text(kept.read_text().replace("22.0", "23.0", 1))
    found = verify_run(copy)
    assert found.outcome is Outcome.CHANGED and made.about.kept_as in found.where


def test_it_is_found_among_the_runs_by_its_mode(made: Imported) -> None:
    with Catalogue(made.folder.parent.parent) as catalogue:
        catalogue.refresh()
        found = catalogue.search(Query(mode="imported"))
        assert [entry.outcome for entry in found] == ["imported"]
        assert catalogue.search(Query(mode="real")) == []


def test_its_report_and_exports_say_that_it_was_imported(made: Imported, tmp_path: Path) -> None:
    page = report_html(made.folder)
    assert ">IMPORTED<" in page and made.about.sha256 in page and "log-linear cooling" in page
    exported = export_run(made.folder, "csv", tmp_path)
    assert all("-IMPORTED" in path.name for path in exported.paths)
    frame = labctl.load(made.folder).to_pandas()
    assert len(frame) == len(curve()) and frame.attrs["run"]["mode"] == "IMPORTED"


def test_its_own_file_analysed_anew_says_the_same_until_the_record_is_changed(
    made: Imported, tmp_path: Path
) -> None:
    again = analyse_again(made.folder)
    assert again.differences == () and again.events > len(curve())
    copy = _copy(made.folder, tmp_path)
    # No curve at all, which is found at once.
    (copy / made.about.kept_as).write_text("time_s,T_C,laser_on\n0,22,0\n10,22,1\n20,22,0\n")
    assert analyse_again(copy).differences


def test_a_campaign_does_not_take_it_for_the_run_of_a_vessel(made: Imported) -> None:
    """Whatever the file was called."""
    root, name = made.folder.parent.parent, made.folder.name.removeprefix("001-imported-")
    assert made.folder.match(f"*-{name}") and folder_of(root, name) is None


def test_it_is_no_blank(made: Imported) -> None:
    with pytest.raises(InputError, match="imported record is no"):
        read_blank(made.folder)


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("time_s,T_C\n0,21\n10,warm\n20,22\n", ":3:4", "no temperature"),
        ("a,b\n1,2\n3,4\n", ":1", "time"),
        ("hello\n", "", "no rows"),
        ("time_s,T_C,T2_C\n0,1,2\n1,2,3\n", ":1", "2 columns"),
    ],
)
def test_of_a_bad_file_nothing_is_left_and_the_place_is_named(
    text: str, where: str, words: str, tmp_path: Path
) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        import_curve(file, tmp_path / "runs")
    assert caught.value.where == f"{file}{where}"
    assert not (tmp_path / "runs").exists()


def test_when_the_disk_fails_midway_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "short.csv"
    file.write_text("time_s,T_C\n0,21\n10,21\n20,21\n")

    def full(made: Path, runs_dir: Path) -> Path:
        raise RecordError("cannot be written", where=str(runs_dir))

    monkeypatch.setattr("labctl.imported._import.place_record", full)
    with pytest.raises(RecordError):
        import_curve(file, tmp_path / "runs")
    assert list((tmp_path / "runs").iterdir()) == []


def test_rows_without_a_place_on_the_clock_are_counted_and_empty_cells_are_no_reading(
    tmp_path: Path,
) -> None:
    """A curve that cannot be analysed is still a record; a clock that runs back fails it."""
    file = tmp_path / "holes.csv"
    file.write_text("time_s,T_C\n-10,21\n0,\n,21\n20,21\n15,21\n30,21\n")
    made = import_curve(file, tmp_path / "runs", Choice(), Given())
    events = read_journal(made.folder / "journal.jsonl").events
    about = next(event for event in events if isinstance(event, Provenance))
    assert (about.rows, about.left_out, about.first_left_out, about.zero_s) == (6, 2, 4, -10.0)
    run = describe_run(made.folder)
    assert run.verdict is not None and run.verdict.verdict == "fail"
    invalid = [r for e in events for r in getattr(e, "readings", ()) if isinstance(r, Invalid)]
    assert [reading.detail for reading in invalid] == ["no number in line 3 of the file"]
    assert made.folder.name == "001-imported-holes"


def test_seconds_since_1970_begin_at_zero_and_impossible_times_have_no_place(
    tmp_path: Path,
) -> None:
    file = tmp_path / "epoch.csv"
    file.write_text("time_s,T_C\n1.77e9,21\n1770000010,22\n1e300,21\n1770000020,23\n")
    made = import_curve(file, tmp_path / "runs")
    events = read_journal(made.folder / "journal.jsonl").events
    assert [event.t_ns for event in events if isinstance(event, Sample)] == [0, 10**10, 2 * 10**10]
    about = next(event for event in events if isinstance(event, Provenance))
    assert (about.zero_s, about.left_out, about.first_left_out) == (1.77e9, 1, 4)


def test_two_curves_in_a_file_are_told_with_the_option_that_there_is(tmp_path: Path) -> None:
    """Each of the verbs that read such a file has its own."""
    file = tmp_path / "two.csv"
    file.write_text("time_s,probe1_degC,probe2_degC\n0,20,21\n1,20,21\n")
    with pytest.raises(InputError, match="2 columns may be the temperature") as told:
        import_curve(file, tmp_path / "runs")
    assert "`labctl import --column temperature='probe1_degC'`" in told.value.fix
    assert "`labctl analyse --temperature 'probe1_degC'`" in told.value.fix


def _copy(folder: Path, to: Path) -> Path:
    copy = to / folder.parent.name / folder.name
    copy.mkdir(parents=True)
    for path in _files(folder):
        (copy / path.name).write_bytes(path.read_bytes())
    return copy


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.is_file())
