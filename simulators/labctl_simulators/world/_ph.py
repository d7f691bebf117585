"""pH of a buffered medium by its balance of charges.

Weak acids, each of a total amount and a pK, the ions of water, and strong ions, whose surplus is
what strong acid or base changes. Activities are taken as concentrations and the pKs as those of
25 degC: the simulator's own, and not to be fitted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

_WATER_MOL2_PER_M6 = 1e-8
"""Ion product of water at 25 degC."""
Weak = tuple[tuple[float, float], ...]
"""Amount in mol, in all its forms, and pK, of each weak acid."""


@dataclass(frozen=True, slots=True)
class Buffer:
    """A medium's acids and bases."""

    weak: Weak
    surplus_mol: float
    """Strong cations less strong anions."""

    def ph(self, volume_m3: float) -> float:
        """pH in this volume."""
        low, high = -1.0, 15.0
        for _ in range(50):
            middle = 0.5 * (low + high)
            if _charge_mol(self.weak, middle, volume_m3) < self.surplus_mol:
                low = middle
            else:
                high = middle
        return 0.5 * (low + high)

    def acidified(self, acid_mol: float) -> Buffer:
        """With so much strong acid; negative: with strong base."""
        return replace(self, surplus_mol=self.surplus_mol - acid_mol)

    def with_weak(self, acid_mol: float, pk: float) -> Buffer:
        """With so much of a weak acid, as the acid."""
        there = {known: mol for mol, known in self.weak}
        there[pk] = there.get(pk, 0.0) + acid_mol
        return replace(self, weak=tuple((mol, known) for known, mol in there.items()))

    def share(self, kept: float) -> Buffer:
        """What this share of the medium holds."""
        return Buffer(tuple((mol * kept, pk) for mol, pk in self.weak), self.surplus_mol * kept)

    def acid_mol_to(self, ph: float, volume_m3: float) -> float:
        """Strong acid that brings it there, the volume unchanged; negative: base."""
        return self.surplus_mol - _charge_mol(self.weak, ph, volume_m3)


def buffer_at(ph: float, weak: Weak, volume_m3: float) -> Buffer:
    """The buffer that has this pH."""
    return Buffer(weak, _charge_mol(weak, ph, volume_m3))


def _charge_mol(weak: Weak, ph: float, volume_m3: float) -> float:
    """Strong cations less strong anions that this pH needs."""
    protons: float = 10.0 ** (3.0 - ph)
    bases_mol: float = sum(mol / (1.0 + 10.0 ** (pk - ph)) for mol, pk in weak)
    return bases_mol + (_WATER_MOL2_PER_M6 / protons - protons) * volume_m3
