"""What every kind of step works with, and what it may say about the run."""

from __future__ import annotations

import concurrent.futures
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from labctl.bench import Bench
from labctl.clock import Clock
from labctl.engine._arming import Arming
from labctl.engine._light import Light
from labctl.engine._outcome import Ending
from labctl.engine._sampler import Sampler
from labctl.engine._states import State
from labctl.engine._teller import Teller
from labctl.events import Criterion, Event, Note
from labctl.monitor import DoseWatch, Monitor, ReleaseWatch
from labctl.protocol import Plan
from labctl.sample import Specimen


class Answer(str):
    """What a person answered, with who that was."""

    by: str

    def __new__(cls, text: str, by: str) -> Answer:
        """`by`: as the journal is to have it."""
        made = super().__new__(cls, text)
        made.by = by
        return made


def by_whom(answer: str) -> str:
    """Who gave it; '' where nobody was named."""
    return answer.by if isinstance(answer, Answer) else ""


Ask = Callable[[str], "concurrent.futures.Future[str]"]
"""Shows a prompt to a person; the future has the answer, or an exception that ends the run.
An `Answer` says who gave it; any other text was given by nobody who was named."""


class Go(Protocol):
    """Changes the engine's state; `why` is told with it."""

    def __call__(self, state: State, why: str = "") -> None: ...


class EndsRunError(Exception):
    """A step that ends the run in order: its condition is late, or its gate is held."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.why)
        self.ending = ending


@dataclass(slots=True, kw_only=True, eq=False)
class Work:
    """One run's clock, bench and people, as its steps need them."""

    clock: Clock
    bench: Bench
    plan: Plan
    specimen: Specimen | None
    sampler: Sampler
    light: Light
    arming: Arming
    teller: Teller
    monitor: Monitor | None
    dose: DoseWatch
    release: ReleaseWatch | None
    """None where the plan follows no species."""
    ask: Ask
    go: Go
    criteria: list[Criterion] = field(default_factory=list)
    """What the steps themselves have to say about the verdict."""
    assays: Counter[str] = field(default_factory=Counter)
    """Told so far of each species: a released fraction is looked at anew when another has come."""

    @property
    def now_ns(self) -> int:
        return self.clock.now_ns()

    def note(self, text: str, who: str = "labctl") -> None:
        """Put a remark on the record."""
        self.teller.tell(Note(self.now_ns, who, text))

    def tell(self, event: Event) -> None:
        """Tell an event of a step."""
        self.teller.tell(event)
