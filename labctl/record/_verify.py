"""Whether a record is as it was written: its journal line by line, held against a head hash that
was kept outside of it, and the files beside it that follow from it.

A chain shows a change only to whoever has its head from somewhere else: a journal that was made
anew as a whole holds in itself. Where there is no such head, that is said, and it is not a pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from labctl.errors import RecordError
from labctl.events import Event, FilesKept, Imported
from labctl.platform import is_locked
from labctl.record._agrees import Told
from labctl.record._begun import otherwise
from labctl.record._describe import kept_journal, read_facts
from labctl.record._kept import BEGUN, changed, not_covered
from labctl.record._reading import JournalReader, JournalState
from labctl.record._table import Rows


class Outcome(StrEnum):
    """What is found of a record."""

    INTACT = "intact"
    """Closed, every line as it was written, and the head hash is the one kept outside."""
    NO_HEAD = "no head hash"
    """Closed and whole in itself; nothing outside the journal says that it is the same one."""
    CUT_OFF = "cut off"
    """Whole in itself up to where it ends, without its end: the run was killed."""
    CHANGED = "changed"
    """A line is not as it was written, lines are missing, or it is another journal; or a file that
    follows from it says something else."""
    RUNNING = "running"
    """The run goes on; what is there so far holds in itself."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found, and where."""

    path: Path
    """The folder of the run."""
    outcome: Outcome
    where: str
    """File in the folder, and its line, of the first thing that is not as it was written; '' where
    there is none."""
    why: tuple[str, ...]
    """In words, the most important first."""
    events: int
    """Good ones, up to the first bad line."""
    head_hash: str
    """Of the good part."""
    held_against: str
    """Where the head hash came from that this one was compared with: `run.json`, `--head`, or ''
    for none."""


def verify_run(path: Path, head: str | None = None) -> Verification:
    """Hold the record in the folder `path` against `head`, or else against what its run.json kept.
    Nothing is written. RecordError when there is no journal that this version can read."""
    return _Check(path, head).done()


