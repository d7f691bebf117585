"""What each kind of step does: which room carries it out, and what is in the dark anyway."""

from __future__ import annotations

from collections.abc import Sequence

from labctl.engine._asking import Asking
from labctl.engine._hold import Holding
from labctl.engine._lighting import Lighting
from labctl.engine._medium import Medium
from labctl.engine._sampler import GUARDED
from labctl.engine._states import State
from labctl.engine._waiting import Waiting
from labctl.engine._work import Work
from labctl.events import Criterion
from labctl.protocol import (
    AddAgent,
    ApplyField,
    Assay,
    Baseline,
    Cool,
    Heat,
    HoldTemperature,
    Irradiate,
    Lit,
    Log,
    Prompt,
    Release,
    SetThermostat,
    Step,
    Wait,
)


class Steps:
    """Carries out one step at a time."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._asking = Asking(work)
        self.medium = Medium(work, self._asking)
        self._lighting = Lighting(work, self._asking, self.medium.assays)
        self._holding = Holding(work, self._asking, self._lighting)
        self._waiting = Waiting(work, self._asking, self.medium.assays)
        self.ends_by_stop = False
        """True during a log whose expected end is a person's stop."""

    @property
    def lit(self) -> bool:
        """Between two steps: the light of the one before stays on for the next."""
        return self._lighting.taken_over is not None

    async def permit(self, steps: Sequence[Step]) -> None:
        """Before the first of these steps: have light armed at the bench, where that is wanted and
        one of them lights. Not before a prompt, because what a person does then disarms."""
        if isinstance(steps[0], Prompt) or not any(map(self._lights, steps)):
            return
        if self.lit:
            # It is lit: a hold goes on with the light of the step before.
            return
        await self._lighting.permit(at_once=self._lights(steps[0]))

    def _lights(self, step: Step) -> bool:
        by_hand = isinstance(step, Irradiate) and self._work.plan.laser_manual
        return isinstance(step, Lit) and not by_hand

    async def carry_out(self, step: Step, following: Sequence[Step] = ()) -> str:
        """Carry the step out; returns why it ended. `following` are those that come after it."""
        work = self._work
        match step:
            case Irradiate() if work.plan.laser_manual:
                return await self._lighting.by_hand(step)
            case Irradiate() | Heat() | ApplyField():
                return await self._lighting.carry_out(step, following)
            case Prompt():
                work.go(State.WAITING)
                text = self._asking.with_hazards(step.text)
                return f"answered: {await self._asking.text(text, step.at_most_ns)}"
            case Baseline():
                work.go(State.DARK)
                return await self._baseline(step)
            case Cool():
                work.go(State.DARK)
                why = await self._lighting.sample(step, work.now_ns)
                return await self._lighting.ended(step, why)
            case Log():
                work.go(State.DARK)
                self.ends_by_stop = step.until_stopped
                why = await work.sampler.until(work.now_ns + step.at_most_ns)
                self.ends_by_stop = False
                return why
            case HoldTemperature():
                return await self._holding.carry_out(step, following)
            case Wait():
                return await self._waiting.carry_out(step)
            case SetThermostat():
                return await self.medium.set_thermostat(step)
            case AddAgent():
                return await self.medium.dose(step)
            case Release():
                return await self.medium.release(step)
            case Assay():
                return await self.medium.assay(step)

    async def _baseline(self, step: Baseline) -> str:
        work, sampler = self._work, self._work.sampler
        end_ns = work.now_ns + step.at_most_ns
        # A first reading, so that the drift is of the probe over this step.
        await sampler.until(min(sampler.next_tick_ns + work.plan.period_ns, end_ns))
        first = sampler.latest.get(GUARDED)
        why = await sampler.until(end_ns)
        last = sampler.latest.get(GUARDED)
        if step.drift_k is not None and first is not None and last is not None:
            drift_k = abs(last.value - first.value)
            held = drift_k <= step.drift_k
            work.criteria.append(
                Criterion(
                    "baseline drift",
                    round(drift_k, 4),
                    f"<= {step.drift_k:g} K over the baseline",
                    "pass" if held else "cannot tell",
                    "" if held else "the sample was not at rest when the laser was lit",
                )
            )
        return why
