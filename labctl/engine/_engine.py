"""Carries a plan out on a bench, under the guard, to a closing event.

One control task carries out the steps. Whatever ends the run - the last step, a tripped rule, a
person, a signal, an exception, a lost instrument, a full disk - goes through `_close`: beam off
first, then the record. The first cause is kept.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Iterable, Sequence

from labctl.bench import Bench
from labctl.clock import Clock
from labctl.engine import _collector as collector
from labctl.engine import _outcome as outcome
from labctl.engine._arming import Arming, AtBench, answered
from labctl.engine._light import Light, warning_s
from labctl.engine._outcome import Ending
from labctl.engine._request import NextStep
from labctl.engine._sampler import Sampler
from labctl.engine._states import State, check
from labctl.engine._steps import Steps
from labctl.engine._teller import Teller
from labctl.engine._work import Ask, EndsRunError, Work
from labctl.errors import Exit, StoppedError
from labctl.events import (
    COIL,
    HEATER,
    LASER,
    SOURCES,
    Beam,
    Event,
    Note,
    RunEnded,
    StateChanged,
    StepBegun,
    StepEnded,
    Tripped,
    Verdict,
)
from labctl.monitor import (
    DoseWatch,
    Monitor,
    ReleaseWatch,
    concluded,
    released_only,
    unchecked,
    with_release,
)
from labctl.protocol import ApplyField, Heat, HoldTemperature, Irradiate, Plan, Step
from labctl.sample import Specimen
from labctl.talk import AnyGuards, OffReport, Trip, not_confirmed

LastWords = Callable[[int], Iterable[Event]]
"""Given the time of the run's clock."""


