"""An earlier run that a later one may lean on: closed, checked, passed, and of the right kind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labctl.errors import InputError
from labctl.events import Event, Mode, PriorsFixed, RunBegun, Verdict
from labctl.monitor._priors import Kind, Priors
from labctl.record import JournalState, read_journal


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is wanted of such a run."""

    events: Sequence[Event]
    priors: Priors
    verdict: Verdict
    bench: str
    date: str
    """`2026-01-31`; empty where the record's description is gone."""
    head_hash: str
    world: str
    """Empty for a real bench, else which simulated world: `seed 7`."""


def read_earlier(folder: Path, kind: Kind, *, what: str, no_such: str, choose: str) -> Earlier:
    """The run in `folder`; InputError where it is no closed run, not of that kind, or did not pass.
    `what` names such a run, `no_such` says what a run of another kind is not, `choose` what to
    name instead."""
    where = str(folder)
    journal = folder / "journal.jsonl"
    if not journal.is_file():
        raise InputError("this is not the folder of a run", where=where, fix=choose)
    reading = read_journal(journal)
    if reading.state is not JournalState.CLOSED:
        raise InputError(
            f"the {what}'s record is {reading.state.value}: {reading.why}", where=where, fix=choose
        )
    begun = fixed = verdict = None
    for event in reading.events:
        if isinstance(event, RunBegun):
            begun = event
        elif isinstance(event, PriorsFixed):
            fixed = event
        elif isinstance(event, Verdict):
            verdict = event
    if begun is not None and begun.mode is Mode.IMPORTED:
        raise InputError(
            f"an imported record is no {what}: its readings are not of a bench of labctl",
            where=where,
            fix=choose,
        )
    if fixed is None or verdict is None:
        raise InputError("this run was not checked", where=where, fix=choose)
    try:
        priors = Priors.from_plain(fixed.priors)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"the {what} was checked by another version of labctl",
            where=where,
            fix=f"Run the {what} again ({error}).",
        ) from error
    if priors.kind is not kind:
        raise InputError(no_such, where=where, fix=choose)
    if verdict.verdict != "pass":
        raise InputError(
            f"the check of this {what} came to '{verdict.verdict}'", where=where, fix=choose
        )
    name, world = "", ""
    if begun is not None:
        name = begun.bench
        world = f"seed {begun.seed}" if begun.mode is Mode.SIMULATED else ""
    return Earlier(reading.events, priors, verdict, name, _date(folder), reading.head_hash, world)


def _date(folder: Path) -> str:
    """From the run's description, which stands beside the journal and not in its chain."""
    try:
        begun = json.loads((folder / "run.json").read_bytes()).get("begun", "")
    except (OSError, ValueError, AttributeError):
        return ""
    return begun[:10] if isinstance(begun, str) else ""