class _Check:
    def __init__(self, path: Path, head: str | None) -> None:
        self._path = path
        self._journal = path / "journal.jsonl"
        self._running = is_locked(self._journal)
        self._reader = JournalReader(self._journal)
        self._told = Told()
        self._kept: dict[str, Any] = {}
        rows = Rows()
        rows.take(self._events())
        self._table = rows.last()
        self._facts = read_facts(path / "run.json")
        kept_head, self._kept_seq = kept_journal(self._facts)
        self._head = head or kept_head
        self._source = "--head" if head else "run.json" if self._head else ""

    def _events(self) -> Iterator[Event]:
        for event in self._reader:
            self._told.take(event)
            match event:
                case FilesKept():
                    self._kept |= event.files
                case Imported():
                    self._kept[event.kept_as] = {
                        "sha256": event.sha256, "bytes": event.size_bytes,
                    }  # fmt: skip
            yield event

    def done(self) -> Verification:
        outcome, where, why = self._of_journal()
        beside: list[tuple[str, str]] = []
        other: list[str] = []
        if outcome in (Outcome.INTACT, Outcome.NO_HEAD):
            other = self._told.otherwise(self._facts) if self._facts else []
            beside = [*_of_run_json(other), *self._of_table()]
            why = (*why, *self._beside())
        if outcome not in (Outcome.CHANGED, Outcome.RUNNING):
            beside += otherwise(self._path, self._facts, self._sealed(), frozenset(other))
            beside += changed(self._path, self._kept)
            bare = not_covered(self._path, self._kept)
            why = (*why, bare) if bare else why
        if beside:
            outcome, where = Outcome.CHANGED, beside[0][0]
            why = (*(words for _, words in beside), *why)
        reader = self._reader
        return Verification(
            self._path, outcome, where, why, reader.durable_seq, reader.head_hash, self._source
        )

    def _sealed(self) -> str:
        """The hash of begun.json that the journal has; '' where it has none."""
        kept = self._kept.get(BEGUN)
        return str(kept.get("sha256", "")) if isinstance(kept, dict) else ""

    def _of_journal(self) -> tuple[Outcome, str, tuple[str, ...]]:
        reader = self._reader
        if self._running:
            return Outcome.RUNNING, "", (f"the run is going on; {reader.durable_seq} events",)
        if reader.state is JournalState.DAMAGED:
            return Outcome.CHANGED, self._at(reader.first_bad_line), self._of_bad_line()
        if reader.state is JournalState.CUT_OFF:
            return self._of_cut_off()
        if self._head is None:
            why = "every line holds, but no head hash was kept outside the journal to hold it to"
            return Outcome.NO_HEAD, "", (why,)
        if self._head != reader.head_hash:
            why = f"every line holds in itself, but this is not the journal of {self._source}"
            kept = f"head hash {reader.head_hash}, and {self._source} has {self._head}"
            return Outcome.CHANGED, self._journal.name, (why, kept)
        if (
            self._source == "run.json"
            and self._facts.get("recovered")
            and "ended" not in self._facts
        ):
            # Made by `runs recover` from the journal as it found it.
            why = (
                "every line holds, but run.json was made from this journal by `runs recover`: its "
                "head hash is from then, and none was kept at the run's end"
            )
            return Outcome.NO_HEAD, "", (why,)
        why = f"every line holds, and the head hash is that of {self._source}"
        if self._source == "run.json":
            why += ", which lies beside it; one kept elsewhere can be given with --head"
        return Outcome.INTACT, "", (why,)

    def _of_bad_line(self) -> tuple[str, ...]:
        reader = self._reader
        if "hash of the lines before" in reader.why and reader.good_lines > reader.chained_line:
            # Well-made lines: which of them was replaced, the chain does not say.
            between = f"lines {reader.chained_line + 1} to {reader.good_lines}"
            return (f"{reader.why}: one of {between} was replaced by a well-made one",)
        return (f"{reader.why}; the {reader.durable_seq} events before are good",)

    def _of_cut_off(self) -> tuple[Outcome, str, tuple[str, ...]]:
        """Killed, or shortened afterwards: what was said outside tells which."""
        reader, facts = self._reader, self._facts
        at = self._at(reader.first_bad_line or reader.good_lines + 1)
        ends = f"the journal ends after event {reader.durable_seq}"
        if facts.get("state") == "closed" or (
            self._source == "--head" and self._head != reader.head_hash
        ):
            whole = f" of {self._kept_seq}" if self._kept_seq else ""
            why = f"{ends}{whole}: its end was there once, by {self._source or 'run.json'}"
            return Outcome.CHANGED, at, (why,)
        if reader.durable_seq < self._kept_seq:
            why = f"{ends}, and event {self._kept_seq} was certainly on disk, by run.json"
            return Outcome.CHANGED, at, (why,)
        # Where writing failed, run.json has the hash of lines that need not have reached the disk.
        comparable = self._head is not None and not facts.get("fault")
        then = "it was recovered" if facts.get("recovered") else "the run was closed"
        if comparable and self._head != reader.head_hash:
            why = f"{ends}, and its good part is not what it was when {then}"
            return Outcome.CHANGED, at, (why,)
        why = f"{ends}, without its closing event; up to there every line holds"
        loose = reader.good_lines - reader.chained_line
        if not comparable and loose:
            why += f" (the last {loose} by their checksums alone: no chain line follows them)"
        elif comparable:
            why += f" and is what it was when {then}"
        return Outcome.CUT_OFF, at, (why,)

    def _of_table(self) -> Iterator[tuple[str, str]]:
        table = self._path / "data.csv"
        try:
            data = table.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise RecordError(
                "cannot be read", where=str(table), seen=error.strerror or str(error)
            ) from error
        if data == (wanted := self._table.encode("utf-8")):
            return
        have, made = data.split(b"\n"), wanted.split(b"\n")
        same = [a == b for a, b in zip(have, made, strict=False)]
        line = same.index(False) + 1 if False in same else len(same) + 1
        why = f"data.csv is not what the journal gives, from line {line} on"
        if data.splitlines() == wanted.splitlines():
            why = f"data.csv has other ends of lines than were written, from line {line} on"
        yield f"{table.name}:{line}", why

    def _beside(self) -> Iterator[str]:
        """What a pass does not speak of."""
        if not (self._path / "data.csv").exists() and (self._path / "run.json").exists():
            yield "data.csv is not there; `labctl runs recover` makes it again from the journal"
        if self._facts:
            yield self._told.not_covered(self._facts)

    def _at(self, line: int | None) -> str:
        return f"{self._journal.name}:{line}"


def _of_run_json(other: list[str]) -> Iterator[tuple[str, str]]:
    """What run.json says of the run, beside what the journal says."""
    if other:
        yield (
            "run.json",
            f"run.json says something else than the journal of: {', '.join(other)}",
        )
