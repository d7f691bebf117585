"""Runs of a batch: found by the catalogue, believed by their records."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from labctl.batch._combine import Measurement
from labctl.batch._retention import NAME as RETENTION
from labctl.batch._retention import retention
from labctl.catalogue import Catalogue, Entry, Query
from labctl.errors import InputError, LabctlError
from labctl.record import JournalReader, Outcome, finite, read_facts, verify_run

FAILED, CHANGED = "its check failed", "its record is not intact"
"""Troubles that speak against the run, not only for nothing."""
_NORMAL_95 = 1.959964


@dataclass(frozen=True, slots=True)
class BatchRun:
    """One run that was begun, and what it says."""

    path: str
    """Below the folder for records."""
    sample: str
    lot: str
    protocol: str
    bench: str
    begun: datetime | None
    results: Mapping[str, Measurement]
    placeholders: tuple[str, ...] = ()
    """Assumptions of its verdict that name a placeholder."""
    trouble: str = ""
    """Why it says nothing: it was cut off, its check failed, its record was changed."""


def find_runs(
    root: Path, sample: str, protocols: set[str], *, mode: str | None, cycles: bool
) -> tuple[list[BatchRun], str | None]:
    """Every run of `sample` by one of `protocols`, in the order in which they were begun, and their
    mode. `cycles`: what a run of several cycles retains is worked out where it does not say so.

    InputError where there is no folder, or where runs of simulated and of real benches are there
    and `mode` does not say which.
    """
    if not root.is_dir():
        raise InputError("there is no folder of records", where=str(root), fix="Name it: --runs.")
    with Catalogue(root) as catalogue:
        catalogue.refresh()
        found = catalogue.search(Query(sample=sample, mode=mode))
    entries = [entry for entry in found if entry.protocol in protocols]
    modes = sorted({entry.mode for entry in entries if entry.mode})
    if len(modes) > 1:
        raise InputError(
            f"runs of '{sample}' are of {' and of '.join(modes)} benches, which are never judged "
            "together",
            where=str(root),
            fix="Say which with --mode.",
        )
    runs = [_run(root, entry, cycles) for entry in entries]
    return sorted(runs, key=lambda run: (_when(run.begun), run.path)), next(iter(modes), mode)


def _when(begun: datetime | None) -> float:
    return math.inf if begun is None else begun.timestamp()


def _run(root: Path, entry: Entry, cycles: bool) -> BatchRun:
    folder = root / entry.path
    trouble = _trouble(folder, entry)
    results: dict[str, Measurement] = {}
    placeholders: tuple[str, ...] = ()
    if not trouble:
        facts = read_facts(folder / "run.json")
        results = _results(facts.get("results"))
        said = facts.get("assumptions")
        lines = [str(words) for words in said] if isinstance(said, list) else []
        placeholders = tuple(words for words in lines if "placeholder" in words)
    if cycles and RETENTION not in results and trouble in ("", FAILED):
        # It rests on no model, so a failed check takes nothing from it.
        kept = retention(JournalReader(folder / "journal.jsonl"))
        if kept is not None:
            results[RETENTION] = kept
    return BatchRun(
        path=entry.path,
        sample=entry.sample or "",
        lot=entry.lot or "",
        protocol=entry.protocol or "",
        bench=entry.bench or "",
        begun=_datetime(entry.begun),
        results=results,
        placeholders=placeholders,
        trouble=trouble,
    )


def _trouble(folder: Path, entry: Entry) -> str:
    """Why a run says nothing; '' for one that does."""
    if entry.state != "closed":
        return f"{entry.state}: {entry.why}".rstrip(": ")
    if entry.outcome != "completed":
        return f"{entry.outcome}: {entry.why}".rstrip(": ")
    try:
        found = verify_run(folder)
    except LabctlError as error:
        return f"its record cannot be read: {error}"
    if found.outcome is not Outcome.INTACT:
        return f"{CHANGED}: {found.outcome.value} {'; '.join(found.why)}".rstrip()
    return FAILED if entry.verdict == "fail" else ""


def _results(told: object) -> dict[str, Measurement]:
    out = {}
    for name, found in told.items() if isinstance(told, dict) else ():
        measurement = _measurement(found) if isinstance(found, dict) else None
        if measurement is not None:
            out[str(name).replace(" ", "_")] = measurement
    return out


def _measurement(found: Mapping[str, Any]) -> Measurement | None:
    """None for what is no number with a deviation."""
    value, low, high = (finite(found.get(key)) for key in ("value", "low", "high"))
    statistical, inputs = (finite(found.get(key)) for key in ("sd_statistical", "sd_inputs"))
    if value is None:
        return None
    if statistical is None:
        if low is None or high is None or high < low:
            return None
        statistical = (high - low) / (2.0 * _NORMAL_95)
    return Measurement(value, abs(statistical), abs(inputs or 0.0), str(found.get("unit") or ""))


def _datetime(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None
