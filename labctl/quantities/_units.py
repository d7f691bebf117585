"""The closed list of kinds and their units.

A unit belongs to exactly one kind, so that a wrong one can be named for what it is (a number alone
is of several). The first
unit of a kind is its SI unit (degC for a temperature, rpm for a speed of rotation, because the
field insists on them): what `parse` returns is in it.
"""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum


class Kind(StrEnum):
    """What a number measures; the text is the word that messages use."""

    POWER = "power"
    IRRADIANCE = "irradiance"
    ENERGY = "energy"
    TIME = "time"
    TEMPERATURE = "temperature"
    TEMPERATURE_DIFFERENCE = "temperature difference"
    RATE = "rate"
    LENGTH = "length"
    AREA = "area"
    VOLUME = "volume"
    MASS = "mass"
    DENSITY = "density"
    CONCENTRATION = "concentration"
    FRACTION = "fraction"
    ABSORBANCE = "absorbance"
    ABSORPTION = "absorption"
    CURRENT = "current"
    VOLTAGE = "voltage"
    RESISTANCE = "resistance"
    SLOPE = "slope"
    TRANSFER = "transfer"
    HEAT_CAPACITY = "heat capacity"
    SPECIFIC_HEAT = "specific heat"
    HEAT_LOSS = "heat-loss coefficient"
    SUBSTANCE_CONCENTRATION = "amount concentration"
    PH = "pH"
    FLUENCE = "fluence"
    FREQUENCY = "frequency"
    SPEED = "speed of rotation"
    FIELD = "magnetic field strength"
    RATE_CONSTANT = "rate constant"
    MOLAR_ENERGY = "molar energy"
    SPECIFIC_POWER = "specific power"
    ENDOTOXIN = "endotoxin concentration"
    NUMBER = "number"


_TABLE: dict[Kind, dict[str, str]] = {
    Kind.POWER: {"W": "1", "mW": "1e-3", "uW": "1e-6"},
    Kind.IRRADIANCE: {"W/m^2": "1", "W/cm^2": "1e4", "mW/cm^2": "10", "W/mm^2": "1e6"},
    Kind.ENERGY: {"J": "1", "mJ": "1e-3", "kJ": "1e3"},
    Kind.TIME: {"s": "1", "ms": "1e-3", "us": "1e-6", "min": "60", "h": "3600"},
    Kind.TEMPERATURE: {"degC": "1"},
    Kind.TEMPERATURE_DIFFERENCE: {"K": "1", "mK": "1e-3"},
    Kind.RATE: {"K/s": "1", "K/min": "1/60"},
    Kind.LENGTH: {"m": "1", "cm": "1e-2", "mm": "1e-3", "um": "1e-6", "nm": "1e-9"},
    Kind.AREA: {"m^2": "1", "cm^2": "1e-4", "mm^2": "1e-6"},
    Kind.VOLUME: {"m^3": "1", "L": "1e-3", "mL": "1e-6", "uL": "1e-9"},
    Kind.MASS: {"kg": "1", "g": "1e-3", "mg": "1e-6", "ug": "1e-9"},
    Kind.DENSITY: {"kg/m^3": "1", "g/cm^3": "1e3", "kg/L": "1e3"},
    Kind.CONCENTRATION: {"g/L": "1", "mg/mL": "1", "mg/L": "1e-3", "ug/mL": "1e-3"},
    Kind.FRACTION: {"%": "1e-2"},
    Kind.ABSORBANCE: {"": "1"},
    Kind.ABSORPTION: {"m^2/kg": "1", "L/(g cm)": "100"},
    Kind.CURRENT: {"A": "1", "mA": "1e-3"},
    Kind.VOLTAGE: {"V": "1", "mV": "1e-3"},
    Kind.RESISTANCE: {"ohm": "1", "kohm": "1e3"},
    Kind.SLOPE: {"W/A": "1", "mW/mA": "1", "mW/A": "1e-3"},
    Kind.TRANSFER: {"W/W": "1", "mW/W": "1e-3"},
    Kind.HEAT_CAPACITY: {"J/K": "1"},
    Kind.SPECIFIC_HEAT: {"J/(kg K)": "1", "J/(g K)": "1e3", "kJ/(kg K)": "1e3"},
    Kind.HEAT_LOSS: {"W/K": "1", "mW/K": "1e-3"},
    Kind.SUBSTANCE_CONCENTRATION: {
        "mol/m^3": "1",
        "mM": "1",
        "uM": "1e-3",
        "nM": "1e-6",
        "M": "1e3",
        "mol/L": "1e3",
        "mmol/L": "1",
        "umol/L": "1e-3",
    },
    Kind.RATE_CONSTANT: {"1/s": "1", "1/min": "1/60", "1/h": "1/3600"},
    Kind.MOLAR_ENERGY: {"J/mol": "1", "kJ/mol": "1e3"},
    Kind.SPECIFIC_POWER: {"W/kg": "1", "W/g": "1e3"},
    Kind.ENDOTOXIN: {"EU/m^3": "1", "EU/mL": "1e6"},
    Kind.NUMBER: {"": "1"},
    Kind.PH: {"": "1"},
    Kind.FLUENCE: {"J/m^2": "1", "J/cm^2": "1e4", "mJ/cm^2": "10", "J/mm^2": "1e6"},
    Kind.FREQUENCY: {"Hz": "1", "kHz": "1e3", "MHz": "1e6"},
    Kind.SPEED: {"rpm": "1"},
    Kind.FIELD: {"A/m": "1", "kA/m": "1e3"},
}

