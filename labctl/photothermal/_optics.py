"""Where the light goes: the shares that particles and solvent absorb.

Absorbances are decadic and over the path of the beam. The absorbance of a sample is read against a
blank, so it is that of the particles alone; the solvent stands beside it. Particles and solvent
absorb side by side along the path, so that particles shade the solvent: its share is
A_w/(A+A_w) (1-10^-(A+A_w)), not 1-10^-A_w.
"""

from __future__ import annotations

import math

WATER_ABSORPTION_PER_M = 2.23
"""Natural (base e) absorption coefficient of water at 808 nm, 1/m (published tables give
0.0223 1/cm)."""

REAR_RETURN = 0.036
"""Share of the light leaving at the rear that the rear wall sends back: Fresnel, air on quartz
3.4 % and quartz on water 0.2 %."""


def solvent_absorbance(path_m: float, absorption_per_m: float = WATER_ABSORPTION_PER_M) -> float:
    """Decadic absorbance of the solvent over `path_m` metres."""
    return absorption_per_m * path_m / math.log(10.0)


def absorbed_shares(
    absorbance: float, solvent: float, rear_return: float = REAR_RETURN
) -> tuple[float, float]:
    """Shares of the power behind the front wall that particles and solvent absorb, the light
    returned once by the rear wall included. `(0, 0)` for nothing that absorbs."""
    both = absorbance + solvent
    if both <= 0.0:
        return 0.0, 0.0
    through = 10.0**-both
    share = (1.0 - through) * (1.0 + rear_return * through)
    return share * absorbance / both, share * solvent / both
