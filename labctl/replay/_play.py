"""A record as it went: its events once more, each at its time, for those who only look.

No check, no bench, no guard: nothing here can light. What is handed on says REPLAY where the record
said SIMULATED or REAL.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from labctl.clock import NS, VIRTUAL_EPOCH_UTC_NS, Clock
from labctl.errors import RecordError
from labctl.events import Event, Mode, RunBegun
from labctl.record import JournalReader, JournalState, read_ends, read_facts

_BREATHE = 256
"""Events in a row that are handed on without a look at anything else."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is known of a record before its first event is played."""

    path: Path
    begun: RunBegun
    facts: dict[str, Any]
    """run.json; empty where there is none."""
    utc_zero_ns: int
    """What the run's clock called UTC at its beginning, as far as the record says."""


@dataclass(frozen=True, slots=True)
class Played:
    """What came of playing a record."""

    events: int
    last_ns: int
    """On the run's clock."""
    state: JournalState
    why: str
    """What is wrong with the first line that could not be played; '' where there is none."""
    over: bool = False
    """All that is good was played."""


def read_recorded(path: Path) -> Recorded:
    """What the record in the folder `path` begins with. RecordError when there is no journal that
    this version can read, or no run in it."""
    journal = path / "journal.jsonl"
    begun = read_ends(journal).begun
    if begun is None:
        raise RecordError("there is no run in this journal", where=str(journal))
    facts = read_facts(path / "run.json")
    return Recorded(path, begun, facts, _zero(begun, facts))


class Player:
    """Plays one record, once. Cancelled, it hands nothing more on; `played` tells how far it
    came."""

    def __init__(self, recorded: Recorded) -> None:
        self._reader = JournalReader(recorded.path / "journal.jsonl")
        self._last_ns = 0
        self._events = 0
        self._over = False

    @property
    def played(self) -> Played:
        """What was handed on so far; of the journal, what was read of it."""
        reader = self._reader
        return Played(self._events, self._last_ns, reader.state, reader.why, self._over)

    async def play(
        self,
        clock: Clock,
        hand_on: Callable[[Event], None],
        room: Callable[[], Awaitable[None]] | None = None,
    ) -> Played:
        """Hand every good event on, at its time by `clock`; before each, wait for `room`."""
        for event in as_replay(self._reader):
            # A dose or a verdict may stand behind with an earlier time; the clock never goes back.
            if event.t_ns > clock.now_ns() or self._events % _BREATHE == 0:
                await clock.sleep_until(event.t_ns)
            if room is not None:
                await room()
            hand_on(event)
            self._events += 1
            self._last_ns = max(self._last_ns, event.t_ns)
        self._over = True
        return self.played


def as_replay(events: Iterable[Event]) -> Iterator[Event]:
    """The events, of a run whose mode is REPLAY."""
    for event in events:
        yield replace(event, mode=Mode.REPLAY) if isinstance(event, RunBegun) else event


def _zero(begun: RunBegun, facts: dict[str, Any]) -> int:
    if begun.mode is Mode.SIMULATED:
        return VIRTUAL_EPOCH_UTC_NS
    for key in ("clock_zero_utc", "begun"):
        try:
            return round(datetime.fromisoformat(facts[key]).timestamp() * 1e6) * NS // 1_000_000
        except (KeyError, TypeError, ValueError):
            continue
    # A journal that was kept alone: its times count from a moment that nobody told.
    return 0
