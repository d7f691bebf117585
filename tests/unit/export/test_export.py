"""Exports, read back by software that is not labctl's: values, units, and why there is none."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.records import _read_back as back
from benchmarks.records.export import EQUAL, WHOLE
from labctl.cli._export import FORMATS as OFFERED
from labctl.errors import InputError, RecordError, RefusedError
from labctl.events import Invalid, Mode, Reading, RunBegun, Sample
from labctl.export import FORMATS, Role, Source, describe_crate, export_run
from labctl.record import read_journal
from tests.unit.export import records

GOLDEN = ("heating", "log", "staged", "meter-unplugged", "resistor", "cut-off", "light-lost")


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record with every kind of trouble in its readings."""
    return records.awkward(tmp_path_factory.mktemp("awkward"))


def equal(folder: Path, to: str, out: Path) -> bool:
    """Whether the export of a record reads back as what its journal has."""
    events = read_journal(folder / "journal.jsonl").events
    return EQUAL[to](export_run(folder, to, out).paths, events, out)


def test_the_awkward_record_is_awkward(awkward: Path) -> None:
    """It has what the tests below are there for."""
    readings = [r for e in read_journal(awkward / "journal.jsonl").events if isinstance(e, Sample)
                for r in e.readings]  # fmt: skip
    none = [r for r in readings if isinstance(r, Invalid)]

    assert {r.reason for r in none} == set(records.REASONS)
    assert {r.detail for r in none} == set(records.SAID)
    assert {r.value for r in readings if isinstance(r, Reading)} >= set(records.NUMBERS)
    assert "absent" in next(
        c.values for c in Source(awkward).tables.columns if c.name == "probe_temperature_quality"
    )


@pytest.mark.parametrize("to", FORMATS)
def test_every_format_reads_back_equal(to: str, awkward: Path, tmp_path: Path) -> None:
    """Five give back every event of the journal; Origin and Prism readings, units and reasons."""
    assert equal(awkward, to, tmp_path)


@pytest.mark.parametrize("to", WHOLE)
@pytest.mark.parametrize("name", GOLDEN)
def test_golden_journals_read_back_event_by_event(to: str, name: str, tmp_path: Path) -> None:
    """Of runs with and without a check, with a release, a resistor, a meter lost, cut off."""
    assert equal(records.golden(name, tmp_path), to, tmp_path)


@pytest.mark.parametrize("to", FORMATS)
def test_a_changed_value_is_seen(to: str, awkward: Path, tmp_path: Path) -> None:
    """What reads back and compares in these tests does notice one reading that is another one."""
    events = list(read_journal(awkward / "journal.jsonl").events)
    at, sample = next(
        (n, e) for n, e in enumerate(events)
        if isinstance(e, Sample) and e.readings and isinstance(e.readings[0], Reading)
        and e.readings[0].value == 21.0
    )  # fmt: skip
    first = sample.readings[0]
    assert isinstance(first, Reading)
    nearly = Reading(first.channel, 21.000000000000004, first.unit, first.t_ns)
    events[at] = Sample(sample.t_ns, sample.scheduled_ns, (nearly, *sample.readings[1:]))
    done = export_run(awkward, to, tmp_path)

    assert not EQUAL[to](done.paths, tuple(events), tmp_path)


@pytest.mark.parametrize("to", FORMATS)
def test_the_same_record_gives_the_same_bytes(to: str, awkward: Path, tmp_path: Path) -> None:
    """An export has nothing of the moment or the machine that it was made on."""
    one, other = (export_run(awkward, to, tmp_path / name).paths for name in ("one", "other"))

    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in other]


