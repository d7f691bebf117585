"""What of the budget to improve first, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping

from labctl.monitor._estimates import Snapshot
from labctl.monitor._priors import Priors

_BETTER: Mapping[str, tuple[str, float]] = {
    "power at the sample": ("a power meter calibrated to 1 %", 0.01),
    "electrical power": ("a resistor whose power is known to 0.2 %", 0.002),
    "volume": ("a volume weighed to 0.3 %", 0.003),
    "density": ("a density known to 0.1 %", 0.001),
    "specific heat": ("a specific heat known to 0.3 %, or an electrical calibration", 0.003),
    "wall heat capacity": ("an electrical calibration of the cell", 0.003),
    "wall transmission": ("a wall transmission measured to 0.2 %", 0.002),
    "absorbance": ("an absorbance measured to 0.3 %", 0.001),
    "iron": ("an iron content measured to 2 %, by ICP-OES after digestion", 0.02),
    "field at the sample": ("a field measured to 1 % with a calibrated pick-up coil", 0.02),
    "solvent heat": ("a blank run", 0.002),
}
"""Input -> what would better it, and the part of the efficiency's deviation it would then have."""
_WORTH = 0.95
"""Nothing is advised that would leave more than this of the whole."""


def improvement(used: Snapshot, priors: Priors) -> str:
    """The input with the largest part in the deviation of efficiency or loss power, and what
    bettering it would bring; '' where there is neither."""
    value = used.wanted
    if value is None or value.value <= 0.0:
        return ""
    total = value.sd_total / value.value
    statistical = value.sd_statistical / value.value
    name, part = max(used.budget.items(), key=lambda item: item[1], default=("", 0.0))
    if statistical > part:
        return (
            f"the largest part is statistical, {_percent(statistical)} of {_percent(total)}: more "
            "light and a longer cooling would lower it, down to what white noise allows"
        )
    advice = _BETTER.get(name)
    if name == "solvent heat" and priors.inputs.blank is not None:
        advice = ("a longer blank run", 0.5 * part)
    if advice is None:
        return f"the largest part is {name}, {_percent(part)} of {_percent(total)}"
    words, attainable = advice
    then = math.sqrt(max(0.0, total**2 - part**2 + min(attainable, part) ** 2))
    if then > _WORTH * total:
        return (
            f"no single input stands out: the largest part is {name}, {_percent(part)} of "
            f"{_percent(total)}"
        )
    return (
        f"the largest part is {name}, {_percent(part)} of {_percent(total)}: {words} would bring "
        f"the total to {_percent(then)}"
    )


def _percent(relative: float) -> str:
    return f"{relative * 100.0:.2g} %"
