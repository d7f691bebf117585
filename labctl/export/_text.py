"""Exports as text: CSV, a worksheet for Origin, an XY table for Prism. Standard library only.

Every float is written as the shortest text that reads back as the same float; the decimal mark is
a point.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from labctl.export._about import name
from labctl.export._tables import ABSENT, OK, Column, Kind, Role, Tables
from labctl.observations import Observation, read_observations


def write_csv(tables: Tables, stem: Path) -> list[Path]:
    """RFC 4180: the samples with units in the names of their columns, the other events, and what
    each column is."""
    samples, events, columns = _files(stem, ".csv", ".events.csv", ".columns.csv")
    _write(samples, [c.header for c in tables.columns], _rows(tables.columns))
    _write(
        events,
        ["seq", "t_ns", "kind", "body"],
        ((other.seq, other.t_ns, other.kind, other.body) for other in tables.others),
    )
    _write(
        columns,
        ["header", "column", "unit", "kind", "channel", "meaning"],
        ((c.header, c.name, c.unit, c.kind.value, c.channel, c.meaning) for c in tables.columns),
    )
    return [samples, events, columns, *_observed(tables, stem)]


def _observed(tables: Tables, stem: Path) -> list[Path]:
    """What was measured of the sample afterwards, where there is any; corrected ones too, told."""
    found = read_observations(tables.run.path).lines
    if not found:
        return []
    (path,) = _files(stem, ".observations.csv")
    names = [field.name for field in fields(Observation)]
    _write(path, names, ([getattr(one, name) for name in names] for one in found))
    return [path]


def write_origin(tables: Tables, stem: Path) -> list[Path]:
    """Tab-separated, with Origin's three header rows: long name, units, comments. Times of single
    readings, what instruments said, the sampling grid and the other events are left to the other
    formats."""
    (path,) = _files(stem, ".origin.txt")
    columns = tables.of(Role.TIME, Role.VALUE, Role.BEAM, Role.STEP, Role.CHECK, Role.QUALITY)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, dialect="excel-tab")
        writer.writerow(_long_name(c) for c in columns)
        writer.writerow("" if c.unit == "1" else c.unit for c in columns)
        writer.writerow(
            [f"{name(tables.run)}: {columns[0].meaning}", *(c.meaning for c in columns[1:])]
        )
        writer.writerows(_rows(columns))
    return [path]


def write_prism(tables: Tables, stem: Path) -> list[Path]:
    """An XY table: X once, the title of each Y with its unit, numbers alone. Prism has no place for
    why a cell is empty: that is a list beside it."""
    path, gaps = _files(stem, ".prism.txt", ".prism-gaps.csv")
    columns = tuple(
        c for c in tables.of(Role.TIME, Role.VALUE, Role.CHECK)
        if c.kind is Kind.FLOAT and (c.role is Role.TIME or _some(c))
    )  # fmt: skip
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, dialect="excel-tab")
        writer.writerow(_long_name(c) + (f" ({c.unit})" if c.unit != "1" else "") for c in columns)
        writer.writerows(_rows(columns))
    _write(gaps, ["time_s", "channel", "unit", "quality", "detail"], _gaps(tables))
    return [path, gaps]


def _some(column: Column) -> bool:
    return any(value is not None for value in column.values)


def _gaps(tables: Tables) -> Iterable[Sequence[Any]]:
    time = tables.columns[0].values
    details = {c.of: c.values for c in tables.of(Role.DETAIL)}
    units = {c.name: c.unit for c in tables.of(Role.VALUE)}
    for quality in tables.of(Role.QUALITY):
        said = details.get(quality.of)
        for place, word in enumerate(quality.values):
            if word not in (OK, ABSENT):
                yield (
                    _cell(time[place]), quality.channel, units[quality.of], word,
                    said[place] if said else "",
                )  # fmt: skip


def _long_name(column: Column) -> str:
    words = column.name.replace("_", " ")
    return words[:1].upper() + words[1:]


def _rows(columns: Sequence[Column]) -> Iterable[Sequence[str]]:
    return zip(*(list(map(_cell, column.values)) for column in columns), strict=True)


def _cell(value: Any) -> str:
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


def _files(stem: Path, *ends: str) -> tuple[Path, ...]:
    return tuple(stem.with_name(stem.name + end) for end in ends)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
