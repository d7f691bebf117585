"""What the particles let go, as the world's clock runs.

Reduced time of each cargo is advanced over the world's own grid: the factor of the medium is held
since the last change of it, that of the warmth follows the liquid's temperature by the trapezoid
rule, and light counts by the energy that came, so that an edge within a step is exact. Between two
points of the grid what is asked for is carried on, never stored: who looks changes nothing.
"""

from __future__ import annotations

from typing import Any

from labctl.clock import NS
from labctl_simulators.world._cargo import FREE, Cargo
from labctl_simulators.world._medium import Medium

PERIOD_NS = NS
"""Between two points of the grid."""
TRACE_NS = 60 * NS
FACTOR_NS = 60 * NS
"""So often the factor of the medium is computed anew, besides at each change of it: glutathione
that is used up makes some 1e-4 of it meanwhile."""
_NS_PER_H = 3600.0 * NS


class Release:
    """All cargo of one vessel and the medium that takes it up."""

    def __init__(self, cargo: tuple[Cargo, ...], medium: Medium, start_degc: float) -> None:
        self.cargo = cargo
        self.medium = medium
        self.marks: list[dict[str, Any]] = []
        """What was true when something happened, in order."""
        self.trace: list[list[float]] = []
        """Seconds, then the fraction of each cargo, about once a minute."""
        self.done_ns = 0
        """Up to here it is stored."""
        self._reduced_h = [0.0] * len(cargo)
        self._warmth = [each.warmth_factor(start_degc) for each in cargo]
        self._medium_factor: list[float] = []
        self._factor_ns = 0
        self._told_mol = [0.0] * len(cargo)
        self._energy_j = 0.0
        self._next_trace_ns = 0
        self._hand_over()
        self._note_trace()

    def advance(self, t_ns: int, liquid_degc: float, energy_j: float) -> None:
        """Store everything up to `t_ns`: the liquid is at this temperature there, and so much
        light has come since the world began."""
        passed_ns = t_ns - self.done_ns
        if passed_ns <= 0:
            return
        if not self._medium_factor:
            self._medium_factor = self._factors()
        lit = energy_j - self._energy_j
        for k, each in enumerate(self.cargo):
            now = each.warmth_factor(liquid_degc)
            warmth = 0.5 * (self._warmth[k] + now)
            self._reduced_h[k] += self._hurry(each, warmth, passed_ns, lit, k)
            self._warmth[k] = now
        self.done_ns = t_ns
        self._energy_j = energy_j
        self.medium.react(passed_ns / NS)
        self._hand_over()
        if t_ns >= self._factor_ns + FACTOR_NS:
            self._factor_ns = t_ns
            self._medium_factor.clear()
        if t_ns >= self._next_trace_ns:
            self._note_trace()

    def changed(self) -> None:
        """Somebody has changed the medium."""
        self._medium_factor.clear()

    def fractions(self, t_ns: int | None = None, energy_j: float = 0.0) -> dict[str, float]:
        """True fraction of the load of each species that has left the particles, now or, at most
        a period later than what is stored, at `t_ns` with so much light since the beginning."""
        out: dict[str, float] = {}
        factors = self._medium_factor or self._factors()
        for k, each in enumerate(self.cargo):
            reduced_h = self._reduced_h[k]
            if t_ns is not None and t_ns > self.done_ns:
                lit = energy_j - self._energy_j
                reduced_h += (
                    self._warmth[k]
                    * factors[k]
                    * (t_ns - self.done_ns + each.light_gain_per_w * lit * NS)
                    / _NS_PER_H
                )
            out[each.species] = each.fraction(reduced_h)
        return out

    def rates(self) -> dict[str, float]:
        """How many reduced hours pass in an hour now, dark, by species."""
        factors = self._medium_factor or self._factors()
        return {each.species: self._warmth[k] * factors[k] for k, each in enumerate(self.cargo)}

    def mark(self, what: str, t_ns: int, liquid_degc: float, energy_j: float) -> None:
        """Keep what is true at this moment."""
        self.marks.append(
            {
                "what": what,
                "t_ns": t_ns,
                "fraction": self.fractions(t_ns, energy_j),
                "temperature_degc": liquid_degc,
                "ph": self.medium.ph,
                "glutathione_mol_per_m3": self.medium.glutathione_mol_per_m3,
            }
        )

    def dissolved(self, species: str, t_ns: int, energy_j: float) -> float:
        """Concentration in the medium at `t_ns` [mol/m^3], what has left since the last point of
        the grid included."""
        found = self.medium.concentration(species)
        for k, each in enumerate(self.cargo):
            if each.species == species:
                now_mol = each.load_mol * self.fractions(t_ns, energy_j)[species]
                found += (now_mol - self._told_mol[k]) / self.medium.volume_m3
        return found

    def _factors(self) -> list[float]:
        medium = self.medium
        return [each.medium_factor(medium.ph, medium.glutathione_mol_per_m3) for each in self.cargo]

    def _hurry(self, each: Cargo, warmth: float, passed_ns: int, lit_j: float, k: int) -> float:
        shone_ns = each.light_gain_per_w * lit_j * NS
        return warmth * self._medium_factor[k] * (passed_ns + shone_ns) / _NS_PER_H

    def _hand_over(self) -> None:
        for k, each in enumerate(self.cargo):
            mol = each.load_mol * each.fraction(self._reduced_h[k])
            self.medium.gain(each.species, mol - self._told_mol[k])
            self._told_mol[k] = mol

    def _note_trace(self) -> None:
        self._next_trace_ns = self.done_ns + TRACE_NS
        now = self.fractions()
        self.trace.append([self.done_ns / NS, *(now[each.species] for each in self.cargo)])

    def plain(self, t_ns: int, energy_j: float) -> dict[str, Any]:
        """For `truth.json`."""
        return {
            "placeholder": True,
            "reference": "37 degC, pH 5.5, no glutathione, dark",
            "species": {
                each.species: {
                    "load_mol": each.load_mol,
                    "law": each.law,
                    "rate_per_h": None if each.law == FREE else each.rate_per_h,
                    "final": each.final,
                    "shape": each.shape,
                    "lag_h": each.lag_h,
                    "energy_j_per_mol": each.energy_j_per_mol,
                    "acid_ratio": each.acid_ratio,
                    "glutathione_gain": each.glutathione_gain,
                    "light_gain_per_w": each.light_gain_per_w,
                }
                for each in self.cargo
            },
            "fraction": self.fractions(t_ns, energy_j),
            "medium": {
                "volume_m3": self.medium.volume_m3,
                "ph": self.medium.ph,
                "dissolved_mol_per_m3": self.medium.plain(),
            },
            "marks": list(self.marks),
            "trace_of": ["t_s", *(each.species for each in self.cargo)],
            "trace": list(self.trace),
        }
