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
from labctl.engine._work import Work
from labctl.errors import RefusedError
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
            await lighting.make_ready(step.source)
            # The check may have rested until now: it needs a reading of this cell first.
            await work.sampler.once()
            hold = _Hold(work, step, 0.0)
            waited_ns = work.now_ns
            why = await work.sampler.until(begun_ns + at_most_ns, hold.lights, hold.look_on)
            if why != "reached":
                return await self._ended(step, hold, "it never came down to the band")
            at_most_ns -= work.now_ns - waited_ns
            power_w = hold.wished_w
            begun_ns = await lighting.light(step, power_w, at_most_ns, following)
        hold = _Hold(work, step, power_w)
        why = await work.sampler.until(begun_ns + at_most_ns, hold.done, hold.follow)
        held = not hold.ended and (why == "reached" or (step.until is None and hold.reached))
        if held and taking_over(step.source, following):
            lighting.taken_over = hold.power_w
        else:
            await lighting.dark(hold.ended or why)
        work.note(hold.words())
        if held:
            return why
        late = "the condition was not met" if hold.reached else "the band was not reached"
        late = hold.ended or f"{late} within {step.at_most_ns / NS:g} s"
        return await self._ended(step, hold, late)

    async def _ended(self, step: HoldTemperature, hold: _Hold, why: str) -> str:
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
        self.wished_w = self._step_on().power_w

    def lights(self) -> bool:
        """Whether light is wanted at all: a liquid that is above the band cools first."""
        return self.wished_w > 0.0

    # -- lit -----------------------------------------------------------------------------------

    async def follow(self) -> None:
        """After a tick: the power that the controller wishes, or dark for good."""
        command = self._step_on()
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
            self.ended = "the sensor was lost"
        elif power_w <= 0.0:
            self.ended = "too warm at the least power of the source"
        elif power_w != self.power_w:
            step = self._step
            await self._work.light.adjust(step.source, power_w, step.name)
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
