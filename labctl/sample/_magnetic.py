"""What of the particles a magnetic field heats: the `magnetic` section of a sample file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labctl.quantities import Kind, Stated, exact, exact_stated
from labctl.yamlfile import Amount, Field, Row, StatedAmount, Table


@dataclass(frozen=True, slots=True)
class Magnetic:
    """Iron in the vessel, and how it heats where somebody stated it."""

    iron_kg_per_m3: Stated
    """Mass of iron (not of the oxide) in a volume."""
    absorption_rate_w_per_kg: Stated | None = None
    """Specific absorption rate per mass of iron; only shown beside a result."""
    field_a_per_m: float | None = None
    """Amplitude at which the rate was measured."""
    frequency_hz: float | None = None

    def resolved(self) -> dict[str, Any]:
        """The section of a file that loads to the same."""
        out: dict[str, Any] = {"iron": exact_stated(self.iron_kg_per_m3, Kind.CONCENTRATION)}
        if self.absorption_rate_w_per_kg is not None:
            stated = exact_stated(self.absorption_rate_w_per_kg, Kind.SPECIFIC_POWER)
            out["specific_absorption_rate"] = stated
        if self.field_a_per_m is not None:
            out["field"] = exact(self.field_a_per_m, Kind.FIELD)
        if self.frequency_hz is not None:
            out["frequency"] = exact(self.frequency_hz, Kind.FREQUENCY)
        return out


_IRON = Field("iron", StatedAmount(Kind.CONCENTRATION),
              "Mass of iron, not of the oxide, in a volume", True)  # fmt: skip
_RATE = Field(
    "specific_absorption_rate",
    StatedAmount(Kind.SPECIFIC_POWER),
    "Heat per mass of iron, as somebody measured it; only shown beside a result",
)
_FIELD = Field("field", Amount(Kind.FIELD, positive=True), "Amplitude at which that was measured")
_FREQUENCY = Field("frequency", Amount(Kind.FREQUENCY, positive=True), "Frequency of that")
MAGNETIC = Table("magnetic", (_IRON, _RATE, _FIELD, _FREQUENCY))
"""Shape of the `magnetic` section."""


def build_magnetic(row: Row) -> Magnetic | None:
    """None after a problem."""
    iron = row[_IRON]
    return None if iron is None else Magnetic(iron, row[_RATE], row[_FIELD], row[_FREQUENCY])
