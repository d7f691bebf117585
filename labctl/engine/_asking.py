"""A person at the bench: asked in the dark and disarmed, and asked again in words where what was
typed cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from labctl.clock import NS
from labctl.engine._arming import answered
from labctl.engine._outcome import Ending
from labctl.engine._states import State
from labctl.engine._work import EndsRunError, Work, by_whom
from labctl.errors import Exit, StoppedError
from labctl.events import Criterion, PromptAnswered, PromptAsked
from labctl.protocol import Step

T = TypeVar("T")

ANSWERED_IN_ADVANCE = "yes (--yes)"
"""What an `Ask` that nobody sits before answers."""
_TRIES = 5


class Asking:
    """Puts questions of a run to a person."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def with_hazards(self, text: str) -> str:
        """Who is asked to handle a sample is told what it can do."""
        specimen = self._work.specimen
        hazards = () if specimen is None else specimen.hazards
        return " ".join([text, *(f"HAZARD: {words}." for words in hazards)])

    async def text(self, text: str, at_most_ns: int | None = None) -> str:
        """Ask, sampling on meanwhile (a virtual clock is held instead)."""
        work = self._work
        work.light.disarm()
        work.tell(PromptAsked(work.now_ns, text))
        answer = await answered(work.clock, work.sampler, work.ask(text), at_most_ns)
        if answer is None:
            waited_s = (at_most_ns or 0) / NS
            raise StoppedError(f"nobody answered the prompt in {waited_s:g} s: {text}")
        work.tell(PromptAnswered(work.now_ns, str(answer), by_whom(answer)))
        return answer

    async def value(
        self, text: str, read: Callable[[str], T], at_most_ns: int | None, in_advance: T | None
    ) -> T:
        """Ask for something that `read` can read; its ValueError says in words what is wrong, and
        it is asked again. `in_advance`: what a run without a person takes; None: then it stops."""
        until_ns = None if at_most_ns is None else self._work.now_ns + at_most_ns
        asked = text
        for _ in range(_TRIES):
            left_ns = None if until_ns is None else max(0, until_ns - self._work.now_ns)
            answer = await self.text(asked, left_ns)
            if answer == ANSWERED_IN_ADVANCE:
                if in_advance is None:
                    raise StoppedError(f"nobody is there to answer: {text}")
                return in_advance
            try:
                return read(answer.strip())
            except ValueError as wrong:
                asked = f"{wrong}. {text}"
        raise StoppedError(f"no answer that can be read in {_TRIES} tries: {text}")

    async def goes_on(self, text: str) -> bool:
        """Ask whether to go on. A run without a person stops."""

        def read(answer: str) -> bool:
            word = answer.lower()
            if word not in {"continue", "stop"}:
                raise ValueError(f"'{answer}' is neither `continue` nor `stop`")
            return word == "continue"

        self._work.go(State.WAITING)
        question = f"{text}. Type `continue` to go on with the next step, `stop` to end the run."
        return await self.value(question, read, None, in_advance=False)

    async def late(
        self, step: Step, if_late: str, at_most_ns: int, *, held: bool = False, why: str = ""
    ) -> str:
        """A step whose condition was not met in time; call it in the dark unless the run goes on
        by itself. Returns why the step ended, or raises EndsRunError. `held`: nothing has failed,
        the sequence is held here."""
        work = self._work
        late = why or (f"{step.name or step.verb}: condition not met within {at_most_ns / NS:g} s")
        work.note(late)
        goes_on = if_late == "continue" or (if_late == "ask" and await self.goes_on(late))
        outcome = "cannot tell" if goes_on or held else "fail"
        work.criteria.append(Criterion("step in time", None, "condition met", outcome, late))
        if goes_on:
            return "late" if if_late == "continue" else "late; a person goes on"
        if held:
            raise EndsRunError(Ending("held", late, Exit.CANNOT_TELL))
        raise EndsRunError(Ending("completed", late, Exit.CHECK_FAILED))