@pytest.mark.parametrize("to", FORMATS)
def test_a_run_that_never_sampled_is_exported(to: str, tmp_path: Path) -> None:
    """Cut off before its first reading: tables without rows, and the events."""
    events = read_journal(records.GOLDEN / "0.1-a-heating.jsonl").events[:3]
    folder = records.written(events, tmp_path / "2026-01-31" / "001-short")
    done = export_run(folder, to, tmp_path / "out")

    assert "cut off" == done.state
    if to in WHOLE:
        assert EQUAL[to](done.paths, events, tmp_path)


def test_a_channel_that_changes_its_unit_has_a_column_for_each(tmp_path: Path) -> None:
    """No number is written under another one's unit."""
    begun = next(e for e in read_journal(records.GOLDEN / "0.1-a-log.jsonl").events
                 if isinstance(e, RunBegun))  # fmt: skip
    folder = records.written(
        [
            begun,
            Sample(2, 1, (Reading("meter.power", 1.0, "W", 2), Invalid("x.y", "open", "", 2))),
            Sample(3, 2, (Reading("meter.power", 999.0, "mW", 3),)),
        ],
        tmp_path / "day" / "run",
    )
    values = {c.name: (c.unit, c.values) for c in Source(folder).tables.columns}

    assert ("W", [1.0, None]) == values["meter_power"]
    assert ("mW", [None, 999.0]) == values["meter_power_mW"]
    assert ("", ["", "absent"]) == values["meter_power_quality"]
    assert ("1", [None, None]) == values["x_y"]
    assert ("", ["open", "absent"]) == values["x_y_quality"]
    for to in FORMATS:
        export_run(folder, to, tmp_path / "out")


def test_a_channel_read_twice_in_a_sample_keeps_both(tmp_path: Path) -> None:
    """Each number has a column."""
    begun = read_journal(records.GOLDEN / "0.1-a-log.jsonl").events[0]
    twice = (Reading("meter.power", 1.0, "W", 2), Reading("meter.power", 2.0, "W", 3))
    folder = records.written([begun, Sample(3, 1, twice)], tmp_path / "day" / "run")

    assert [[1.0], [2.0]] == [c.values for c in Source(folder).tables.of(Role.VALUE)]
    for to in WHOLE:
        assert equal(folder, to, tmp_path / to)


def test_text_that_no_format_can_hold_is_written_out(tmp_path: Path) -> None:
    """Bytes that an instrument sent instead of characters do not stop an export."""
    begun = read_journal(records.GOLDEN / "0.1-a-log.jsonl").events[0]
    said = "a\0b\udc80"
    folder = records.written(
        [begun, Sample(2, 1, (Invalid("x.y", "protocol", said, 2),))], tmp_path / "day" / "run"
    )
    detail = next(c.values for c in Source(folder).tables.columns if c.name == "x_y_detail")

    assert [r"a\x00b\udc80"] == detail
    for to in FORMATS:
        export_run(folder, to, tmp_path / "out")


def test_what_is_there_is_not_written_over(awkward: Path, tmp_path: Path) -> None:
    """Unless that is asked for; nothing is left lying about."""
    done = export_run(awkward, "csv", tmp_path)
    done.paths[2].write_text("mine")
    done.paths[0].unlink()
    with pytest.raises(RefusedError, match="not written over"):
        export_run(awkward, "csv", tmp_path)

    assert "mine" == done.paths[2].read_text()
    assert not done.paths[0].exists()
    assert done.paths == export_run(awkward, "csv", tmp_path, overwrite=True).paths
    assert "mine" != done.paths[2].read_text()
    assert sorted(done.paths) == sorted(tmp_path.iterdir())


def test_where_nothing_can_be_written_it_says_so(awkward: Path, tmp_path: Path) -> None:
    """An error with the place, and no traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="cannot be written"):
        export_run(awkward, "csv", tmp_path / "file")


def test_a_missing_package_is_named_with_its_extra(
    awkward: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is written."""
    for module, to in (("pyarrow", "parquet"), ("h5py", "nexus"), ("event_model", "bluesky")):
        monkeypatch.setitem(__import__("sys").modules, module, None)
        with pytest.raises(RefusedError, match=r"labctl\[export\]") as told:
            export_run(awkward, to, tmp_path)
        assert module.replace("_", "-") in told.value.what

    assert [] == list(tmp_path.iterdir())


