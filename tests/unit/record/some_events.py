"""Events for the tests of the record: a short run, and any event at all."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from labctl import events
from labctl.clock import NS
from labctl.events import (
    KINDS,
    Assessment,
    Beam,
    Emission,
    Event,
    Invalid,
    Mode,
    Note,
    PriorsFixed,
    Reading,
    RunBegun,
    RunEnded,
    Sample,
    StepBegun,
    Verdict,
)
from labctl.record import Disk, Journal

RESULTS = {"efficiency": {"value": 0.41, "low": 0.37, "high": 0.45, "unit": ""}}


def run(ticks: int = 30) -> Iterator[Event]:
    """A small run, ten ticks a second, lit for the middle third."""
    yield begun()
    yield PriorsFixed(0, {"heat_loss": 0.01}, ("none",))
    yield StepBegun(0, 1, 1, "irradiate", "", ticks * NS, 1.0)
    for number in range(ticks):
        t_ns = number * NS // 10
        if number == ticks // 3:
            yield Emission(t_ns, Beam.ON, "read back", 1.0)
        if number == 2 * ticks // 3:
            yield Emission(t_ns, Beam.OFF, "read back")
        yield from tick(t_ns)
    yield Verdict(ticks * NS // 10, "pass", ("all well",), (), RESULTS, ())
    yield ended(ticks * NS // 10)


def begun() -> RunBegun:
    """How every run begins."""
    return RunBegun(0, Mode.SIMULATED, "heating-curve", "p", "bench", "b", "water", "s", 7, "0.1.0")


def ended(t_ns: int) -> RunEnded:
    """How this one ends."""
    return RunEnded(t_ns, "completed", "all steps done", 0, "pass", Beam.OFF, "read back", 30, 1.0)


def tick(t_ns: int) -> Iterator[Event]:
    """A sample whose ambient cannot be read, and what the check says of it."""
    yield Sample(
        t_ns,
        t_ns,
        (
            Reading("probe.temperature", 22.0 + t_ns / NS, "degC", t_ns),
            Invalid("ambient.temperature", "open", '"9.9E37", open', t_ns),
            Reading("meter.power", 0.98, "W", t_ns),
        ),
    )
    yield Assessment(
        t_ns, "dark", 22.0, 0.05, 0.5, None, None, None, None, None, None, None, False, 0.01
    )


def write(path: Path, what: Iterable[Event], **how: Any) -> Path:
    """A journal of these events, closed."""
    journal = Journal(path, real_time=False, **how)
    try:
        for event in what:
            journal.append(event)
    finally:
        journal.close()
    return path


class BadDisk(Disk):
    """Fails as it is told to."""

    def __init__(
        self,
        *,
        room: int = 1 << 40,
        write_error: OSError | None = None,
        sync_error: OSError | None = None,
    ) -> None:
        self.room = room
        self.write_error = write_error
        self.sync_error = sync_error
        self.calls: list[str] = []

    def write(self, handle: int, data: bytes) -> int:
        self.calls.append("write")
        if self.write_error is not None:
            raise self.write_error
        taken = super().write(handle, data[: self.room])
        self.room -= taken
        return taken

    def sync(self, handle: int) -> None:
        self.calls.append("sync")
        if self.sync_error is not None:
            raise self.sync_error
        super().sync(handle)

    def truncate(self, handle: int, size: int) -> None:
        self.calls.append("truncate")
        super().truncate(handle, size)


def notes(count: int) -> list[Event]:
    """Events that nothing follows from."""
    return [Note(number, "labctl", f"note {number}") for number in range(count)]


_text = st.text(max_size=20)
_number = st.floats(allow_nan=False, allow_infinity=False)
_plain = st.dictionaries(_text, st.one_of(_number, _text, st.booleans(), st.none()), max_size=3)
_reading = st.one_of(
    st.builds(Reading, _text, _number, _text, st.integers(0, 2**62)),
    st.builds(Invalid, _text, _text, _text, st.integers(0, 2**62)),
)


def any_event(cls: type[Event]) -> st.SearchStrategy[Event]:
    """Any event of this class: from the types of its fields."""
    hints = typing.get_type_hints(cls)
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for item in dataclasses.fields(cls):
        kind = hints[item.name]
        if item.name.endswith("_ns"):
            fields[item.name] = st.integers(0, 2**62)
        elif kind is str:
            fields[item.name] = _text
        elif kind is float:
            fields[item.name] = _number
        elif kind == float | None:
            fields[item.name] = st.none() | _number
        elif kind == tuple[str, ...]:
            fields[item.name] = st.lists(_text, max_size=3).map(tuple)
        elif item.name == "readings":
            fields[item.name] = st.lists(_reading, max_size=4).map(tuple)
        elif item.name in ("criteria", "declared"):
            fields[item.name] = st.lists(
                st.builds(events.Criterion, _text, st.none() | _number, _text, _text, _text),
                max_size=2,
            ).map(tuple)
        elif kind == events.Plain:
            fields[item.name] = _plain
        elif kind == tuple[events.Plain, ...]:
            fields[item.name] = st.lists(_plain, max_size=2).map(tuple)
        else:
            fields[item.name] = st.from_type(kind)
    return st.builds(cls, **fields)


going_on = st.one_of([any_event(cls) for cls in KINDS.values() if cls is not RunEnded])
"""Any event but the last one of a run."""
