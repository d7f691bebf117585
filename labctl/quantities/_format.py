"""Number to text: for people (`format`) and for a file that must load to the same (`exact`)."""

from __future__ import annotations

from decimal import Decimal

from labctl.quantities._units import Kind, factor, units_of

_FOR_PEOPLE: dict[Kind, tuple[str, ...]] = {
    Kind.POWER: ("W", "mW", "uW"),
    Kind.IRRADIANCE: ("W/cm^2", "mW/cm^2"),
    Kind.ENERGY: ("kJ", "J", "mJ"),
    Kind.TIME: ("h", "min", "s", "ms", "us"),
    Kind.LENGTH: ("cm", "mm", "um", "nm"),
    Kind.AREA: ("cm^2", "mm^2"),
    Kind.VOLUME: ("L", "mL", "uL"),
    Kind.MASS: ("kg", "g", "mg", "ug"),
    Kind.CONCENTRATION: ("g/L", "ug/mL"),
    Kind.ABSORPTION: ("L/(g cm)",),
    Kind.CURRENT: ("A", "mA"),
    Kind.VOLTAGE: ("V", "mV"),
    Kind.RESISTANCE: ("kohm", "ohm"),
    Kind.SLOPE: ("W/A",),
    Kind.TRANSFER: ("W/W",),
    Kind.SPECIFIC_HEAT: ("J/(g K)",),
    Kind.HEAT_LOSS: ("W/K", "mW/K"),
    Kind.SUBSTANCE_CONCENTRATION: ("mM", "uM"),
    Kind.RATE_CONSTANT: ("1/h",),
    Kind.MOLAR_ENERGY: ("kJ/mol",),
    Kind.SPECIFIC_POWER: ("W/g",),
    Kind.ENDOTOXIN: ("EU/mL",),
    Kind.FLUENCE: ("J/cm^2", "mJ/cm^2"),
    Kind.FREQUENCY: ("MHz", "kHz", "Hz"),
    Kind.FIELD: ("kA/m", "A/m"),
}
"""Units in which people of the field read a kind, the largest first; the SI unit elsewhere."""


def format(value: float, kind: str) -> str:
    """The quantity as people read it, at most six digits: 600 s is `10 min`.

    The largest unit in which the number is at least 1 and has at most two decimals; when there is
    none, the largest decimal one.
    """
    kind = Kind(kind)
    units = _FOR_PEOPLE.get(kind) or units_of(kind)[:1]
    scaled = [(value / float(_factor(kind, unit)), unit) for unit in units]
    large = [(number, unit) for number, unit in scaled if abs(number) >= 1]
    short = [
        pair
        for pair in large
        if abs(pair[0]) < 10_000 and abs(pair[0] * 100 - round(pair[0] * 100)) < 1e-7
    ]
    decimal = [pair for pair in large if pair[1] not in ("h", "min")]
    if value == 0:
        number, unit = 0.0, units_of(kind)[0] if kind is Kind.TIME else units[0]
    else:
        number, unit = (short or decimal or scaled[-1:])[0]
    return f"{number:.6g} {unit}".rstrip()


def exact(value: float, kind: str) -> str:
    """The quantity in its SI unit with every digit: `parse` gives back the same number."""
    kind = Kind(kind)
    unit = units_of(kind)[0]
    digits = Decimal(repr(value)) / _factor(kind, unit)
    text = f"{digits.normalize():f}" if 1e-6 <= abs(value) < 1e16 or value == 0 else repr(value)
    if "e" in text and unit == "%":
        text = f"{digits:f}"
    return f"{text} {unit}".rstrip()


def _factor(kind: Kind, unit: str) -> Decimal:
    found = factor(kind, unit)
    if found is None:
        raise KeyError(unit)
    return found
