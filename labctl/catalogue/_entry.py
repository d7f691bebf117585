"""One run as the catalogue knows it, read from both ends of its journal and from run.json."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labctl.clock import NS
from labctl.errors import LabctlError, RecordError
from labctl.events import RunBegun
from labctl.notes import Notes, read_notes
from labctl.platform import is_locked
from labctl.record import JournalEnds, read_ends, read_facts


@dataclass(frozen=True, slots=True)
class Entry:
    """A run. Fields are None where the run did not come to that, or is not to be read."""

    path: str
    """Below the folder for records: `<date>/<NNN>-<protocol>-<sample>`."""
    day: str
    """ISO date in the lab's own time."""
    state: str
    """`closed`, `cut off`, `running` or `unreadable`. The lines between a journal's ends are not
    looked at: that is `labctl runs verify`."""
    why: str
    """Why it ended, or why it cannot be read; and what is damaged about it."""
    begun: str | None = None
    """Wall time with the lab's offset."""
    run_id: str | None = None
    mode: str | None = None
    protocol: str | None = None
    sample: str | None = None
    lot: str | None = None
    bench: str | None = None
    outcome: str | None = None
    verdict: str | None = None
    exit_code: int | None = None
    duration_s: float | None = None
    samples: int | None = None
    energy_j: float | None = None
    efficiency: float | None = None
    efficiency_low: float | None = None
    efficiency_high: float | None = None
    tags: str = ""
    """Those that stand on it, by alphabet, with blanks between them."""
    notes: str = ""
    """What was written about it afterwards, a note a line."""


def read_entry(folder: Path) -> Entry:
    """The run in `folder`; of one that cannot be read an entry that says why."""
    path, day = f"{folder.parent.name}/{folder.name}", folder.parent.name
    journal = folder / "journal.jsonl"
    tags, notes = _said(folder)
    try:
        _no_pipe(journal)
        ends = read_ends(journal)
    except LabctlError as error:
        return Entry(path, day, "unreadable", str(error), tags=tags, notes=notes)
    if ends.begun is None:
        return Entry(
            path, day, "unreadable", "no run begins in its journal", tags=tags, notes=notes
        )
    said = []
    try:
        facts: Mapping[str, Any] = read_facts(folder / "run.json")
    except LabctlError:
        # The journal tells all but the wall time and the results.
        facts = {}
    running = ends.ended is None and is_locked(journal)
    if not facts and not running and os.path.lexists(folder / "run.json"):
        said.append("its run.json cannot be read")
    if not _is_text(path):
        said.append("its folder's name is not UTF-8")
    return _entry(
        path, day, ends.begun, ends, facts, running=running, said=said, tags=tags, notes=notes
    )


def _entry(
    path: str,
    day: str,
    begun: RunBegun,
    ends: JournalEnds,
    facts: Mapping[str, Any],
    *,
    running: bool,
    said: Sequence[str],
    tags: str,
    notes: str,
) -> Entry:
    ended = ends.ended
    results = facts.get("results")
    found = results.get("efficiency") if isinstance(results, dict) else None
    efficiency = found if isinstance(found, dict) else {}
    return Entry(
        path,
        day,
        "closed" if ended is not None else "running" if running else "cut off",
        "; ".join([*([ended.why] if ended is not None else []), *said]),
        begun=_text(facts.get("begun")),
        run_id=_text(facts.get("run_id")),
        mode=begun.mode.value,
        protocol=begun.protocol,
        sample=begun.sample,
        lot=None if ends.basis is None else ends.basis.lot,
        bench=begun.bench,
        outcome=None if ended is None else ended.outcome,
        verdict=None if ended is None else ended.verdict,
        exit_code=None if ended is None else int(ended.exit_code),
        duration_s=None if ended is None else ended.t_ns / NS,
        samples=None if ended is None else ended.samples,
        energy_j=None if ended is None else ended.energy_j,
        efficiency=_number(efficiency.get("value")),
        efficiency_low=_number(efficiency.get("low")),
        efficiency_high=_number(efficiency.get("high")),
        tags=tags,
        notes=notes,
    )


def _said(folder: Path) -> tuple[str, str]:
    """Tags and notes; of a file that cannot be read none: the run is found all the same."""
    try:
        found = read_notes(folder)
    except LabctlError:
        found = Notes()
    return " ".join(found.tags), "\n".join(" ".join(text.split()) for text in found.texts)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _no_pipe(file: Path) -> None:
    """RecordError for what is there and no file: a pipe of that name would be waited for."""
    with contextlib.suppress(OSError):
        if not stat.S_ISREG(file.stat().st_mode):
            raise RecordError("this is no file", where=str(file))


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
