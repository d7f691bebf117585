"""Why a run ended, and the exit code that follows from it (architecture decision 13)."""

from __future__ import annotations

from dataclasses import dataclass

from labctl.errors import (
    BeamNotConfirmedOffError,
    Exit,
    InputError,
    InstrumentError,
    LabctlError,
    RecordError,
    RefusedError,
    SafetyError,
    StoppedError,
)
from labctl.talk import STOP, Trip


@dataclass(frozen=True, slots=True)
class Ending:
    """The first cause of a run's end. Later ones are on the record, but do not replace it."""

    outcome: str
    """`completed`, `held` (a gate did not open: nothing has failed, and nothing more was done),
    `stopped`, `tripped`, `instrument-lost`, `data-fault`, `refused` (what was asked for cannot be
    done) or `fault`."""
    why: str
    exit_code: Exit


UNBIDDEN = "unbidden"
"""The guard's rule that fires on light although off was commanded."""

COMPLETED = Ending("completed", "all steps done", Exit.PASS)

_OUTCOMES: tuple[tuple[type[LabctlError], str], ...] = (
    (StoppedError, "stopped"),
    (SafetyError, "tripped"),
    (BeamNotConfirmedOffError, "tripped"),
    (InstrumentError, "instrument-lost"),
    (RecordError, "data-fault"),
    (RefusedError, "refused"),
    (InputError, "refused"),
)

_VERDICT_CODES = {
    "pass": Exit.PASS,
    "none": Exit.PASS,
    "fail": Exit.CHECK_FAILED,
    "cannot tell": Exit.CANNOT_TELL,
}


def by_error(error: BaseException) -> Ending:
    """The ending that an exception makes."""
    if isinstance(error, LabctlError):
        for cls, outcome in _OUTCOMES:
            if isinstance(error, cls):
                return Ending(outcome, str(error), error.exit_code)
        return Ending("fault", str(error), error.exit_code)
    return Ending("fault", f"{type(error).__name__}: {error}", Exit.FAULT)


def by_trip(trip: Trip) -> Ending:
    """The ending that a guard rule makes, or a person who asked the guard for off."""
    if trip.rule == STOP:
        return by_error(StoppedError(trip.message))
    return Ending("tripped", f"{trip.rule}: {trip.message}", Exit.SAFETY)


def exit_code(ending: Ending, verdict: str, beam_off_confirmed: bool, unbidden: bool) -> Exit:
    """The code of a whole run: the beam overrides all, then the ending, then the verdict. Light
    that did not go off in its time (`unbidden`) is a matter of safety whatever ended the run."""
    if not beam_off_confirmed:
        return Exit.BEAM_NOT_CONFIRMED_OFF
    if unbidden:
        return Exit.SAFETY
    if ending.exit_code is not Exit.PASS:
        return ending.exit_code
    return _VERDICT_CODES[verdict]
