"""Cells to numbers: decimal commas, times of day and dates, words for a light that is on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from labctl.analysis._columns import Column
from labctl.analysis._table import Table, is_empty
from labctl.analysis._units import Role
from labctl.errors import InputError, Problem

Floats = NDArray[np.float64]
_MOST_PROBLEMS = 5
_ON = frozenset({"on", "true", "yes", "lit", "1", "open", "ein", "an", "heating", "heat"})
_OFF = frozenset({"off", "false", "no", "dark", "0", "closed", "aus", "cooling", "cool", ""})
_NOT_KNOWN = frozenset({"unknown", "?", "nan"})
_CLOCK = re.compile(
    r"(?P<date>\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[/.]\d{1,2}[/.]\d{4})?[T ]*"
    r"(?P<h>\d{1,3}):(?P<m>\d{2})(:(?P<s>\d{2}([.,]\d+)?))? ?(?P<half>[AaPp][Mm])?Z?"
)
_DAY_S = 86400.0


def numbers(table: Table, column: Column, where: str) -> Floats:
    """SI values (degC for temperatures) of a column, NaN for empty cells; InputError with the
    lines of the first cells that are neither."""
    cells = [row[column.place] for row in table.rows]
    if column.role is Role.TIME and any(":" in cell for cell in cells[:_MOST_PROBLEMS]):
        return _clock_times(cells, table, column, where)
    values = np.empty(len(cells))
    problems: list[Problem] = []
    comma = table.decimal_comma
    for i, cell in enumerate(cells):
        try:
            values[i] = float(cell.replace(",", ".") if comma else cell)
        except ValueError:
            values[i] = np.nan
            if not is_empty(cell):
                problems.append(_problem(table, i, column, where))
                if len(problems) >= _MOST_PROBLEMS:
                    break
    _raise(problems, column, where)
    values[~np.isfinite(values)] = np.nan
    with np.errstate(over="ignore"):
        return values * column.factor + column.offset


def light(table: Table, column: Column, where: str) -> NDArray[np.bool_]:
    """True where the light is on: by words, or by numbers above 5 % of the largest. Where it is
    not known it is what it was before; an empty cell is dark where nothing else says so."""
    cells = [row[column.place].strip().lower() for row in table.rows]
    words = set(cells)
    empty_is_dark = not words & (_OFF - {""})
    values = np.zeros(len(cells))
    problems: list[Problem] = []
    before = 0.0
    for i, cell in enumerate(cells):
        if cell in _ON:
            # Words and numbers in one column: no number is larger than on.
            before = 1.0 if cell == "1" else np.inf
        elif cell in _OFF and (cell or empty_is_dark):
            before = 0.0
        elif not is_empty(cell) and cell not in _NOT_KNOWN:
            try:
                before = float(cell.replace(",", ".") if table.decimal_comma else cell)
            except ValueError:
                if len(problems) < _MOST_PROBLEMS:
                    problems.append(_problem(table, i, column, where))
        values[i] = before
    _raise(problems, column, where)
    largest = float(values[np.isfinite(values)].max(initial=0.0))
    lit: NDArray[np.bool_] = values > 0.05 * largest
    return lit


def _clock_times(cells: Sequence[str], table: Table, column: Column, where: str) -> Floats:
    """Seconds since the first, of times of day (which go on over midnight) or dates with them."""
    values = np.full(len(cells), np.nan)
    problems: list[Problem] = []
    days, last = 0.0, -np.inf
    for i, cell in enumerate(cells):
        if is_empty(cell):
            continue
        found = _CLOCK.fullmatch(cell.strip())
        day = None if found is None else _day(found["date"])
        if found is None or (found["date"] and day is None):
            if len(problems) < _MOST_PROBLEMS:
                problems.append(_problem(table, i, column, where))
            continue
        hour = float(found["h"])
        if found["half"]:
            hour = hour % 12.0 + (12.0 if found["half"].lower() == "pm" else 0.0)
        second = float((found["s"] or "0").replace(",", "."))
        value = hour * 3600.0 + float(found["m"]) * 60.0 + second
        if day is not None:
            value += day * _DAY_S
        elif value + days < last - 0.5 * _DAY_S:
            days += _DAY_S
        values[i] = last = value + (0.0 if day is not None else days)
    _raise(problems, column, where)
    finite = values[np.isfinite(values)]
    return values - finite[0] if len(finite) else values


def _day(text: str | None) -> float | None:
    """Days since one long ago, so that two dates may be subtracted."""
    if not text:
        return None
    parts = [int(part) for part in re.split(r"[-/.]", text)]
    year, month, day = parts if parts[0] > 31 else (parts[2], parts[1], parts[0])
    if month > 12:
        # As some countries write it.
        month, day = day, month
    try:
        return float(date(year, month, day).toordinal())
    except ValueError:
        return None


def _problem(table: Table, row: int, column: Column, where: str) -> Problem:
    cell, line = table.rows[row][column.place], table.lines[row]
    return Problem(
        "P021",
        f"'{_short(cell)}' is no {column.role}",
        file=where,
        line=line,
        column=table.column(row, column.place),
        source=_short(table.texts.get(line, ""), 120),
        fix="Leave the cell empty where there is no reading.",
        width=max(1, min(len(cell), 30)),
    )


def _short(text: str, most: int = 30) -> str:
    return text if len(text) <= most else f"{text[:most]}..."


def _raise(problems: Sequence[Problem], column: Column, where: str) -> None:
    if problems:
        first = problems[0]
        at = f"{first.line}:{first.column}" if first.column else f"{first.line}"
        raise InputError(
            f"column '{column.name}' has cells that are no {column.role}",
            problems=problems,
            where=f"{where}:{at}",
            fix="Correct them, or leave them empty where there is no reading.",
        )
