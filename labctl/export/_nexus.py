"""HDF5 in the shape of NeXus: NXroot, NXentry, and the samples as one NXdata with its axis.

Base classes only; no application definition is claimed, because there is none for this. Every
number carries `units`; the axis is an HDF5 dimension scale too, so that xarray and netCDF readers
see it. A number that is none is NaN, and `<channel>_quality` says why: the journal has no NaN.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labctl.export._about import about
from labctl.export._libraries import library
from labctl.export._tables import Column, Kind, Role, Tables

_FILES = {
    "protocol.yaml": "application/yaml",
    "bench.yaml": "application/yaml",
    "sample.yaml": "application/yaml",
    "run.json": "application/json",
}


def write_nexus(tables: Tables, stem: Path) -> list[Path]:
    """`STEM.nxs`."""
    h5py = library("h5py", "HDF5/NeXus")
    path = stem.with_name(stem.name + ".nxs")
    # Without the times that HDF5 keeps of each object: the same record gives the same bytes.
    with h5py.File(path, "w", track_order=True) as file:
        told = about(tables.run)
        file.attrs["NX_class"] = "NXroot"
        file.attrs["default"] = "entry"
        file.attrs["creator"] = told["made_by"]
        entry = _group(file, "entry", "NXentry")
        entry.attrs["default"] = "data"
        _words(entry, told, {"title": "run", "entry_identifier": "run_id",
                             "start_time": "begun", "end_time": "ended"})  # fmt: skip
        entry["program_name"] = "labctl"
        entry["program_name"].attrs["version"] = told.get("version", "")
        _data(h5py, entry, tables)
        _events(h5py, entry, tables)
        _instruments(entry, tables)
        if "sample" in told:
            _group(entry, "sample", "NXsample")["name"] = told["sample"]
        process = _group(entry, "record", "NXcollection")
        _words(process, told, {key: key for key in told if key != "run_json"})
        for name, kind in _FILES.items():
            _note(entry, tables.run.path / name, kind)
    return [path]


def _group(parent: Any, name: str, kind: str) -> Any:
    group = parent.create_group(name, track_order=True)
    group.attrs["NX_class"] = kind
    return group


def _words(group: Any, told: dict[str, str], names: dict[str, str]) -> None:
    for name, key in names.items():
        if key in told:
            group[name] = told[key]


def _data(h5py: Any, entry: Any, tables: Tables) -> None:
    data = _group(entry, "data", "NXdata")
    values = [c for c in tables.of(Role.VALUE) if any(v is not None for v in c.values)]
    probe = [c.name for c in values if c.channel == "probe.temperature"]
    names = [*probe, *(c.name for c in values if c.name not in probe)]
    if names:
        data.attrs["signal"] = names[0]
    if names[1:]:
        data.attrs["auxiliary_signals"] = names[1:]
    data.attrs["axes"] = ["time"]
    data.attrs["time_indices"] = [0]
    for column in tables.columns:
        _dataset(h5py, data, column)
    data["time"].make_scale("time")
    for column in tables.columns[1:]:
        data[column.name].dims[0].attach_scale(data["time"])


def _dataset(h5py: Any, group: Any, column: Column) -> None:
    import numpy as np

    if column.kind is Kind.TEXT:
        array: Any = np.array(column.values, dtype=object)
        kind: Any = h5py.string_dtype()
    elif column.kind is Kind.COUNT:
        array, kind = np.array(column.values, dtype=np.int64), np.int64
    else:
        numbers = [np.nan if value is None else value for value in column.values]
        array, kind = np.array(numbers, dtype=np.float64), np.float64
    many = len(column.values) > 0
    made = group.create_dataset(
        column.name, data=array, dtype=kind, track_times=False,
        chunks=True if many else None, compression="gzip" if many else None,
        shuffle=many or None,
    )  # fmt: skip
    if column.unit:
        made.attrs["units"] = column.unit
    made.attrs["long_name"] = f"{column.name} ({column.unit})" if column.unit else column.name
    made.attrs["description"] = column.meaning
    if column.channel:
        made.attrs["channel"] = column.channel


def _events(h5py: Any, entry: Any, tables: Tables) -> None:
    """Everything else that happened, as parallel columns."""
    group = _group(entry, "events", "NXcollection")
    others = tables.others
    for column in (
        Column("seq", "1", Kind.COUNT, Role.ORDER, "number of the event", [o.seq for o in others]),
        Column("t", "ns", Kind.COUNT, Role.ORDER, "since the run began", [o.t_ns for o in others]),
        Column("kind", "", Kind.TEXT, Role.ORDER, "of the event", [o.kind for o in others]),
        Column("body", "", Kind.TEXT, Role.ORDER, "its fields as JSON", [o.body for o in others]),
    ):
        _dataset(h5py, group, column)


def _instruments(entry: Any, tables: Tables) -> None:
    import json

    instrument = _group(entry, "instrument", "NXinstrument")
    if tables.run.begun is not None:
        instrument["name"] = tables.run.begun.bench
    for other in tables.others:
        if other.kind == "instrument-found":
            told = json.loads(other.body)
            if told["instrument"] not in instrument:
                device = _group(instrument, told["instrument"].replace("/", "_"), "NXcollection")
                for key in ("driver", "identity", "address"):
                    device[key] = told[key]


def _note(entry: Any, path: Path, kind: str) -> None:
    """A file of the run's folder, as it stands."""
    if path.is_file():
        note = _group(entry, path.name.replace(".", "_"), "NXnote")
        note["file_name"] = path.name
        note["type"] = kind
        note["data"] = path.read_text(encoding="utf-8")
