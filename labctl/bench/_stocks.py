"""Stocks of a doser, and how much of one brings a medium to what it shall have.

Volumes add up, and nothing that is added reacts with the medium but where a titration says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labctl.errors import RefusedError
from labctl.quantities import Kind, format

_ROUNDING = 1e-9
"""What a medium was brought to, and what that computes back to, differ by less."""


@dataclass(frozen=True, slots=True)
class Stock:
    """What stands in one channel of the doser."""

    agent: str
    """E.g. `glutathione`, `acid`."""
    channel: str
    """The doser's own, as the bench file names it."""
    concentration_mol_per_m3: float | None = None
    """Of the agent; None for what is only ever added to a pH."""
    titration: tuple[tuple[float, float], ...] = ()
    """pH of the medium against m^3 of the stock per m^3 of it, from the untouched medium on, as
    somebody titrated it; empty for what is only ever added to a concentration."""
    medium: str = ""
    """In which the titration was made."""
    deviation: float = 0.0
    """One relative standard deviation of the concentration, or of the titrated volumes."""
    date: str = ""
    source: str = ""
    """How it was made up, or titrated."""
    placeholder: bool = False
    """It stands in until somebody measures it; whatever is computed from it says so."""


def volume_to_reach(
    stock: Stock,
    medium_m3: float,
    *,
    concentration_mol_per_m3: float | None = None,
    ph: float | None = None,
    present_mol_per_m3: float = 0.0,
    present_ph: float | None = None,
) -> float:
    """m^3 of the stock that bring `medium_m3` to a concentration of its agent, or to a pH.

    By conservation: `v = V (c - c0) / (cs - c)`, with the volume that is added counted in. A pH is
    interpolated in the stock's titration, from `present_ph` (None: the untouched medium) on.
    Exactly one of the two aims is given. RefusedError for what the stock cannot reach; nothing is
    ever extrapolated.
    """
    if not medium_m3 > 0.0:
        raise RefusedError("a volume to add needs the volume of the medium", seen=f"{medium_m3:g}")
    if (concentration_mol_per_m3 is None) == (ph is None):
        raise RefusedError("either a concentration or a pH is to be reached, and not both")
    if concentration_mol_per_m3 is not None:
        return _to_concentration(stock, medium_m3, concentration_mol_per_m3, present_mol_per_m3)
    if ph is None:
        raise RuntimeError("one of both is given")
    wanted = _per_volume(stock, ph)
    begun = 0.0 if present_ph is None else _per_volume(stock, present_ph)
    if wanted < begun * (1.0 - _ROUNDING):
        raise RefusedError(
            f"{stock.agent} cannot bring a medium of pH {present_ph:g} back to {ph:g}",
            fix="Begin with a fresh medium.",
        )
    # The titration counts per volume of the untouched medium.
    return medium_m3 * max(0.0, wanted - begun) / (1.0 + begun)


def after_adding(
    stock: Stock,
    medium_m3: float,
    volume_m3: float,
    *,
    present_mol_per_m3: float = 0.0,
    present_ph: float | None = None,
) -> tuple[float | None, float | None]:
    """What a medium has after `volume_m3` of the stock: (concentration of its agent, pH), each None
    where the stock does not say. The other way round from `volume_to_reach`."""
    concentration: float | None = None
    if stock.concentration_mol_per_m3 is not None:
        amount = medium_m3 * present_mol_per_m3 + volume_m3 * stock.concentration_mol_per_m3
        concentration = amount / (medium_m3 + volume_m3)
    if not stock.titration:
        return concentration, None
    begun = 0.0 if present_ph is None else _per_volume(stock, present_ph)
    added = begun + volume_m3 / medium_m3 * (1.0 + begun)
    points = [(per_volume, ph) for ph, per_volume in stock.titration]
    if added > points[-1][0] * (1.0 + _ROUNDING):
        return concentration, None
    return concentration, _between(points, min(added, points[-1][0]))


def _to_concentration(stock: Stock, medium_m3: float, wanted: float, present: float) -> float:
    held = stock.concentration_mol_per_m3
    kind = Kind.SUBSTANCE_CONCENTRATION
    if held is None:
        raise RefusedError(
            f"the stock of {stock.agent} states no concentration",
            fix="Ask for a volume, or state `concentration` in the bench file.",
        )
    if wanted < present * (1.0 - _ROUNDING):
        raise RefusedError(
            f"{stock.agent} at {format(present, kind)} cannot be brought down to "
            f"{format(wanted, kind)} by adding more"
        )
    if wanted >= held:
        raise RefusedError(
            f"a stock of {format(held, kind)} {stock.agent} cannot bring a medium to "
            f"{format(wanted, kind)}",
            fix="Take a stronger stock, or ask for less.",
        )
    return medium_m3 * max(0.0, wanted - present) / (held - wanted)


def _per_volume(stock: Stock, ph: float) -> float:
    """Volume of the stock per volume of untouched medium that gives it a pH."""
    points = sorted(stock.titration)
    if not points:
        raise RefusedError(
            f"the stock of {stock.agent} has no titration, so that a pH says no volume",
            fix="State `titration` in the bench file, or ask for a volume.",
        )
    if not points[0][0] - _ROUNDING <= ph <= points[-1][0] + _ROUNDING:
        raise RefusedError(
            f"pH {ph:g} is outside what the stock of {stock.agent} was titrated over",
            seen=f"pH {points[0][0]:g} to {points[-1][0]:g}",
            fix="Titrate further; nothing is extrapolated.",
        )
    return _between(points, ph)


def _between(points: Sequence[tuple[float, float]], x: float) -> float:
    """Linear between the two neighbours; `points` ascend, and `x` lies among them."""
    before = points[0]
    for after in points[1:]:
        if x <= after[0]:
            part = (x - before[0]) / (after[0] - before[0])
            return before[1] + part * (after[1] - before[1])
        before = after
    return before[1]
