"""A finished blank run -> what a later run takes from it. Computed once, before that run."""

from __future__ import annotations

from pathlib import Path

from labctl.errors import InputError
from labctl.events import PriorsFixed, Verdict
from labctl.monitor._handed_on import blank_of
from labctl.monitor._priors import Kind, Priors
from labctl.photothermal import BlankResult
from labctl.record import JournalState, read_journal

_CHOOSE = "Name the folder of a blank run (a sample of kind solvent) that passed its check."


def read_blank(folder: Path) -> BlankResult:
    """What the blank run in `folder` found, with its journal's head hash; InputError where the
    folder holds no closed run, no blank, or one that did not pass."""
    where = str(folder)
    journal = folder / "journal.jsonl"
    if not journal.is_file():
        raise InputError("this is not the folder of a run", where=where, fix=_CHOOSE)
    reading = read_journal(journal)
    if reading.state is not JournalState.CLOSED:
        raise InputError(
            f"the blank's record is {reading.state.value}: {reading.why}", where=where, fix=_CHOOSE
        )
    fixed = verdict = None
    for event in reading.events:
        if isinstance(event, PriorsFixed):
            fixed = event
        elif isinstance(event, Verdict):
            verdict = event
    if fixed is None or verdict is None:
        raise InputError("this run was not checked", where=where, fix=_CHOOSE)
    try:
        priors = Priors.from_plain(fixed.priors)
    except (TypeError, ValueError) as error:
        raise InputError(
            "the blank was checked by another version of labctl",
            where=where,
            fix=f"Run the blank again ({error}).",
        ) from error
    if priors.kind is not Kind.BLANK:
        raise InputError("the sample of this run was not a solvent", where=where, fix=_CHOOSE)
    if verdict.verdict != "pass":
        raise InputError(
            f"the check of this blank came to '{verdict.verdict}'", where=where, fix=_CHOOSE
        )
    return blank_of(verdict, priors, reading.head_hash)