class Engine:
    """One run. Construct, `await run()`; `stop`, `failed`, `mark`, `hold` and `go_on` may be called
    meanwhile, on the loop's own thread."""

    def __init__(
        self,
        clock: Clock,
        bench: Bench,
        plan: Plan,
        teller: Teller,
        *,
        monitor: Monitor | None,
        guards: AnyGuards | None,
        dose: DoseWatch,
        ask: Ask,
        armed_by: str,
        at_bench: AtBench | None = None,
        specimen: Specimen | None = None,
        release: ReleaseWatch | None = None,
        next_step: NextStep | None = None,
        last_words: LastWords = lambda now_ns: (),
    ) -> None:
        """`last_words`: what is told between the verdict and the end, of what lies beside the
        journal."""
        self._clock = clock
        self._plan = plan
        self._next_step = next_step
        self._last_words = last_words
        self._teller = teller
        self._monitor = monitor
        self._dose = dose
        self._state = State.READY
        self._ending: Ending | None = None
        self._unbidden = False
        self._control: asyncio.Task[None] | None = None
        self._held: concurrent.futures.Future[str] | None = None
        self.verdict: Verdict | None = None
        """The last word, once there is one."""
        self._sampler = Sampler(clock, bench, plan, guards, teller)
        warned_s = warning_s(bench.file.arming, bench.mode, in_process=clock.virtual)
        self._light = Light(clock, guards, self._sampler, teller, armed_by, warned_s)
        arming = Arming(
            clock, guards, self._sampler, teller, bench.file, tuple(bench.sources), at_bench
        )
        self._work = Work(
            clock=clock,
            bench=bench,
            plan=plan,
            specimen=specimen,
            sampler=self._sampler,
            light=self._light,
            arming=arming,
            teller=teller,
            monitor=monitor,
            dose=dose,
            release=release,
            ask=ask,
            go=self._go,
        )
        self._steps = Steps(self._work)

    # -- from outside, on the loop's thread --------------------------------------------------

    def stop(self, why: str) -> None:
        """A person or a signal wants the end; a second call changes nothing."""
        if self._steps.ends_by_stop:
            self._end(Ending("completed", f"logged until {why}", Exit.PASS))
        else:
            self._end(outcome.by_error(StoppedError(why)))

    def tripped(self, trip: Trip) -> None:
        """The guard's first cause; off has been written already."""
        self._unbidden = self._unbidden or trip.rule == outcome.UNBIDDEN
        self._end(outcome.by_trip(trip))
        self._teller.tell_anyway(
            Tripped(
                self._clock.now_ns(), trip.rule, trip.message, trip.value, trip.limit, trip.unit
            )
        )

    def failed(self, error: Exception) -> None:
        """Something beside the control task failed, such as the journal's disk."""
        self._end(outcome.by_error(error))

    def mark(self, lit: bool) -> None:
        """A person says that the hand-switched laser is on or off now."""
        self._sampler.mark(lit)

    def note(self, who: str, text: str) -> None:
        """Put a remark on the record."""
        self._teller.tell(Note(self._clock.now_ns(), who, text))

    def hold(self, who: str) -> None:
        """Wait before the next step that begins in the dark, until `go_on`. Nothing that is lit is
        switched off for it: an irradiation is never paused."""
        if self._held is None:
            self._held = concurrent.futures.Future()
            self.note(who, "hold before the next step that begins in the dark")

    def go_on(self, who: str) -> None:
        """Take a hold off, or one that was asked for and has not come to pass."""
        held, self._held = self._held, None
        if held is not None and not held.done():
            held.set_result(who)
            self.note(who, "go on")

    def _end(self, ending: Ending) -> None:
        if self._ending is None:
            self._ending = ending
        if self._control is not None and self._state not in {State.ENDING, State.ENDED}:
            self._control.cancel()

    # -- the run -----------------------------------------------------------------------------

    async def run(self) -> RunEnded:
        """Carry the plan out; returns the closing event, which is on the record by then."""
        try:
            return await self._run()
        finally:
            self._let_go()

    async def _run(self) -> RunEnded:
        try:
            # Ended before it began: by a signal, or by what was told first.
            if self._ending is None:
                self._control = asyncio.ensure_future(self._carry_out())
                await self._control
        except asyncio.CancelledError:
            # If nobody said why, whoever runs us wants us gone. The beam goes off first all the
            # same.
            self._ending = self._ending or outcome.by_error(StoppedError("cancelled"))
        except EndsRunError as late:
            self._ending = self._ending or late.ending
        except Exception as error:
            # Whatever it was, it ends the run in order; its name is the reason on the record.
            self._ending = self._ending or outcome.by_error(error)
        return await self._close(self._ending or outcome.COMPLETED)

    def _let_go(self) -> None:
        """An engine hangs together in circles: the check's megabytes need not wait for the
        collector to find them."""
        self._monitor = self._work.monitor = None
        self._teller.let_go()
        collector.release()

    async def _carry_out(self) -> None:
        self._sampler.start()
        if self._next_step is not None:
            await self._carry_out_each(self._next_step)
            return
        steps = self._plan.steps
        for number in range(1, len(steps) + 1):
            await self._carry_out_one(number, len(steps), steps[number - 1 :])

    async def _carry_out_each(self, next_step: NextStep) -> None:
        """Steps as they come, with the dark between them."""
        number, why = 0, ""
        while True:
            self._go(State.WAITING, "for the next step")
            step = await answered(self._clock, self._sampler, next_step(why), None)
            if step is None:
                return
            number += 1
            why = await self._carry_out_one(number, number, [step])

    async def _carry_out_one(self, number: int, of: int, steps: Sequence[Step]) -> str:
        """The first of these steps, with what comes after it; returns why it ended."""
        step = steps[0]
        await self._wait_while_held()
        await self._steps.permit(steps)
        self._teller.tell(
            StepBegun(
                self._clock.now_ns(),
                index=number,
                of=of,
                verb=step.verb,
                name=step.name,
                at_most_ns=step.at_most_ns or 0,
                power_w=_power_w(step),
            )
        )
        why = await self._steps.carry_out(step, steps[1:])
        self._teller.tell(StepEnded(self._clock.now_ns(), number, why))
        return why

    async def _wait_while_held(self) -> None:
        held = self._held
        if held is None or self._steps.lit:
            return
        self._light.disarm()
        self._go(State.WAITING, "held")
        await answered(self._clock, self._sampler, held, None)

    def _go(self, state: State, why: str = "") -> None:
        if state is self._state:
            return
        check(self._state, state)
        self._teller.tell(StateChanged(self._clock.now_ns(), self._state, state, why))
        self._state = state

    # -- the end -----------------------------------------------------------------------------

    async def _close(self, ending: Ending) -> RunEnded:
        """Beam off first, then the record. Nothing interrupts this."""
        closing = asyncio.ensure_future(self._close_in_order(ending))
        while True:
            try:
                return await asyncio.shield(closing)
            except asyncio.CancelledError:
                # A second signal while closing: the beam is being switched off already.
                if closing.cancelled():
                    raise
                if closing.done():
                    return closing.result()

    async def _close_in_order(self, ending: Ending) -> RunEnded:
        self._teller.closing = True
        reports = await self._off(ending)
        if ending is outcome.COMPLETED and self._ending is not None:
            # Tripped on the last way to off, or the guard was lost there: latched, so no success.
            ending = self._ending
        wrong = await self._steps.medium.end()
        if wrong and ending.exit_code is Exit.PASS:
            ending = Ending("instrument-lost", "; ".join(wrong), Exit.INSTRUMENT)
        self._go(State.ENDING, ending.why)
        for words in wrong:
            self._teller.tell(Tripped(self._clock.now_ns(), "medium-not-stopped", words))
        for source, report in reports.items():
            if not report.confirmed:
                what = "beam" if source == LASER else source
                self._teller.tell(
                    Tripped(
                        self._clock.now_ns(),
                        f"{what}-not-confirmed-off",
                        str(not_confirmed(report)),
                    )
                )
        if self._sampler.missed:
            self.note("labctl", f"{self._sampler.missed} ticks of the sampling grid were missed")
        ending = self._tell_dose(ending)
        verdict, ending = self._judge(ending)
        self.verdict = verdict
        self._teller.tell(verdict)
        self._tell_last_words()
        self._go(State.ENDED)
        # What was told until here must be on disk before it is said that all is well.
        await self._teller.durable()
        if self._teller.fault is not None and ending.exit_code is Exit.PASS:
            ending = outcome.by_error(self._teller.fault)
        confirmed = all(report.confirmed for report in reports.values())
        beam, heater, coil = reports[LASER], reports.get(HEATER), reports.get(COIL)
        ended = RunEnded(
            self._clock.now_ns(),
            outcome=ending.outcome,
            why=ending.why,
            exit_code=outcome.exit_code(ending, verdict.verdict, confirmed, self._unbidden),
            verdict=verdict.verdict,
            beam=beam.beam,
            beam_how=beam.how,
            samples=self._sampler.samples,
            energy_j=round(self._sampler.energy_j, 3),
            electrical_j=round(self._sampler.electrical_j, 3),
            heater=heater.beam if heater else None,
            heater_how=heater.how if heater else "",
            coil=coil.beam if coil else None,
            coil_how=coil.how if coil else "",
            coil_j=round(self._sampler.coil_j, 3),
        )
        self._teller.tell(ended)
        await self._teller.durable()
        return ended

    async def _off(self, ending: Ending) -> dict[str, OffReport]:
        try:
            try:
                return await self._light.off(ending.why)
            finally:
                # Whatever broke on the way: what is under way is waited for, every gate blocked.
                await self._light.close()
        except Exception as error:
            # A fault of labctl itself on the way to off: then nobody knows.
            why = f"{type(error).__name__}: {error}"
            used = {LASER, *(name for name in SOURCES if name in self._plan.needs)}
            return {s: OffReport(False, Beam.UNKNOWN, why, 0, s) for s in used}

    def _tell_dose(self, ending: Ending) -> Ending:
        """What the run added up to; where that breaks it is a fault of the run, closed all the
        same."""
        try:
            self._teller.tell(self._dose.told(self._clock.now_ns()))
        except Exception as error:
            self.note("labctl", f"no dose: {type(error).__name__}: {error}")
            return outcome.by_error(error) if ending.exit_code is Exit.PASS else ending
        return ending

    def _tell_last_words(self) -> None:
        """Where there are none to be had the run ends all the same, and says so."""
        try:
            for event in self._last_words(self._clock.now_ns()):
                self._teller.tell(event)
        except Exception as error:
            self.note("labctl", f"no hash of the files beside the journal: {error}")

    def _judge(self, ending: Ending) -> tuple[Verdict, Ending]:
        """The check's last word with what the steps have to say; a check that breaks is a fault of
        the run, and the run is closed all the same."""
        try:
            return self._verdict(ending), ending
        except Exception as error:
            if ending.exit_code is Exit.PASS:
                ending = outcome.by_error(error)
            why = f"the check broke: {type(error).__name__}: {error}"
            return Verdict(self._clock.now_ns(), "none", (why,), (), {}, ()), ending

    def _verdict(self, ending: Ending) -> Verdict:
        now_ns, own, release = self._clock.now_ns(), self._work.criteria, self._work.release
        followed = () if release is None else release.criteria()
        not_completed = None if ending.outcome == "completed" else ending.why
        if self._monitor is not None:
            own = [*followed, *own]
            verdict = concluded(self._monitor.verdict(now_ns), own, not_completed=not_completed)
        elif followed:
            verdict = released_only(now_ns, followed, own, not_completed=not_completed)
        else:
            verdict = unchecked(now_ns, [*followed, *own])
        return verdict if release is None else with_release(verdict, release)


def _power_w(step: Step) -> float | None:
    """What a step gives at most; None in the dark."""
    if isinstance(step, HoldTemperature):
        return step.power_limit_w
    return step.power_w if isinstance(step, Irradiate | Heat | ApplyField) else None
