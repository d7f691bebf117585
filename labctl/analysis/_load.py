"""Anybody's file to a record, with everything that was recognised told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from labctl.analysis._columns import Choice, Column, choose
from labctl.analysis._table import read_table
from labctl.analysis._text import decode, read_text
from labctl.analysis._units import Role
from labctl.analysis._values import light, numbers
from labctl.errors import InputError
from labctl.photothermal import Record

_OWN = Choice(
    time="time_s", temperature="probe_temperature_degC", light="laser", power="meter_power_W"
)
"""Columns of the table in a run's folder."""
_TABLE = "data.csv"
"""Its name."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A record and where it came from."""

    record: Record
    where: str
    recognised: tuple[str, ...]
    """In words: how the file was cut, and which column was taken as what."""
    said: tuple[str, ...] = ()
    """What somebody should know who used this file for a power: an irradiance is none."""
    lines: Sequence[int] = field(default_factory=tuple)
    """The line of the file, from 1, of each row of the record."""
    columns: tuple[Column, ...] = ()
    """Those that were used."""
    unused: tuple[str, ...] = ()
    """Names of the others."""


def line_of(loaded: Loaded, row: int | None) -> int | None:
    """The line of the file of a row of the record; None where there is none."""
    return None if row is None or row >= len(loaded.lines) else int(loaded.lines[row])


def read(data: bytes, where: str, choice: Choice | None = None) -> Loaded:
    """The same as `load` of bytes that were read already."""
    text, encoding = decode(data, where)
    return parse(text, where, _as_own(text, choice or Choice()), encoding)


def load(path: Path, choice: Choice | None = None) -> Loaded:
    """Read a file, or the table in the folder of a run. InputError says line and remedy."""
    choice = choice or Choice()
    if path.is_dir():
        return _folder(path, choice)
    text, encoding = read_text(path)
    if path.name == _TABLE:
        choice = _as_own(text, choice)
    return parse(text, str(path), choice, encoding)


def parse(
    text: str, where: str = "file", choice: Choice | None = None, encoding: str = ""
) -> Loaded:
    """The same of a text."""
    table = read_table(text, where)
    used = choose(table.names, choice or Choice(), f"{where}:{table.header_line}")
    time_s = numbers(table, used[Role.TIME], where)
    place = used[Role.TIME].place
    if any(":" in row[place] for row in table.rows[:5]):
        used[Role.TIME] = replace(used[Role.TIME], unit="times of day")
    temperature = numbers(table, used[Role.TEMPERATURE], where)
    said: list[str] = []
    recognised = [f"{', '.join(filter(None, (encoding, table.words)))}; {len(table.rows)} rows"]
    recognised += [used[role].words for role in Role if role in used]
    lit = light(table, used[Role.LIGHT], where) if Role.LIGHT in used else None
    power = numbers(table, used[Role.POWER], where) if Role.POWER in used else None
    if power is not None and not np.isfinite(power).any():
        power = None
    if Role.IRRADIANCE in used:
        column = used[Role.IRRADIANCE]
        said.append(
            f"column '{column.name}' is an irradiance: it says when the light was on, not how much "
            "power reached the sample"
        )
        if lit is None:
            lit = light(table, column, where)
    ambient = numbers(table, used[Role.AMBIENT], where) if Role.AMBIENT in used else None
    if ambient is not None and not np.isfinite(ambient).any():
        ambient = None
    record = Record(time_s, temperature, lit, power, ambient)
    places = {column.place for column in used.values()}
    return Loaded(
        record,
        where,
        tuple(recognised),
        tuple(said),
        tuple(table.lines),
        tuple(used[role] for role in Role if role in used),
        tuple(name for place, name in enumerate(table.names) if place not in places),
    )


def _folder(path: Path, choice: Choice) -> Loaded:
    table = path / _TABLE
    if not table.is_file():
        raise InputError(
            "this folder has no data.csv",
            where=str(path),
            fix="Name a file with a curve, or the folder of a run of labctl.",
        )
    text, encoding = read_text(table)
    return parse(text, str(table), _as_own(text, choice), encoding)


def _as_own(text: str, choice: Choice) -> Choice:
    """The columns that a table of labctl's own has under these names, where nobody named others."""
    names = next(iter(text.splitlines()), "").split(",")
    if not {_OWN.time, _OWN.temperature}.issubset(names):
        return choice
    return Choice(
        **{
            role: asked or (usual if usual in names else "")
            for role, asked, usual in (
                (role, getattr(choice, role), getattr(_OWN, role)) for role in Choice.__slots__
            )
        }
    )
