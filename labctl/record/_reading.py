"""Reading a journal back: the events up to the first line that is not as it was written.

Nothing is guessed: what stands behind a bad line is not read. A journal without its closing
event is that of a run that was cut off, and is called so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from labctl.errors import RecordError
from labctl.events import Event, RunEnded, from_dict
from labctl.record._frames import CHAIN_EVERY, SCHEMA, Chain, open_line


class JournalState(StrEnum):
    """What became of a journal."""

    CLOSED = "closed"
    """Every line is as it was written, and the last event is the run's end."""
    CUT_OFF = "cut off"
    """Good lines, and no end: the run was killed, or is still going on."""
    DAMAGED = "damaged"
    """A line is not as it was written; what stands before it is good."""


class JournalReader:
    """Yields a journal's events one by one; what it says of the whole is true once it is
    exhausted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state = JournalState.CUT_OFF
        self.first_bad_line: int | None = None
        """Counting from 1; also a last line that lacks its end."""
        self.why = ""
        """What is wrong with that line."""
        self.durable_seq = 0
        """Number of the last good event."""
        self.good_bytes = 0
        """Length of the good part of the file."""
        self.good_lines = 0
        """Lines in the good part."""
        self.chained_line = 1
        """The last chain line that held: up to there nothing was replaced, not even by well-made
        lines, without all behind it."""
        self._chain = Chain()
        self._ended = False

    @property
    def head_hash(self) -> str:
        """Of the last chain line when nothing follows it, else what a chain line at the end of
        the good part would say."""
        return self._chain.head if self._at_chain_line else self._chain.would_be()

    _at_chain_line = False

    def __iter__(self) -> Iterator[Event]:
        """The good events in order. RecordError when there is no file, or when it was written by
        a labctl whose events this one does not know."""
        try:
            file = self.path.open("rb")
        except OSError as error:
            raise RecordError(
                "no journal to read", where=str(self.path), seen=error.strerror or ""
            ) from error
        with file:
            for number, line in enumerate(file, start=1):
                try:
                    event = self._take(number, line)
                except ValueError as error:
                    self.first_bad_line, self.why = number, str(error)
                    if line.endswith(b"\n"):
                        self.state = JournalState.DAMAGED
                    return
                self.good_bytes += len(line)
                self.good_lines = number
                if event is not None:
                    yield event
        if self._ended and self._at_chain_line:
            self.state = JournalState.CLOSED

    def _take(self, number: int, line: bytes) -> Event | None:
        """The line's event, if it has one; ValueError when it is not as it was written."""
        if not line.endswith(b"\n"):
            raise ValueError("the line was not written to its end")
        data = open_line(line[:-1])
        n = data.pop("n")
        if number == 1:
            if n != 0 or "schema" not in data:
                raise ValueError("the first line of a journal is missing")
            if data["schema"] != SCHEMA:
                raise RecordError(
                    f"this journal is {data['schema']!r}, and this labctl reads {SCHEMA!r}",
                    where=str(self.path),
                    fix="Read it with a newer labctl.",
                )
            self._chain.add(line)
            return None
        if self._ended and self._at_chain_line:
            raise ValueError("something follows the end of the run")
        if "k" in data:
            return self._take_event(number, n, data, line)
        if n != self.durable_seq or self._at_chain_line:
            raise ValueError(f"a chain line for event {n} stands after event {self.durable_seq}")
        if data.get("h") != self._chain.would_be():
            raise ValueError("the hash of the lines before does not match")
        self._chain.close()
        self._at_chain_line = True
        self.chained_line = number
        return None

    def _take_event(self, number: int, n: int, data: dict[str, Any], line: bytes) -> Event:
        if n != self.durable_seq + 1 or self._ended:
            raise ValueError(f"event {n} stands after event {self.durable_seq}")
        if n > 1 and n % CHAIN_EVERY == 1 and not self._at_chain_line:
            raise ValueError(f"the chain line after event {n - 1} is missing")
        try:
            event = from_dict(data)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            # The line is whole, so it is not damage: it says something that we do not know.
            raise RecordError(
                "an event that this version of labctl does not know",
                where=f"{self.path}:{number}",
                seen=str(error),
                fix="Read it with the version that run.json names.",
            ) from error
        self._chain.add(line)
        self._at_chain_line = False
        self.durable_seq = n
        self._ended = isinstance(event, RunEnded)
        return event


@dataclass(frozen=True, slots=True)
class JournalReading:
    """A journal, read whole."""

    events: tuple[Event, ...]
    state: JournalState
    durable_seq: int
    """Number of the last good event."""
    first_bad_line: int | None
    why: str
    head_hash: str
    good_bytes: int


def read_journal(path: Path) -> JournalReading:
    """Everything that is good in a journal, and what became of it. RecordError as in
    `JournalReader`."""
    reader = JournalReader(path)
    events = tuple(reader)
    return JournalReading(
        events,
        reader.state,
        reader.durable_seq,
        reader.first_bad_line,
        reader.why,
        reader.head_hash,
        reader.good_bytes,
    )