def test_an_unknown_format_is_refused(awkward: Path, tmp_path: Path) -> None:
    """With those that there are."""
    with pytest.raises(InputError, match="rocrate"):
        export_run(awkward, "xls", tmp_path)


def test_a_crate_is_described_in_the_folder_too(tmp_path: Path) -> None:
    """For the files that are there; a second time, the description is no file of it."""
    folder = records.golden("cut-off", tmp_path)
    path = describe_crate(folder)
    described = path.read_bytes()
    graph = {entity["@id"]: entity for entity in json.loads(described)["@graph"]}

    assert [{"@id": "journal.jsonl"}] == graph["./"]["hasPart"]
    assert graph["#run"]["actionStatus"]["@id"].endswith("FailedActionStatus")
    assert "cut off" in graph["#run"]["error"]
    assert describe_crate(folder).read_bytes() == described
    assert {"journal.jsonl", path.name} == {p.name for p in folder.iterdir()}


def test_what_was_simulated_is_called_so_in_every_name(awkward: Path, tmp_path: Path) -> None:
    """A table of numbers has no other place that everybody sees."""
    for to in FORMATS:
        assert all("-SIMULATED." in p.name for p in export_run(awkward, to, tmp_path).paths)
    begun = next(iter(read_journal(awkward / "journal.jsonl").events))
    assert isinstance(begun, RunBegun)
    folder = records.written([replace(begun, mode=Mode.REAL)], tmp_path / "2026-01-31" / "real")

    assert ["2026-01-31-real.crate.zip"] == [
        path.name for path in export_run(folder, "rocrate", tmp_path).paths
    ]


def test_the_command_offers_all_formats() -> None:
    """Its own list, which spares `--help` the import, is that of the room."""
    assert OFFERED == tuple(FORMATS)


def test_csv_has_a_unit_in_every_header(awkward: Path, tmp_path: Path) -> None:
    """As in data.csv, by RFC 4180."""
    header = export_run(awkward, "csv", tmp_path).paths[0].read_bytes().split(b"\r\n")[0].decode()

    assert header.startswith("time_s,probe_temperature_degC,")
    assert "heat_loss_coefficient_W_per_K" in header.split(",")


def test_origin_gets_its_three_rows(awkward: Path, tmp_path: Path) -> None:
    """Long names, units, comments, then numbers."""
    (path,) = export_run(awkward, "origin", tmp_path).paths
    rows = [line.split("\t") for line in path.read_text().splitlines()]

    assert ["Time", "Probe temperature"] == rows[0][:2]
    assert ["s", "degC"] == rows[1][:2]
    assert "channel probe.temperature" == rows[2][1]
    assert {len(rows[0])} == {len(row) for row in rows}


def test_prism_gets_numbers_alone(awkward: Path, tmp_path: Path) -> None:
    """X once, every cell below the titles a number or empty."""
    (path, _) = export_run(awkward, "prism", tmp_path).paths
    titles, *rows = [line.split("\t") for line in path.read_text().splitlines()]

    assert ["Time (s)", "Probe temperature (degC)"] == titles[:2]
    assert all(cell == "" or float(cell) is not None for row in rows for cell in row)


def test_pandas_reads_parquet_and_csv_alike(awkward: Path, tmp_path: Path) -> None:
    """Number by number."""
    import pandas as pd

    samples = export_run(awkward, "csv", tmp_path).paths[0]
    table = export_run(awkward, "parquet", tmp_path).paths[0]
    by_csv = pd.read_csv(samples)
    by_parquet = pd.read_parquet(table)

    numbers = by_csv["probe_temperature_degC"].tolist()
    assert str(by_parquet["probe_temperature"].tolist()) == str(numbers)


