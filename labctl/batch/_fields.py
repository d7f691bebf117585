"""Fields that lot files and limits files share."""

from __future__ import annotations

from labctl.quantities import Kind, units_of
from labctl.yamlfile import Measured

NAMES = r"[a-z][a-zA-Z0-9_.-]{0,63}"
"""Of an attribute or of a result: `size`, `drug_loading.quinidine`."""
KINDS: tuple[Kind, ...] = (
    Kind.FRACTION, Kind.NUMBER, Kind.LENGTH, Kind.VOLTAGE, Kind.CONCENTRATION,
    Kind.SUBSTANCE_CONCENTRATION, Kind.ENDOTOXIN, Kind.MASS, Kind.TIME, Kind.TEMPERATURE,
    Kind.TEMPERATURE_DIFFERENCE, Kind.RATE, Kind.RATE_CONSTANT, Kind.ABSORPTION,
    Kind.SPECIFIC_POWER, Kind.HEAT_LOSS,
)  # fmt: skip
"""What an attribute or a result may be, told apart by its unit. A number alone is a number."""
QUANTITY = Measured(KINDS)


def unit_of(kind: Kind) -> str:
    """The unit in which a record writes this kind; '' for a fraction and a number."""
    return "" if kind in (Kind.FRACTION, Kind.NUMBER) else units_of(kind)[0]
