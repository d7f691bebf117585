"""The liquid around the particles: how much there is, its pH, what is dissolved in it.

Amounts are in mol, so that what is added, taken away and let go by the particles is conserved, and
a concentration is an amount over the volume of the moment. Glutathione is oxidised slowly by air;
what reacts further (arginine to nitrite, a dye that radicals bleach) does so in first order. All
constants are the simulator's own placeholders.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import expm1

from labctl_simulators.world._ph import Buffer, buffer_at

GLUTATHIONE = "glutathione"
CHLORIDE = "chloride"
ACETIC_PK = 4.76
WEAK_ACIDS = {"acid": ACETIC_PK, "acetic-acid": ACETIC_PK}
"""Agents that are a weak acid, and its pK. What is only called `acid` is acetic acid, so that the
medium is buffered where it is brought to."""
STRONG = {"hydrochloric-acid": 1.0, "base": -1.0, "sodium-hydroxide": -1.0}
_S_PER_H = 3600.0
_SAME_PH = 1e-3
"""A pH is computed anew when this share of the volume has evaporated."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """`of` becomes `into` in first order, hastened by what is dissolved of `by`."""

    of: str
    into: str
    """Empty: into nothing that anybody measures."""
    rate_per_h: float
    """For `by` at 1 mol/m^3, or by itself where `by` is empty."""
    by: str = ""
    yields: float = 1.0
    """Mol of `into` from a mol of `of`."""


@dataclass(frozen=True, slots=True)
class Solution:
    """A medium as it is at the beginning."""

    ph: float = 7.0
    weak_mol_per_m3: float = 0.0
    """Of its buffer."""
    pk: float = 7.2
    dissolved_mol_per_m3: Mapping[str, float] = field(default_factory=dict)
    oxidation_per_h: float = 0.02
    """Of glutathione."""
    reactions: tuple[Reaction, ...] = ()


class Medium:
    """What is in the vessel beside the particles."""

    __slots__ = ("_buffer", "_ph", "_ph_volume_m3", "_reactions", "_volume_m3", "dissolved_mol")

    def __init__(self, true: Solution, volume_m3: float) -> None:
        self._volume_m3 = volume_m3
        weak = ((true.weak_mol_per_m3 * volume_m3, true.pk),)
        self._buffer: Buffer = buffer_at(true.ph, weak, volume_m3)
        self._find_ph()
        self._reactions = (Reaction(GLUTATHIONE, "", true.oxidation_per_h), *true.reactions)
        self.dissolved_mol = {
            species: there * volume_m3 for species, there in true.dissolved_mol_per_m3.items()
        }
        """By species."""

    @property
    def volume_m3(self) -> float:
        """Of the liquid now."""
        return self._volume_m3

    @property
    def ph(self) -> float:
        """Now."""
        return self._ph

    def _find_ph(self) -> None:
        # At once and not when it is asked for, so that asking changes nothing.
        self._ph = self._buffer.ph(self._volume_m3)
        self._ph_volume_m3 = self._volume_m3

    @property
    def glutathione_mol_per_m3(self) -> float:
        """Reduced glutathione now."""
        return self.concentration(GLUTATHIONE)

    def concentration(self, species: str) -> float:
        """Dissolved [mol/m^3]; 0 of what was never there."""
        return self.dissolved_mol.get(species, 0.0) / self._volume_m3

    def add(
        self,
        volume_m3: float,
        dissolved_mol_per_m3: Mapping[str, float],
    ) -> None:
        """Mix a volume of a stock in with all that it has dissolved, acids by their names."""
        for species, there in dissolved_mol_per_m3.items():
            mol = there * volume_m3
            if not mol:
                continue
            if species in WEAK_ACIDS:
                self._buffer = self._buffer.with_weak(mol, WEAK_ACIDS[species])
            elif species in STRONG:
                self._buffer = self._buffer.acidified(mol * STRONG[species])
            else:
                self.gain(species, mol)
        self._volume_m3 += volume_m3
        self._find_ph()

    def gain(self, species: str, mol: float) -> None:
        """So much more of it is dissolved."""
        self.dissolved_mol[species] = self.dissolved_mol.get(species, 0.0) + mol

    def take(self, volume_m3: float) -> None:
        """Take medium away through a filter: what is dissolved goes with it, particles stay."""
        kept = max(0.0, 1.0 - volume_m3 / self._volume_m3)
        for species in self.dissolved_mol:
            self.dissolved_mol[species] *= kept
        self._buffer = self._buffer.share(kept)
        self._volume_m3 *= kept

    def evaporate(self, volume_m3: float) -> None:
        """Solvent has left; what is dissolved stays."""
        self._volume_m3 -= volume_m3
        if abs(self._volume_m3 - self._ph_volume_m3) > _SAME_PH * self._volume_m3:
            self._find_ph()

    def bring_to(self, ph: float) -> None:
        """Somebody has set the pH by hand, with a volume that does not matter."""
        self._buffer = self._buffer.acidified(self._buffer.acid_mol_to(ph, self._volume_m3))
        self._find_ph()

    def react(self, dt_s: float) -> None:
        """Let so many seconds of reactions pass."""
        there = self.dissolved_mol
        for reaction in self._reactions:
            of_mol = there.get(reaction.of, 0.0)
            if of_mol > 0.0:
                by = self.concentration(reaction.by) if reaction.by else 1.0
                gone = -of_mol * expm1(-reaction.rate_per_h * by * dt_s / _S_PER_H)
                there[reaction.of] = of_mol - gone
                if reaction.into:
                    self.gain(reaction.into, gone * reaction.yields)

    def plain(self, species: Iterable[str] = ()) -> dict[str, float]:
        """Concentrations of all that is, or of what is asked for."""
        names = tuple(species) or tuple(sorted(self.dissolved_mol))
        return {name: self.concentration(name) for name in names}
