"""Steps that give energy to the sample: irradiate, heat, and a laser that a person switches."""

from __future__ import annotations

from labctl.engine._asking import ANSWERED_IN_ADVANCE, Asking
from labctl.engine._assays import Assays, Rounds
from labctl.engine._conditions import Look, species_in
from labctl.engine._states import State
from labctl.engine._work import Work
from labctl.events import LASER
from labctl.protocol import Cool, Heat, HoldTemperature, Irradiate, Step


class Lighting:
    """Carries out steps at a power that stays, and looks after what the others share."""

    def __init__(self, work: Work, asking: Asking, assays: Assays) -> None:
        self._work = work
        self._asking = asking
        self._assays = assays
        self.taken_over: tuple[int, float] | None = None
        """When the light that is still on came on, and its power; None in the dark."""

    async def carry_out(self, step: Irradiate | Heat, after: Step | None) -> str:
        """Light, and off again; returns why it ended. Where a hold of the same source comes right
        `after` it, the light stays on and `taken_over` says since when."""
        work = self._work
        self.taken_over = None
        hold = after if isinstance(after, HoldTemperature) and after.source == step.source else None
        intents = [(step.power_w, step.at_most_ns)]
        if hold is not None:
            intents.append((hold.power_limit_w, hold.at_most_ns))
        await self.make_ready(step.source)
        lit_ns = await work.light.on(
            step.source, step.power_w, step.at_most_ns, step.name, intents=intents
        )
        work.go(State.EMITTING)
        why = await self.sample(step, lit_ns)
        if hold is not None and (why != "late" or step.if_late == "continue"):
            self.taken_over = lit_ns, step.power_w
        else:
            await work.light.off_as_planned(why)
            work.go(State.DARK)
        return await self.ended(step, why)

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

    async def sample(self, step: Irradiate | Heat | Cool, begun_ns: int) -> str:
        """Sample for the step's time ('elapsed'), until its condition ('reached'), or until it is
        late for that ('late')."""
        end_ns = begun_ns + step.at_most_ns
        if step.until is None:
            return await self._work.sampler.until(end_ns)
        look = Look(self._work, step.until, begun_ns)
        species = species_in(step.until)
        # A person who measures cannot do so beside a light that is on.
        beside = bool(species) and (isinstance(step, Cool) or not self._assays.by_hand)
        rounds = Rounds(self._work, self._assays, species, None) if beside else None
        why = await self._work.sampler.until(
            end_ns, look.met, None if rounds is None else rounds.look
        )
        return why if why == "reached" else "late"

    async def ended(self, step: Irradiate | Heat | Cool, why: str) -> str:
        """What follows from why it ended, in the dark."""
        if why != "late":
            return why
        return await self._asking.late(step, step.if_late, step.at_most_ns)

    async def _mark(self, lit: bool, text: str) -> None:
        if await self._asking.text(text) != ANSWERED_IN_ADVANCE:
            # Nobody pressed a key when all was answered in advance: then the curve decides.
            self._work.sampler.mark(lit)
