"""Where the engine's thread leaves events and the telemetry thread finds them.

`put` appends to bounded queues: it takes no lock, waits for nothing and cannot fail. Each class
has its own end when it overflows: readings and assessments lose the oldest, events too (their
sequence numbers show it), and state is no queue at all, only its newest value.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

from labctl import clock
from labctl.events import Assessment, Event, Sample
from labctl.telemetry._fold import BenchState, fold

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


class Lane(Generic[E]):
    """A bounded queue from one thread to another that forgets the oldest."""

    def __init__(self, depth: int) -> None:
        self._waiting: deque[Numbered[E]] = deque(maxlen=depth)
        self._put = 0
        self._next = 0
        self.dropped = 0
        """Forgotten so far; counted by the reading side, from the gaps it finds."""

    def put(self, event: E) -> None:
        """Leave an event; the oldest is forgotten when there is no room."""
        self._waiting.append(Numbered(self._put, event))
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


class Queues:
    """Everything between the two threads."""

    def __init__(self) -> None:
        self.samples: Lane[Sample] = Lane(DATA_DEPTH)
        self.assessments: Lane[Assessment] = Lane(DATA_DEPTH)
        self.events: Lane[Event] = Lane(EVENT_DEPTH)
        self.state = BenchState()
        """Replaced as a whole at each change, so that a reader sees one moment."""
        self.newest: Sample | None = None
        self.heard_ns = clock.real_ns()
        """Real time of the last event put."""

    def put(self, event: Event) -> None:
        """Leave an event of the run; called on the engine's thread."""
        self.heard_ns = heard_ns = clock.real_ns()
        self.state = fold(self.state, event, heard_ns)
        if isinstance(event, Sample):
            self.newest = event
            self.samples.put(event)
        elif isinstance(event, Assessment):
            self.assessments.put(event)
        else:
            self.events.put(event)

    @property
    def depth(self) -> int:
        """What waits, all in all."""
        return len(self.samples) + len(self.assessments) + len(self.events)

    @property
    def dropped(self) -> int:
        """Readings and assessments that were never sent."""
        return self.samples.dropped + self.assessments.dropped
