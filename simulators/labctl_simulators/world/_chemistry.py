"""Medium, release and assay of one vessel, bound to its heat and its light.

What a wire personality needs is on `World`:

- `world.dose(agent, volume_m3, concentration_mol_per_m3=...)` for each portion that a pump has
  delivered (a pump that delivers slowly calls it in portions); agents are species, or one of
  `acid` (acetic), `acetic-acid`, `hydrochloric-acid`, `base`, `sodium-hydroxide`, or `water`,
- `world.set_medium(ph=..., glutathione_mol_per_m3=...)` for what a person has done by hand,
- `world.take(volume_m3)` for medium that an assay takes away,
- `world.signal(species)` for a measurement; once each, at its time,
- `world.concentration(species)`, `world.released()`, `world.medium` for tests and truth.

The statement may have, all optional, in the sample: `material`, `solvent`, `ph`,
`glutathione_mol_per_m3`, `batch`, `loads: {species: {mol_per_m3, sd}}` (in the medium,
were all of it out); in the bench: `assays: {species: {slope, slope_sd, offset, range_mol_per_m3,
sd_mol_per_m3}}`. The medium's buffer is the simulator's own: 10 mol/m^3 of phosphate (pK 7.2) in
PBS, so that 7 uL of 1 M acetic acid bring a millilitre from pH 7.4 to 5.5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labctl_simulators.world._cell import Cell
from labctl_simulators.world._medium import GLUTATHIONE, Medium
from labctl_simulators.world._optics import PARTICLES, Optics
from labctl_simulators.world._release import PERIOD_NS, Release
from labctl_simulators.world._truth import Truth

_NEVER_NS = 1 << 62


class Chemistry:
    """What happens in the vessel beside heat."""

    def __init__(self, truth: Truth, thermal: Cell) -> None:
        self._truth = truth
        self._thermal = thermal
        volume_m3 = truth.liquid.volume_m3
        self.medium = Medium(truth.solution, volume_m3)
        self.release = Release(truth.cargo, self.medium, self._degc)
        self._evaporated_kg = 0.0
        loads = {each.species: each.load_mol / volume_m3 for each in truth.cargo}
        self.optics = Optics(truth.seed, truth.assays, loads, self._quenchers())
        self.due_ns = _NEVER_NS
        """When `advance` is due next; never in a vessel in which nothing happens."""
        self.active = bool(truth.cargo)
        if self.active:
            self.due_ns = PERIOD_NS

    @property
    def _degc(self) -> float:
        share = self._truth.liquid.core_share
        return share * self._thermal.core + (1.0 - share) * self._thermal.rim

    def advance(self, t_ns: int, energy_j: float) -> None:
        """Follow heat and light up to a point of the heat network's grid."""
        self._catch_up(t_ns, energy_j)
        self.due_ns = t_ns - t_ns % PERIOD_NS + PERIOD_NS

    def _catch_up(self, t_ns: int, energy_j: float) -> None:
        gone_kg = self._thermal.evaporated_kg - self._evaporated_kg
        self._evaporated_kg += gone_kg
        self.medium.evaporate(gone_kg / self._truth.liquid.density_kg_per_m3)
        self.release.advance(t_ns, self._degc, energy_j)

    def dose(
        self,
        agent: str,
        volume_m3: float,
        stock_mol_per_m3: Mapping[str, float],
        t_ns: int,
        energy_j: float,
    ) -> None:
        """See `World.dose`."""
        self._begin(t_ns, energy_j)
        self.medium.add(volume_m3, stock_mol_per_m3)
        self._thermal.mix_in(volume_m3, self._thermal.room)
        self.release.changed()
        self.release.mark(f"dose {agent}", t_ns, self._degc, energy_j)

    def set_medium(
        self, ph: float | None, glutathione_mol_per_m3: float | None, t_ns: int, energy_j: float
    ) -> None:
        """See `World.set_medium`."""
        self._begin(t_ns, energy_j)
        if ph is not None:
            self.medium.bring_to(ph)
        if glutathione_mol_per_m3 is not None:
            there_mol = self.medium.dissolved_mol.get(GLUTATHIONE, 0.0)
            goal_mol = glutathione_mol_per_m3 * self.medium.volume_m3
            self.medium.gain(GLUTATHIONE, goal_mol - there_mol)
        self.release.changed()
        self.release.mark("medium set", t_ns, self._degc, energy_j)

    def take(self, volume_m3: float, t_ns: int, energy_j: float) -> None:
        """See `World.take`."""
        self._begin(t_ns, energy_j)
        self.medium.take(volume_m3)
        self._thermal.take_out(volume_m3)
        self.release.changed()

    def _begin(self, t_ns: int, energy_j: float) -> None:
        # Up to here, whatever is left of a period; the temperature is that of the last step.
        self._catch_up(t_ns, energy_j)
        if not self.active:
            self.active = True
            self.due_ns = t_ns - t_ns % PERIOD_NS + PERIOD_NS

    def signal(self, species: str, t_ns: int, energy_j: float) -> float:
        """See `World.signal`."""
        there = self.concentration(species, t_ns, energy_j)
        self.release.mark(f"assay {species}", t_ns, self._degc, energy_j)
        return self.optics.measured(species, there, self._quenchers())

    def concentration(self, species: str, t_ns: int, energy_j: float) -> float:
        """See `World.concentration`."""
        return self.release.dissolved(species, t_ns, energy_j)

    def edge(self, what: str, t_ns: int, energy_j: float) -> None:
        """Light has come or gone."""
        if self.active:
            self.release.mark(what, t_ns, self._degc, energy_j)

    def _quenchers(self) -> dict[str, float]:
        at_first = self._truth.liquid
        thickness = at_first.volume_m3 / self.medium.volume_m3 if at_first.absorbance else 0.0
        return {**self.medium.plain(), PARTICLES: thickness}

    def plain(self, t_ns: int, energy_j: float) -> dict[str, Any]:
        """For `truth.json`."""
        return self.release.plain(t_ns, energy_j)
