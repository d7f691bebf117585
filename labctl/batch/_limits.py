"""Limits files, `labctl.release-limits/1`: declared before the runs, what a lot must be to pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labctl import yamlfile
from labctl.batch._fields import NAMES, QUANTITY
from labctl.batch._judge import Bounds
from labctl.quantities import Kind
from labctl.yamlfile import (
    Amount,
    Choice,
    Count,
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

SCHEMA = "labctl.release-limits/1"
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Wanted:
    """Limits of one quantity, in SI units."""

    kind: Kind
    bounds: Bounds
    runs: int = 1
    """So many completed runs at least."""
    protocol: str = ""
    """By which it is measured, where that is not the file's own."""
    method: str = ""
    """By which an attribute must have been measured; '' for any."""


@dataclass(frozen=True, slots=True)
class Reference:
    """System suitability: a sample that is known must be found as it is, before the lots."""

    sample: str
    lot: str
    measured: Mapping[str, Wanted]
    within_s: float
    """A lot's runs count when they begin at most so long after a reference run that passed."""


@dataclass(frozen=True, slots=True)
class Charted:
    """Which quantity the control chart shows, and its lines where they are declared."""

    quantity: str
    kind: Kind | None
    centre: float | None
    sd: float | None


@dataclass(frozen=True, slots=True)
class ReleaseLimits:
    """What a lot is judged by."""

    name: str
    title: str
    sample: str
    protocol: str
    confidence: float
    reference: Reference | None
    measured: Mapping[str, Wanted]
    """Result of a run -> limits."""
    attributes: Mapping[str, Wanted]
    """Attribute of a lot file -> limits."""
    chart: Charted | None
    accept_placeholders: bool
    """For a rehearsal: what rests on a placeholder may pass, and the verdict says so."""
    digest: str
    """SHA-256 of what the file says."""
    source_file: str


_LOW = Field("low", QUANTITY, "Must be above this")
_HIGH = Field("high", QUANTITY, "Must be below this")
_RUNS = Field("runs", Count(1, 1000), "So many completed runs at least")
_BY = Field("protocol", Name(), "Protocol that measures it, where it is not the file's own")
_METHOD = Field("method", Text(200), "By which it must have been measured, as the lot file has it")
_MEASURED = MapOf(Table("limits of a result", (_LOW, _HIGH, _RUNS, _BY)), NAMES)
_ELSEWHERE = MapOf(Table("limits of an attribute", (_LOW, _HIGH, _METHOD)), NAMES)

_REF_SAMPLE = Field("sample", Name(example="polydopamine"), "Name of the reference sample", True)
_REF_LOT = Field("lot", Text(100), "Its lot; leave it out where it has none")
_REF_LIMITS = Field("measured", _MEASURED, "Limits within which it must be found", True)
_WITHIN = Field("within", Amount(Kind.TIME, positive=True),
                "A lot's run counts so long after a reference run that passed", True)  # fmt: skip
_REF = Table("reference", (_REF_SAMPLE, _REF_LOT, _REF_LIMITS, _WITHIN))

_QUANTITY = Field("quantity", Name(NAMES, "efficiency"), "Result that is charted", True)
_CENTRE = Field("centre", QUANTITY, "Declared centre; else it is worked out from the lots")
_SD = Field("sd", QUANTITY, "Declared standard deviation from lot to lot; goes with `centre`")
_CHART = Table("chart", (_QUANTITY, _CENTRE, _SD))

_SCHEMA = Field("schema", Choice({SCHEMA: "limits"}), f"Write `schema: {SCHEMA}`", True)
_NAME = Field("name", Name(example="pda-aminoacid-release"), "Short name", True)
_TITLE = Field("title", Text(200), "One line for people")
_SAMPLE = Field("sample", Name(example="pda-aminoacid"), "Name of the sample it is for", True)
_PROTOCOL = Field("protocol", Name(), "The protocol that every lot goes through", True)
_CONFIDENCE = Field(
    "confidence",
    Amount(Kind.FRACTION, 0.5, 0.9999),
    "Of the intervals that are held against the limits; 95 % when absent",
)
_REFERENCE = Field("reference", _REF, "System suitability: run first, must pass")
_RESULTS = Field("measured", _MEASURED, "Limits of results of the runs", True)
_ATTRIBUTES = Field("attributes", _ELSEWHERE, "Limits of what lot files state")
_CHARTED = Field("chart", _CHART, "Control chart over the lots")
_ACCEPT = Field(
    "accept_placeholders", Truth(), "For a rehearsal: placeholders may pass, and are told"
)
_TABLE = Table(
    "limits file",
    (
        _SCHEMA, _NAME, _TITLE, _SAMPLE, _PROTOCOL, _CONFIDENCE, _REFERENCE, _RESULTS,
        _ATTRIBUTES, _CHARTED, _ACCEPT,
    ),
)  # fmt: skip


