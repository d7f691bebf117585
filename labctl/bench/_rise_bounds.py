"""What a joule at the sample must at least, and can at most, do to its temperature.

Bounds for the guard, from what bench and sample state, each uncertainty taken three deviations the
wrong way. They are wide on purpose: the guard tells a probe that is not in a heated sample from one
that is, and the check does the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from labctl.quantities import Stated

_SD = 3.0
_LEAST_CONVERTED = 0.15
"""Of what the particles absorb, at least so much becomes heat: the lowest efficiency in the papers
behind the sample files is 0.2."""
_LEAST_ELECTRICAL = 0.5
"""Of a resistor's power; the rest may go up its leads."""
_LOSS = 2.0
"""The vessel loses at most so many times its stated loss: a draught, evaporation when hot."""
_WATER_PER_M = 2.23
"""Absorption coefficient of water at 808 nm; it stands in within `_WATER_M`, to a factor of 2."""
_WATER_M = (780e-9, 830e-9)
_WATERY = frozenset({"", "water", "pbs"})
_SAME_LINE_M = 5e-9


class Contents(Protocol):
    """What is in the vessel, as a sample file states it."""

    @property
    def kind(self) -> str: ...
    @property
    def solvent(self) -> str: ...
    @property
    def volume_m3(self) -> Stated: ...
    @property
    def density_kg_per_m3(self) -> Stated: ...
    @property
    def specific_heat_j_per_kg_k(self) -> Stated: ...
    @property
    def absorbance(self) -> Stated | None: ...
    @property
    def wavelength_m(self) -> float | None: ...
    @property
    def path_m(self) -> float | None: ...


class Cell(Protocol):
    """The bench's vessel."""

    @property
    def path_m(self) -> float: ...
    @property
    def wall_heat_capacity(self) -> Stated: ...
    @property
    def wall_transmission(self) -> Stated: ...
    @property
    def heat_loss(self) -> Stated: ...


@dataclass(frozen=True, slots=True)
class RiseBounds:
    """See `GuardSpec`. A bound that is 0 is not known, and `why` says why."""

    least_k_per_j: float = 0.0
    most_k_per_j: float = 0.0
    fades_s: float = 0.0
    why: str = ""


def rise_bounds(
    cell: Cell | None,
    contents: Contents | None,
    *,
    electrical: bool,
    field: bool = False,
    line_m: float | None,
    power_deviation: float,
    least_heat: float | None,
    most_heat: float | None,
) -> RiseBounds:
    """`least_heat` and `most_heat` are the parts of the power at the sample that become its heat,
    as bench or protocol state them; None: from what the sample says. `electrical`: a resistor in
    the cell gives the power; `field`: a coil, of whose power any part may heat or none, for that is
    what a run finds out. `line_m` is the laser's; `power_deviation` one relative standard
    deviation of the power as it is measured, or commanded."""
    if contents is None or cell is None:
        missing = "no sample is named" if contents is None else "the bench states no vessel"
        return RiseBounds(why=missing)
    stated = (contents.volume_m3, contents.density_kg_per_m3, contents.specific_heat_j_per_kg_k)
    liquid = math.prod(one.value for one in stated)
    off = _SD * math.hypot(*(one.sd / one.value for one in stated))
    most_j_per_k = liquid * (1.0 + off) + _high(cell.wall_heat_capacity)
    least_j_per_k = liquid * max(0.1, 1.0 - off)
    if electrical:
        low, high, why = _LEAST_ELECTRICAL, 1.0, ""
    elif field:
        low, high, why = 0.0, 1.0, "how much of a coil's power heats the sample is what a run finds"
    else:
        low, high, why = _heat(cell, contents, line_m)
    low = low if least_heat is None else least_heat
    high = high if most_heat is None else most_heat
    return RiseBounds(
        low * max(0.0, 1.0 - _SD * power_deviation) / most_j_per_k,
        high * (1.0 + _SD * power_deviation) / least_j_per_k,
        most_j_per_k / (_LOSS * _high(cell.heat_loss)),
        "" if low > 0.0 else why,
    )


def _heat(cell: Cell, contents: Contents, line_m: float | None) -> tuple[float, float, str]:
    """The part of the light that becomes heat, at least and at most; why at least is 0."""
    watery = contents.solvent in _WATERY and (
        line_m is None or _WATER_M[0] <= line_m <= _WATER_M[1]
    )
    liquid = 1.0 - math.exp(-_WATER_PER_M * cell.path_m)
    wall = max(0.0, cell.wall_transmission.value - _SD * cell.wall_transmission.sd)
    if contents.kind == "solvent":
        if not watery:
            return 0.0, 1.0, "the solvent's absorption at the laser's line is not known"
        return wall * 0.5 * liquid, min(1.0, 2.0 * liquid), ""
    stated, measured_m = contents.absorbance, contents.wavelength_m
    if stated is None:
        return 0.0, 1.0, "the sample states no absorbance"
    if measured_m is not None and line_m is not None and abs(measured_m - line_m) > _SAME_LINE_M:
        return 0.0, 1.0, "the sample's absorbance is not one at the laser's line"
    scale = cell.path_m / contents.path_m if contents.path_m else 1.0
    least = 1.0 - 10.0 ** -max(0.0, scale * (stated.value - _SD * stated.sd))
    most = 1.0 - 10.0 ** -(scale * _high(stated))
    solvent = 2.0 * liquid if watery else 1.0
    why = "" if least > 0.0 else "the sample's absorbance may be none, within three deviations"
    return wall * _LEAST_CONVERTED * least, min(1.0, most + solvent), why


def _high(stated: Stated) -> float:
    return stated.value + _SD * stated.sd
