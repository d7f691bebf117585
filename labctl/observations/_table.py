"""A sheet of observations, as a spreadsheet saves it. Every cell that is not understood is told
with line and column, and then nothing of the sheet is taken."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from labctl.errors import InputError, Problem
from labctl.observations._observation import BETWEEN, QUANTITIES, Draft
from labctl.quantities import Kind, QuantityError, kind_of_unit, parse, units_of

COLUMNS = {
    "sample": "mark of the sample or vessel",
    "run": "folder of the run, `2026-01-31/001-heating-curve-x`",
    "quantity": "what was measured: absorbance, viability, size, weight, or a name of your own",
    "value": "number",
    "unit": "as labctl writes units; empty for a pure number",
    "sd": "one standard deviation, in the same unit",
    "n": "of how many readings",
    "method": "how",
    "when": "ISO date or time",
    "who": "who measured",
    "corrects": "number of the observation that this one corrects",
    "note": "words",
}
"""Name of a column -> what stands in it. `quantity` and `value` are needed."""
LARGEST_BYTES = 16 << 20
_MOST_PROBLEMS = 20
_QUANTITY = re.compile(r"[a-z][a-z0-9_]{0,59}")
_PURE = frozenset({"", "1", "-", "au", "a.u."})
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that was read whole and found good."""

    name: str
    sha256: str
    rows: tuple[Draft, ...]


def read_sheet(path: Path) -> Sheet:
    """The observations in a CSV file. InputError with every problem, each with line and column."""
    try:
        if path.is_file() and path.stat().st_size > LARGEST_BYTES:
            raise InputError("the file is too large to be a sheet", where=str(path))
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read the file: {error.strerror}", where=str(path), fix="Check the path."
        ) from error
    where = str(path)
    text = _text(data, where)
    reader = _Reader(where, text)
    rows = reader.rows()
    if reader.problems:
        first = reader.problems[0]
        count = len(reader.problems)
        raise InputError(
            f"{count} cells are not understood" if count > 1 else first.message,
            problems=reader.problems,
            where=":".join(str(part) for part in (where, first.line, first.column) if part),
            fix=first.fix,
        )
    if not rows:
        raise InputError("the sheet has no rows", where=where, fix="One row an observation.")
    return Sheet(path.name, hashlib.sha256(data).hexdigest(), tuple(rows))


def _text(data: bytes, where: str) -> str:
    for codec in (
        ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "latin-1")
    ):
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise InputError(
        "this is not a text file", where=where, fix="Save it as CSV (a spreadsheet: Save as, CSV)."
    )


