"""What stands behind the software, interlock and dead-man, and what is waived: who may arm REAL
instruments, and what a person must be told of it."""

from __future__ import annotations

from labctl.bench._model import BenchFile, Waiver
from labctl.clock import iso, wall_utc_ns
from labctl.errors import Problem
from labctl.events import LASER

_WORDS = {"interlock": "the hardware interlock", "dead_man": "the dead-man"}


def today() -> str:
    """This day, UTC, `2026-01-31`."""
    return iso(wall_utc_ns())[:10]


def missing_behind(bench: BenchFile, day: str) -> list[Problem]:
    """Interlock and dead-man, where they are neither declared nor, on this day, waived, with the
    place in the file."""
    return [
        found
        for name in (("interlock", "dead_man") if LASER in bench.roles else ("dead_man",))
        if (found := _missing(bench, name, day)) is not None
    ]


def unwaived(waiver: Waiver, what: str, day: str) -> Problem | None:
    """What is to be told of a waiver that has ended."""
    if waiver.holds(day):
        return None
    return Problem(
        "P065",
        f"the waiver of {what} by {waiver.by} ended on {waiver.until}",
        file=waiver.where,
        fix="Have it waived again, or do without the waiver.",
    )


def waived(bench: BenchFile, day: str) -> list[str]:
    """A line for each thing that this bench does without: shown first, and on record."""
    return [
        f"WAIVED: {name}, by {waiver.by}"
        + (f" ({waiver.reference})" if waiver.reference else "")
        + (f", until {waiver.until}" if waiver.holds(day) else f", EXPIRED on {waiver.until}")
        + f": {waiver.why}"
        for name, waiver in (
            *((_WORDS[name], waiver) for name, waiver in bench.waivers.items()),
            *((driver_words(name), waiver) for name, waiver in bench.driver_waivers.items()),
        )
    ]


def driver_words(name: str) -> str:
    """`the proof of the driver NAME`."""
    return f"the proof of the driver {name}"


def _missing(bench: BenchFile, name: str, day: str) -> Problem | None:
    if (bench.interlock if name == "interlock" else bench.dead_man) is not None:
        return None
    waiver = bench.waivers.get(name)
    if waiver is None:
        return Problem(
            "P065",
            f"{_WORDS[name]} is neither declared nor waived",
            file=bench.source_file,
            fix=f"Declare `{name}` in the bench file, with how and when it was tested.",
        )
    return unwaived(waiver, _WORDS[name], day)
