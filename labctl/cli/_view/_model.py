"""All that a frame of the live terminal shows."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from labctl.cli._view._history import History
from labctl.cli._view._mailbox import Header
from labctl.cli._view._seen import Seen
from labctl.cli._view._words import happening
from labctl.clock import NS
from labctl.events import Emission, Event, PromptAsked, Sample, StateChanged, StepBegun

_SHOWN_ELSEWHERE = (StateChanged, StepBegun, Emission, PromptAsked)

_LOST_AFTER_NS = 2 * NS
"""Real time without a sample that is worth saying so, unless they come more slowly anyway."""


@dataclass(slots=True)
class Model:
    """Fed by the view's thread; the screen only reads it."""

    speed: float | None
    """Of the run's clock; None for as fast as it goes."""
    seen: Seen = field(default_factory=Seen)
    history: History = field(default_factory=History)
    mode_line: str = ""
    at_most_ns: tuple[int, ...] = ()
    """The longest each step may last."""
    telemetry: str = ""
    recent: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=20))
    """Tag and words of what happened, newest last; a tag in capitals is urgent."""
    silent_ns: int = 0
    """Real time without a sample while there should be one; 0 while all is well."""
    _step_began_ns: int = 0
    _heard_ns: int = 0
    _period_ns: int = 0

    def begin(self, header: Header) -> None:
        """Take in what is known before anything happens."""
        self.mode_line = header.lines[0] if header.lines else ""
        self.at_most_ns = header.at_most_ns

    def say(self, text: str) -> None:
        """Show a line of talk among the happenings."""
        self.recent.append(("says", text))

    def apply(self, event: Event, now_ns: int) -> None:
        """Take one event in; `now_ns` is real time."""
        if isinstance(event, Sample):
            self._period_ns = event.t_ns - self.seen.t_ns
            self._heard_ns = now_ns
        elif isinstance(event, StepBegun):
            self._step_began_ns = event.t_ns
        # States, steps and the beam have rows of their own on the screen.
        words = None if isinstance(event, _SHOWN_ELSEWHERE) else happening(event)
        if words is not None:
            self.recent.append(words)
        self.seen.apply(event)
        self.history.add(event)

    def listen(self, now_ns: int) -> None:
        """Notice when no sample has come for longer than it should; `now_ns` is real time."""
        period_ns = self._period_ns / self.speed if self.speed else 0
        allowed_ns = max(_LOST_AFTER_NS, 3 * period_ns)
        silent_ns = now_ns - self._heard_ns
        expected = self.seen.samples and not self.seen.prompt and self.seen.ended is None
        self.silent_ns = silent_ns if expected and silent_ns > allowed_ns else 0

    def left_at_most_ns(self) -> int | None:
        """Longest time that the run can still take; None where nobody said."""
        step = self.seen.step
        if step is None:
            return sum(self.at_most_ns) or None
        here_ns = max(step.at_most_ns - (self.seen.t_ns - self._step_began_ns), 0)
        if len(self.at_most_ns) == step.of:
            return here_ns + sum(self.at_most_ns[step.index :])
        return here_ns if step.index == step.of and step.at_most_ns else None
