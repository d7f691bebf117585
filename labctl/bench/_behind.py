"""What stands behind the software, interlock and dead-man, and what is waived: who may arm REAL
instruments, and what a person must be told of it."""

from __future__ import annotations

from labctl.bench._model import BenchFile
from labctl.clock import iso, wall_utc_ns
from labctl.errors import Problem, RefusedError
from labctl.events import LASER

_WORDS = {"interlock": "the hardware interlock", "dead_man": "the dead-man"}


def today() -> str:
    """This day, UTC, `2026-01-31`."""
    return iso(wall_utc_ns())[:10]


def check_behind(bench: BenchFile, day: str) -> None:
    """RefusedError unless interlock and dead-man are declared or, on this day, waived: for a REAL
    bench that is to be armed. Says the place in the file."""
    problems = [
        found
        for name in (("interlock", "dead_man") if LASER in bench.roles else ("dead_man",))
        if (found := _missing(bench, name, day)) is not None
    ]
    if problems:
        raise RefusedError(
            f"bench {bench.name} cannot be armed: " + "; ".join(p.message for p in problems),
            where=", ".join(dict.fromkeys(p.file for p in problems)),
            fix=" ".join(dict.fromkeys(p.fix for p in problems)),
        )


def waived(bench: BenchFile, day: str) -> list[str]:
    """A line for each thing that this bench does without: shown first, and on record."""
    return [
        f"WAIVED: {_WORDS[name]}, by {waiver.by}"
        + (f" ({waiver.reference})" if waiver.reference else "")
        + (f", until {waiver.until}" if waiver.holds(day) else f", EXPIRED on {waiver.until}")
        + f": {waiver.why}"
        for name, waiver in bench.waivers.items()
    ]


def _missing(bench: BenchFile, name: str, day: str) -> Problem | None:
    if (bench.interlock if name == "interlock" else bench.dead_man) is not None:
        return None
    waiver = bench.waivers.get(name)
    if waiver is None:
        return Problem(
            "P061",
            f"{_WORDS[name]} is neither declared nor waived",
            file=bench.source_file,
            fix=f"Declare `{name}` in the bench file, with how and when it was tested.",
        )
    if waiver.holds(day):
        return None
    return Problem(
        "P061",
        f"the waiver of {_WORDS[name]} by {waiver.by} ended on {waiver.until}",
        file=waiver.where or bench.source_file,
        fix=f"Declare `{name}`, or have it waived again.",
    )
