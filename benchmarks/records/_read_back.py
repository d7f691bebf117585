"""Exports read again by other people's software, and turned into events by the page that describes
them (docs/reference/exports.md): nothing of `labctl.export` is used here."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labctl.events import Assessment, Event, Invalid, Reading, Sample, from_dict
from labctl.record import read_journal

CHECK = {
    "predicted_temperature": ("predicted_degc", "degC"),
    "predicted_sd": ("predicted_sd_k", "K"),
    "residual_sd": ("residual_sd", "1"),
    "efficiency": ("efficiency", "1"),
    "efficiency_sd_statistical": ("efficiency_sd_statistical", "1"),
    "efficiency_sd_total": ("efficiency_sd_total", "1"),
    "time_constant": ("time_constant_s", "s"),
    "time_constant_sd": ("time_constant_sd_s", "s"),
    "heat_loss_coefficient": ("heat_loss_w_per_k", "W/K"),
    "heat_loss_coefficient_sd": ("heat_loss_sd_w_per_k", "W/K"),
    "slope": ("slope_k_per_s", "K/s"),
}
"""Column -> field of an assessment, unit."""


@dataclass
class Back:
    """What a reader found in an export."""

    columns: dict[str, Sequence[Any]] = field(default_factory=dict)
    """Numbers that are none are None."""
    units: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    """Column of numbers -> its channel."""
    others: list[tuple[int, int, str, str]] = field(default_factory=list)
    """Number, time, kind, fields as JSON."""

    def events(self) -> tuple[Event, ...]:
        """The journal's events, made again from the export."""
        at: dict[int, Event] = {
            int(seq): from_dict({**json.loads(body), "t": int(t), "k": kind})
            for seq, t, kind, body in self.others
        }
        for row, seq in enumerate(self.columns["seq"]):
            at[int(seq)] = self._sample(row)
            if "check_seq" in self.columns and self.columns["check_seq"][row]:
                at[int(self.columns["check_seq"][row])] = self._assessment(row)
        if sorted(at) != list(range(1, len(at) + 1)):
            raise ValueError("numbers of events are missing")
        return tuple(at[seq] for seq in sorted(at))

    def _sample(self, row: int) -> Sample:
        readings: list[Reading | Invalid] = []
        for name, channel in self.channels.items():
            quality = self.columns[f"{name}_quality"][row]
            if quality == "absent":
                continue
            t_ns = int(self.columns[f"{name}_taken"][row])
            value = self.columns[name][row]
            if quality:
                if value is not None:
                    raise ValueError(f"{channel} is {quality} and has a number")
                said = (
                    self.columns[f"{name}_detail"][row] if f"{name}_detail" in self.columns else ""
                )
                readings.append(Invalid(channel, quality, said, t_ns))
            else:
                unit = self.units[name]
                readings.append(Reading(channel, value, "" if unit == "1" else unit, t_ns))
        if self.columns["time"][row] != self.columns["t"][row] / 1e9:
            raise ValueError("the time in seconds is another one")
        return Sample(
            int(self.columns["t"][row]), int(self.columns["scheduled"][row]), tuple(readings)
        )

    def _assessment(self, row: int) -> Assessment:
        for name, (_, unit) in CHECK.items():
            if self.units[name] != unit:
                raise ValueError(f"the unit of {name} is {self.units[name]}")
        fields = {name: self.columns[column][row] for column, (name, _) in CHECK.items()}
        return Assessment(
            t_ns=int(self.columns["check_t"][row]),
            phase=self.columns["phase"][row],
            steady=bool(self.columns["steady"][row]),
            **fields,
        )


def _text(columns: Mapping[str, Sequence[str]], kinds: Mapping[str, str]) -> dict[str, list[Any]]:
    """Cells as what they are."""
    turn: dict[str, Any] = {
        "float": lambda cell: float(cell) if cell else None,
        "count": int,
        "text": str,
    }
    return {name: [turn[kinds[name]](cell) for cell in cells] for name, cells in columns.items()}


def csv_back(paths: Iterable[Path]) -> Back:
    """With the standard library's reader."""
    by_end = {path.name.partition(".")[2]: _csv(path.read_bytes()) for path in paths}
    described = by_end["columns.csv"]
    name_of = dict(zip(described["header"], described["column"], strict=True))
    kinds = dict(zip(described["column"], described["kind"], strict=True))
    units = {n: u for n, u in zip(described["column"], described["unit"], strict=True) if u}
    raw = {name_of[header]: cells for header, cells in by_end["csv"].items()}
    channels = {
        name: channel
        for name, channel, kind in zip(
            described["column"], described["channel"], described["kind"], strict=True
        )
        if channel and kind == "float"
    }
    events = by_end["events.csv"]
    others = [
        (int(seq), int(t), kind, body) for seq, t, kind, body in zip(*events.values(), strict=True)
    ]
    return Back(_text(raw, kinds), units, channels, others)


