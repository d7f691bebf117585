"""Steps that give energy to the sample: irradiate, heat, and a laser that a person switches."""

from __future__ import annotations

from collections.abc import Sequence

from labctl.clock import NS
from labctl.engine._asking import ANSWERED_IN_ADVANCE, Asking
from labctl.engine._assays import Assays, Rounds
from labctl.engine._conditions import Look, species_in
from labctl.engine._states import State
from labctl.engine._work import Work
from labctl.events import LASER
from labctl.protocol import ApplyField, Cool, Heat, HoldTemperature, Irradiate, Step

_AHEAD_NS = 5 * NS
"""For what is looked at between arming and light."""


class Lighting:
    """Carries out steps at a power that stays, and looks after what the others share."""

    def __init__(self, work: Work, asking: Asking, assays: Assays) -> None:
        self._work = work
        self._asking = asking
        self._assays = assays
        self.taken_over: float | None = None
        """Power of the light that stays on for the next step; None in the dark."""

    async def carry_out(
        self, step: Irradiate | Heat | ApplyField, following: Sequence[Step]
    ) -> str:
        """Light, and off again; returns why it ended. Where a hold of the same source comes right
        after it, the light stays on, `taken_over`."""
        work = self._work
        self.taken_over = None
        holds = taking_over(step.source, following)
        intents = [(step.power_w, step.at_most_ns), *map(_most, holds)]
        await self.make_ready(step.source)
        lit_ns = await work.light.on(step.source, step.power_w, intents, step.name)
        work.go(State.EMITTING)
        why = await self.sample(step, lit_ns)
        if holds and (why != "late" or step.if_late == "continue"):
            self.taken_over = step.power_w
        else:
            await self.dark(why)
        return await self.ended(step, why)

    async def light(
        self, step: HoldTemperature, power_w: float, at_most_ns: int, following: Sequence[Step]
    ) -> int:
        """Light for a hold, and those that take over from it; returns when it was commanded."""
        intents = [(step.power_limit_w, at_most_ns)]
        intents += map(_most, taking_over(step.source, following))
        lit_ns = await self._work.light.on(step.source, power_w, intents, step.name)
        self._work.go(State.EMITTING)
        return lit_ns

    async def dark(self, why: str) -> None:
        """Off, as planned."""
        await self._work.light.off_as_planned(why)
        self._work.go(State.DARK)

    async def permit(self, *, at_once: bool) -> None:
        """Have light armed at the bench, where that is wanted. `at_once`: it comes next."""
        work = self._work
        ahead_ns = round(work.light.warning_s * NS) + _AHEAD_NS if at_once else 0
        await work.arming.permit(ahead_ns, lambda: work.go(State.WAITING))

    async def make_ready(self, source: str) -> None:
        """Arm, and warn people where the laser's light comes."""
        work = self._work
        work.go(State.ARMED)
        await work.light.arm(source)
        if source == LASER and work.light.warning_s > 0.0:
            told = f"do not look: laser light in {work.light.warning_s:g} s"
            work.go(State.WARNING, told)
            work.note(f"WARNING: {told}")
            await work.light.warn()

    async def by_hand(self, step: Irradiate) -> str:
        """The laser is not under labctl's control: ask for it, and find its edges."""
        self._work.go(State.DARK)
        await self._mark(True, "Switch the laser ON by hand, and press Enter as you do.")
        why = await self.sample(step, self._work.now_ns)
        await self._mark(False, "Switch the laser OFF by hand, and press Enter as you do.")
        return await self.ended(step, why)

    async def sample(self, step: Irradiate | Heat | ApplyField | Cool, begun_ns: int) -> str:
        """Sample for the step's time ('elapsed'), until its condition ('reached'), or until it is
        late for that ('late')."""
        end_ns = begun_ns + step.at_most_ns
        if step.until is None:
            return await self._work.sampler.until(end_ns)
        look = Look(self._work, step.until, begun_ns, twice=True)
        species = species_in(step.until)
        # A person who measures cannot do so beside a light that is on.
        beside = bool(species) and (isinstance(step, Cool) or not self._assays.by_hand)
        rounds = Rounds(self._work, self._assays, species, None, end_ns) if beside else None
        why = await self._work.sampler.until(
            end_ns, look.met, None if rounds is None else rounds.look
        )
        return why if why == "reached" else "late"

    async def ended(self, step: Irradiate | Heat | ApplyField | Cool, why: str) -> str:
        """What follows from why it ended, in the dark."""
        if why != "late":
            return why
        return await self._asking.late(step, step.if_late, step.at_most_ns)

    async def _mark(self, lit: bool, text: str) -> None:
        if await self._asking.text(text) != ANSWERED_IN_ADVANCE:
            # Nobody pressed a key when all was answered in advance: then the curve decides.
            self._work.sampler.mark(lit)


def taking_over(source: str, following: Sequence[Step]) -> list[HoldTemperature]:
    """The holds that go on with the light of the step before them, one after the other."""
    holds: list[HoldTemperature] = []
    for step in following:
        if not isinstance(step, HoldTemperature) or step.source != source:
            break
        holds.append(step)
    return holds


def _most(step: HoldTemperature) -> tuple[float, int]:
    return step.power_limit_w, step.at_most_ns
