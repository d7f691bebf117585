"""A record as two plain tables, from which every export is made: one row a sample, and the rest.

Nothing of the journal is left out: each column of the first table is one field of the samples and
of what the check said to each of them, every other event is a row of the second one, and `seq`,
the event's number in the journal, puts them in order again.

A number that is none is None in a column of floats, and the column `<channel>_quality` beside it
says why; columns of counts and of text have no gaps. Nothing here is NaN.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from labctl.clock import NS
from labctl.events import (
    COIL,
    HEATER,
    LASER,
    Assessment,
    Beam,
    Emission,
    Event,
    Invalid,
    Reading,
    Sample,
    StepBegun,
    to_dict,
)
from labctl.record import RunDescription, read_journal

OK, ABSENT = "", "absent"
"""In a column of quality: a reading that is one; a sample that had none of this channel. All other
words are the reasons of `Invalid`."""


class Kind(StrEnum):
    """What stands in a column."""

    FLOAT = "float"
    """Numbers; None where there is none."""
    COUNT = "count"
    """Whole numbers; no gaps."""
    TEXT = "text"
    """Words; no gaps, '' where there is nothing to say."""


class Role(StrEnum):
    """What a column is about."""

    TIME = "time"
    VALUE = "value"
    """What a channel read."""
    QUALITY = "quality"
    """Whether that is a reading, and else why not."""
    DETAIL = "detail"
    """What the instrument said, where it is none."""
    TAKEN = "taken"
    """When the instrument took it."""
    BEAM = "beam"
    STEP = "step"
    CHECK = "check"
    ORDER = "order"
    """Where it stands in the journal and on the sampling grid."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the samples."""

    name: str
    """Letters, digits and `_`; unique in its table."""
    unit: str
    """As in the journal; `1` of numbers without one, '' of text."""
    kind: Kind
    role: Role
    meaning: str
    """In words."""
    values: list[Any]
    channel: str = ""
    """Of the journal, where it is a channel's."""
    of: str = ""
    """Of quality, details and times: the name of the column with the numbers."""

    @property
    def header(self) -> str:
        """The name with its unit, as in data.csv: `probe_temperature_degC`."""
        unit = "" if self.unit == "1" else self.unit.replace("/", "_per_")
        return f"{self.name}_{unit}" if unit else self.name


@dataclass(frozen=True, slots=True)
class Other:
    """An event that is neither a sample nor the check's word on one."""

    seq: int
    t_ns: int
    kind: str
    body: str
    """Its other fields as JSON, as in the journal."""


@dataclass(frozen=True, slots=True)
class Tables:
    """A record, to be written as something else."""

    run: RunDescription
    columns: tuple[Column, ...]
    others: tuple[Other, ...]

    @property
    def rows(self) -> int:
        """How many samples there are."""
        return len(self.columns[0].values)

    def of(self, *roles: Role) -> tuple[Column, ...]:
        """The columns of these roles, in the order of the table."""
        return tuple(column for column in self.columns if column.role in roles)


_CHECK: tuple[tuple[str, str, str, str], ...] = (
    ("predicted_degc", "predicted_temperature", "degC", "the model's word before the reading"),
    ("predicted_sd_k", "predicted_sd", "K", "of the reading to come; mean +- 2 sd is the band"),
    ("residual_sd", "residual_sd", "1", "read less predicted, in standard deviations"),
    ("efficiency", "efficiency", "1", "photothermal conversion efficiency as known then"),
    ("efficiency_sd_statistical", "efficiency_sd_statistical", "1", "its statistical sd"),
    ("efficiency_sd_total", "efficiency_sd_total", "1", "its sd with that of the inputs"),
    ("time_constant_s", "time_constant", "s", "of cooling, as known then"),
    ("time_constant_sd_s", "time_constant_sd", "s", "its standard deviation"),
    ("heat_loss_w_per_k", "heat_loss_coefficient", "W/K", "as known then"),
    ("heat_loss_sd_w_per_k", "heat_loss_coefficient_sd", "W/K", "its standard deviation"),
    ("slope_k_per_s", "slope", "K/s", "of the probe's temperature"),
)
"""Field of an assessment, column, unit, meaning."""


def read_tables(run: RunDescription) -> Tables:
    """Everything that is good in the journal of this record; `run.words` says what became of the
    rest. RecordError when there is no journal."""
    events = read_journal(run.path / "journal.jsonl").events
    samples: list[_Row] = []
    others: list[Other] = []
    known = {LASER: Beam.OFF}
    step = 0
    for seq, event in enumerate(events, start=1):
        match event:
            case Sample():
                samples.append(_Row(seq, event, dict(known), step))
                continue
            case Assessment() if samples and samples[-1].check is None:
                samples[-1].check, samples[-1].check_seq = event, seq
                continue
            case Emission():
                known[event.source] = event.beam
            case StepBegun():
                step = event.index
        others.append(_other(seq, event))
    return Tables(run, tuple(_columns(samples, known)), tuple(others))


@dataclass(slots=True)
class _Row:
    seq: int
    sample: Sample
    known: Mapping[str, Beam]
    step: int
    check: Assessment | None = None
    check_seq: int = 0


def _other(seq: int, event: Event) -> Other:
    told = to_dict(event)
    t_ns, kind = told.pop("t"), told.pop("k")
    return Other(seq, t_ns, kind, json.dumps(told, allow_nan=False))