def _csv(data: bytes, delimiter: str = ",") -> dict[str, list[str]]:
    text = data.decode("utf-8")
    if not text.partition("\n")[0].endswith("\r"):
        raise ValueError("RFC 4180 wants CRLF")
    header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    if any(len(row) != len(header) for row in rows) or len(set(header)) != len(header):
        raise ValueError("the table is not one")
    return {name: [row[place] for row in rows] for place, name in enumerate(header)}


def parquet_back(paths: Iterable[Path]) -> Back:
    """With pyarrow."""
    import pyarrow.parquet as parquet

    samples, events = sorted(paths, key=lambda path: path.name.endswith(".events.parquet"))
    table = parquet.read_table(samples)
    told = {f.name: {k.decode(): v.decode() for k, v in f.metadata.items()} for f in table.schema
            if f.metadata}  # fmt: skip
    rest = parquet.read_table(events).to_pydict()
    return Back(
        table.to_pydict(),
        {name: about["unit"] for name, about in told.items() if about["unit"]},
        {
            name: about["channel"]
            for name, about in told.items()
            if about["channel"] and str(table.schema.field(name).type) == "double"
        },
        list(zip(rest["seq"], rest["t_ns"], rest["kind"], rest["body"], strict=True)),
    )


def nexus_back(paths: Iterable[Path]) -> Back:
    """With h5py, from the plottable data that NeXus's own rules lead to."""
    import h5py

    back = Back()
    (path,) = paths
    with h5py.File(path) as file:
        entry = file[file.attrs["default"]]
        data = entry[entry.attrs["default"]]
        if (entry.attrs["NX_class"], data.attrs["NX_class"]) != ("NXentry", "NXdata"):
            raise ValueError("not a NeXus file")
        if len(data) and data.attrs["axes"].tolist() != ["time"]:
            raise ValueError("no axis")
        for name, dataset in data.items():
            back.columns[name] = _plain(h5py, dataset)
            if "units" in dataset.attrs:
                back.units[name] = dataset.attrs["units"]
            if "channel" in dataset.attrs and dataset.dtype.kind == "f":
                back.channels[name] = dataset.attrs["channel"]
        rest = [_plain(h5py, entry["events"][name]) for name in ("seq", "t", "kind", "body")]
        back.others = list(zip(*rest, strict=True))
    return back


def _plain(h5py: Any, dataset: Any) -> list[Any]:
    if h5py.check_string_dtype(dataset.dtype):
        return list(dataset.asstr()[:]) if len(dataset) else []
    values = dataset[:].tolist()
    return [None if value != value else value for value in values]


def bluesky_back(paths: Iterable[Path]) -> Back:
    """With event-model: every document by its schema's validator, through its own router."""
    import event_model

    class Gather(event_model.DocumentRouter):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.descriptors: dict[str, Any] = {}
            self.rows: dict[str, list[Any]] = {}
            self.ended = False

        def descriptor(self, doc: Any) -> None:
            self.descriptors[doc["uid"]] = doc
            self.rows[doc["name"]] = []

        def event(self, doc: Any) -> None:
            self.rows[self.descriptors[doc["descriptor"]]["name"]].append(doc["data"])

        def stop(self, doc: Any) -> None:
            told = {name: len(rows) for name, rows in self.rows.items()}
            if doc["num_events"] != told:
                raise ValueError(f"{doc['num_events']} events told, {told} there")
            self.ended = True

    gather = Gather()
    (path,) = paths
    for line in path.read_text(encoding="utf-8").splitlines():
        name, document = json.loads(line)
        event_model.schema_validators[event_model.DocumentNames[name]].validate(document)
        gather(name, document)
    if not gather.ended:
        raise ValueError("no stop document")
    keys = next(d for d in gather.descriptors.values() if d["name"] == "primary")["data_keys"]
    rows = gather.rows["primary"]
    columns = {name: [row[name] for row in rows] for name in keys}
    return Back(
        columns | {"time": columns.pop("run_time")},
        {name: key["units"] for name, key in keys.items() if "units" in key},
        {
            name: key["source"].removeprefix("labctl:")
            for name, key in keys.items()
            if f"{name}_quality" in keys
        },
        [(row["seq"], row["t"], row["kind"], row["body"]) for row in gather.rows["events"]],
    )


