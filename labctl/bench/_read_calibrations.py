"""What a bench file says of when and how its calibrations were made."""

from __future__ import annotations

from typing import Any

from labctl.bench._calibrations import Calibrated, Offset
from labctl.bench._fields import (
    COIL,
    COLLIMATOR,
    DATE,
    EXPIRES,
    HEATER,
    MEASURED,
    MEASURED_SPOT,
    MEASURED_VESSEL,
    METHOD,
    OFFSET,
    OFFSET_DEVIATION,
    OFFSET_REFERENCE,
    PICK_OFF,
    POWER_AT_SAMPLE,
    ROLES,
    THERMOCOUPLES,
)
from labctl.yamlfile import Reader, Row


def read_calibrated(row: Row) -> dict[str, Calibrated]:
    """By the key of the bench file that they belong to."""
    out: dict[str, Calibrated] = {}
    for field in (POWER_AT_SAMPLE, PICK_OFF, HEATER, COIL):
        _add(out, field.name, row[field], COLLIMATOR if field is POWER_AT_SAMPLE else None)
    measured = row[MEASURED]
    if measured is not None:
        for field in (MEASURED_SPOT, MEASURED_VESSEL):
            _add(out, field.name, measured[field], None)
    return out


def read_offsets(row: Row, reader: Reader) -> dict[str, Offset]:
    """By role; a role that is no thermocouple of this bench is told as a problem."""
    out: dict[str, Offset] = {}
    roles = row[ROLES] or {}
    for role, item in (row[THERMOCOUPLES] or {}).items():
        if role not in roles:
            reader.add(
                item.key, "P060", f"there is no role '{role}' on this bench",
                f"There are: {', '.join(roles) or 'none'}.",
            )  # fmt: skip
            continue
        given = item.value
        offset, deviation = given[OFFSET], given[OFFSET_DEVIATION]
        reference, date = given[OFFSET_REFERENCE], given[DATE]
        if offset is None or deviation is None or reference is None or date is None:
            continue
        out[role] = Offset(offset, deviation, reference, date, given[EXPIRES] or "")
    return out


def _add(out: dict[str, Calibrated], key: str, given: Row | None, collimator: Any) -> None:
    if given is None or given[DATE] is None:
        return
    out[key] = Calibrated(
        given[DATE] or "",
        given[METHOD] or "",
        given[EXPIRES] or "",
        (given[collimator] or "") if collimator is not None else "",
    )
