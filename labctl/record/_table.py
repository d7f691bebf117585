"""`data.csv`: one row a sample, the unit in the name of each column.

A convenience, not the truth: it is written as the run goes on, is not synced, and can be made
again from the journal at any time (`make_table`), with the same bytes.

Columns: `time_s`; one a channel of the first sample (`probe.temperature` in degC becomes
`probe_temperature_degC`); `laser` (off, on, unknown), `heater` and `coil` too where they take part,
and `step` (its number); the check's prediction and results, where there is a check; `remarks`, why
a reading is none. A cell without a number is empty.
"""

from __future__ import annotations

import csv
import errno
import io
import os
from collections.abc import Iterable, Sequence
from operator import attrgetter
from pathlib import Path

from labctl.clock import NS
from labctl.errors import RecordError
from labctl.events import (
    LASER,
    SOURCES,
    Assessment,
    Beam,
    Emission,
    Event,
    Invalid,
    PriorsFixed,
    Reading,
    Sample,
    StepBegun,
)
from labctl.record._disk import Disk, cannot_write, replace_file
from labctl.record._encode import Even
from labctl.record._reading import JournalReader

UNITS = {"temperature": "degC", "power": "W", "current": "A", "voltage": "V"}
"""Of a channel whose first reading is none."""
CHECK = {
    "predicted_degc": "predicted_temperature_degC",
    "predicted_sd_k": "predicted_sd_K",
    "residual_sd": "residual_sd",
    "efficiency": "efficiency",
    "efficiency_sd_statistical": "efficiency_sd_statistical",
    "efficiency_sd_total": "efficiency_sd_total",
    "time_constant_s": "time_constant_s",
    "time_constant_sd_s": "time_constant_sd_s",
    "heat_loss_w_per_k": "heat_loss_coefficient_W_per_K",
    "heat_loss_sd_w_per_k": "heat_loss_coefficient_sd_W_per_K",
}
"""Field of an assessment -> column."""

Column = tuple[str, str]
"""Channel and unit."""


class Rows:
    """Events in, text of rows out. A row is complete when the next sample begins, because the
    check's word on a sample comes after it."""

    def __init__(self) -> None:
        self._columns: dict[Column, int] | None = None
        self._order: tuple[Column, ...] = ()
        """Of the columns, which is that of the readings in nearly every sample."""
        self._words: tuple[str, ...] | None = None
        """The same as an `Even` has it; None before the first sample."""
        self._gap = ""
        """Between the columns and what is known of the sources."""
        self._headed = self._checked = False
        self._row = self._remarks = ""
        """The row of the last sample as far as it is known; '' where none is to be completed."""
        self._plain = False
        """Whether nothing but its end is to come."""
        self._assessment: Assessment | None = None
        self._known = dict.fromkeys(SOURCES, Beam.OFF)
        self._sources: tuple[str, ...] = (LASER,)
        self._step = 0
        self._state = ""
        """What is known of the sources, and the step, as cells. Made anew only when something of it
        changes."""
        self._done: list[str] = []

    def row(self, event: Event, even: Even | None = None) -> str:
        """Go on with this event; returns the row that it completes, '' mostly. `even` is what the
        journal has of a sample as text already."""
        if type(event) is Sample:
            done = f"{self._row},{self._remarks}\n" if self._plain else self._complete()
            if even is not None and even[0] == self._words:
                cells, self._remarks = even[1], ""
            else:
                cells, self._remarks = self._cells(event)
            self._row = f"{event.t_ns / NS:.6f},{cells}{self._gap}{self._state}"
            return done
        match event:
            case Assessment():
                self._assessment = event
                self._plain = False
            case Emission():
                self._known[event.source] = event.beam
                self._tell_state()
            case StepBegun():
                self._step = event.index
                self._tell_state()
            case PriorsFixed():
                self._checked = True
                self._plain = False
        return ""

    def take(self, events: Iterable[Event]) -> None:
        """Go on with these events, and keep the rows."""
        self._done += filter(None, map(self.row, events))

    def last(self) -> str:
        """The rows kept and the one still to come, at the end of the run."""
        self._done.append(self._complete())
        self._plain = False
        done, self._done = "".join(self._done), []
        return done

    def _complete(self) -> str:
        row, assessment = self._row, self._assessment
        self._row, self._assessment = "", None
        if not row:
            return ""
        self._plain = not self._checked
        if self._checked:
            row = f"{row},{_check(assessment)}"
        # Numbers need no quotes; the csv module would look for reasons in each of them.
        row = f"{row},{self._remarks}\n"
        if not self._headed:
            self._headed = True
            row = self._header() + row
        return row

    def _begin(self, first: Sample) -> dict[Column, int]:
        """Where what belongs, by the first sample."""
        columns = {column(reading): place for place, reading in enumerate(first.readings)}
        self._order = tuple(columns)
        self._words = tuple(word for one in self._order for word in one)
        self._gap = "," if columns else ""
        told = {reading.channel.partition(".")[0] for reading in first.readings}
        self._sources = (LASER, *(name for name in SOURCES if name in told - {LASER}))
        self._tell_state()
        return columns

    def _cells(self, sample: Sample) -> tuple[str, str]:
        """The cells of any sample, and what has no cell."""
        if self._columns is None:
            self._columns = self._begin(sample)
        if len(sample.readings) != len(self._order):
            return self._uneven(sample)
        cells = []
        for reading, (channel, unit) in zip(sample.readings, self._order, strict=True):
            if type(reading) is not Reading or reading.channel != channel or reading.unit != unit:
                return self._uneven(sample)
            cells.append(_text(reading.value))
        return ",".join(cells), ""

    def _uneven(self, sample: Sample) -> tuple[str, str]:
        """The same of a sample whose readings are not those of the columns, in turn."""
        columns = self._columns or {}
        cells, remarks = [""] * len(columns), []
        for reading in sample.readings:
            if isinstance(reading, Invalid):
                remarks.append(f"{reading.channel}: {reading.reason}")
                continue
            place = columns.get((reading.channel, reading.unit))
            if place is None:
                remarks.append(f"{reading.channel}: {_text(reading.value)} {reading.unit}")
            else:
                cells[place] = _text(reading.value)
        return ",".join(cells), _quoted(remarks)

    def _tell_state(self) -> None:
        known = (self._known[source].value for source in self._sources)
        self._state = ",".join((*known, str(self._step)))

    def _header(self) -> str:
        channels = [
            "_".join(filter(None, (channel.replace(".", "_"), unit.replace("/", "_per_"))))
            for channel, unit in self._order
        ]
        check = CHECK.values() if self._checked else ()
        text = io.StringIO()
        names = ["time_s", *channels, *self._sources, "step", *check, "remarks"]
        csv.writer(text, lineterminator="\n").writerow(names)
        return text.getvalue()


