"""The liquid of a run as it is added to and drawn from: volume, pH, agents, and how much of each
load has come out of the particles.

By conservation, nothing else: what reacts, evaporates or sticks to a wall is not known here.
"""

from __future__ import annotations

from labctl.bench import AssayResult, Stock, after_adding
from labctl.events import Assayed, Dosed
from labctl.sample import Specimen

PH, GLUTATHIONE = "acid", "glutathione"
"""The agents that a release may ask for: what brings a pH, and the thiol of a cell."""


class Liquid:
    """Of one run, from the sample file on. SI units."""

    def __init__(self, specimen: Specimen | None) -> None:
        self._specimen = specimen
        self._begun_m3 = self.volume_m3 = 0.0 if specimen is None else specimen.volume_m3.value
        self.ph: float | None = None
        self.agents: dict[str, float] = {}
        """Agent -> mol/m^3."""
        self._drawn_mol: dict[str, float] = {}
        self._last: dict[str, float] = {}
        if specimen is not None:
            self.ph = None if specimen.ph is None else specimen.ph.value
            if specimen.glutathione_mol_per_m3 is not None:
                self.agents[GLUTATHIONE] = specimen.glutathione_mol_per_m3.value

    def added(
        self,
        t_ns: int,
        agent: str,
        volume_m3: float,
        stock: Stock | None,
        how: str,
        ago_ns: int = 0,
    ) -> Dosed:
        """So much of an agent came into it `ago_ns` ago; what it has since as far as the stock
        says."""
        concentration, ph = None, None
        if stock is not None and self.volume_m3 > 0.0:
            concentration, ph = after_adding(
                stock,
                self.volume_m3,
                volume_m3,
                present_mol_per_m3=self.agents.get(agent, 0.0),
                present_ph=self.ph,
            )
        if self.volume_m3 > 0.0:
            left = self.volume_m3 / (self.volume_m3 + volume_m3)
            self.agents = {name: value * left for name, value in self.agents.items()}
            self._last = {name: value * left for name, value in self._last.items()}
        self.volume_m3 += volume_m3
        if concentration is not None:
            self.agents[agent] = concentration
        if ph is not None:
            self.ph = ph
        added_ns = t_ns - ago_ns if ago_ns else None
        return Dosed(t_ns, agent, volume_m3, how, "", ph, concentration, added_ns)

    def assayed(self, t_ns: int, result: AssayResult) -> Assayed:
        """One measurement as a fraction of the load: all that is dissolved, and all that earlier
        measurements have drawn, over all that was loaded. Its deviation is that of this measurement
        alone; calibration and load are the same in all of them."""
        species, found = result.species, result.concentration_mol_per_m3
        fraction = sd_fraction = None
        load = None if self._specimen is None else self._specimen.release.get(species)
        if load is not None and found is not None and self.volume_m3 > 0.0:
            loaded_mol = load.load_mol_per_m3.value * self._begun_m3
            out_mol = found * self.volume_m3 + self._drawn_mol.get(species, 0.0)
            fraction = out_mol / loaded_mol
            if result.sd_mol_per_m3 is not None:
                sd_fraction = result.sd_mol_per_m3 * self.volume_m3 / loaded_mol
        if found is not None:
            self._last[species] = max(0.0, found)
        self._draw(result.removed_m3)
        return Assayed(
            t_ns,
            species,
            result.taken_ns,
            result.signal,
            result.unit,
            found,
            result.sd_mol_per_m3,
            fraction,
            sd_fraction,
            result.removed_m3,
            result.trouble,
        )

    def _draw(self, volume_m3: float) -> None:
        """What is drawn takes of everything dissolved with it, as last measured."""
        volume_m3 = min(volume_m3, self.volume_m3)
        self.volume_m3 -= volume_m3
        for species, concentration in self._last.items():
            drawn_mol = concentration * volume_m3
            self._drawn_mol[species] = self._drawn_mol.get(species, 0.0) + drawn_mol
