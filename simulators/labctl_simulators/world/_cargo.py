"""What one species in, or on, the particles is like: how much there is, how fast it leaves, and
what hastens it.

Everything runs in reduced time: an hour of it is an hour at the reference state (37 degC, pH 5.5,
no glutathione, dark), and `hurry` says how many of them pass in a real one. So any law holds while
temperature and medium change. The rate is ln 2 over the half time at the reference state, whatever
the law, so that the ratio of two rates is the ratio of two half times.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, expm1, log

GAS_J_PER_MOL_K = 8.314462618
REFERENCE_K = 310.15
REFERENCE_PH = 5.5
KP_ENDS = 0.6
"""Share of the final release up to which Korsmeyer and Peppas' power law holds; from there on it is
followed, without a kink, by an exponential approach to the final release."""

FIRST_ORDER = "first-order"
WEIBULL = "weibull"
KORSMEYER_PEPPAS = "korsmeyer-peppas"
FREE = "free"
"""Not in particles: all dissolved from the beginning."""
LAWS = (FIRST_ORDER, WEIBULL, KORSMEYER_PEPPAS, FREE)


@dataclass(frozen=True, slots=True)
class Cargo:
    """One loaded species of one batch of particles, as it is."""

    species: str
    load_mol: float
    """In the vessel, all of it."""
    law: str
    """One of `LAWS`."""
    rate_per_h: float
    """ln 2 over the time in which half of what ever leaves has left, at the reference state."""
    final: float = 1.0
    """Fraction of the load that ever leaves."""
    shape: float = 1.0
    """Weibull's exponent b, or the power law's n."""
    lag_h: float = 0.0
    """Reduced time before a Weibull release sets in."""
    energy_j_per_mol: float = 0.0
    acid_ratio: float = 1.0
    """Rate in strong acid over that in neutral medium."""
    pka: float = 6.0
    """pH at which the acid has half its effect."""
    steepness: float = 1.0
    glutathione_gain: float = 0.0
    """Rate in a lot of glutathione over that in none, less one."""
    glutathione_half_mol_per_m3: float = 5.0
    light_gain_per_w: float = 0.0
    """Rate with a watt at the sample over that in the dark, less one; the warmth comes on top."""

    def fraction(self, reduced_h: float) -> float:
        """Fraction of the load that has left after so much reduced time."""
        if self.law == FREE:
            return 1.0
        s = reduced_h - self.lag_h
        if s <= 0.0:
            return 0.0
        half_h = log(2.0) / self.rate_per_h
        if self.law == FIRST_ORDER:
            return -self.final * expm1(-self.rate_per_h * s)
        if self.law == WEIBULL:
            return float(-self.final * expm1(-log(2.0) * (s / half_h) ** self.shape))
        share = 0.5 * (s / half_h) ** self.shape
        if share < KP_ENDS:
            return float(self.final * share)
        # Here value and slope are those of the power law.
        ends_h = half_h * (KP_ENDS / 0.5) ** (1.0 / self.shape)
        slope = self.shape * KP_ENDS / ends_h
        rest = 1.0 - KP_ENDS
        return float(self.final * (1.0 - rest * exp(-(s - ends_h) * slope / rest)))

    def medium_factor(self, ph: float, glutathione_mol_per_m3: float) -> float:
        """Rate in this medium over that in the reference medium, same temperature, dark."""
        glutathione = max(0.0, glutathione_mol_per_m3)
        reduced = glutathione / (self.glutathione_half_mol_per_m3 + glutathione)
        return self._acid(ph) / self._acid(REFERENCE_PH) * (1.0 + self.glutathione_gain * reduced)

    def _acid(self, ph: float) -> float:
        held: float = 10.0 ** (self.steepness * (ph - self.pka))
        return 1.0 + (self.acid_ratio - 1.0) / (1.0 + held)

    def warmth_factor(self, temperature_degc: float) -> float:
        """Rate at this temperature over that at the reference temperature (Arrhenius)."""
        kelvin = temperature_degc + 273.15
        return exp(-self.energy_j_per_mol / GAS_J_PER_MOL_K * (1.0 / kelvin - 1.0 / REFERENCE_K))
