"""What one method gives, as the table shows it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from labctl.photothermal import Bias, Estimate


@dataclass(frozen=True, slots=True)
class Row:
    """What one method gives. What is None could not be computed: `why`, or an input not known."""

    name: str
    about: str
    efficiency: Estimate | None = None
    time_constant: Estimate | None = None
    heat_loss: Estimate | None = None
    rate: Estimate | None = None
    biases: tuple[Bias, ...] = ()
    notes: tuple[str, ...] = ()
    why: str = ""

    @property
    def bias_percent(self) -> float | None:
        """The computable ones together."""
        known = [bias.percent for bias in self.biases if bias.percent is not None]
        left = math.prod(1.0 + percent / 100.0 for percent in known)
        return 100.0 * (left - 1.0) if known else None