_FACTORS: dict[Kind, dict[str, Decimal]] = {
    kind: {
        unit: Decimal(1) / Decimal(text[2:]) if text.startswith("1/") else Decimal(text)
        for unit, text in units.items()
    }
    for kind, units in _TABLE.items()
}

_KIND_OF: dict[str, Kind] = {unit: kind for kind, units in _TABLE.items() for unit in units if unit}

_SPELLINGS = (
    (re.compile("[\u00b5\u03bc]"), "u"),
    (re.compile("²|(?<=m)2$"), "^2"),
    (re.compile("³|(?<=m)3$"), "^3"),
    (re.compile("\u00b0C|\u2103"), "degC"),
    (re.compile(r"(?<=[a-zA-Z])\s*[\u00b7\u22c5*]\s*(?=[a-zA-Z])"), " "),
    (re.compile("\u03a9|\u2126|Ohm"), "ohm"),
    (re.compile(r"\bml\b"), "mL"),
    (re.compile(r"\bul\b"), "uL"),
    (re.compile(r"\bl\b"), "L"),
)
"""Other ways in which people write the same unit, without doubt about the meaning."""


def normal_unit(unit: str) -> str:
    """The unit in our spelling: `µW` is `uW`, `W/cm²` and `W/cm2` are `W/cm^2`, `°C` is `degC`."""
    for spelling, ours in _SPELLINGS:
        unit = spelling.sub(ours, unit)
    return unit


def factor(kind: Kind, unit: str) -> Decimal | None:
    """SI units in one `unit`, or None when this kind has no such unit."""
    return _FACTORS[kind].get(unit)


def units_of(kind: str) -> tuple[str, ...]:
    """The units that a kind may be written in, the SI unit first."""
    return tuple(_TABLE[Kind(kind)])


def kind_of_unit(unit: str) -> Kind | None:
    """The one kind that has this unit, or None."""
    return _KIND_OF.get(normal_unit(unit))


def pattern(kind: str) -> str:
    """A regular expression for JSON Schema: a number and one of the kind's units.

    It is meant for completion in an editor and admits our own spellings, `µ`, `°C` and `cm2`.
    """
    number = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"
    alternatives = "|".join(
        re.escape(unit)
        .replace(r"\ ", "[ ·*]")
        .replace("u", "[uµμ]")
        .replace(r"\^", r"\^?")
        .replace("2", "[2²]")
        .replace("3", "[3³]")
        .replace("degC", "(degC|°C)")
        .replace("L", "[Ll]")
        for unit in units_of(kind)
    )
    before = r"(pH\s*)?" if Kind(kind) is Kind.PH else ""
    return rf"{before}{number}\s*({alternatives})"