_check_values = attrgetter(*CHECK)


def _check(assessment: Assessment | None) -> str:
    if assessment is None:
        return "," * (len(CHECK) - 1)
    return ",".join(["" if v is None else _text(v) for v in _check_values(assessment)])


def _text(value: float) -> str:
    """As the journal has it: a float of whatever type as a float."""
    return float.__repr__(value) if isinstance(value, float) else repr(value)


def _quoted(remarks: Sequence[str]) -> str:
    if not remarks:
        return ""
    return '"' + "; ".join(remarks).replace('"', '""') + '"'


def column(reading: Reading | Invalid) -> Column:
    """The column that a channel's readings go to."""
    if isinstance(reading, Reading):
        return reading.channel, reading.unit
    return reading.channel, UNITS.get(reading.channel.rpartition(".")[2], "")


class LiveTable:
    """Appends the rows of a run that goes on: what a journal writes beside itself. RecordError when
    the disk does not take them; from then on nothing is appended, so that what is there stays the
    beginning of the table."""

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self._path = path
        self._disk = disk or Disk()
        self._rows = Rows()
        self.row = self._rows.row
        """See there."""
        self._handle: int | None = None
        self._size = 0
        self._failed = False

    def put(self, text: str) -> None:
        """Append whole rows."""
        if not text or self._failed:
            return
        data = text.encode("utf-8")
        try:
            if self._handle is None:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
                self._handle = os.open(self._path, flags, 0o644)
            taken = self._disk.write(self._handle, data)
            if taken < len(data):
                # A torn row, with another one behind it, would read as a row of other numbers.
                whole = data.rfind(b"\n", 0, taken) + 1
                self._disk.truncate(self._handle, self._size + whole)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self._failed = True
            raise cannot_write(self._path, error) from error
        self._size += taken

    def close(self, *, whole: bool = True) -> None:
        """Append the last row, unless the journal may have more of it (`whole` is false); may be
        called again."""
        try:
            if whole:
                self.put(self._rows.last())
        finally:
            if self._handle is not None:
                os.close(self._handle)
                self._handle = None


def make_table(journal: Path, table: Path) -> None:
    """Make `data.csv` again from a journal's good part. RecordError when either cannot be used."""
    if not journal.exists():
        raise RecordError("no journal to make a table from", where=str(journal))
    rows = Rows()
    rows.take(JournalReader(journal))
    replace_file(table, rows.last().encode("utf-8"))
