"""What the classical methods take from outside the curve, and the shape of what they give."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from labctl.photothermal._combine import Estimate
from labctl.photothermal._inputs import Inputs, Known
from labctl.photothermal._optics import solvent_absorbance


@dataclass(frozen=True, slots=True)
class Bias:
    """What a method does wrong, and by how many per cent of the efficiency (of the time constant
    where the method gives no efficiency) for this record; None where that is not computable."""

    what: str
    percent: float | None = None


@dataclass(frozen=True, slots=True)
class Classical:
    """What one method makes of a record. What is None could not be computed: `missing` names the
    inputs, `why` what the record lacks."""

    name: str
    equation: str
    source: str
    efficiency: Estimate | None = None
    time_constant: Estimate | None = None
    """s."""
    heat_loss: Estimate | None = None
    """W/K."""
    rate: Estimate | None = None
    """K/s, at the first moment of light."""
    missing: tuple[str, ...] = ()
    why: str = ""
    biases: tuple[Bias, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def bias_percent(self) -> float | None:
        """The computable biases together; None where none is."""
        known = [bias.percent for bias in self.biases if bias.percent is not None]
        left = math.prod(1.0 + percent / 100.0 for percent in known)
        return 100.0 * (left - 1.0) if known else None


@dataclass(frozen=True, slots=True)
class Setting:
    """What the methods take from outside the curve. None is not known, and then not assumed."""

    inputs: Inputs = field(default_factory=Inputs)
    power_w: Known | None = None
    """At the sample, before the wall."""
    wall_j_per_k: Known | None = None
    """Heat capacity of the wetted wall: for the bias of leaving it out, and for nothing else."""

    @property
    def missing(self) -> tuple[str, ...]:
        """What an efficiency needs and has not, in words."""
        inputs = self.inputs
        needed = (
            ("power at the sample", self.power_w),
            ("volume", inputs.volume_m3),
            ("density", inputs.density_kg_per_m3),
            ("specific heat", inputs.specific_heat_j_per_kg_k),
            ("absorbance", inputs.absorbance),
        )
        return tuple(name for name, known in needed if known is None)

    def solvent_share(self) -> Known | None:
        """Heat of the solvent without particles over the power at the sample: of the blank, else
        from the absorption coefficient; None where neither is known."""
        inputs = self.inputs
        wall = inputs.wall_transmission.value
        if inputs.blank is not None:
            share = inputs.blank.solvent_share * inputs.path_m / inputs.blank.path_m
            return Known(share * wall, inputs.blank.solvent_share_sd * wall)
        known = inputs.solvent_absorption_per_m
        if known is None:
            return None
        share = 1.0 - 10.0 ** -solvent_absorbance(inputs.path_m, known.value)
        return Known(share * wall, share * wall * known.sd / known.value)
