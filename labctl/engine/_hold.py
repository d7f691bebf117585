"""Holding the probed liquid in a band: one emission whose power changes.

Lit once, from the dark or by the irradiation before it, and never again within the step: whatever
makes it dark ends it. The controller wishes a power after each tick, the guard judges it, and it is
told as an emission. See docs/explanation/hold.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from labctl.clock import NS
from labctl.engine._asking import Asking
from labctl.engine._conditions import Look
from labctl.engine._lighting import Lighting, taking_over
from labctl.engine._sampler import GUARDED
from labctl.engine._states import State
from labctl.engine._work import Work
from labctl.errors import InstrumentError, RefusedError
from labctl.photothermal import (
    CEM43,
    CONVENTIONS,
    HoldCommand,
    HoldController,
    HoldModel,
    HoldRules,
    HoldStart,
)
from labctl.protocol import AllOf, AnyOf, Condition, DoseReached, HoldTemperature, Step

LEAST_SHARE = 0.05
"""Of the power limit: the least that is asked for. Nearer to its threshold a laser's power is known
too badly to be judged against what a meter reads."""
_EVERY_S = 0.5
_OVER_K = 0.3
"""A reading so far above the band ends the hold at once; nearer, one is answered by the least
power, and a second in succession ends it."""


class Holding:
    """Carries out `hold_temperature`."""

    def __init__(self, work: Work, asking: Asking, lighting: Lighting) -> None:
        self._work = work
        self._asking = asking
        self._lighting = lighting

    async def carry_out(self, step: HoldTemperature, following: Sequence[Step]) -> str:
        """Returns why it ended. From the dark, or with the light of the step before; and where
        another hold comes right after it, that one goes on with the light of this."""
        work, lighting = self._work, self._lighting
        power_w, lighting.taken_over = lighting.taken_over, None
        at_most_ns, begun_ns = step.at_most_ns, work.now_ns
        if power_w is None:
            found = await self._wanted(step)
            if found is None:
                return await self._ended(step, "it never came down to the band")
            power_w, at_most_ns = found
            begun_ns = await lighting.light(step, power_w, at_most_ns, following)
        hold = _Hold(work, step, power_w)
        why = await work.sampler.until(begun_ns + at_most_ns, hold.done, hold.follow)
        held = not hold.ended and (why == "reached" or (step.until is None and hold.reached))
        if held and taking_over(step.source, following):
            lighting.taken_over = hold.power_w
        else:
            await lighting.dark(hold.ended or why)
        work.note(hold.words())
        hold.raise_lost()
        if held:
            return why
        late = "the condition was not met" if hold.reached else "the band was not reached"
        late = hold.ended or f"{late} within {step.at_most_ns / NS:g} s"
        return await self._ended(step, late)

    async def _wanted(self, step: HoldTemperature) -> tuple[float, int] | None:
        """From the dark: armed, people warned, the power that is wanted now and the time that is
        left; None where the liquid was too warm for any all the time."""
        work, lighting, left_ns = self._work, self._lighting, step.at_most_ns
        while left_ns > 0:
            from_ns = work.now_ns
            if not await self._came_down(step, from_ns + left_ns):
                return None
            left_ns -= work.now_ns - from_ns
            if work.now_ns > from_ns:
                # What was typed before may have lapsed meanwhile.
                await lighting.permit(at_once=True)
            await lighting.make_ready(step.source)
            # The check may have rested until now: it needs a reading of this cell first.
            await work.sampler.once()
            hold = _Hold(work, step, 0.0)
            from_ns = work.now_ns
            why = await work.sampler.until(work.sampler.next_tick_ns + 1, hold.lights, hold.look_on)
            left_ns -= work.now_ns - from_ns
            hold.raise_lost()
            if why == "reached" and left_ns > 0:
                return hold.wished_w, left_ns
            # Warmer again: nobody waits for a light that was announced long ago.
            work.go(State.DARK)
        return None

    async def _came_down(self, step: HoldTemperature, end_ns: int) -> bool:
        """Wait for a liquid above the band before anybody is warned: a warning is of light that
        comes next. False when it is late."""
        work = self._work
        reading = work.sampler.latest.get(GUARDED)
        if reading is None or reading.value <= step.low_degc:
            return True
        work.go(State.DARK)
        await work.sampler.once()
        hold = _Hold(work, step, 0.0)
        why = await work.sampler.until(end_ns, hold.lights, hold.look_on)
        hold.raise_lost()
        return why == "reached"

    async def _ended(self, step: HoldTemperature, why: str) -> str:
        late = f"{step.name or step.verb}: {why}"
        return await self._asking.late(step, step.if_late, step.at_most_ns, why=late)


class _Hold:
    """One hold from one power on."""

    def __init__(self, work: Work, step: HoldTemperature, power_w: float) -> None:
        if work.monitor is None:
            raise RefusedError("a temperature is held by what the check knows of the cell")
        self._work = work
        self._step = step
        self.power_w = power_w
        """Asked for last."""
        self.wished_w = 0.0
        self.ended = ""
        """Why it went dark by itself; empty while it did not."""
        self._lost = False
        least_w = LEAST_SHARE * step.power_limit_w
        rules = HoldRules(
            step.low_degc, step.high_degc, step.power_limit_w, least_w, _EVERY_S, 0.02 * least_w
        )
        model, start = self._known()
        basis = work.dose.basis
        law = CEM43 if basis is None else CONVENTIONS.get(basis.convention, CEM43)
        target_s = _dose(step.until)
        left_s = None if target_s is None else max(0.0, target_s - 60.0 * work.dose.cem43_min)
        self._controller = HoldController(
            rules, model, noise_sd_k=work.monitor.priors.noise_sd_k, law=law, dose_s=left_s
        )
        reading = work.sampler.latest.get(GUARDED)
        self._seen_ns = work.now_ns if reading is None else reading.t_ns
        self._controller.begin(self._seen_ns / NS, start, power_w)
        self._ambient = self._ambient_degc()
        # A dose counts from the beginning of the run; all else from the moment that the band is
        # reached.
        at_once = isinstance(step.until, DoseReached)
        self._look = self._new_look() if at_once else None
        self._over = 0
        self._ticks = self._inside = 0
        self._highest: float | None = None

    @property
    def reached(self) -> bool:
        return self._controller.reached_s is not None

    def words(self) -> str:
        """How it went, for the record."""
        band = f"{self._step.low_degc:g} to {self._step.high_degc:g} degC"
        if not self._ticks or self._highest is None:
            return f"the band of {band} was not reached"
        share = 100.0 * self._inside / self._ticks
        return (
            f"probe inside {band} at {share:.1f} % of {self._ticks} readings since it was reached; "
            f"highest {self._highest:.2f} degC"
        )

    # -- before the light ----------------------------------------------------------------------

    async def look_on(self) -> None:
        """In the dark: what would be asked for now."""
        command = self._step_on()
        self.wished_w, self._lost = command.power_w, command.lost

    def lights(self) -> bool:
        """Whether light is wanted at all, or will never be: a liquid above the band cools first."""
        return self.wished_w > 0.0 or self._lost

    def raise_lost(self) -> None:
        """InstrumentError where the readings are gone, or are not those of this liquid. That ends
        the run whatever `if_late` says: no later step may light by such a probe."""
        if self._lost:
            raise InstrumentError(
                "the sensor was lost, or is no longer in this liquid: its readings are gone, or "
                "cannot be those of the sample under this light",
                where=GUARDED,
                fix="Look at the probe and at the sample before anything is lit again.",
            )

    # -- lit -----------------------------------------------------------------------------------

    async def follow(self) -> None:
        """After a tick: the power that the controller wishes, or dark for good."""
        command = self._step_on()
        if self._controller.young and not command.lost:
            self._controller.foretell(*self._known())
        reading = self._work.sampler.latest.get(GUARDED)
        power_w = command.power_w
        if reading is not None:
            self._count(reading.value)
            over_k = reading.value - self._step.high_degc
            self._over = self._over + 1 if over_k > 0.0 else 0
            if over_k > _OVER_K or self._over > 1:
                self.ended = f"above the band: {reading.value:.2f} degC"
                return
            if self._over:
                power_w = min(power_w, self._controller.rules.least_w)
        if command.lost:
            self.ended, self._lost = "the sensor was lost", True
        elif power_w <= 0.0:
            self.ended = "too warm at the least power of the source"
        elif power_w != self.power_w:
            step = self._step
            if await self._work.light.adjust(step.source, power_w, step.name):
                self.power_w = power_w

    def done(self) -> bool:
        """After `follow`: whether it ends, dark by itself or by its condition."""
        if self.ended:
            return True
        if self._look is None and self.reached and self._step.until is not None:
            self._look = self._new_look()
        return self._look is not None and self._look.met()

    # -- inside --------------------------------------------------------------------------------

    def _step_on(self) -> HoldCommand:
        sampler = self._work.sampler
        reading = sampler.latest.get(GUARDED)
        before = self._ambient
        self._ambient = self._ambient_degc()
        moved_k = 0.0
        if before is not None and self._ambient is not None:
            moved_k = self._ambient - before
        elif self._ambient is None:
            self._ambient = before
        if reading is None or reading.t_ns <= self._seen_ns:
            return self._controller.step(self._work.now_ns / NS, None, self.power_w, moved_k)
        self._seen_ns = reading.t_ns
        return self._controller.step(reading.t_ns / NS, reading.value, self.power_w, moved_k)

    def _count(self, value_degc: float) -> None:
        if not self.reached:
            return
        self._ticks += 1
        self._inside += self._step.low_degc <= value_degc <= self._step.high_degc
        self._highest = value_degc if self._highest is None else max(self._highest, value_degc)

    def _ambient_degc(self) -> float | None:
        reading = self._work.sampler.latest.get("ambient.temperature")
        return None if reading is None else reading.value

    def _known(self) -> tuple[HoldModel, HoldStart]:
        monitor = self._work.monitor
        try:
            known = None if monitor is None else monitor.hold(self._step.source)
        except ValueError as error:
            raise RefusedError(
                f"the temperature of this sample cannot be held: {error}",
                fix="Give the sample file an absorbance, and an expected efficiency.",
            ) from None
        if known is None or known[1] is None:
            raise RefusedError("a hold needs a reading of the probe to begin with")
        return known[0], known[1]

    def _new_look(self) -> Look:
        until = self._step.until
        if until is None:
            raise RuntimeError("a hold for a time has no condition")
        return Look(
            self._work, until, self._work.now_ns, dose_reached=self._controller.dose_reached
        )


def _dose(condition: Condition | None) -> float | None:
    """CEM43, s, that may end the step."""
    if isinstance(condition, DoseReached):
        return condition.cem43_s
    if isinstance(condition, AnyOf | AllOf):
        return next((d for one in condition.conditions if (d := _dose(one)) is not None), None)
    return None
