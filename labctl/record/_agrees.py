"""What run.json says beside what the journal says of the same: how the run began, on which
instruments, and how it ended.

What it had from the beginning besides (operator, calibrations, versions, commit, machine, wall
time) stands in begun.json, of which a journal has the hash, unless its run was in virtual time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from labctl.events import (
    Dose,
    Event,
    FilesKept,
    Imported,
    InstrumentFound,
    Note,
    RunBegun,
    RunEnded,
    Verdict,
)
from labctl.record._begun import KEY, end_utc_ns, ended_otherwise
from labctl.record._folder import ending
from labctl.record._kept import BEGUN

_OUTSIDE = "people, machine, versions, times, calibrations"
_AT_THE_END = "whether files had changed since the commit"
_OF_THE_END = frozenset(
    {
        "outcome", "exit_code", "beam", "heater", "electrical_j", "coil", "coil_j", "samples",
        "energy_j", "duration_s", "verdict", "reasons", "results", "budget", "improve",
        "assumptions", "dose",
    }
)  # fmt: skip
"""Keys that nothing but the journal's last words may have given."""
_WAIVED = "WAIVED: "


class Told:
    """What a journal says that run.json says too. `take` every event, then `otherwise`."""

    def __init__(self) -> None:
        self._begun: RunBegun | None = None
        self._ended: RunEnded | None = None
        self._verdict: Verdict | None = None
        self._dose: Dose | None = None
        self._imported: Imported | None = None
        self._found: dict[str, InstrumentFound] = {}
        self._waived: list[str] = []
        self._sealed = False

    def take(self, event: Event) -> None:
        """The next event."""
        match event:
            case RunBegun():
                self._begun = event
            case InstrumentFound():
                self._found[event.instrument] = event
            case Note() if event.text.startswith(_WAIVED):
                self._waived.append(event.text)
            case Imported():
                self._imported = event
            case Verdict():
                self._verdict = event
            case Dose():
                self._dose = event
            case FilesKept() if BEGUN in event.files:
                self._sealed = True
            case RunEnded():
                self._ended = event

    def otherwise(self, facts: Mapping[str, Any]) -> list[str]:
        """Keys of run.json, of a journal that has its end, under which something else stands."""
        return [*self._at_begin(facts), *self._at_end(facts)]

    def not_covered(self, facts: Mapping[str, Any]) -> str:
        """What of run.json no pass speaks of, to be told with every one."""
        if KEY not in facts and not self._sealed:
            return f"not covered: what run.json alone says of {_OUTSIDE}"
        if not self._sealed:
            return (
                f"not covered: {_OUTSIDE}; run.json is held to {BEGUN} there, and the journal, as "
                f"that of any run in virtual time, has no hash of {BEGUN}"
            )
        if self._ended is None or end_utc_ns(facts, self._ended.t_ns) is None:
            return f"not covered: of run.json, when it ended and {_AT_THE_END}"
        return f"not covered: of run.json, {_AT_THE_END}"

    def _at_begin(self, facts: Mapping[str, Any]) -> Iterator[str]:
        begun = self._begun
        if begun is None:
            return
        said: dict[str, Any] = {
            "mode": begun.mode.value,
            "protocol": begun.protocol,
            "bench": begun.bench,
            "sample": begun.sample,
            "seed": begun.seed,
            "faults": list(begun.faults),
            "waived": self._waived,
        }
        if self._imported is not None:
            said["imported"] = _plain(asdict(self._imported))
        # An older labctl wrote fewer of them.
        yield from (key for key, value in said.items() if key in facts and facts[key] != value)
        if "instruments" in facts and not self._are(facts["instruments"]):
            yield "instruments"

    def _are(self, instruments: object) -> bool:
        if not isinstance(instruments, Mapping) or set(instruments) != set(self._found):
            return False
        return all(_is(instruments[name], found) for name, found in self._found.items())

    def _at_end(self, facts: Mapping[str, Any]) -> Iterator[str]:
        kept = "journal" in facts
        state = facts.get("state")
        if kept and state != "closed" and not facts.get("fault"):
            yield "state"
        if not kept and state != "closed":
            # Killed between the journal's last line and run.json's.
            return
        told = _plain(ending(self._ended, self._verdict, self._dose))
        if facts.get("fault"):
            # What the disk did after the journal's last line is in run.json alone.
            told = {key: told[key] for key in told if key not in ("outcome", "why", "exit_code")}
        yield from (key for key, value in told.items() if facts.get(key) != value)
        if self._sealed and self._ended is not None and kept:
            yield from ("ended",) if ended_otherwise(facts, self._ended.t_ns) else ()
        own = _OF_THE_END - told.keys() - {"outcome", "exit_code"}
        yield from sorted(key for key in own if key in facts)


def _is(said: object, found: InstrumentFound) -> bool:
    if not isinstance(said, Mapping):
        return False
    parts = [str(said.get("make", "")), str(said.get("model", ""))]
    parts += [f"{key} {said[key]}" for key in ("serial", "firmware") if said.get(key)]
    return (said.get("driver"), said.get("address"), " ".join(parts)) == (
        found.driver, found.address, found.identity,
    )  # fmt: skip


def _plain(told: Mapping[str, Any]) -> dict[str, Any]:
    """As it reads in a file."""
    plain: dict[str, Any] = json.loads(json.dumps(told, default=str))
    return plain
