"""Everything that a plan adds to its medium, one after the other, as far as the bench's stocks say:
what a stock cannot reach is refused before anything is touched."""

from __future__ import annotations

from collections.abc import Iterator

from labctl.bench import BenchFile, after_adding, volume_to_reach
from labctl.errors import RefusedError
from labctl.protocol._plan import Plan
from labctl.protocol._steps import AddAgent, Release
from labctl.sample import Specimen
from labctl.yamlfile import Mark, Reader

ACID, GLUTATHIONE = "acid", "glutathione"
"""What a stimulus asks the bench for: the agent that brings a pH, and the thiol."""

_Aim = tuple[str, float | None, float | None, float | None]
"""Agent, and one of volume in m^3, concentration in mol/m^3 and pH."""


def check_doses(plan: Plan, bench: BenchFile, specimen: Specimen | None, reader: Reader) -> None:
    """P057 at each step whose aim its stock cannot reach from what the medium then has. An agent
    without a stock is left out here, and without a sample nothing is known of the medium."""
    if specimen is None:
        return
    volume_m3 = specimen.volume_m3.value
    ph = None if specimen.ph is None else specimen.ph.value
    agents: dict[str, float] = {}
    if specimen.glutathione_mol_per_m3 is not None:
        agents[GLUTATHIONE] = specimen.glutathione_mol_per_m3.value
    told: set[tuple[Mark, str]] = set()
    for mark, (agent, added_m3, concentration, wanted_ph) in _aims(plan):
        stock = bench.stocks.get(agent)
        if stock is None:
            continue
        present = agents.get(agent, 0.0)
        try:
            if added_m3 is None:
                added_m3 = volume_to_reach(
                    stock,
                    volume_m3,
                    concentration_mol_per_m3=concentration,
                    ph=wanted_ph,
                    present_mol_per_m3=present,
                    present_ph=ph,
                )
            after, after_ph = after_adding(
                stock, volume_m3, added_m3, present_mol_per_m3=present, present_ph=ph
            )
        except RefusedError as error:
            # A step in a `repeat` is told once; those behind it begin with what it should reach.
            seen = f"{error.what} (seen: {error.seen})" if error.seen else error.what
            if (mark, seen) not in told:
                told.add((mark, seen))
                reader.add(mark, "P057", f"sample '{specimen.name}': {seen}", error.fix)
            added_m3, after, after_ph = 0.0, concentration, wanted_ph
        left = volume_m3 / (volume_m3 + added_m3)
        agents = {name: value * left for name, value in agents.items()}
        volume_m3 += added_m3
        if after is not None:
            agents[agent] = after
        if after_ph is not None:
            ph = after_ph


def _aims(plan: Plan) -> Iterator[tuple[Mark, _Aim]]:
    for step in plan.steps:
        if isinstance(step, AddAgent):
            mark = plan.mark(f"{step.path}.agent", step.path)
            yield mark, (step.agent, step.volume_m3, step.concentration_mol_per_m3, step.ph)
        elif isinstance(step, Release):
            mark = plan.mark(f"{step.path}.stimulus", step.path)
            if step.ph is not None:
                yield mark, (ACID, None, None, step.ph)
            if step.glutathione_mol_per_m3:
                yield mark, (GLUTATHIONE, None, step.glutathione_mol_per_m3, None)
