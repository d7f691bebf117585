"""Text to a table: separator, decimal sign, comment lines, preamble, header, units below it.

Nothing is computed here and no meaning given; cells are texts with the line they stand in.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from labctl.analysis._units import is_unit
from labctl.errors import InputError

SEPARATORS = {"\t": "tab", ";": "semicolon", ",": "comma", " ": "spaces"}
"""Tried in this order; the first that cuts the lines best is taken."""
_COMMENT = re.compile(r"\s*(#|%|//|!|\*)")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?", re.ASCII)
_COMMA_NUMBER = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII)
_POINT_NUMBER = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?", re.ASCII)
_TIME = re.compile(r"[-\d/.T ]*\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp][Mm])?Z?")
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[/.]\d{1,2}[/.]\d{4}")
_EMPTY = re.compile(r"\s*|nan|n/?a|null|none|-+|ol|open|err(or)?|#\S*", re.IGNORECASE)
_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as texts."""

    names: tuple[str, ...]
    """Of the columns, as written; units from a line of their own are put behind in brackets."""
    rows: Sequence[Sequence[str]]
    lines: Sequence[int]
    """The line of the file, from 1, of each row."""
    header_line: int
    decimal_comma: bool
    words: str
    """How the text was cut, for people."""
    separator: str = ","
    texts: Mapping[int, str] = field(default_factory=dict)
    """The lines of the file, by their number from 1."""

    def column(self, row: int, place: int) -> int:
        """Where in its line, from 1, the cell of a row begins; 0 where that cannot be told."""
        text, cells = self.texts.get(self.lines[row], ""), self.rows[row]
        at = 0
        for cell in cells[:place]:
            found = text.find(cell, at)
            behind = -1 if found < 0 else text.find(self.separator, found + len(cell))
            if behind < 0:
                return 0
            at = behind + 1
        found = text.find(cells[place], at)
        return found + 1 if found >= 0 else 0


def read_table(text: str, where: str) -> Table:
    """Cut a text into a table. InputError for none, for one without a header, and for rows that
    have another number of cells than it."""
    lines = [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not _COMMENT.match(line)
    ]
    if not lines:
        raise InputError("the file has no rows", where=where, fix="Check the export.")
    separator = _separator([line for _, line in lines])
    numbers = [number for number, _ in lines]
    cells = _cut([line for _, line in lines], separator)
    first = _first_data(cells)
    if first is None:
        raise InputError(
            "no rows with two numbers or more",
            where=where,
            fix="A curve is a column of times and one of temperatures, in a text file.",
        )
    if first == 0:
        raise InputError(
            "the columns have no names",
            where=f"{where}:{numbers[0]}",
            fix="Add a first line such as: time_s,temperature_degC,laser",
        )
    names, header = _names(cells, first)
    rows, places = _rows(cells[first:], numbers[first:], len(names), separator, where)
    names, rows = _dates_joined(names, rows)
    comma = separator != "," and _decimal_comma(rows)
    sign = "decimal comma" if comma else "decimal point"
    cut = f"{SEPARATORS[separator]}, {sign}"
    return Table(names, rows, places, numbers[header], comma, cut, separator, dict(lines))


def is_empty(cell: str) -> bool:
    """True for a cell that says that there is no number."""
    return _EMPTY.fullmatch(cell) is not None


