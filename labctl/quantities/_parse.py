"""Text to number. Decimal arithmetic, so that `500 ms` is exactly 0.5 s.

Every refusal says what was read, what is wrong with it and how to write it.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import NoReturn

from labctl.errors import InputError
from labctl.quantities._units import (
    Kind,
    factor,
    kind_of_unit,
    normal_unit,
    units_of,
)

COMMA = "P020"
NOT_UNDERSTOOD = "P021"
UNIT_MISSING = "P022"
WRONG_UNIT = "P023"
OUT_OF_RANGE = "P024"

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_COMMA_NUMBER = re.compile(r"([+-]?\d+),(\d+)\s*(.*)", re.ASCII | re.DOTALL)
_CONTEXT = Context(prec=40)
_LONGEST = 80
_LARGEST = Decimal("1e30")

_WORDS = {
    "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "mins": "min", "minute": "min", "minutes": "min",
    "hr": "h", "hrs": "h", "hour": "h", "hours": "h",
    "C": "degC", "deg C": "degC", "Celsius": "degC", "celsius": "degC", "deg": "degC",
    "watt": "W", "watts": "W", "kelvin": "K", "Kelvin": "K",
    "cc": "mL", "percent": "%",
}  # fmt: skip
"""Words that people write, and the unit they mean; offered, never taken."""


class QuantityError(InputError):
    """A text that is not the quantity it should be; `code` says in which way."""

    def __init__(self, code: str, what: str, fix: str) -> None:
        super().__init__(what, fix=fix)
        self.code = code


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with the unit it was written in."""

    value: float
    """In the kind's SI unit (degC for a temperature)."""
    kind: Kind
    unit: str


def parse(text: str, kind: str) -> float:
    """The value in the kind's SI unit (degC for a temperature); raises QuantityError."""
    return parse_any(text, kind).value


def parse_any(text: str, *kinds: str) -> Quantity:
    """A quantity of one of `kinds`, told apart by the unit; raises QuantityError."""
    wanted = tuple(Kind(kind) for kind in kinds)
    plain = text.strip()
    if Kind.PH in wanted and plain.startswith("pH"):
        # `pH 7.4` is how people say it; the word is no unit and stands in front.
        wanted, plain = (Kind.PH,), plain.removeprefix("pH").lstrip()
    number, unit = _split(plain, wanted)
    kind = next((kind for kind in wanted if factor(kind, unit) is not None), None)
    if kind is None:
        _wrong_unit(text.strip(), number, unit, wanted)
    scale = factor(kind, unit) or Decimal(1)
    digits = Decimal(number)
    if abs(digits) > _LARGEST:
        raise QuantityError(OUT_OF_RANGE, f"'{text.strip()}' is too large", "Check the number.")
    return Quantity(float(_CONTEXT.multiply(digits, scale)), kind, unit)


def _split(text: str, kinds: tuple[Kind, ...]) -> tuple[str, str]:
    """Number and unit (in our spelling)."""
    if len(text) > _LONGEST:
        raise QuantityError(
            NOT_UNDERSTOOD, f"'{text[:20]}...' is too long for a quantity", _write_like(kinds)
        )
    comma = _COMMA_NUMBER.fullmatch(text)
    if comma is not None:
        whole, rest, unit = comma.groups()
        unit = f" {unit.strip()}" if unit.strip() else ""
        if len(rest) == 3:
            raise QuantityError(
                COMMA,
                f"'{text}' has a comma in its number",
                f"Write '{whole}.{rest}{unit}' or '{whole}{rest}{unit}', whichever is meant.",
            )
        raise QuantityError(
            COMMA,
            f"'{text}' uses a decimal comma",
            f"Write a point: '{whole}.{rest}{unit}'.",
        )
    found = _NUMBER.match(text)
    if found is None:
        raise QuantityError(NOT_UNDERSTOOD, f"'{text}' is not {_a(kinds)}", _write_like(kinds))
    unit = normal_unit(text[found.end() :].strip())
    if any(c.isdigit() for c in unit.removeprefix("1/").replace("^2", "").replace("^3", "")):
        raise QuantityError(
            NOT_UNDERSTOOD,
            f"'{text}' is more than one number and one unit",
            f"{_write_like(kinds)} Only one unit, for example '90 min' and not '1 h 30 min'.",
        )
    return found.group(), unit


def _wrong_unit(text: str, number: str, unit: str, kinds: tuple[Kind, ...]) -> NoReturn:
    units = [u for kind in kinds for u in units_of(kind)]
    use = "Use one of " + ", ".join(u or "no unit" for u in units) + "."
    if len(units) == 1:
        use = f"Use {units[0]}." if units[0] else "Write the number alone."
    if not unit:
        likely = " or ".join(f"'{number} {u}'" for u in units[:2])
        if kinds[0] is Kind.FRACTION and abs(Decimal(number)) <= 1:
            # 0.95 is meant as a fraction of one, and 0.95 % would be something else.
            likely = f"'{(Decimal(number) * 100).normalize():f} %'"
        raise QuantityError(
            UNIT_MISSING, f"a unit is missing in '{text}': this is {_a(kinds)}",
            f"Write for example {likely}.",
        )  # fmt: skip
    if unit == "degC" and Kind.TEMPERATURE_DIFFERENCE in kinds:
        raise QuantityError(
            WRONG_UNIT,
            f"'{text}' is a temperature, and a temperature difference is wanted here",
            f"Write a difference in K: '{number} K'.",
        )
    if unit in ("K", "mK") and Kind.TEMPERATURE in kinds:
        raise QuantityError(
            WRONG_UNIT,
            f"'{text}' is a temperature difference, and a temperature is wanted here",
            "Write a temperature in degC, for example '43 degC'.",
        )
    other = kind_of_unit(unit)
    if other is not None:
        raise QuantityError(
            WRONG_UNIT, f"unit '{unit}' is not {_a(kinds)} unit (it is {other})", use
        )
    meant = _WORDS.get(unit)
    if meant is None or meant not in units:
        near = difflib.get_close_matches(unit, [u for u in units if u], 1, 0.5)
        lower = [u for u in units if u.lower() == unit.lower()]
        meant = (lower or near or [""])[0]
    did_you_mean = f" Did you mean '{number} {meant}'?" if meant else ""
    raise QuantityError(
        WRONG_UNIT, f"there is no unit '{unit}' for {_a(kinds)}", f"{use}{did_you_mean}"
    )


def _a(kinds: tuple[Kind, ...]) -> str:
    """`a power`, `an energy or a time`."""
    return " or ".join(f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}" for kind in kinds)


def _write_like(kinds: tuple[Kind, ...]) -> str:
    unit = units_of(kinds[0])[0]
    return f"Write a number and a unit, for example '{'1.0 ' + unit if unit else '1.0'}'."
