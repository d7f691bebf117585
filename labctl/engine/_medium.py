"""What is done to the medium: its temperature, what is added to it, what is measured in it.

By the bench's thermostat, doser and assay, or by a person, who confirms what was done. Whatever was
begun here is ended by `end`, on every way out of a run and after the beam is off.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from labctl.clock import NS
from labctl.engine._asking import Asking
from labctl.engine._assays import Assays
from labctl.engine._dosing import Dosing
from labctl.engine._liquid import GLUTATHIONE, PH, Liquid
from labctl.engine._sampler import GUARDED
from labctl.engine._states import State
from labctl.engine._work import Work
from labctl.events import MediumSet
from labctl.protocol import AddAgent, Assay, Release, SetThermostat

_INSIST_NS, _PAUSE_NS = 10 * NS, NS // 2
"""So long thermostat and doser are told to stop, and so long between two times."""
_STIMULUS_WITHIN_K, _STIMULUS_FOR_NS = 0.5, 60 * NS
"""A release begins when the sample has been so near its temperature for so long."""


class Medium:
    """Carries out `thermostat`, `dose`, `release` and `assay`."""

    def __init__(self, work: Work, asking: Asking) -> None:
        self._work = work
        self._asking = asking
        self.liquid = Liquid(work.specimen)
        self.assays = Assays(work, asking, self.liquid)
        self._dosing = Dosing(work, asking, self.liquid)

    async def set_thermostat(self, step: SetThermostat) -> str:
        """Set it, and wait until the probe has the temperature."""
        work = self._work
        begun_ns = work.now_ns
        if await self._warm(
            step.temperature_degc, step.within_k, step.for_ns, begun_ns + step.at_most_ns
        ):
            return "reached"
        late = f"the sample is not within {step.within_k:g} K of {step.temperature_degc:g} degC"
        late += f" for {step.for_ns / NS:g} s, in {step.at_most_ns / NS:g} s"
        return await self._asking.late(step, step.if_late, step.at_most_ns, why=late)

    async def dose(self, step: AddAgent) -> str:
        """Add an agent."""
        self._work.go(State.DARK)
        return await self._dosing.add(
            step.agent,
            step.at_most_ns,
            volume_m3=step.volume_m3,
            concentration_mol_per_m3=step.concentration_mol_per_m3,
            ph=step.ph,
        )

    async def release(self, step: Release) -> str:
        """All of the stimulus, then the word from which the release is followed."""
        work, how = self._work, []
        end_ns = work.now_ns + step.at_most_ns
        work.go(State.DARK)
        if step.temperature_degc is not None:
            degc = step.temperature_degc
            if not await self._warm(degc, self._within_k(), _STIMULUS_FOR_NS, end_ns):
                late = f"the sample is not at {degc:g} degC within {step.at_most_ns / NS:g} s"
                await self._asking.late(step, "stop", step.at_most_ns, held=True, why=late)
            how.append("by hand" if work.bench.thermostat is None else "thermostat")
        aims: list[tuple[str, float | None, float | None]] = []
        if step.ph is not None:
            aims.append((PH, None, step.ph))
        if step.glutathione_mol_per_m3 == 0.0:
            # Asked for without: there is nothing to add, by whomever.
            self.liquid.agents.setdefault(GLUTATHIONE, 0.0)
            how.append("as it is")
        elif step.glutathione_mol_per_m3 is not None:
            aims.append((GLUTATHIONE, step.glutathione_mol_per_m3, None))
        for agent, concentration, ph in aims:
            left_ns = end_ns - work.now_ns
            if left_ns <= 0:
                late = f"no time is left to add {agent}, after {step.at_most_ns / NS:g} s"
                await self._asking.late(step, "stop", step.at_most_ns, held=True, why=late)
            how.append(
                await self._dosing.add(
                    agent,
                    left_ns,
                    concentration_mol_per_m3=concentration,
                    ph=ph,
                )
            )
        if not how:
            text = f"Begin the release of {', '.join(step.species)}, and press Enter as you do."
            work.go(State.WAITING)
            await self._asking.text(self._asking.with_hazards(text), step.at_most_ns)
            how.append("confirmed by a person")
        liquid = self.liquid
        work.tell(
            MediumSet(
                work.now_ns,
                step.species,
                liquid.ph,
                liquid.agents.get(GLUTATHIONE),
                liquid.volume_m3,
                " and ".join(dict.fromkeys(how)),
            )
        )
        return "reached"

    async def assay(self, step: Assay) -> str:
        """Measure every species, so many times."""
        work = self._work
        work.go(State.WAITING if self.assays.by_hand else State.DARK)
        end_ns = due_ns = work.now_ns
        end_ns += step.at_most_ns
        for time in range(step.times):
            if time and step.every_ns is not None:
                due_ns = min(due_ns + step.every_ns, end_ns)
                await work.sampler.until(due_ns)
            for species in step.species:
                left_ns = end_ns - work.now_ns
                if left_ns <= 0:
                    work.note(f"assay: {time} of {step.times} done in {step.at_most_ns / NS:g} s")
                    return "late"
                await self.assays.measure(species, left_ns)
        return "done"

    async def end(self) -> list[str]:
        """Thermostat off and doser halted, whatever happens; returns what could not be done, in
        words. Called once the beam is off."""
        wrong = []
        thermostat, doser = self._work.bench.thermostat, self._work.bench.doser
        # What delivers is in a hurry, a bath is not.
        if doser is not None and self._dosing.delivering:
            wrong.append(await self._insist(doser.halt, "the doser was not halted"))
        if thermostat is not None and thermostat.running:
            wrong.append(await self._insist(thermostat.stop, "the thermostat was not stopped"))
        return [words for words in wrong if words]

    async def _insist(self, end: Callable[[bool], Awaitable[None]], what: str) -> str:
        """Told again and again, from the second time on by a port that is opened anew: it may have
        been pulled for a moment. What was wrong, or '': whatever it is, the record is closed."""
        work, again = self._work, False
        give_up_ns = work.now_ns + _INSIST_NS
        while True:
            try:
                await end(again)
            except Exception as error:
                if work.now_ns >= give_up_ns:
                    return f"{what}: {error}"
            else:
                return ""
            again = True
            await work.clock.sleep(_PAUSE_NS)

    def _within_k(self) -> float:
        """How near is there: no nearer than the probe, by what the bench says of it, can tell."""
        probe = self._work.bench.file.probe
        return max(_STIMULUS_WITHIN_K, 0.0 if probe is None else probe.tolerance_k)

    async def _warm(self, degc: float, within_k: float, for_ns: int, end_ns: int) -> bool:
        """Have the surroundings at a temperature; True once the probe has been near it for so long,
        False when that is late."""
        work = self._work
        thermostat = work.bench.thermostat
        if thermostat is None:
            work.go(State.WAITING)
            text = f"Bring the sample to {degc:g} degC (bath, holder). Press Enter when it is set."
            await self._asking.text(self._asking.with_hazards(text), max(0, end_ns - work.now_ns))
            work.go(State.DARK)
        else:
            work.go(State.DARK)
            await thermostat.start(degc)
            work.note(f"thermostat set to {degc:g} degC")
        since: list[int] = []

        def near() -> bool:
            probe = work.sampler.latest.get(GUARDED)
            if probe is None or abs(probe.value - degc) > within_k:
                since.clear()
                return False
            since.append(work.now_ns)
            return since[-1] - since[0] >= for_ns

        return await work.sampler.until(end_ns, near) == "reached"