def find_limits(name: str) -> Path:
    """A limits file by path or by the name of a shipped one; InputError lists those there are."""
    return yamlfile.find_file(name, "limits file", "release")


def load_limits(path: Path) -> ReleaseLimits:
    """Read a limits file; raises InputError with every problem."""
    return _read(yamlfile.open_source(path))


def loads_limits(text: str, file: str = "limits.yaml") -> ReleaseLimits:
    """The same from a text."""
    return _read(Source(file, text))


def limits_schema() -> dict[str, Any]:
    """JSON Schema of a limits file."""
    return yamlfile.json_schema(SCHEMA, _TABLE, {})


def _read(source: Source) -> ReleaseLimits:
    node, problems = yamlfile.read_text(source)
    reader = Reader(problems)
    row = _TABLE.read(node, reader)
    found = None
    if row is not None:
        found = _build(row, reader, yamlfile.digest(yamlfile.plain(node)), source.file)
    what = f"{source.file} is not a valid limits file"
    reader.raise_any(what)
    if found is None:
        # A field without a value has always told a problem.
        raise RuntimeError(what)
    return found


def _build(row: Row, reader: Reader, digest: str, file: str) -> ReleaseLimits | None:
    measured = _all_wanted(row[_RESULTS], reader)
    attributes = _all_wanted(row[_ATTRIBUTES], reader)
    reference = None if row[_REFERENCE] is None else _reference(row[_REFERENCE], reader)
    chart = None if row[_CHARTED] is None else _chart(row[_CHARTED], reader)
    name, sample, protocol, accept = row[_NAME], row[_SAMPLE], row[_PROTOCOL], row[_ACCEPT]
    if name is None or sample is None or protocol is None:
        return None
    return ReleaseLimits(
        name=name,
        title=row[_TITLE] or "",
        sample=sample,
        protocol=protocol,
        confidence=row[_CONFIDENCE] or CONFIDENCE,
        reference=reference,
        measured=measured,
        attributes=attributes,
        chart=chart,
        accept_placeholders=accept is True,
        digest=digest,
        source_file=file,
    )


def _reference(row: Row | None, reader: Reader) -> Reference | None:
    if row is None:
        return None
    measured = _all_wanted(row[_REF_LIMITS], reader)
    sample, within = row[_REF_SAMPLE], row[_WITHIN]
    if sample is None or within is None:
        return None
    return Reference(sample, row[_REF_LOT] or "", measured, within)


def _chart(row: Row | None, reader: Reader) -> Charted | None:
    if row is None:
        return None
    centre, sd = row[_CENTRE], row[_SD]
    if row.has(_CENTRE) != row.has(_SD):
        reader.add(row.node, "P013", "a declared centre needs its `sd`, and `sd` its centre",
                   "Give both, or neither: then they are worked out from the lots.")  # fmt: skip
    if sd is not None and centre is not None:
        if sd.kind is not centre.kind:
            reader.add(row.at(_SD), "P023", f"a {sd.kind} is no deviation of a {centre.kind}")
        if sd.value <= 0:
            reader.add(row.at(_SD), "P024", "this deviation must be greater than zero")
    quantity = row[_QUANTITY]
    if quantity is None:
        return None
    return Charted(
        quantity,
        None if centre is None else centre.kind,
        None if centre is None else centre.value,
        None if sd is None else sd.value,
    )


def _all_wanted(items: Mapping[str, Item[Row]] | None, reader: Reader) -> dict[str, Wanted]:
    found = {name: _wanted(name, item, reader) for name, item in (items or {}).items()}
    return {name: wanted for name, wanted in found.items() if wanted is not None}


def _wanted(name: str, item: Item[Row], reader: Reader) -> Wanted | None:
    row = item.value
    low, high = row[_LOW], row[_HIGH]
    if not row.meant(_LOW) and not row.meant(_HIGH):
        reader.add(item.key, "P013", f"'{name}' has no limit", "Add 'low', 'high' or both.")
        return None
    some = low if low is not None else high
    if some is None:
        return None
    if low is not None and high is not None:
        if low.kind is not high.kind:
            reader.add(row.at(_HIGH), "P023", f"low is a {low.kind} and high a {high.kind}")
            return None
        if low.value >= high.value:
            reader.add(row.at(_HIGH), "P024", "nothing is between these limits")
            return None
    return Wanted(
        some.kind,
        Bounds(None if low is None else low.value, None if high is None else high.value),
        runs=row[_RUNS] or 1,
        protocol=row[_BY] or "",
        method=row[_METHOD] or "",
    )
