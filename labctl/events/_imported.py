"""What a record that labctl did not take itself says of where it came from, and of its audit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from labctl.events._base import Event, Plain


@dataclass(frozen=True, slots=True)
class Imported(Event):
    """Second event of an imported record: the file, and how it was read."""

    kind: ClassVar[str] = "imported"
    file: str
    """Its name, without folders."""
    sha256: str
    """Of its bytes, which are kept in the record's folder as `kept_as`."""
    size_bytes: int
    kept_as: str
    who: str
    """Who imported it, as given, else the account."""
    when: str
    """Wall time of the import with its offset."""
    source: str
    """Where it came from, in the importer's words; '' where nothing was said."""
    recognised: tuple[str, ...]
    """In words: encoding, separator, decimal sign, what each column was taken as."""
    columns: tuple[Plain, ...]
    """A column that was used: `name`, `role`, `unit` as written ('' where its name has none),
    `taken_as`, `named` (True where the importer named it), `factor` and `offset` to SI."""
    unused: tuple[str, ...]
    """Names of the columns that mean nothing here; they are in the file that is kept."""
    rows: int
    left_out: int
    """Rows that have no place on the clock: without a time, or behind the row before."""
    first_left_out: int | None
    """Line of the file of the first of them."""
    zero_s: float
    """What the file's clock says at the record's zero, in s: not always 0."""
    given: Plain = field(default_factory=dict)
    """What the importer gave beside the file: power, bench, blank."""


@dataclass(frozen=True, slots=True)
class Analysed(Event):
    """The audit of an imported curve, and what each method gives of it."""

    kind: ClassVar[str] = "analysed"
    findings: tuple[Plain, ...]
    methods: tuple[Plain, ...]
    asked_for: tuple[Plain, ...]
    """Inputs that are not known: `input`, and how to `give` it."""
    one_node_fails: tuple[str, ...] = ()
