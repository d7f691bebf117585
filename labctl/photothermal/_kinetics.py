"""How fast heat counts: equivalent minutes at 43 degC, and first-order (Arrhenius) damage.

Each law gives a rate at a temperature and its integral over a straight piece of a curve, for one
piece (`piece`, plain floats) and for arrays of them (`pieces`). What integrates over a record is in
`_dose`. Every law is one of the probed liquid: nothing here knows of tissue.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

GAS_CONSTANT_J_PER_MOL_K = 8.314462618
_ZERO_DEGC_K = 273.15
_SECONDS_A_MINUTE = 60.0


class Kinetics(Protocol):
    """A law by which a temperature adds to a dose."""

    @property
    def words(self) -> str:
        """The law as it is printed beside each number it gave."""

    def rate(self, degc: float) -> float:
        """Dose in a second at this temperature."""

    def rates(self, degc: Array) -> Array:
        """The same for an array."""

    def piece(self, from_degc: float, to_degc: float, duration_s: float) -> float:
        """Dose of a straight piece of a curve."""

    def pieces(self, from_degc: Array, to_degc: Array, duration_s: Array) -> Array:
        """The same for arrays, piece by piece."""


@dataclass(frozen=True, slots=True)
class Cem43:
    """Cumulative equivalent minutes at 43 degC, with the breakpoints of one convention.

    CEM43 = integral of R^(43 - T) dt, R = `ratio_above` from `break_degc` on, `ratio_below` under
    it, 0 under `cut_degc` (Sapareto and Dewey 1984, Int. J. Radiat. Oncol. Biol. Phys. 10, 787;
    that the time must double to quadruple for each degree less, with the change at 43 to 44 degC,
    was read in the abstract of Dewey 1994, doi:10.3109/02656739409009351). The cut at 39 degC is
    a later convention (not checked against its source).

    Integrated exactly over straight pieces between readings, so that where a record is cut, and
    how a straight stretch is sampled, make no difference. Conventions differ by factors: print
    `words` beside each number.
    """

    name: str
    break_degc: float = 43.0
    ratio_above: float = 0.5
    ratio_below: float = 0.25
    cut_degc: float | None = 39.0
    """Nothing counts below; None counts everything."""

    @property
    def words(self) -> str:
        """`CEM43 with R 0.5 from 43 degC, 0.25 from 39 to 43 degC, 0 below 39 degC`."""
        above, below, at = self.ratio_above, self.ratio_below, self.break_degc
        if self.cut_degc is None:
            return f"CEM43 with R {above:g} from {at:g} degC, {below:g} below"
        cut = self.cut_degc
        return (
            f"CEM43 with R {above:g} from {at:g} degC, {below:g} from {cut:g} to {at:g} degC, "
            f"0 below {cut:g} degC"
        )

    def rate(self, degc: float) -> float:
        """Equivalent minutes in a second at `degc`."""
        if self.cut_degc is not None and degc < self.cut_degc:
            return 0.0
        ratio = self.ratio_above if degc >= self.break_degc else self.ratio_below
        return math.pow(ratio, 43.0 - degc) / _SECONDS_A_MINUTE

    def rates(self, degc: Array) -> Array:
        """The same for an array."""
        ratio = np.where(degc >= self.break_degc, self.ratio_above, self.ratio_below)
        counted = ratio ** (43.0 - degc) / _SECONDS_A_MINUTE
        return counted if self.cut_degc is None else np.where(degc < self.cut_degc, 0.0, counted)

    def piece(self, from_degc: float, to_degc: float, duration_s: float) -> float:
        """Equivalent minutes of a straight piece, exact across the breakpoints."""
        cut = self.cut_degc
        if cut is not None and from_degc < cut and to_degc < cut:
            return 0.0
        if from_degc == to_degc:
            return self.rate(from_degc) * duration_s
        total = 0.0
        for low, high, steep in self._bands():
            a, b = min(max(from_degc, low), high), min(max(to_degc, low), high)
            if a != b:
                x = steep * (b - a)
                share = (b - a) / (to_degc - from_degc)
                total += share * math.exp(steep * (a - 43.0)) * math.expm1(x) / x
        return total * duration_s / _SECONDS_A_MINUTE

    def pieces(self, from_degc: Array, to_degc: Array, duration_s: Array) -> Array:
        """The same for arrays."""
        level = from_degc == to_degc
        whole = np.where(level, 1.0, to_degc - from_degc)
        total = np.where(level, self.rates(from_degc) * _SECONDS_A_MINUTE, 0.0)
        for low, high, steep in self._bands():
            a, b = np.clip(from_degc, low, high), np.clip(to_degc, low, high)
            x = steep * (b - a)
            inside = (x != 0.0) & ~level
            x = np.where(inside, x, 1.0)
            mean = np.exp(steep * (np.where(inside, a, 43.0) - 43.0)) * np.expm1(x) / x
            total = total + np.where(inside, (b - a) / whole * mean, 0.0)
        return total * duration_s / _SECONDS_A_MINUTE

    def _bands(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """(from degC, to degC, steepness 1/K) below and above the break."""
        least = -math.inf if self.cut_degc is None else self.cut_degc
        return (
            (least, self.break_degc, -math.log(self.ratio_below)),
            (self.break_degc, math.inf, -math.log(self.ratio_above)),
        )


CEM43 = Cem43("cem43")
"""The one that is printed unless another is asked for."""
CEM43_UNCUT = Cem43("cem43-uncut", cut_degc=None)
"""As the first, and what lies below 39 degC counts too."""
CEM43_BREAK_42_5 = Cem43("cem43-break-42.5", break_degc=42.5, cut_degc=None)
"""With the break at 42.5 degC that others use; its rate steps there by a factor of 1.41."""
CONVENTIONS: Mapping[str, Cem43] = MappingProxyType(
    {law.name: law for law in (CEM43, CEM43_UNCUT, CEM43_BREAK_42_5)}
)
"""Conventions of CEM43 by name."""


@dataclass(frozen=True, slots=True)
class ArrheniusPair:
    """First-order damage, Omega = integral of A exp(-Ea / (R T)) dt, for one tissue and end point.

    A and Ea are one pair from one source: they were fitted together, published A span more than
    200 decades, and A of one with Ea of another means nothing. exp(-Omega) is the share that
    survives; first order overstates early death at mild heating, where real cells show a shoulder
    (Pearce 2015, doi:10.1115/1.4031851, 43 to 55 degC). Between readings the rate is taken as
    exponential: within 0.1 % where they are less than 1 K apart.
    """

    name: str
    end_point: str
    """Tissue, and what counts as damage."""
    frequency_per_s: float
    activation_j_per_mol: float
    source: str
    checked: bool
    """The pair was seen in a source beside the project's own notes, for this end point."""
    caution: str = ""

    @property
    def words(self) -> str:
        """Name, both numbers, source, and whether they were checked."""
        mark = "" if self.checked else ", not checked"
        return (
            f"{self.end_point}, A {self.frequency_per_s:.3g} 1/s, "
            f"Ea {self.activation_j_per_mol:.4g} J/mol ({self.source}{mark})"
        )

    def rate(self, degc: float) -> float:
        """Omega in a second at `degc`."""
        return math.exp(self._log_rate(degc))

    def rates(self, degc: Array) -> Array:
        """The same for an array."""
        kelvin = degc + _ZERO_DEGC_K
        return np.exp(self._log_a - self.activation_j_per_mol / GAS_CONSTANT_J_PER_MOL_K / kelvin)

    def piece(self, from_degc: float, to_degc: float, duration_s: float) -> float:
        """Omega of a piece between two readings."""
        first, last = self._log_rate(from_degc), self._log_rate(to_degc)
        x = last - first
        mean = math.exp(first) * (math.expm1(x) / x if x else 1.0)
        return mean * duration_s

    def pieces(self, from_degc: Array, to_degc: Array, duration_s: Array) -> Array:
        """The same for arrays."""
        slope = -self.activation_j_per_mol / GAS_CONSTANT_J_PER_MOL_K
        first = self._log_a + slope / (from_degc + _ZERO_DEGC_K)
        x = self._log_a + slope / (to_degc + _ZERO_DEGC_K) - first
        safe = np.where(x == 0.0, 1.0, x)
        return np.exp(first) * np.where(x == 0.0, 1.0, np.expm1(safe) / safe) * duration_s

    @property
    def _log_a(self) -> float:
        return math.log(self.frequency_per_s)

    def _log_rate(self, degc: float) -> float:
        kelvin = degc + _ZERO_DEGC_K
        return self._log_a - self.activation_j_per_mol / GAS_CONSTANT_J_PER_MOL_K / kelvin


SKIN = ArrheniusPair(
    "skin",
    "burn of skin",
    3.1e98,
    6.28e5,
    "Henriques and Moritz 1947",
    checked=True,
)
RETINA = ArrheniusPair(
    "retina",
    "lesion of the retina",
    3.1e99,
    6.28e5,
    "Welch and Polhamus 1984",
    checked=True,
)
CHO = ArrheniusPair(
    "cho",
    "death of CHO cells",
    2.84e99,
    6.18e5,
    "Sapareto 1978",
    checked=False,
)
LIVER = ArrheniusPair(
    "liver",
    "coagulation of liver",
    7.39e39,
    2.577e5,
    "Jacques 1996",
    checked=False,
    caution="public codes give the same numbers for muscle and artery, and an hour at 37 degC "
    "makes Omega 1: of no use near body temperature",
)
PAIRS: Mapping[str, ArrheniusPair] = MappingProxyType(
    {pair.name: pair for pair in (SKIN, RETINA, CHO, LIVER)}
)
"""Pairs by name."""
