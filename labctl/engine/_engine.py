"""Carries a plan out on a bench, under the guard.

One control task samples on an absolute grid and, at each tick, lets the guard look first, then
tells the reading, then asks whether the step is over. Whatever ends the run - the last step, a
tripped rule, a person, a signal, an exception, a lost instrument - goes through `_close`: beam off
first, then the record. The first cause is kept.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable
from dataclasses import dataclass, replace

from labctl.bench import Bench
from labctl.clock import NS, Clock
from labctl.engine import _outcome as outcome
from labctl.engine._manual import ManualEdges
from labctl.engine._outcome import Ending
from labctl.engine._states import State, check
from labctl.engine._teller import Teller
from labctl.errors import Exit, LabctlError, RefusedError, SafetyError, StoppedError
from labctl.events import (
    Beam,
    Criterion,
    Emission,
    EmissionIntent,
    Invalid,
    Note,
    PromptAnswered,
    PromptAsked,
    Reading,
    RunEnded,
    Sample,
    StateChanged,
    StepBegun,
    StepEnded,
    Tripped,
    Verdict,
)
from labctl.guard import (
    LIT,
    Arm,
    Emit,
    Guard,
    Heartbeat,
    OffReport,
    Phase,
    Trip,
    not_confirmed,
)
from labctl.limits import tighten
from labctl.monitor import Monitor
from labctl.protocol import (
    Above,
    Baseline,
    Below,
    Condition,
    Cool,
    Elapsed,
    Irradiate,
    Log,
    Plan,
    Prompt,
    Steady,
    Step,
)

Ask = Callable[[str], "concurrent.futures.Future[str]"]
"""Shows a prompt to a person; the future has the answer, or an exception that ends the run."""


class _NotInTimeError(Exception):
    """A step that was told to stop the run when its condition is late."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.why)
        self.ending = ending


@dataclass(slots=True)
class Progress:
    """What a run has come to, for its closing event."""

    samples: int = 0
    missed: int = 0
    energy_j: float = 0.0