class _Names:
    """Gives every column a name of its own."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    def __call__(self, wanted: str) -> str:
        plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in wanted)
        name, number = plain, 1
        while self._taken[name]:
            number += 1
            name = f"{plain}_{number}"
        self._taken[name] += 1
        return name


def _columns(rows: Sequence[_Row], known: Mapping[str, Beam]) -> Iterable[Column]:
    named = _Names()

    def column(
        name: str, unit: str, kind: Kind, role: Role, meaning: str, values: list[Any]
    ) -> Column:
        return Column(named(name), unit, kind, role, meaning, values)

    yield column("time", "s", Kind.FLOAT, Role.TIME,
                 "when the last reading of the sample came in, since the run began",
                 [row.sample.t_ns / NS for row in rows])  # fmt: skip
    channels = list(_channels(rows, named))
    yield from (c for c in channels if c.role is Role.VALUE)
    for source in (LASER, HEATER, COIL):
        if source in known:
            yield column(source, "", Kind.TEXT, Role.BEAM, "what was known of it: off, on, unknown",
                         [row.known.get(source, Beam.OFF).value for row in rows])  # fmt: skip
    yield column("step", "1", Kind.COUNT, Role.STEP, "number of the protocol's step",
                 [row.step for row in rows])  # fmt: skip
    if any(row.check for row in rows):
        yield from _check_columns(rows, column)
    for role in (Role.QUALITY, Role.DETAIL, Role.TAKEN):
        yield from (c for c in channels if c.role is role)
    yield column("seq", "1", Kind.COUNT, Role.ORDER, "number of the sample among the events",
                 [row.seq for row in rows])  # fmt: skip
    yield column("t", "ns", Kind.COUNT, Role.ORDER, "the time to the nanosecond",
                 [row.sample.t_ns for row in rows])  # fmt: skip
    yield column("scheduled", "ns", Kind.COUNT, Role.ORDER, "when the sample was due",
                 [row.sample.scheduled_ns for row in rows])  # fmt: skip


def _check_columns(rows: Sequence[_Row], column: Any) -> Iterable[Column]:
    checks = [row.check for row in rows]
    yield column("phase", "", Kind.TEXT, Role.CHECK, "dark, heating, cooling",
                 [check.phase if check else "" for check in checks])  # fmt: skip
    for field, name, unit, meaning in _CHECK:
        yield column(name, unit, Kind.FLOAT, Role.CHECK, meaning,
                     [getattr(check, field) if check else None for check in checks])  # fmt: skip
    yield column("steady", "1", Kind.COUNT, Role.CHECK, "1 where the probe was steady",
                 [int(check.steady) if check else 0 for check in checks])  # fmt: skip
    yield column("check_seq", "1", Kind.COUNT, Role.ORDER,
                 "number of the check's word among the events; 0 where it said nothing",
                 [row.check_seq for row in rows])  # fmt: skip
    yield column("check_t", "ns", Kind.COUNT, Role.ORDER, "its time",
                 [check.t_ns if check else 0 for check in checks])  # fmt: skip


def _channels(rows: Sequence[_Row], named: _Names) -> Iterable[Column]:
    """Of every channel its numbers, quality, what was said of those that are none, and times. A
    channel that changed its unit on the way has columns for each, and one that was read twice in
    a sample for both."""
    read: dict[tuple[str, str, int], dict[int, Reading | Invalid]] = {}
    units = _units(rows)
    for place, row in enumerate(rows):
        seen: Counter[tuple[str, str]] = Counter()
        for reading in row.sample.readings:
            unit = reading.unit if isinstance(reading, Reading) else units[reading.channel]
            key = (reading.channel, unit)
            read.setdefault((*key, seen[key]), {})[place] = reading
            seen[key] += 1
    for (channel, unit, _), found in read.items():
        own = channel if unit == units[channel] else f"{channel}_{unit}"
        name = named(own)
        each = [found.get(place) for place in range(len(rows))]
        yield Column(name, unit or "1", Kind.FLOAT, Role.VALUE, f"channel {channel}",
                     [r.value if isinstance(r, Reading) else None for r in each],
                     channel)  # fmt: skip
        yield Column(named(f"{name}_quality"), "", Kind.TEXT, Role.QUALITY,
                     f"of {name}: empty for a reading, else why there is none",
                     [_quality(r) for r in each], channel, name)  # fmt: skip
        if any(isinstance(r, Invalid) and r.detail for r in each):
            yield Column(named(f"{name}_detail"), "", Kind.TEXT, Role.DETAIL,
                         f"of {name}: what the instrument said where there is none",
                         [_writable(r.detail) if isinstance(r, Invalid) else "" for r in each],
                         channel, name)  # fmt: skip
        yield Column(named(f"{name}_taken"), "ns", Kind.COUNT, Role.TAKEN,
                     f"of {name}: when the instrument took it; 0 where it is absent",
                     [r.t_ns if r else 0 for r in each], channel, name)  # fmt: skip


def _quality(reading: Reading | Invalid | None) -> str:
    if reading is None:
        return ABSENT
    return OK if isinstance(reading, Reading) else _writable(reading.reason)


def _writable(text: str) -> str:
    """Text that every format can hold: a NUL, or half of a character that an instrument sent, is
    written out as `\\x00`, `\\udc80`."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def _units(rows: Sequence[_Row]) -> dict[str, str]:
    """Channel -> the unit of its first reading, '' of one that never gave a number."""
    found: dict[str, str] = {}
    for row in rows:
        for reading in row.sample.readings:
            unit = reading.unit if isinstance(reading, Reading) else ""
            found[reading.channel] = found.get(reading.channel) or unit
    return found