def _separator(lines: Sequence[str]) -> str:
    """The one that cuts most lines of the middle into as many cells, two or more. A comma that
    stands between digits in a file that has another separator is a decimal sign."""
    middle = len(lines) // 2
    sample = lines[max(0, middle - _LOOKED_AT // 2) : middle + _LOOKED_AT // 2]
    best, most = ",", 0.0
    for separator in SEPARATORS:
        counts = [len(row) for row in _cut(sample, separator)]
        usual = max(set(counts), key=counts.count)
        # Spaces stand in names and times too: only where nothing else cuts.
        share = counts.count(usual) / len(counts) * (0.5 if separator == " " else 1.0)
        if usual >= 2 and share > most + 0.05:
            best, most = separator, share
    return best


def _cut(lines: Sequence[str], separator: str) -> list[list[str]]:
    if separator == " ":
        return [line.split() for line in lines]
    try:
        rows = list(csv.reader(lines, delimiter=separator, skipinitialspace=True))
    except csv.Error:
        # A cell beyond all bounds, or a quote that never ends.
        rows = [line.split(separator) for line in lines]
    if len(rows) != len(lines):
        # A quote that runs over lines: no table of numbers has one.
        rows = [line.split(separator) for line in lines]
    return [[cell.strip() for cell in row] for row in rows]


def _is_value(cell: str) -> bool:
    return any(form.fullmatch(cell) is not None for form in (_NUMBER, _TIME, _DATE))


def _first_data(cells: Sequence[Sequence[str]]) -> int | None:
    """The first row that begins the data: two values or more, and the next row too if there is
    one of the same kind."""
    for i, row in enumerate(cells):
        values = sum(_is_value(cell) for cell in row)
        named = any(not _is_value(cell) and not is_empty(cell) for cell in row[:1])
        if values >= 2 and not named:
            return i
    return None


def _names(cells: Sequence[Sequence[str]], first: int) -> tuple[tuple[str, ...], int]:
    """Names of the columns and the place of their line, with units from a line between."""
    last = list(cells[first - 1])
    width = len(cells[first])
    above = list(cells[first - 2]) if first >= 2 else []
    if len(above) >= 2 and len(above) == len(last) and _are_units(last) and not _are_units(above):
        joined = [
            f"{name} ({unit})" if unit else name for name, unit in zip(above, last, strict=True)
        ]
        return _trimmed(joined, width), first - 2
    return _trimmed(last, width), first - 1


def _trimmed(names: list[str], width: int) -> tuple[str, ...]:
    while len(names) > width and not names[-1]:
        names.pop()
    return tuple(names)


def _are_units(cells: Sequence[str]) -> bool:
    return sum(is_unit(cell) for cell in cells) >= 2


def _rows(
    cells: Sequence[list[str]], numbers: Sequence[int], width: int, separator: str, where: str
) -> tuple[list[list[str]], list[int]]:
    rows, places = [], []
    for row, number in zip(cells, numbers, strict=True):
        while len(row) > width and not row[-1]:
            row.pop()
        if len(row) > width:
            hint = (
                "If the comma is the decimal sign, export with semicolons between the cells."
                if separator == "," and len(row) == 2 * width
                else "Give every column a name, and no cell the separator."
            )
            raise InputError(
                f"{len(row)} cells where the header has {width} names",
                where=f"{where}:{number}",
                fix=hint,
            )
        rows.append(row + [""] * (width - len(row)))
        places.append(number)
    return rows, places


def _dates_joined(
    names: tuple[str, ...], rows: list[list[str]]
) -> tuple[tuple[str, ...], list[list[str]]]:
    """With one column in the place of a date and the time of day behind it, as loggers write
    them."""
    looked_at = [row for row in rows[:_LOOKED_AT] if any(row)]
    for place in range(len(names) - 1):
        if not looked_at or not all(
            _DATE.fullmatch(row[place])
            and ":" in row[place + 1]
            and _TIME.fullmatch(row[place + 1])
            for row in looked_at
        ):
            continue
        joined = [
            [*row[:place], f"{row[place]} {row[place + 1]}".strip(), *row[place + 2 :]]
            for row in rows
        ]
        name = f"{names[place]} {names[place + 1]}".strip()
        return (*names[:place], name, *names[place + 2 :]), joined
    return names, rows


def _decimal_comma(rows: Sequence[Sequence[str]]) -> bool:
    for row in rows:
        for cell in row:
            if _POINT_NUMBER.fullmatch(cell):
                return False
            if _COMMA_NUMBER.fullmatch(cell):
                return True
    return False