class Engine:
    """One run. Construct, `await run()`; `stop()` and `mark()` may be called meanwhile, on the
    loop's own thread."""

    def __init__(
        self,
        clock: Clock,
        bench: Bench,
        plan: Plan,
        teller: Teller,
        *,
        monitor: Monitor | None,
        guard: Guard | None,
        ask: Ask,
        armed_by: str,
    ) -> None:
        self._clock = clock
        self._bench = bench
        self._plan = plan
        self._teller = teller
        self._monitor = monitor
        self._guard = guard
        self._ask = ask
        self._armed_by = armed_by
        self._state = State.READY
        self._ending: Ending | None = None
        self._control: asyncio.Task[None] | None = None
        self._next_tick_ns = 0
        self._end_ns: int | None = None
        self._latest: dict[str, Reading] = {}
        self._criteria: list[Criterion] = []
        self._manual = ManualEdges(plan.laser_manual, bench.meter is not None)
        self._emission: Emission | None = None
        self._last_power_w = 0.0
        self._last_sample_ns = 0
        self._ends_by_stop = False
        """True during a log whose expected end is a person's stop."""
        self.progress = Progress()

    # -- from outside, on the loop's thread --------------------------------------------------

    def stop(self, why: str) -> None:
        """A person or a signal wants the end. Beam off is under way when this returns to the
        loop; a second call changes nothing."""
        ending = outcome.by_error(StoppedError(why))
        if self._ends_by_stop:
            ending = Ending("completed", f"logged until {why}", Exit.PASS)
        self._end(by=ending)

    def tripped(self, trip: Trip) -> None:
        """The guard's first cause; off has been written already."""
        self._teller.tell(
            Tripped(
                self._clock.now_ns(), trip.rule, trip.message, trip.value, trip.limit, trip.unit
            )
        )
        self._end(by=outcome.by_trip(trip))

    def failed(self, error: LabctlError) -> None:
        """Something beside the control task failed, such as the journal's disk."""
        self._end(by=outcome.by_error(error))

    def mark(self, lit: bool) -> None:
        """A person says that the hand-switched laser is on or off now."""
        self._manual.marked(lit)

    def note(self, who: str, text: str) -> None:
        """Put a remark on the record."""
        self._teller.tell(Note(self._clock.now_ns(), who, text))

    def _end(self, *, by: Ending) -> None:
        if self._ending is None:
            self._ending = by
        if self._control is not None and self._state not in {State.ENDING, State.ENDED}:
            self._control.cancel()

    # -- the run -----------------------------------------------------------------------------

    async def run(self) -> RunEnded:
        """Carry the plan out; returns the closing event, which is on the record by then."""
        self._control = asyncio.ensure_future(self._carry_out())
        try:
            await self._control
        except asyncio.CancelledError:
            if self._ending is None:
                self._control.cancel()
                self._ending = outcome.by_error(StoppedError("cancelled"))
        except _NotInTimeError as late:
            self._ending = self._ending or late.ending
        except Exception as error:
            # Whatever it was, it ends the run in order; its name is the reason on the record.
            if self._ending is None:
                self._ending = outcome.by_error(error)
        return await self._close(self._ending or outcome.COMPLETED)

    async def _carry_out(self) -> None:
        self._next_tick_ns = self._clock.now_ns()
        total_s = tighten(self._bench.file.limits, self._plan.limits).total_s
        if total_s is not None:
            self._end_ns = self._next_tick_ns + round(total_s * NS)
        steps = self._plan.steps
        for number, step in enumerate(steps, start=1):
            self._teller.tell(
                StepBegun(
                    self._clock.now_ns(),
                    index=number,
                    of=len(steps),
                    verb=step.verb,
                    name=step.name,
                    at_most_ns=step.at_most_ns or 0,
                    power_w=step.power_w if isinstance(step, Irradiate) else None,
                )
            )
            why = await self._carry_out_step(step)
            self._teller.tell(StepEnded(self._clock.now_ns(), number, why))

    async def _carry_out_step(self, step: Step) -> str:
        match step:
            case Irradiate():
                return await self._irradiate(step)
            case Prompt():
                return await self._prompt(step)
            case Baseline():
                self._go(State.DARK)
                return await self._baseline(step)
            case Cool():
                self._go(State.DARK)
                return await self._until(step.until, step.at_most_ns, step.if_late, step.name)
            case Log():
                self._go(State.DARK)
                self._ends_by_stop = step.until_stopped
                why = await self._sample_until(self._clock.now_ns() + step.at_most_ns)
                self._ends_by_stop = False
                return why

    async def _baseline(self, step: Baseline) -> str:
        begun_ns = self._clock.now_ns()
        first = None
        end_ns = begun_ns + step.at_most_ns
        if step.drift_k is not None:
            # A first reading, so that the drift is of the probe over the step.
            await self._sample_until(min(self._next_tick_ns + self._plan.period_ns, end_ns))
            first = self._latest.get("probe.temperature")
        why = await self._sample_until(end_ns)
        last = self._latest.get("probe.temperature")
        if step.drift_k is not None and first is not None and last is not None:
            drift_k = abs(last.value - first.value)
            held = drift_k <= step.drift_k
            self._criteria.append(
                Criterion(
                    "baseline drift",
                    round(drift_k, 4),
                    f"<= {step.drift_k:g} K over the baseline",
                    "pass" if held else "cannot tell",
                    "" if held else "the sample was not at rest when the laser was lit",
                )
            )
        return why

    async def _irradiate(self, step: Irradiate) -> str:
        if self._plan.laser_manual:
            return await self._irradiate_by_hand(step)
        guard = self._guard
        if guard is None:
            raise RefusedError("this bench has no laser that labctl may light")
        self._go(State.ARMED)
        if guard.phase is Phase.DISARMED:
            if "probe.temperature" not in self._latest:
                await self._sample_until(self._next_tick_ns + 1)
            await guard.arm(Arm(self._armed_by, guard.spec.digest()))
            self.note(self._armed_by, f"armed; limits {guard.spec.digest()[:12]}")
        lease_ns = round(guard.spec.lease_s * NS)
        now_ns = self._clock.now_ns()
        self._teller.tell(EmissionIntent(now_ns, step.power_w, step.at_most_ns, lease_ns))
        # No light before its intent is on disk.
        await self._teller.durable()
        await self._light(guard, step)
        lit_ns = guard.state.lit_ns
        self._go(State.EMITTING)
        why = await self._until(step.until, step.at_most_ns, step.if_late, step.name, since=lit_ns)
        await self._beam_off(why)
        self._go(State.DARK)
        return why

    async def _light(self, guard: Guard, step: Irradiate) -> None:
        """Light, sampling on meanwhile: some lasers take seconds, and the lease must not lapse."""
        lighting = asyncio.ensure_future(guard.emit(Emit(step.power_w, step.at_most_ns)))
        told = False
        try:
            while not lighting.done():
                wait_ns = self._next_tick_ns - self._clock.now_ns()
                await asyncio.wait({lighting}, timeout=max(0, wait_ns) / NS)
                if lighting.done():
                    break
                if guard.phase in LIT and not told:
                    # Before any reading that shows the light, for the check's sake.
                    told = True
                    self._tell_lit(guard, step, "commanded, not confirmed")
                await self._sample_until(self._next_tick_ns + 1)
        finally:
            if not lighting.done():
                lighting.cancel()
                await asyncio.wait({lighting})
        lighting.result()
        await guard.read()
        beam, how = guard.emission()
        if beam is Beam.ON:
            self._tell_lit(guard, step, how)
        elif not told:
            # Commanded on and not seen yet is ON for everybody who looks: never less.
            self._tell_lit(guard, step, "commanded, not confirmed")

    def _tell_lit(self, guard: Guard, step: Irradiate, how: str) -> None:
        self._tell_emission(Emission(guard.state.lit_ns, Beam.ON, how, step.power_w, why=step.name))

    async def _irradiate_by_hand(self, step: Irradiate) -> str:
        """The laser is not under labctl's control: ask for it, and find its edges."""
        self._go(State.DARK)
        await self._mark_by_prompt(True, "Switch the laser ON by hand, and press Enter as you do.")
        why = await self._until(step.until, step.at_most_ns, step.if_late, step.name)
        await self._mark_by_prompt(
            False, "Switch the laser OFF by hand, and press Enter as you do."
        )
        return why

    async def _mark_by_prompt(self, lit: bool, text: str) -> None:
        answer = await self._ask_for(text)
        if not answer.endswith("(--yes)"):
            # Nobody pressed a key when all was answered in advance: then the curve decides.
            self._manual.marked(lit)

    async def _prompt(self, step: Prompt) -> str:
        self._go(State.WAITING)
        answer = await self._ask_for(step.text, step.at_most_ns)
        return f"answered: {answer}"

    async def _ask_for(self, text: str, at_most_ns: int | None = None) -> str:
        """Ask a person, disarmed, sampling on meanwhile (a virtual clock is held instead)."""
        if self._guard is not None:
            self._guard.disarm()
        self._teller.tell(PromptAsked(self._clock.now_ns(), text))
        future = self._ask(text)
        begun_ns = self._clock.now_ns()
        if self._clock.virtual:
            await self._clock.settle(future)
        while not future.done():
            if at_most_ns is not None and self._clock.now_ns() - begun_ns > at_most_ns:
                future.cancel()
                raise StoppedError(f"nobody answered the prompt in {at_most_ns / NS:g} s: {text}")
            await self._sample_until(self._next_tick_ns + 1)
        answer = future.result()
        self._teller.tell(PromptAnswered(self._clock.now_ns(), answer))
        return answer

    async def _until(
        self,
        condition: Condition | None,
        at_most_ns: int,
        if_late: str,
        name: str,
        *,
        since: int | None = None,
    ) -> str:
        begun_ns = self._clock.now_ns() if since is None else since
        end_ns = begun_ns + at_most_ns
        if condition is None:
            return await self._sample_until(end_ns)
        why = await self._sample_until(end_ns, lambda: self._met(condition, begun_ns))
        if why == "elapsed":
            late = f"{name or 'step'}: condition not met within {at_most_ns / NS:g} s"
            stop = if_late == "stop"
            self._criteria.append(
                Criterion("step in time", None, "condition met", "fail" if stop else "cannot tell",
                          late)
            )  # fmt: skip
            self.note("labctl", late)
            if stop:
                raise _NotInTimeError(Ending("completed", late, Exit.CHECK_FAILED))
            return "late"
        return why

    def _met(self, condition: Condition, begun_ns: int) -> bool:
        now_ns = self._clock.now_ns()
        match condition:
            case Steady():
                if self._monitor is None or now_ns - begun_ns < condition.for_ns:
                    return False
                return self._monitor.steady(condition.within_k, condition.for_ns, now_ns)
            case Above():
                value = self._channel(condition.channel, condition.minus)
                return value is not None and value > condition.value
            case Below():
                value = self._channel(condition.channel, condition.minus)
                return value is not None and value < condition.value
            case Elapsed():
                return now_ns - begun_ns >= condition.duration_ns

    def _channel(self, channel: str, minus: str | None) -> float | None:
        first = self._latest.get(f"{channel}.temperature")
        if first is None:
            return None
        if minus is None:
            return first.value
        second = self._latest.get(f"{minus}.temperature")
        return None if second is None else first.value - second.value

    # -- sampling ----------------------------------------------------------------------------

    async def _sample_until(self, end_ns: int, done: Callable[[], bool] | None = None) -> str:
        """Sample on the absolute grid until `end_ns` ('elapsed') or `done` ('reached')."""
        period_ns = self._plan.period_ns
        sleep_until = self._clock.sleep_until
        while True:
            due_ns = self._next_tick_ns
            if end_ns <= due_ns:
                await sleep_until(end_ns)
                return "elapsed"
            await sleep_until(due_ns)
            await self._tick(due_ns)
            self._next_tick_ns = due_ns + period_ns
            behind_ns = self._clock.now_ns() - self._next_tick_ns
            if behind_ns > 0:
                # Missed ticks are counted, never made up in a bunch.
                missed = -(-behind_ns // period_ns)
                self.progress.missed += missed
                self._next_tick_ns += missed * period_ns
            if done is not None and done():
                return "reached"

    async def _tick(self, due_ns: int) -> None:
        readings = await self._bench.read_all(self._guard)
        now_ns = self._clock.now_ns()
        latest = self._latest
        guarded: Reading | Invalid | None = None
        for reading in readings:
            if isinstance(reading, Reading):
                latest[reading.channel] = reading
            else:
                latest.pop(reading.channel, None)
            if reading.channel == "probe.temperature":
                guarded = reading
        guard = self._guard
        if guard is not None and guarded is not None:
            if isinstance(guarded, Reading):
                guard.heartbeat(Heartbeat(guarded.t_ns, guarded.value))
            else:
                guard.heartbeat(Heartbeat(guarded.t_ns, None, guarded.reason))
        self._count_energy(now_ns)
        for emission in self._manual.look(
            now_ns, latest.get("meter.power"), latest.get("probe.temperature")
        ):
            self._tell_emission(emission)
        self._teller.tell(Sample(now_ns, due_ns, readings))
        self.progress.samples += 1
        if self._end_ns is not None and now_ns > self._end_ns:
            # Planned steps fit, or the plan was refused; prompts take as long as people do.
            raise SafetyError("the run is longer than the limit 'total'")
        await self._teller.breathe()

    def _count_energy(self, now_ns: int) -> None:
        """Integrate the measured power (the commanded one without a meter) while lit."""
        measured = self._latest.get("meter.power")
        emission = self._emission
        lit = emission is not None and emission.beam is not Beam.OFF
        if measured is not None:
            power_w = measured.value
        else:
            power_w = emission.power_w or 0.0 if emission is not None and lit else 0.0
        if lit and self._last_sample_ns:
            mean_w = max(0.0, (power_w + self._last_power_w) / 2)
            self.progress.energy_j += mean_w * (now_ns - self._last_sample_ns) / NS
        self._last_power_w = power_w
        self._last_sample_ns = now_ns

    # -- beam ----------------------------------------------------------------------------------

    async def _beam_off(self, why: str) -> OffReport:
        """Off through the guard, told as it is known; raises when it is not confirmed."""
        report = await self._off_report(why)
        if not report.confirmed and (self._guard is None or self._guard.can_confirm):
            raise not_confirmed(report)
        return report

    async def _off_report(self, why: str) -> OffReport:
        guard = self._guard
        if guard is None:
            return OffReport(True, Beam.OFF, "no laser under control", 0)
        report = await guard.beam_off(why)
        self._tell_emission(Emission(self._clock.now_ns(), report.beam, report.how, None, why=why))
        return report

    def _tell_emission(self, emission: Emission) -> None:
        self._emission = emission
        self._teller.tell(emission)

    # -- states ----------------------------------------------------------------------------------

    def _go(self, state: State, why: str = "") -> None:
        if state is self._state:
            return
        check(self._state, state)
        self._teller.tell(StateChanged(self._clock.now_ns(), self._state, state, why))
        self._state = state

    # -- the end ---------------------------------------------------------------------------------

    async def _close(self, ending: Ending) -> RunEnded:
        """Beam off first, then the record. Nothing interrupts this."""
        closing = asyncio.ensure_future(self._close_in_order(ending))
        while True:
            try:
                return await asyncio.shield(closing)
            except asyncio.CancelledError:
                # A second signal while closing: the beam is being switched off already.
                if closing.done():
                    raise

    async def _close_in_order(self, ending: Ending) -> RunEnded:
        self._teller.closing = True
        report = await self._off_report(ending.why)
        if self._guard is not None:
            await self._guard.close()
        self._go(State.ENDING, ending.why)
        if not report.confirmed:
            self._teller.tell(
                Tripped(self._clock.now_ns(), "beam-not-confirmed-off", str(not_confirmed(report)))
            )
        verdict = self._verdict(ending)
        self._teller.tell(verdict)
        self._go(State.ENDED)
        # What was told until here must be on disk before it is said that all is well.
        await self._teller.durable()
        if self._teller.fault is not None and ending.exit_code is Exit.PASS:
            ending = outcome.by_error(self._teller.fault)
        ended = RunEnded(
            self._clock.now_ns(),
            outcome=ending.outcome,
            why=ending.why,
            exit_code=outcome.exit_code(ending, verdict.verdict, report.confirmed),
            verdict=verdict.verdict,
            beam=report.beam,
            beam_how=report.how,
            samples=self.progress.samples,
            energy_j=round(self.progress.energy_j, 3),
        )
        self._teller.tell(ended)
        await self._teller.durable()
        return ended

    def _verdict(self, ending: Ending) -> Verdict:
        now_ns = self._clock.now_ns()
        if self._monitor is None:
            return Verdict(now_ns, "none", ("nothing to check in this protocol",),
                           tuple(self._criteria), {}, ())  # fmt: skip
        verdict = self._monitor.verdict(now_ns)
        criteria = (*verdict.criteria, *self._criteria)
        if ending.outcome != "completed":
            return replace(
                verdict,
                verdict="none",
                reasons=(f"the run did not complete ({ending.why})", *verdict.reasons),
                criteria=criteria,
            )
        word, reasons = verdict.verdict, verdict.reasons
        for criterion in self._criteria:
            if criterion.outcome == "fail":
                word, reasons = "fail", (criterion.why, *reasons)
            elif criterion.outcome == "cannot tell" and word == "pass":
                word, reasons = "cannot tell", (criterion.why, *reasons)
        return replace(verdict, verdict=word, reasons=reasons, criteria=criteria)
