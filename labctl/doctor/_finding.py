"""One thing that was looked at on this computer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from labctl.errors import Exit


class State(StrEnum):
    """How it is."""

    OK = "ok"
    WARN = "warn"
    """A run will do, and may be disturbed."""
    BAD = "bad"
    """Something that a run needs is not there."""
    NOT_LOOKED = "not looked"
    """This platform cannot be asked."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and how to mend it."""

    name: str
    """Short, stable: `python`, `serial ports`, `clock`."""
    state: State
    seen: str
    """What was found, in words."""
    fix: str = ""
    """What to do; empty where nothing is to be done."""
    exit_code: Exit = Exit.INSTRUMENT
    """Of a bad one."""


def ok(name: str, seen: str) -> Finding:
    return Finding(name, State.OK, seen)


def warn(name: str, seen: str, fix: str) -> Finding:
    return Finding(name, State.WARN, seen, fix)


def bad(name: str, seen: str, fix: str, exit_code: Exit = Exit.INSTRUMENT) -> Finding:
    return Finding(name, State.BAD, seen, fix, exit_code)


def not_looked(name: str, seen: str) -> Finding:
    return Finding(name, State.NOT_LOOKED, seen)
