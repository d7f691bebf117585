"""What each kind of step does, on a sampler, a light and a person who can be asked."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Sequence
from typing import Protocol

from labctl.clock import NS, Clock
from labctl.engine._arming import Arming, answered
from labctl.engine._light import Light
from labctl.engine._outcome import Ending
from labctl.engine._sampler import GUARDED, Sampler
from labctl.engine._states import State
from labctl.engine._teller import Teller
from labctl.errors import Exit, StoppedError
from labctl.events import LASER, Criterion, Note, PromptAnswered, PromptAsked
from labctl.monitor import Monitor
from labctl.photothermal import Trend
from labctl.protocol import (
    Above,
    Baseline,
    Below,
    Condition,
    Cool,
    EfficiencyKnown,
    Elapsed,
    Heat,
    Irradiate,
    Log,
    Plan,
    Prompt,
    Steady,
    Step,
    TimeConstants,
)

Ask = Callable[[str], "concurrent.futures.Future[str]"]
"""Shows a prompt to a person; the future has the answer, or an exception that ends the run."""


class Go(Protocol):
    """Changes the engine's state; `why` is told with it."""

    def __call__(self, state: State, why: str = "") -> None: ...


_AHEAD_NS = 5 * NS
"""For what is looked at between arming and light."""

ANSWERED_IN_ADVANCE = "yes (--yes)"
"""What an `Ask` that nobody sits before answers."""


