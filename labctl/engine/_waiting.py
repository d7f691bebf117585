"""Waiting in the dark for a condition, with assays beside it: gates open here, or hold the run."""

from __future__ import annotations

from labctl.clock import NS
from labctl.engine._asking import Asking
from labctl.engine._assays import Assays, Rounds
from labctl.engine._conditions import Look, species_in
from labctl.engine._outcome import Ending
from labctl.engine._states import State
from labctl.engine._warmth import UNSEEN_NS
from labctl.engine._work import EndsRunError, Work
from labctl.errors import Exit
from labctl.events import Criterion, GateLooked
from labctl.protocol import Wait, words


class Waiting:
    """Carries out `wait`."""

    def __init__(self, work: Work, asking: Asking, assays: Assays) -> None:
        self._work = work
        self._asking = asking
        self._assays = assays

    async def carry_out(self, step: Wait) -> str:
        """Returns why it ended; EndsRunError where the run is held here."""
        work = self._work
        work.go(State.DARK)
        begun_ns = work.now_ns
        until = Look(work, step.until, begun_ns, twice=True)
        require = None if step.require is None else Look(work, step.require, begun_ns)
        abort = None if step.abort_if is None else Look(work, step.abort_if, begun_ns)
        looks = [look for look in (until, require, abort) if look is not None]
        species = species_in(step.until, step.require, step.abort_if)
        is_gate = bool(species) or require is not None or abort is not None
        end_ns, every_ns = begun_ns + step.at_most_ns, step.assay_every_ns
        rounds = Rounds(work, self._assays, species, every_ns, end_ns) if species else None
        met: dict[Look, bool] = {}
        trouble: list[str] = []

        def done() -> bool:
            met.update((look, look.met()) for look in looks)
            if abort is not None and met[abort]:
                trouble.append(f"aborted: {words(abort.condition)}")
            elif abort is not None and abort.blind_for_ns > UNSEEN_NS:
                # What cannot be seen does not abort.
                why = f"no valid reading for {UNSEEN_NS / NS:g} s to tell whether "
                trouble.append(why + words(abort.condition))
            elif species and work.release is not None and (why := work.release.trouble()):
                trouble.append(why)
            return bool(trouble) or met[until]

        why = await work.sampler.until(end_ns, done, None if rounds is None else rounds.look)

        def told(opened: bool, why: str) -> None:
            if is_gate:
                found = {
                    words(one): value
                    for look in looks
                    for one, value in look.probabilities.items()
                    if value is not None
                }
                work.tell(GateLooked(work.now_ns, step.name or step.verb, opened, why, found))

        if trouble:
            told(False, trouble[0])
            self._hold(step, trouble[0])
        if why != "reached":
            late = f"not yet, within {step.at_most_ns / 1e9:g} s: {words(step.until)}"
            told(False, late)
            late = f"{step.name or step.verb}: {late}"
            return await self._asking.late(
                step, step.if_late, step.at_most_ns, held=is_gate, why=late
            )
        if require is not None and not met[require]:
            told(False, held := f"{words(step.until)}, but not: {words(require.condition)}")
            self._hold(step, held)
        told(True, words(step.until))
        return "reached"

    def _hold(self, step: Wait, why: str) -> None:
        """The sequence goes no further: nothing has failed, and nothing more may be done."""
        work = self._work
        why = f"{step.name or step.verb}: held: {why}"
        work.note(why)
        work.criteria.append(Criterion("gate", None, "opened", "cannot tell", why))
        raise EndsRunError(Ending("held", why, Exit.CANNOT_TELL))
