"""What the bank tells: how its leading filter moved, and what is known of the parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from labctl.photothermal._discretise import Floats
from labctl.photothermal._layout import DARK, SHARE, BankPrior

CELLS = [*BankPrior.LOGARITHMS, SHARE, DARK]
"""States that describe a cell and bend its curve."""


@dataclass(frozen=True, slots=True)
class Leading:
    """How the filter of the greatest weight moved, for detectors that follow its errors."""

    transition: Floats
    """(4, STATES): rows of the dynamic states."""
    response: Floats
    """(4, 4): what constant forcing in each dynamic state has done after the step."""
    lag_s: float
    """Of the bead."""
    dt_s: float
    """How long the move took."""


@dataclass(frozen=True, slots=True)
class Taken:
    """How the filter of the greatest weight took a reading in."""

    gain: Floats
    """(STATES,)."""
    innovation_k: float
    variance_k2: float
    bank_ahead: float
    """Log likelihood of the reading in all filters of the same flutter, less that in this one.
    Not in those of a greater flutter: they would follow any fault."""


@dataclass(frozen=True, slots=True)
class Each:
    """What each filter of a bank knows, (K, ...)."""

    weight: Floats
    mean: Floats
    """(K, STATES): LOSS, COUPLING, WALL_MASS, LAG as logarithms of k, G, C_w and 1/tau_c, SHARE as
    the share itself, OFFSET over the ambient probe."""
    covariance: Floats
    """(K, STATES, STATES)."""
    flutter: Floats
    """K2/s."""


@dataclass(frozen=True, slots=True)
class Cells:
    """What the filters of a bank are to know of their cells before the first reading, (K, ...)."""

    mean: Floats
    """(K, 7), in the order of `CELLS`, in the terms of `Each.mean`."""
    covariance: Floats
    """(K, 7, 7)."""
    around: Floats
    """(K, STATES): around which curve each is linear, in the terms of `Each.mean`; temperatures do
    not count."""
    flutter: Floats
    """K2/s."""
    log_weight: Floats


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean (7,) and covariance (7, 7) of the parameters, in the order of the constants below."""

    mean: Floats
    covariance: Floats

    RATE: ClassVar[int] = 0
    """a, K/(s W)."""
    LN_LOSS: ClassVar[int] = 1
    """ln of k in 1/s."""
    LN_WALL: ClassVar[int] = 2
    """ln of C_w in J/K."""
    LN_COUPLING: ClassVar[int] = 3
    """ln of G in W/K."""
    LIGHT: ClassVar[int] = 4
    """K/W."""
    LN_INVERSE_LAG: ClassVar[int] = 5
    """ln of 1/tau_c in 1/s."""
    CURVE: ClassVar[int] = 6
    """c, 1/K."""

    @classmethod
    def of_mixture(cls, weight: Floats, means: Floats, covariances: Floats) -> Moments:
        """Of Gaussians (K, 7), (K, 7, 7) with the weights (K,)."""
        mean = weight @ means
        off = means - mean
        n = len(mean)
        covariance = (weight @ covariances.reshape(len(weight), -1)).reshape(n, n)
        covariance += (off * weight[:, None]).T @ off
        return cls(mean, covariance)
