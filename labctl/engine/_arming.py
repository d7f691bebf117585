"""The act at the bench before REAL light: shown, asked for, typed, told; the guard judges it."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from labctl.bench import BenchFile, off_latency, today, waived
from labctl.clock import NS, Clock
from labctl.engine._sampler import Sampler
from labctl.engine._teller import Teller
from labctl.errors import RefusedError, StoppedError
from labctl.events import LASER, Note, PromptAnswered, PromptAsked
from labctl.talk import Act, AnyGuards

T = TypeVar("T")

_TRIES = 3


@dataclass(frozen=True, slots=True)
class AtBench:
    """A person at a terminal of the machine that has the ports."""

    who: str
    terminal: str
    """`/dev/tty2`."""
    ask: Callable[[str], concurrent.futures.Future[str]]
    """Shows a text; the future has the line that was typed after it, and nothing else answers."""


class Arming:
    """Sees to it that a person has armed, where the guard wants that."""

    def __init__(
        self,
        clock: Clock,
        guards: AnyGuards | None,
        sampler: Sampler,
        teller: Teller,
        bench_file: BenchFile,
        sources: Sequence[str],
        at_bench: AtBench | None,
    ) -> None:
        self._clock = clock
        self._guards = guards
        self._sampler = sampler
        self._teller = teller
        self._file = bench_file
        self._sources = tuple(sources)
        self._at_bench = at_bench

    async def permit(self, ahead_ns: int, waiting: Callable[[], None]) -> None:
        """Return when light may be asked for, `ahead_ns` from now too. `waiting` is called before a
        person is asked. RefusedError where nobody can be, or other words were typed."""
        guards = self._guards
        words = "" if guards is None else await guards.wanted(ahead_ns)
        if guards is None or not words:
            return
        waiting()
        for _ in range(_TRIES):
            if await self._acted(guards, words):
                return
            words = await guards.wanted(ahead_ns)
        raise RefusedError(
            f"other words were typed {_TRIES} times; nothing is armed",
            where=self._file.source_file,
            fix="Run it again, and type the words that are shown.",
        )

    async def _acted(self, guards: AnyGuards, words: str) -> bool:
        person = self._at_bench
        if person is None:
            raise RefusedError("nobody is at the bench to arm it", where=self._file.source_file)
        limits = ", ".join(guards.of(name).spec.digest()[:12] for name in self._sources)
        text, holds_s = self._text(limits, words), self._file.arming.act_holds_s
        # Listened for before it is shown: what is typed as soon as it is read counts.
        typing = person.ask(text)
        self._teller.tell(PromptAsked(self._clock.now_ns(), text))
        typed = await answered(self._clock, self._sampler, typing, round(holds_s * NS))
        if typed is None:
            raise StoppedError(f"nobody armed it at the bench within {holds_s:g} s")
        self._teller.tell(PromptAnswered(self._clock.now_ns(), str(typed), person.who))
        try:
            await guards.act(Act(person.who, person.terminal, typed))
        except RefusedError as refused:
            self._teller.tell(Note(self._clock.now_ns(), "labctl", refused.what))
            return False
        self._teller.tell(
            Note(
                self._clock.now_ns(),
                person.who,
                f"armed at the bench, typed at {person.terminal}; limits {limits}; first light "
                f"within {holds_s:g} s",
            )
        )
        return True

    def _text(self, limits: str, words: str) -> str:
        file = self._file
        off = [it for name in self._sources if (it := off_latency(file, name)) is not None]
        parts = [f"REAL light on bench {file.name}", f"limits {limits}"]
        parts += [
            f"{it.source} off at worst {it.asked_s:.2f} s after it is asked for" for it in off
        ]
        parts += waived(file, today())
        if LASER in self._sources:
            parts.append(eyewear(file))
        # A line of its own, which no width of a terminal folds.
        return ". ".join(parts) + f".\nTo arm, type: {words}"


def eyewear(bench_file: BenchFile) -> str:
    """What everybody in the room must have done before anything is typed."""
    length_m = bench_file.wavelength_m
    of = "the laser's wavelength" if length_m is None else f"{length_m * 1e9:.0f} nm"
    unseen = "" if length_m is None or 400e-9 <= length_m < 700e-9 else ", which nobody sees"
    return f"EYEWEAR for {of}{unseen}: on, everybody in the room"


async def answered(
    clock: Clock,
    sampler: Sampler,
    future: concurrent.futures.Future[T],
    at_most_ns: int | None,
) -> T | None:
    """What a person answers, with the bench sampled on meanwhile (a virtual clock is held instead);
    None, and nobody waited for any more, after `at_most_ns`."""
    begun_ns = clock.now_ns()
    if clock.virtual:
        await clock.settle(future)
    while not future.done():
        if at_most_ns is not None and clock.now_ns() - begun_ns > at_most_ns:
            future.cancel()
            return None
        await sampler.once()
    return future.result()
