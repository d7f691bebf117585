"""A record in Python: its events, and its samples for pandas and xarray with their units."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labctl.errors import RecordError
from labctl.export._about import about, name
from labctl.export._libraries import library
from labctl.export._tables import Kind, Tables, read_tables
from labctl.record import describe_run

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from labctl.events import Event
    from labctl.observations import Observation
    from labctl.record import RunDescription


class Run:
    """A record, read once. Comes from `labctl.load`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def __repr__(self) -> str:
        return f"<labctl run {name(self._tables.run)}: {self.description.words}>"

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self._tables.run.path

    @property
    def description(self) -> RunDescription:
        """State, verdict, dose, end and head hash."""
        return self._tables.run

    @property
    def facts(self) -> Mapping[str, Any]:
        """run.json."""
        return self._tables.run.facts

    @property
    def units(self) -> dict[str, str]:
        """Column of the samples -> its unit; `1` of a number without one, none for text."""
        return {c.name: c.unit for c in self._tables.columns if c.unit}

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """Every event that is good in the journal."""
        from labctl.record import read_journal

        return read_journal(self.path / "journal.jsonl").events

    @cached_property
    def observations(self) -> tuple[Observation, ...]:
        """What was measured of the sample afterwards (`labctl runs attach`), without those that
        were corrected."""
        from labctl.observations import read_observations

        return read_observations(self.path).standing

    def to_pandas(self) -> pd.DataFrame:
        """One row a sample, by its `time` in seconds. `attrs["units"]` has the unit of each column,
        `attrs["run"]` what the run was. A number that is none is NaN; `<channel>_quality` says why.

        RefusedError where pandas is not installed.
        """
        pandas = library("pandas", "to_pandas()")
        columns = self._tables.columns
        frame = pandas.DataFrame(
            {c.name: _array(c.values, c.kind) for c in columns[1:]},
            index=pandas.Index(_array(columns[0].values, Kind.FLOAT), name=columns[0].name),
        )
        frame.attrs["units"] = self.units
        frame.attrs["run"] = about(self._tables.run)
        return frame

    def to_xarray(self) -> xr.Dataset:
        """The same along the dimension `time`; every variable has `units` and `long_name` in its
        `attrs`, and `ancillary_variables` names its quality.

        RefusedError where xarray is not installed.
        """
        xarray = library("xarray", "to_xarray()")
        columns = self._tables.columns
        beside: dict[str, list[str]] = {}
        for column in columns:
            if column.of:
                beside.setdefault(column.of, []).append(column.name)
        made = {}
        for column in columns:
            attrs = {"long_name": column.meaning}
            if column.unit:
                attrs["units"] = column.unit
            if column.channel:
                attrs["channel"] = column.channel
            if column.name in beside:
                attrs["ancillary_variables"] = " ".join(beside[column.name])
            array = _array(column.values, column.kind)
            made[column.name] = (columns[0].name, array, attrs)
        time = {columns[0].name: made.pop(columns[0].name)}
        made_of: xr.Dataset = xarray.Dataset(made, coords=time, attrs=about(self._tables.run))
        return made_of


def _array(values: list[Any], kind: Kind) -> Any:
    import numpy as np

    if kind is Kind.TEXT:
        return np.array(values, dtype=object)
    if kind is Kind.COUNT:
        return np.array(values, dtype=np.int64)
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def load(run: str | PathLike[str]) -> Run:
    """The record in a run's folder (or whose journal this is). RecordError when there is none."""
    path = Path(run).expanduser()
    folder = path.parent if path.name == "journal.jsonl" else path
    if not (folder / "journal.jsonl").is_file():
        raise RecordError(
            "no journal to read", where=str(folder), fix="Name the folder that has journal.jsonl."
        )
    return Run(read_tables(describe_run(folder)))
