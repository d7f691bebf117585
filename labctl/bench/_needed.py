"""What a bench must say before anything on it can be lit or energised."""

from __future__ import annotations

from collections.abc import Mapping

from labctl.bench._fields import (
    COIL,
    DEAD_MAN,
    HEATER,
    INTERLOCK,
    LIMIT_FIELDS,
    LIMITS,
    POWER_AT_SAMPLE,
)
from labctl.bench._model import Waiver
from labctl.limits import Limits
from labctl.yamlfile import Reader, Row

_MUST_HEAT = {"temperature": "temperature_degc", "exposure": "exposure_s", "energy": "energy_j"}
_MUST = {"power": "power_w", **_MUST_HEAT}
"""Limits without which a bench with a laser, or with a heater, has no meaning: name, attribute."""


def check_laser(row: Row, limits: Limits, waivers: Mapping[str, Waiver], reader: Reader) -> None:
    """What a bench with a laser must say before it can be lit."""
    needed = (
        (POWER_AT_SAMPLE, "its power at the sample against current or command",
         "power_at_sample: {threshold: 0.35 A, slope: 0.90 W/A, deviation: 3 %, date: 2026-01-31}"),
        (INTERLOCK, "its hardware interlock", "interlock: {what: ..., tested: ..., date: ...}"),
        (DEAD_MAN, "what drops the beam when the computer dies",
         "dead_man: {what: ..., tested: ..., date: ...}"),
    )  # fmt: skip
    for field, what, example in needed:
        if not row.has(field) and field.name not in waivers:
            reader.add(
                row.node,
                "P061",
                f"a bench with a laser must declare {what}: '{field.name}'",
                f"Add for example '{example}'.",
            )
    _check_limits(row, limits, reader, "a laser", _MUST)


def check_heater(row: Row, limits: Limits, waivers: Mapping[str, Waiver], reader: Reader) -> None:
    """What a bench with a calibration heater must say before it can be energised."""
    if not row.has(HEATER):
        reader.add(
            row.node,
            "P061",
            "a bench with a heater must describe its resistor: 'heater'",
            "Add for example 'heater: {resistance: 100 ohm, max_power: 1 W, deviation: 0.2 %, "
            "date: 2026-01-31}'.",
        )
    if not row.has(DEAD_MAN) and DEAD_MAN.name not in waivers:
        reader.add(
            row.node,
            "P061",
            "a bench with a heater must declare what drops its power when the computer dies: "
            "'dead_man'",
            "Add for example 'dead_man: {what: ..., tested: ..., date: ...}'.",
        )
    _check_limits(row, limits, reader, "a heater", _MUST_HEAT)


def check_coil(row: Row, limits: Limits, waivers: Mapping[str, Waiver], reader: Reader) -> None:
    """What a bench with a coil must say before it can be energised."""
    needed = (
        (COIL, "its field and its inverter",
         "coil: {resistance: 8 ohm, field: 15 kA/m, at_power: 18 W, field_deviation: 4 %, "
         "frequency: 300 kHz, max_field: 16 kA/m, deviation: 0.5 %, date: 2026-01-31}"),
        (DEAD_MAN, "what drops its power when the computer dies",
         "dead_man: {what: ..., tested: ..., date: ...}"),
    )  # fmt: skip
    for field, what, example in needed:
        if not row.has(field) and field.name not in waivers:
            reader.add(
                row.node,
                "P061",
                f"a bench with a coil must declare {what}: '{field.name}'",
                f"Add for example '{example}'.",
            )
    _check_limits(row, limits, reader, "a coil", _MUST_HEAT)


def _check_limits(
    row: Row, limits: Limits, reader: Reader, what: str, needed: Mapping[str, str]
) -> None:
    given = row[LIMITS]
    for name, attribute in needed.items():
        if getattr(limits, attribute) is None and (given is not None or not row.has(LIMITS)):
            broken = given is not None and any(
                given.has(field) for limit, field in LIMIT_FIELDS if limit.name == name
            )
            if not broken:
                reader.add(
                    row.at(LIMITS),
                    "P061",
                    f"a bench with {what} must set the limit '{name}'",
                    f"Add '{name}' under 'limits'.",
                )
