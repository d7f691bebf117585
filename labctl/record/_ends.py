"""The beginning and the end of a journal without the hours between: cheap enough for many runs.

Each line is held against its own checksum; the chain over all lines is not. `read_journal` does
that.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labctl.errors import RecordError
from labctl.events import Dose, DoseBasis, Event, RunBegun, RunEnded, Sample, from_dict
from labctl.record._frames import open_line

_TAIL_BYTES = 1 << 17
_HEAD_LINES = 200
"""Before the first sample; a run begins with a line an instrument."""


@dataclass(frozen=True, slots=True)
class JournalEnds:
    """What stands before the first sample and around the end of a journal."""

    begun: RunBegun | None
    basis: DoseBasis | None
    dose: Dose | None
    """As the run itself told it; None where it did not come to that."""
    ended: RunEnded | None
    """None for a run that was cut off, or goes on."""


def read_ends(journal: Path) -> JournalEnds:
    """The ends of a journal. RecordError when there is none that can be read."""
    try:
        with journal.open("rb") as file:
            begun, basis = _head(file.readline() for _ in range(_HEAD_LINES))
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            tail = file.read().splitlines(keepends=True)
    except OSError as error:
        raise RecordError(
            "no journal to read", where=str(journal), seen=error.strerror or ""
        ) from error
    dose, ended = _tail(tail)
    return JournalEnds(begun, basis, dose, ended)


def _head(lines: Iterator[bytes]) -> tuple[RunBegun | None, DoseBasis | None]:
    begun: RunBegun | None = None
    for line in lines:
        event = _event(line)
        if isinstance(event, RunBegun):
            begun = event
        elif isinstance(event, DoseBasis):
            return begun, event
        elif isinstance(event, Sample) or not line:
            break
    return begun, None


def _tail(lines: list[bytes]) -> tuple[Dose | None, RunEnded | None]:
    dose: Dose | None = None
    ended: RunEnded | None = None
    for line in reversed(lines):
        event = _event(line)
        if isinstance(event, RunEnded):
            ended = event
        elif isinstance(event, Dose):
            dose = event
            break
        elif isinstance(event, Sample):
            break
    return dose, ended


def _event(line: bytes) -> Event | None:
    """The event of a whole, unchanged line; None for any other."""
    if not line.endswith(b"\n"):
        return None
    try:
        data = open_line(line[:-1])
        return from_dict(data) if "k" in data else None
    except (KeyError, TypeError, ValueError, IndexError):
        return None