def test_xarray_opens_the_nexus_file_along_its_time(awkward: Path, tmp_path: Path) -> None:
    """As a netCDF reader sees it: one dimension, units kept."""
    import xarray as xr

    (path,) = export_run(awkward, "nexus", tmp_path).paths
    with xr.open_dataset(path, group="entry/data", engine="h5netcdf") as data:
        probe = data["probe_temperature"]
        assert ("time",) == probe.dims
        assert "degC" == probe.attrs["units"]
        assert "s" == data["time"].attrs["units"]
        found = [None if v != v else v for v in probe.values.tolist()]

    recorded = back.recorded_cells(read_journal(awkward / "journal.jsonl").events)
    assert [value for value, _, _ in recorded["probe.temperature"]] == found


def test_every_field_of_the_nexus_file_has_a_class_or_a_value(
    awkward: Path, tmp_path: Path
) -> None:
    """NX_class on every group, units on every number, the plottable data found by its signal."""
    import h5py

    (path,) = export_run(awkward, "nexus", tmp_path).paths
    wrong: list[str] = []

    def look(name: str, thing: Any) -> None:
        if isinstance(thing, h5py.Group):
            if not str(thing.attrs.get("NX_class", "")).startswith("NX"):
                wrong.append(name)
        elif thing.dtype.kind in "iuf" and "units" not in thing.attrs:
            wrong.append(name)

    with h5py.File(path) as file:
        file.visititems(look)
        data = file["entry/data"]
        assert "probe_temperature" == data.attrs["signal"]
        assert data[data.attrs["signal"]].shape == data["time"].shape
        assert set(data.attrs["auxiliary_signals"]) <= set(data)
    assert [] == wrong


def test_bluesky_documents_name_the_same_run_each_time(awkward: Path, tmp_path: Path) -> None:
    """One start, two streams, one stop, all of one run."""
    (path,) = export_run(awkward, "bluesky", tmp_path).paths
    documents = [json.loads(line) for line in path.read_text().splitlines()]
    names = [name for name, _ in documents]
    start, stop = documents[0][1], documents[-1][1]

    assert ("start", "stop") == (names[0], names[-1])
    assert 2 == names.count("descriptor")
    assert start["uid"] == stop["run_start"]
    assert "success" == stop["exit_status"]
    assert all(d["run_start"] == start["uid"] for name, d in documents if name == "descriptor")


def test_the_crate_describes_every_file(tmp_path: Path) -> None:
    """By size, type and hash, and the run as what made the journal; rocrate reads it."""
    import hashlib

    from rocrate.rocrate import ROCrate

    folder = records.golden("heating", tmp_path)
    facts = {"run_id": "01KX", "begun": "2026-01-31T10:00:00+01:00", "user": "a person",
             "ended": "2026-01-31T10:26:00+01:00"}  # fmt: skip
    (folder / "run.json").write_text(json.dumps(facts))
    (folder / "protocol.yaml").write_text("name: x\n")
    (folder / ".reserve").write_bytes(b"0")
    (path,) = export_run(folder, "rocrate", tmp_path).paths
    crate = ROCrate(str(path))
    run = crate.dereference("#run")

    assert {"journal.jsonl", "run.json", "protocol.yaml"} == {e.id for e in crate.data_entities}
    assert "a person" == run["agent"]["name"]
    assert ["journal.jsonl"] == [e.id for e in run["result"]]
    assert "labctl" == run["instrument"][0]["name"]
    assert len(run["instrument"]) > 2
    assert facts["ended"] == crate.root_dataset["datePublished"]
    with zipfile.ZipFile(path) as archive:
        for entity in crate.data_entities:
            data = archive.read(entity.id)
            assert hashlib.sha256(data).hexdigest() == entity["sha256"]
            assert str(len(data)) == entity["contentSize"]
            assert "/" in entity["encodingFormat"]
