"""Lot files, `labctl.lot/1`: what one lot is by measurements made elsewhere. All problems of a file
are told at once (InputError)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

from labctl import yamlfile
from labctl.batch._fields import NAMES, QUANTITY
from labctl.quantities import Kind, Quantity
from labctl.yamlfile import (
    Choice,
    Date,
    Field,
    Item,
    MapOf,
    Name,
    Reader,
    Row,
    Source,
    Table,
    Text,
    Truth,
)

SCHEMA = "labctl.lot/1"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One critical quality attribute as it was measured elsewhere, in SI units."""

    kind: Kind
    value: float | None
    """None where only a bound is known."""
    sd: float
    """One standard deviation."""
    below: float | None
    """It is below this, as an assay with a limit of detection says."""
    method: str
    date: str
    """ISO."""
    source: str
    """The file or the sheet where the measurement is kept."""
    placeholder: bool = False

    def interval(self, confidence: float) -> tuple[float, float]:
        """Where the value is with this confidence, for a normal deviation; from 0 up to a bound
        where only that is known."""
        if self.value is None:
            return 0.0, self.below or 0.0
        wide = NormalDist().inv_cdf(0.5 + confidence / 2.0) * self.sd
        return self.value - wide, self.value + wide


@dataclass(frozen=True, slots=True)
class Lot:
    """One lot of one sample."""

    sample: str
    """Name of the sample file's `name`, as runs carry it."""
    lot: str
    made: str
    """ISO date."""
    process: str
    """How it was made, in words."""
    parameters: Mapping[str, str]
    """Of the process, as written."""
    scale: str
    """Of the batch, as written: `50 mL`, `120 mg`."""
    attributes: Mapping[str, Attribute]
    source_file: str


_SCHEMA = Field("schema", Choice({SCHEMA: "a lot"}), f"Write `schema: {SCHEMA}`", True)
_SAMPLE = Field(
    "sample", Name(example="pda-aminoacid"), "Name of the sample, as runs have it", True
)
_LOT = Field("lot", Text(100), "Name of the lot, as runs have it", True)
_MADE = Field("made", Date(), "Day on which it was made", True)
_PROCESS = Field("process", Text(500), "How it was made, and by which instruction", True)
_PARAMETERS = Field("parameters", MapOf(Text(200), NAMES), "Of the process: name and what it was")
_SCALE = Field("scale", Text(200), "Size of the batch, as `50 mL, 120 mg`", True)

_VALUE = Field("value", QUANTITY, "As it was measured; or give `below`")
_SD = Field("sd", QUANTITY, "One standard deviation of that, in its unit or in %")
_BELOW = Field("below", QUANTITY, "It is below this: the method sees no less")
_METHOD = Field("method", Text(200), "How it was measured", True)
_DATE = Field("date", Date(), "Day on which it was measured", True)
_SOURCE = Field("source", Text(300), "Where the measurement is kept", True)
_PLACEHOLDER = Field("placeholder", Truth(), "Not measured: it stands in, and nothing passes by it")
_ATTRIBUTE = Table("attribute", (_VALUE, _SD, _BELOW, _METHOD, _DATE, _SOURCE, _PLACEHOLDER))
_ATTRIBUTES = Field(
    "attributes",
    MapOf(_ATTRIBUTE, NAMES),
    "Measured elsewhere: size, polydispersity, zeta, endotoxin, ...",
    True,
)
_TABLE = Table(
    "lot file",
    (_SCHEMA, _SAMPLE, _LOT, _MADE, _PROCESS, _PARAMETERS, _SCALE, _ATTRIBUTES),
)


def load_lot(path: Path) -> Lot:
    """Read a lot file; raises InputError with every problem."""
    return _read(yamlfile.open_source(path))


def loads_lot(text: str, file: str = "lot.yaml") -> Lot:
    """The same from a text."""
    return _read(Source(file, text))


def lot_schema() -> dict[str, Any]:
    """JSON Schema of a lot file."""
    return yamlfile.json_schema(SCHEMA, _TABLE, {})


def _read(source: Source) -> Lot:
    node, problems = yamlfile.read_text(source)
    reader = Reader(problems)
    row = _TABLE.read(node, reader)
    attributes: dict[str, Attribute] = {}
    if row is not None:
        for name, item in (row[_ATTRIBUTES] or {}).items():
            found = _attribute(name, item, reader)
            if found is not None:
                attributes[name] = found
                _check_day(found, row, item, reader)
    what = f"{source.file} is not a valid lot file"
    reader.raise_any(what)
    lot = None if row is None else _build(row, attributes, source.file)
    if lot is None:
        # A field without a value has always told a problem.
        raise RuntimeError(what)
    return lot


def _check_day(found: Attribute, row: Row, item: Item[Row], reader: Reader) -> None:
    made = row[_MADE]
    if made is not None and found.date < made:
        reader.add(item.value.at(_DATE), "P024", f"measured before the lot was made, on {made}")


def _attribute(name: str, item: Item[Row], reader: Reader) -> Attribute | None:
    row = item.value
    if row.meant(_VALUE) == row.meant(_BELOW):
        reader.add(item.key, "P013", f"'{name}' needs either its value or what it is below",
                   "Write {value: 120 nm, sd: 3 nm, ...} or {below: 0.1 EU/mL, ...}.")  # fmt: skip
        return None
    if row.has(_VALUE) and not row.meant(_SD):
        reader.add(row.at(_VALUE), "P025", f"'{name}' does not say how well it is known",
                   "Add one standard deviation: 'sd: 2 %'.")  # fmt: skip
    value, sd, below = row[_VALUE], row[_SD], row[_BELOW]
    method, date, source = row[_METHOD], row[_DATE], row[_SOURCE]
    placeholder = row[_PLACEHOLDER]
    told = value if value is not None else below
    if told is None or method is None or date is None or source is None:
        return None
    spread = 0.0
    if value is not None:
        if sd is None:
            return None
        found = _spread(value, sd)
        if found is None or found < 0:
            reader.add(row.at(_SD), "P023" if found is None else "P024",
                       f"this is no deviation of a {value.kind}",
                       "Write it in the value's unit, or in %.")  # fmt: skip
            return None
        spread = found
    elif told.value <= 0:
        reader.add(row.at(_BELOW), "P024", "this bound must be greater than zero")
        return None
    return Attribute(
        kind=told.kind,
        value=None if value is None else value.value,
        sd=spread,
        below=None if below is None else below.value,
        method=method,
        date=date,
        source=source,
        placeholder=placeholder is True,
    )


def _spread(value: Quantity, sd: Quantity) -> float | None:
    """The deviation in the value's unit; None for one that does not fit. That of a fraction is in
    percentage points."""
    if value.kind is Kind.TEMPERATURE:
        return sd.value if sd.kind is Kind.TEMPERATURE_DIFFERENCE else None
    if sd.kind is value.kind:
        return sd.value
    return sd.value * abs(value.value) if sd.kind is Kind.FRACTION else None


def _build(row: Row, attributes: dict[str, Attribute], file: str) -> Lot | None:
    sample, lot, made = row[_SAMPLE], row[_LOT], row[_MADE]
    process, scale = row[_PROCESS], row[_SCALE]
    if sample is None or lot is None or made is None or process is None or scale is None:
        return None
    parameters = row[_PARAMETERS] or {}
    return Lot(
        sample=sample,
        lot=lot,
        made=made,
        process=process,
        parameters={name: item.value for name, item in parameters.items()},
        scale=scale,
        attributes=attributes,
        source_file=file,
    )
