"""One observation, in SI, beside what was written."""

from __future__ import annotations

import math
from dataclasses import dataclass

from labctl.quantities import Kind

QUANTITIES: dict[str, tuple[Kind, ...]] = {
    "absorbance": (Kind.ABSORBANCE,),
    "viability": (Kind.FRACTION,),
    "released": (Kind.FRACTION,),
    "loading": (Kind.FRACTION,),
    "size": (Kind.LENGTH,),
    "diameter": (Kind.LENGTH,),
    "zeta_potential": (Kind.VOLTAGE,),
    "weight": (Kind.MASS,),
    "mass": (Kind.MASS,),
    "volume": (Kind.VOLUME,),
    "ph": (Kind.PH,),
    "concentration": (Kind.CONCENTRATION, Kind.SUBSTANCE_CONCENTRATION),
    "temperature": (Kind.TEMPERATURE,),
}
"""Quantities whose unit must be of a kind. Any other name takes any unit that labctl knows."""
BETWEEN: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("size", "diameter", "weight", "mass", "volume", "concentration"),
                    (0.0, math.inf)),
    "ph": (-2.0, 16.0),
    "temperature": (-273.15, math.inf),
}  # fmt: skip
"""Values, in SI, that there can be at all. What may come out below zero by subtracting a blank, as
absorbance and viability, has no end here."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One row of a file, before it is attached."""

    line: int
    """In the file, from 1."""
    run: str
    """Which run it is of, as written; '' where the file does not say."""
    sample: str
    """Which sample, as written."""
    quantity: str
    value: float
    """SI; temperatures in degC."""
    unit: str
    """Of `value`; `1` for a number without one."""
    written: str
    """Value and unit as they stand in the file."""
    sd: float | None = None
    """One standard deviation, in `unit`."""
    sd_written: str = ""
    """As it stands in the file, with its unit."""
    n: int | None = None
    """Of how many readings."""
    method: str = ""
    when: str = ""
    """When it was measured, ISO date or time."""
    who: str = ""
    """Who measured."""
    corrects: int | None = None
    """Number of the observation that this one stands in the place of."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """One line of a run's `observations.jsonl`."""

    number: int
    """Of the line, from 1; by it a correction names another one."""
    utc: str
    """When it was attached."""
    by: str
    """Who attached it, as given, else the account."""
    source: str
    """Name of the file that it came from."""
    sha256: str
    """Of that file."""
    line: int
    """Of that file."""
    sample: str
    quantity: str
    value: float
    unit: str
    written: str
    sd: float | None
    sd_written: str
    n: int | None
    method: str
    when: str
    who: str
    corrects: int | None
    note: str
    corrected_by: int | None = None
    """Number of the observation that stands in its place; None where it stands itself."""

    @property
    def words(self) -> str:
        """`viability 85 % (sd 3 %, n 6), MTT`."""
        spread = [f"sd {self.sd_written}"] if self.sd_written else []
        spread += [f"n {self.n}"] if self.n is not None else []
        inside = f" ({', '.join(spread)})" if spread else ""
        return f"{self.quantity} {self.written}{inside}" + (
            f", {self.method}" if self.method else ""
        )
