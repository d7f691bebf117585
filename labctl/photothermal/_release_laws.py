"""How a released fraction grows with reduced time, and how fast reduced time runs.

Reduced time s is what a clock at the reference conditions would show (science of release: any law
stays valid while temperature and medium change). Its rate beside the reference is

    ds/dt = a(T, pH, [GSH], u) / a(reference),
    a = exp(-E / (Rg T)) * g_pH * g_GSH * (1 + b u),
    g_pH = 1 + (r_pH - 1) / (1 + 10^(pH - pKa)),   g_GSH = 1 + r_G [GSH] / (K_G + [GSH]),

u being 1 in the light and 0 in the dark. A quantity of the medium that is not known (None) takes no
part. The released fraction is F = F0 + (F_inf - F0) h(k (s - s0)), with a burst F0, a lag s0 and

    first order       h(x) = 1 - exp(-x)
    Weibull           h(x) = 1 - exp(-x^b)
    Korsmeyer-Peppas  h(x) = x^n while h < 0.6, where that law ends; from there on the rest leaves
                      at the rate per what is left that it had reached, so that it saturates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

FIRST_ORDER, WEIBULL, KORSMEYER_PEPPAS = "first order", "Weibull", "Korsmeyer-Peppas"
LAWS = (FIRST_ORDER, WEIBULL, KORSMEYER_PEPPAS)
"""The laws that are weighed against each other."""

_GAS = 8.314462618
_ZERO_DEGC = 273.15
_POWER_LAW_ENDS = 0.6
_PKA = 6.5
"""Of a group between the reference media of release studies, pH 7.4 and 5.5: an assumption, as is
the one proton that its curve takes. Only the size of the step between two media is then free."""
_HALF_GSH_MOL_PER_M3 = 2.0
"""Glutathione at which half of its effect is there: between blood (some uM) and the inside of cells
(1 to 10 mM); an assumption."""


@dataclass(frozen=True, slots=True)
class Medium:
    """What surrounds the particles, as far as release asks for it."""

    temperature_degc: float
    ph: float | None = None
    glutathione_mol_per_m3: float | None = None
    lit: bool = False


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How the rate depends on the medium; numbers, or arrays of one number a supposition."""

    activation_j_per_mol: Any
    acid_factor: Any
    """Rate in acid over that at neutral pH."""
    glutathione_gain: Any
    """Increment of the rate at saturation."""
    light_gain: Any
    """Increment of the rate in the light, beside what its warmth does."""


def log_rate(medium: Medium, by: Sensitivity) -> Any:
    """ln a of a medium; differences of two are what counts."""
    kelvin = medium.temperature_degc + _ZERO_DEGC
    found = -by.activation_j_per_mol / (_GAS * kelvin)
    if medium.ph is not None:
        share = 1.0 / (1.0 + 10.0 ** (medium.ph - _PKA))
        found = found + np.log(1.0 + (by.acid_factor - 1.0) * share)
    if medium.glutathione_mol_per_m3 is not None:
        concentration = max(0.0, medium.glutathione_mol_per_m3)
        share = concentration / (_HALF_GSH_MOL_PER_M3 + concentration)
        found = found + np.log(1.0 + by.glutathione_gain * share)
    if medium.lit:
        found = found + np.log(1.0 + by.light_gain)
    return found


def grown(law: str, x: Any, shape: Any) -> Any:
    """h(x) for x >= 0; `shape` is b of Weibull, n of Korsmeyer-Peppas, unused by first order.
    ValueError for a law that is none."""
    if law == FIRST_ORDER:
        return -np.expm1(-x)
    # x^shape by exp and log: faster than a power, and 0 stays 0.
    logarithm = np.log(np.maximum(x, 1e-30))
    if law == WEIBULL:
        return -np.expm1(-np.exp(np.minimum(shape * logarithm, 50.0)))
    if law != KORSMEYER_PEPPAS:
        raise ValueError(f"{law!r} is no law of release; one of {', '.join(LAWS)}")
    early = np.exp(np.minimum(shape * logarithm, 50.0))
    ends = np.exp(math.log(_POWER_LAW_ENDS) / shape)
    rate = shape * _POWER_LAW_ENDS / ends / (1.0 - _POWER_LAW_ENDS)
    late = 1.0 - (1.0 - _POWER_LAW_ENDS) * np.exp(-rate * np.maximum(x - ends, 0.0))
    return np.where(early < _POWER_LAW_ENDS, early, late)