def rocrate_events(paths: Iterable[Path], into: Path) -> tuple[Event, ...]:
    """With rocrate: the journal that the crate names as a file of its, read."""
    from rocrate.rocrate import ROCrate

    (path,) = paths
    crate = ROCrate(str(path))
    named = {entity.id for entity in crate.root_dataset["hasPart"]}
    with zipfile.ZipFile(path) as archive:
        if named != set(archive.namelist()) - {"ro-crate-metadata.json"}:
            raise ValueError("the crate names other files than it has")
        archive.extract("journal.jsonl", into)
    return read_journal(into / "journal.jsonl").events


Cell = tuple[float | None, str, str]
"""Number, unit, why there is none."""


def origin_cells(paths: Iterable[Path]) -> dict[str, list[Cell]]:
    """Channel -> its cells, from a worksheet for Origin."""
    (path,) = paths
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""), "excel-tab"))
    names, units, comments = rows[:3]
    found = {}
    for place, comment in enumerate(comments):
        if comment.startswith("channel "):
            quality = names.index(f"{names[place]} quality")
            found[comment.removeprefix("channel ")] = [
                (float(row[place]) if row[place] else None, units[place], row[quality])
                for row in rows[3:]
            ]
    return found


def prism_cells(paths: Iterable[Path], channels: Iterable[str]) -> dict[str, list[Cell]]:
    """Channel -> its cells, from an XY table for Prism and the list of its gaps."""
    gaps, table = sorted(paths, key=lambda path: path.name.endswith(".prism.txt"))
    listed = _csv(gaps.read_bytes())
    why = {
        (time, channel): quality
        for time, channel, quality in zip(
            listed["time_s"], listed["channel"], listed["quality"], strict=True
        )
    }
    columns = _csv(table.read_bytes(), "\t")
    times = columns["Time (s)"]
    found = {}
    for channel in channels:
        words = channel.replace(".", " ").replace("_", " ")
        title = next((t for t in columns if t.lower().partition(" (")[0] == words.lower()), None)
        if title is None:
            continue
        unit = title.partition(" (")[2].removesuffix(")")
        found[channel] = [
            (float(cell) if cell else None, unit, why.get((time, channel), ""))
            for time, cell in zip(times, columns[title], strict=True)
        ]
    return found


def recorded_cells(events: Iterable[Event]) -> dict[str, list[Cell]]:
    """The same of the journal itself."""
    samples = [event for event in events if isinstance(event, Sample)]
    channels = dict.fromkeys(r.channel for s in samples for r in s.readings)
    units = {r.channel: r.unit for s in samples for r in s.readings if isinstance(r, Reading)}
    found: dict[str, list[Cell]] = {}
    for channel in channels:
        for sample in samples:
            reading = next((r for r in sample.readings if r.channel == channel), None)
            unit = units.get(channel, "")
            if isinstance(reading, Reading):
                cell: Cell = (reading.value, unit, "")
            else:
                cell = (None, unit, "absent" if reading is None else reading.reason)
            found.setdefault(channel, []).append(cell)
    return found


def frame_back(frame: Any, events: Iterable[Event]) -> bool:
    """Whether a DataFrame has the journal's readings, with units and reasons."""
    units = frame.attrs["units"]
    recorded = recorded_cells(events)
    for channel, cells in recorded.items():
        name = channel.replace(".", "_")
        numbers = [None if value != value else value for value in frame[name].tolist()]
        unit = "" if units[name] == "1" else units[name]
        if cells != [(v, unit, q) for v, q in zip(numbers, frame[f"{name}_quality"], strict=True)]:
            return False
    return bool(recorded)


def dataset_back(dataset: Any, events: Iterable[Event]) -> bool:
    """The same of an xarray Dataset."""
    recorded = recorded_cells(events)
    for channel, cells in recorded.items():
        variable = dataset[channel.replace(".", "_")]
        unit = "" if variable.attrs["units"] == "1" else variable.attrs["units"]
        quality = dataset[variable.attrs["ancillary_variables"].split()[0]].values.tolist()
        numbers = [None if value != value else value for value in variable.values.tolist()]
        if variable.dims != ("time",) or variable.attrs["channel"] != channel:
            return False
        if cells != [(v, unit, q) for v, q in zip(numbers, quality, strict=True)]:
            return False
    return bool(recorded)
