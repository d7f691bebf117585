"""The `coil` section of a bench file."""

from __future__ import annotations

from labctl.bench._fed import FieldCoil
from labctl.bench._fields import (
    AT_CURRENT,
    AT_POWER,
    DATE,
    ELECTRICAL_DEVIATION,
    FIELD_DEVIATION,
    FIELD_FREQUENCY,
    FIELD_REACHED,
    INPUT_RESISTANCE,
    MAX_FIELD,
)
from labctl.yamlfile import Reader, Row


def read_coil(row: Row | None, reader: Reader) -> FieldCoil | None:
    """None where there is none, and after a problem."""
    if row is None:
        return None
    resistance, field, amps = row[INPUT_RESISTANCE], row[FIELD_REACHED], row[AT_CURRENT]
    if row.has(AT_POWER) == row.has(AT_CURRENT):
        both = "both are given" if row.has(AT_POWER) else "neither is given"
        reader.add(
            row.node,
            "P061",
            f"the field was measured at a power of the supply or at a current of the coil: {both}",
            "Write `at_power` for an inverter that a supply feeds, `at_current` for an induction "
            "heater.",
        )
        return None
    at = row[AT_POWER] if amps is None or resistance is None else resistance * amps**2
    off, hz, most = row[FIELD_DEVIATION], row[FIELD_FREQUENCY], row[MAX_FIELD]
    deviation, date = row[ELECTRICAL_DEVIATION], row[DATE]
    if resistance is None or field is None or at is None or off is None or hz is None:
        return None
    if most is None or deviation is None or date is None:
        return None
    return FieldCoil(resistance, field, at, off, hz, most, deviation, date, amps)