class _Reader:
    def __init__(self, where: str, text: str) -> None:
        self._where = where
        self._lines = text.splitlines()
        head = next((line for line in self._lines if line.strip()), "")
        self._separator = max("\t;,", key=head.count)
        self._comma = self._separator != ","
        self._text = text
        self.problems: list[Problem] = []

    def rows(self) -> list[Draft]:
        reader = csv.reader(io.StringIO(self._text), delimiter=self._separator)
        names: dict[str, int] = {}
        found: list[Draft] = []
        for cells in reader:
            line, stripped = reader.line_num, [cell.strip() for cell in cells]
            if not any(stripped) or stripped[0].startswith("#"):
                continue
            if not names:
                names = self._header(stripped, line)
                continue
            row = self._row(names, stripped, line)
            if row is not None:
                found.append(row)
            if len(self.problems) >= _MOST_PROBLEMS:
                break
        if not names:
            raise InputError("the sheet is empty", where=self._where, fix=_HEAD)
        return found

    def _header(self, cells: list[str], line: int) -> dict[str, int]:
        names: dict[str, int] = {}
        for place, cell in enumerate(cells):
            name = cell.lower().replace(" ", "_")
            if not name:
                continue
            if name not in COLUMNS or name in names:
                what = "twice" if name in names else f"not one of {', '.join(COLUMNS)}"
                self._bad(line, cell, f"column {cell!r} is {what}", _HEAD)
            names[name] = place
        for needed in ("quantity", "value"):
            if needed not in names:
                self._bad(line, "", f"there is no column {needed!r}", _HEAD)
        if self.problems:
            raise InputError(
                self.problems[0].message,
                problems=self.problems,
                where=f"{self._where}:{line}",
                fix=_HEAD,
            )
        return names

    def _row(self, names: dict[str, int], cells: list[str], line: int) -> Draft | None:
        before = len(self.problems)
        if len(cells) > max(names.values()) + 1 and any(cells[max(names.values()) + 1 :]):
            fix = "Put a cell with the separator in it in quotes."
            self._bad(line, cells[-1], "there are more cells than columns", fix)
            return None
        told = {name: cells[place] if place < len(cells) else "" for name, place in names.items()}
        for cell in told.values():
            if len(cell) > _LONGEST:
                self._bad(line, cell, f"a cell has at most {_LONGEST} characters", "Shorten it.")
        quantity = told["quantity"].lower().replace(" ", "_").replace("-", "_")
        if not _QUANTITY.fullmatch(quantity):
            self._bad(line, told["quantity"], f"{told['quantity']!r} is no name of a quantity",
                      "Write letters, digits and _, such as viability_24h.")  # fmt: skip
            return None
        unit = told.get("unit", "")
        kind = self._kind(quantity, unit, line)
        number = self._number(told["value"], line, "value")
        if kind is None or number is None:
            return None
        value, si = self._si(number, unit, kind, line, told["value"])
        low, high = BETWEEN.get(quantity, (-math.inf, math.inf))
        if not low <= value <= high:
            fix = "Check the value and its unit; leave the row out where there is none."
            self._bad(line, told["value"], f"{told['value']} {unit} is no {quantity}", fix)
        sd = None
        if told.get("sd"):
            spread = self._number(told["sd"], line, "sd")
            if spread is not None and spread < 0:
                self._bad(line, told["sd"], "a deviation is not below 0", "")
            elif spread is not None:
                sd, _ = self._si(spread, unit, kind, line, told["sd"])
        draft = Draft(
            line=line,
            run=told.get("run", ""),
            sample=told.get("sample", ""),
            quantity=quantity,
            value=value,
            unit=si,
            written=f"{told['value']} {unit}".rstrip(),
            sd=sd,
            sd_written="" if sd is None else f"{told['sd']} {unit}".rstrip(),
            n=self._count(told.get("n", ""), line, "n"),
            method=told.get("method", ""),
            when=self._when(told.get("when", ""), line),
            who=told.get("who", ""),
            corrects=self._count(told.get("corrects", ""), line, "corrects"),
            note=told.get("note", ""),
        )
        return draft if len(self.problems) == before else None

    def _kind(self, quantity: str, unit: str, line: int) -> Kind | None:
        wanted = QUANTITIES.get(quantity)
        pure = unit.lower() in _PURE
        if wanted is None:
            found = Kind.NUMBER if pure else kind_of_unit(unit)
            if found is None:
                self._bad(line, unit, f"{unit!r} is no unit that labctl knows",
                          "Write SI units as labctl does: nm, mg, mg/mL, %, W/cm^2.")  # fmt: skip
            return found
        for kind in wanted:
            if pure and kind in (Kind.FRACTION, Kind.ABSORBANCE, Kind.PH):
                return kind
            if not pure and _takes(kind, unit):
                return kind
        fits = ", ".join(name or "none" for kind in wanted for name in units_of(kind))
        self._bad(
            line, unit, f"{unit or 'no unit'} is no unit of {quantity}", f"Write one of {fits}."
        )
        return None

    def _si(self, number: float, unit: str, kind: Kind, line: int, cell: str) -> tuple[float, str]:
        if unit.lower() in _PURE:
            if kind is Kind.FRACTION and not 0.0 <= number <= 1.5:
                self._bad(line, cell, f"{cell} is no fraction", "Write % into the column unit.")
            return number, "1"
        try:
            value = parse(f"{number!r} {unit}", kind)
        except QuantityError as error:
            self._bad(line, cell, error.what, error.fix)
            return number, ""
        return value, _si_unit(kind)

    def _number(self, cell: str, line: int, name: str) -> float | None:
        text = cell.replace(",", ".") if self._comma else cell
        try:
            # Python would take 1_000 too.
            value = math.nan if "_" in text else float(text)
        except ValueError:
            value = math.nan
        if math.isfinite(value):
            return value
        self._bad(line, cell, f"{cell!r} is no {name}", "Write a number; leave the row out where "
                  "there is none.")  # fmt: skip
        return None

    def _count(self, cell: str, line: int, name: str) -> int | None:
        if not cell:
            return None
        if cell.isascii() and cell.isdigit() and 0 < int(cell) < 10**9:
            return int(cell)
        self._bad(line, cell, f"{cell!r} is no {name}", "Write a whole number from 1.")
        return None

    def _when(self, cell: str, line: int) -> str:
        if not cell:
            return ""
        try:
            datetime.fromisoformat(cell)
        except ValueError:
            self._bad(line, cell, f"{cell!r} is no date", "Write 2026-01-31 or 2026-01-31T14:05.")
        return cell

    def _bad(self, line: int, cell: str, words: str, fix: str) -> None:
        source = self._lines[line - 1] if 0 < line <= len(self._lines) else ""
        at = source.find(cell) + 1 if cell else 0
        self.problems.append(
            Problem("P022", words, self._where, line, at, source[:200], fix, max(1, len(cell)))
        )


_HEAD = f"Name the columns in the first line: {', '.join(COLUMNS)}."


def _takes(kind: Kind, unit: str) -> bool:
    try:
        parse(f"1 {unit}", kind)
    except QuantityError:
        return False
    return True


def _si_unit(kind: Kind) -> str:
    """The unit of the kind whose factor is one; a fraction has none."""
    first = units_of(kind)[0]
    return first if first and parse(f"1 {first}", kind) == 1.0 else "1"