class NotInTimeError(Exception):
    """A step that was told to stop the run when its condition is late."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.why)
        self.ending = ending


class Steps:
    """Carries out one step at a time. `go` changes the engine's state."""

    def __init__(
        self,
        clock: Clock,
        plan: Plan,
        sampler: Sampler,
        light: Light,
        arming: Arming,
        teller: Teller,
        monitor: Monitor | None,
        ask: Ask,
        go: Go,
    ) -> None:
        self._clock = clock
        self._plan = plan
        self._sampler = sampler
        self._light = light
        self._arming = arming
        self._teller = teller
        self._monitor = monitor
        self._ask = ask
        self._go = go
        self._trend = Trend()
        self.criteria: list[Criterion] = []
        """What the steps themselves have to say about the verdict."""
        self.ends_by_stop = False
        """True during a log whose expected end is a person's stop."""

    async def permit(self, steps: Sequence[Step]) -> None:
        """Before the first of these steps: have light armed at the bench, where that is wanted and
        one of them lights. Not before a prompt, because what a person does then disarms."""
        if isinstance(steps[0], Prompt) or not any(map(self._lights, steps)):
            return
        ahead_ns = round(self._light.warning_s * NS) + _AHEAD_NS
        await self._arming.permit(
            ahead_ns if self._lights(steps[0]) else 0, lambda: self._go(State.WAITING)
        )

    def _lights(self, step: Step) -> bool:
        by_hand = isinstance(step, Irradiate) and self._plan.laser_manual
        return isinstance(step, Irradiate | Heat) and not by_hand

    async def carry_out(self, step: Step) -> str:
        """Carry the step out; returns why it ended."""
        match step:
            case Irradiate() if self._plan.laser_manual:
                return await self._irradiate_by_hand(step)
            case Irradiate() | Heat():
                return await self._energise(step)
            case Prompt():
                self._go(State.WAITING)
                return f"answered: {await self._ask_for(step.text, step.at_most_ns)}"
            case Baseline():
                self._go(State.DARK)
                return await self._baseline(step)
            case Cool():
                self._go(State.DARK)
                return await self._until(step, self._clock.now_ns())
            case Log():
                self._go(State.DARK)
                self.ends_by_stop = step.until_stopped
                why = await self._sampler.until(self._clock.now_ns() + step.at_most_ns)
                self.ends_by_stop = False
                return why

    async def _baseline(self, step: Baseline) -> str:
        sampler = self._sampler
        end_ns = self._clock.now_ns() + step.at_most_ns
        # A first reading, so that the drift is of the probe over this step.
        await sampler.until(min(sampler.next_tick_ns + self._plan.period_ns, end_ns))
        first = sampler.latest.get(GUARDED)
        why = await sampler.until(end_ns)
        last = sampler.latest.get(GUARDED)
        if step.drift_k is not None and first is not None and last is not None:
            drift_k = abs(last.value - first.value)
            held = drift_k <= step.drift_k
            self.criteria.append(
                Criterion(
                    "baseline drift",
                    round(drift_k, 4),
                    f"<= {step.drift_k:g} K over the baseline",
                    "pass" if held else "cannot tell",
                    "" if held else "the sample was not at rest when the laser was lit",
                )
            )
        return why

    async def _energise(self, step: Irradiate | Heat) -> str:
        self._go(State.ARMED)
        await self._light.arm(step.source)
        if step.source == LASER and self._light.warning_s > 0.0:
            told = f"do not look: laser light in {self._light.warning_s:g} s"
            self._go(State.WARNING, told)
            self._teller.tell(Note(self._clock.now_ns(), "labctl", f"WARNING: {told}"))
            await self._light.warn()
        lit_ns = await self._light.on(step)
        self._go(State.EMITTING)
        why = await self._until(step, lit_ns)
        await self._light.off_as_planned(why)
        self._go(State.DARK)
        return why

    async def _irradiate_by_hand(self, step: Irradiate) -> str:
        """The laser is not under labctl's control: ask for it, and find its edges."""
        self._go(State.DARK)
        await self._mark_by_prompt(True, "Switch the laser ON by hand, and press Enter as you do.")
        why = await self._until(step, self._clock.now_ns())
        await self._mark_by_prompt(
            False, "Switch the laser OFF by hand, and press Enter as you do."
        )
        return why

    async def _mark_by_prompt(self, lit: bool, text: str) -> None:
        if await self._ask_for(text, None) != ANSWERED_IN_ADVANCE:
            # Nobody pressed a key when all was answered in advance: then the curve decides.
            self._sampler.mark(lit)

    async def _ask_for(self, text: str, at_most_ns: int | None) -> str:
        """Ask a person, disarmed, sampling on meanwhile (a virtual clock is held instead)."""
        self._light.disarm()
        self._teller.tell(PromptAsked(self._clock.now_ns(), text))
        answer = await answered(self._clock, self._sampler, self._ask(text), at_most_ns)
        if answer is None:
            waited_s = (at_most_ns or 0) / NS
            raise StoppedError(f"nobody answered the prompt in {waited_s:g} s: {text}")
        self._teller.tell(PromptAnswered(self._clock.now_ns(), answer))
        return answer

    async def _until(self, step: Irradiate | Heat | Cool, begun_ns: int) -> str:
        """Sample for the step's time, or until its condition; late is noted, and may end the
        run."""
        end_ns = begun_ns + step.at_most_ns
        self._trend = Trend()
        condition = step.until
        if condition is None:
            return await self._sampler.until(end_ns)
        why = await self._sampler.until(end_ns, lambda: self._met(condition, begun_ns))
        if why == "reached":
            return why
        late = f"{step.name or step.verb}: condition not met within {step.at_most_ns / NS:g} s"
        stop = step.if_late == "stop"
        self.criteria.append(
            Criterion(
                "step in time", None, "condition met", "fail" if stop else "cannot tell", late
            )
        )
        self._teller.tell(Note(self._clock.now_ns(), "labctl", late))
        if stop:
            raise NotInTimeError(Ending("completed", late, Exit.CHECK_FAILED))
        return "late"

    def _met(self, condition: Condition, begun_ns: int) -> bool:
        now_ns = self._clock.now_ns()
        match condition:
            case Steady():
                if self._monitor is None:
                    self._follow(condition.channel)
                if now_ns - begun_ns < condition.for_ns:
                    return False
                if self._monitor is None:
                    over_s, now_s = condition.for_ns / NS, now_ns / NS
                    return self._trend.steady(condition.within_k, over_s, now_s)
                return self._monitor.steady(condition.within_k, condition.for_ns, now_ns)
            case Above():
                value = self._temperature(condition.channel, condition.minus)
                return value is not None and value > condition.value
            case Below():
                value = self._temperature(condition.channel, condition.minus)
                return value is not None and value < condition.value
            case Elapsed():
                return now_ns - begun_ns >= condition.duration_ns
            case EfficiencyKnown():
                return self._monitor is not None and not self._monitor.why_not_yet(
                    condition.relative_sd
                )
            case TimeConstants():
                tau_s = None if self._monitor is None else self._monitor.time_constant_s()
                return tau_s is not None and now_ns - begun_ns >= condition.number * tau_s * NS

    def _follow(self, role: str) -> None:
        """Keep the readings of this step, where no check does."""
        reading = self._sampler.latest.get(f"{role}.temperature")
        if reading is not None:
            self._trend.add(reading.t_ns / NS, reading.value)

    def _temperature(self, role: str, minus: str | None) -> float | None:
        """Of a role, or the difference of two; None while one of them is not valid."""
        latest = self._sampler.latest
        first = latest.get(f"{role}.temperature")
        if first is None or minus is None:
            return None if first is None else first.value
        second = latest.get(f"{minus}.temperature")
        return None if second is None else first.value - second.value
