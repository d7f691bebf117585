"""One run as the catalogue knows it, read from both ends of its journal and from run.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labctl.clock import NS
from labctl.errors import LabctlError
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
    """Why it ended, or why it cannot be read."""
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
        ends = read_ends(journal)
    except LabctlError as error:
        return Entry(path, day, "unreadable", str(error), tags=tags, notes=notes)
    if ends.begun is None:
        return Entry(
            path, day, "unreadable", "no run begins in its journal", tags=tags, notes=notes
        )
    try:
        facts: Mapping[str, Any] = read_facts(folder / "run.json")
    except LabctlError:
        # The journal tells all but the wall time.
        facts = {}
    running = ends.ended is None and is_locked(journal)
    return _entry(path, day, ends.begun, ends, facts, running=running, tags=tags, notes=notes)


def _entry(
    path: str,
    day: str,
    begun: RunBegun,
    ends: JournalEnds,
    facts: Mapping[str, Any],
    *,
    running: bool,
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
        ended.why if ended is not None else "",
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
    return float(value) if isinstance(value, int | float) else None
