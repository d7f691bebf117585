"""Where the engine's thread leaves events and the telemetry thread finds them.

`put` appends to bounded queues: it takes no lock, waits for nothing and cannot fail. Each class
has its own end when it overflows: readings and assessments lose the oldest, events too (their
sequence numbers show it), and state is no queue at all, only its newest value. Every event keeps
the run it is of: a broker that comes back late is told of a former run under its own name.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from labctl import clock
from labctl.events import Assessment, Beam, Event, Mode, RunEnded, Sample
from labctl.telemetry._fold import BenchState, fold
from labctl.telemetry._names import new_session
from labctl.telemetry._payloads import Author

E = TypeVar("E", bound=Event)

DATA_DEPTH = 256
"""Readings, and assessments, that may wait: about a second behind at the fastest rate sent."""
EVENT_DEPTH = 4096
"""Events that may wait for a broker that is away; a run has a few hundred."""


@dataclass(frozen=True, slots=True)
class Numbered(Generic[E]):
    """An event with its number in its queue, counted from 0 in every session."""

    seq: int
    event: E
    author: Author
    after: BenchState | None = None
    """What stood when a run had ended, for its document."""


class Lane(Generic[E]):
    """A bounded queue from one thread to another that forgets the oldest."""

    def __init__(self, depth: int) -> None:
        self._waiting: deque[Numbered[E]] = deque(maxlen=depth)
        self._put = 0
        self._next = 0
        self.dropped = 0
        """Forgotten so far; counted by the reading side, from the gaps it finds."""

    def put(self, event: E, author: Author, after: BenchState | None = None) -> None:
        """Leave an event; the oldest is forgotten when there is no room."""
        self._waiting.append(Numbered(self._put, event, author, after))
        self._put += 1

    def take(self) -> Numbered[E] | None:
        """The oldest event that is left, or None."""
        try:
            taken = self._waiting.popleft()
        except IndexError:
            return None
        self.dropped += taken.seq - self._next
        self._next = taken.seq + 1
        return taken

    def __len__(self) -> int:
        return len(self._waiting)


@dataclass(frozen=True, slots=True)
class Moment:
    """What stands now: replaced as a whole, so that a reader on another thread sees one moment."""

    author: Author
    state: BenchState = field(default_factory=BenchState)
    newest: Sample | None = None
    """The newest readings, of the run in hand or the last one."""
    heard_ns: int = 0
    """Real time of the last event put."""
    latched: Mapping[str, Any] | None = None
    """Who pressed STOP LASER, and why, while that stands."""

    @property
    def under_way(self) -> bool:
        """A run has begun and not told its end."""
        return bool(self.state.run) and not self.state.run.get("ended", False)


class Queues:
    """Everything between the two threads."""

    def __init__(self, author: Author | None = None) -> None:
        self.samples: Lane[Sample] = Lane(DATA_DEPTH)
        self.assessments: Lane[Assessment] = Lane(DATA_DEPTH)
        self.events: Lane[Event] = Lane(EVENT_DEPTH)
        author = author or Author(Mode.SIMULATED, new_session(), "", "", 0)
        self.now = Moment(author, heard_ns=clock.real_ns())

    def put(self, event: Event) -> None:
        """Leave an event of the run; called on the engine's thread."""
        now, heard_ns = self.now, clock.real_ns()
        state = fold(now.state, event, heard_ns)
        if isinstance(event, Sample):
            self.now = replace(now, state=state, newest=event, heard_ns=heard_ns)
            self.samples.put(event, now.author)
            return
        self.now = replace(now, state=state, heard_ns=heard_ns)
        if isinstance(event, Assessment):
            self.assessments.put(event, now.author)
        else:
            ended = isinstance(event, RunEnded)
            self.events.put(event, now.author, state if ended else None)

    def name(self, bench: str) -> None:
        """The name under which the bench publishes; before anything is put."""
        self.now = replace(self.now, author=replace(self.now.author, bench=bench))

    def begin(self, author: Author) -> None:
        """From now on everything is of this run, and nothing of the last one stands."""
        state = BenchState(run={"uid": author.run, "ended": False})
        self.now = Moment(author, state, heard_ns=clock.real_ns(), latched=self.now.latched)

    def between(self) -> None:
        """No run is on. One that has not told its end was cut off: what it left is unknown."""
        now, state = self.now, self.now.state
        if now.under_way:
            state = replace(
                state,
                word="fault",
                beam=Beam.UNKNOWN,
                readback="none",
                how="run cut off",
                run={**state.run, "ended": True, "outcome": "fault", "why": "cut off"},
            )
        elif state.word not in {"ready", "fault"}:
            state = replace(state, word="ready")
        author, service = now.author, now.author.service
        if service is not None:
            author = replace(author, service=replace(service, idle=True))
        self.now = replace(now, author=author, state=state)

    def word(self, word: str) -> None:
        """Say this of the bench from now on."""
        self.now = replace(self.now, state=replace(self.now.state, word=word))

    def latch(self, facts: Mapping[str, Any] | None) -> None:
        """STOP LASER stands, or no more."""
        if self.now.latched != facts:
            self.now = replace(self.now, latched=facts)

    @property
    def state(self) -> BenchState:
        """What the events make of the bench."""
        return self.now.state

    @property
    def depth(self) -> int:
        """What waits, all in all."""
        return len(self.samples) + len(self.assessments) + len(self.events)

    @property
    def dropped(self) -> int:
        """Readings and assessments that were never sent."""
        return self.samples.dropped + self.assessments.dropped
