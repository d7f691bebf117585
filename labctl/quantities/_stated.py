"""A number that somebody states with its standard deviation and where it comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from labctl.quantities._format import exact, format
from labctl.quantities._parse import NOT_UNDERSTOOD, OUT_OF_RANGE, QuantityError, parse_any
from labctl.quantities._units import Kind

SD_MISSING = "P025"

_PLUS_MINUS = re.compile(r"±|\+/-|\+-")


@dataclass(frozen=True, slots=True)
class Stated:
    """A value in SI units with one standard deviation."""

    value: float
    sd: float
    """One standard deviation, in the unit of `value`; 0 for what is exact by definition."""
    source: str = ""
    """Where it comes from: a measurement, a table, a paper."""
    placeholder: bool = False
    """True for a number that stands in until somebody measures it; whatever is computed from it
    says so."""

    @property
    def relative(self) -> float:
        """Standard deviation over value; 0 where the value is 0."""
        return self.sd / abs(self.value) if self.value else 0.0


def parse_stated(text: str, kind: str) -> Stated:
    """`1.00 mL ± 0.01 mL` or `1.00 mL +- 1 %`; raises QuantityError.

    The deviation of a fraction is in percentage points: `96.5 % ± 0.5 %` is 0.965 ± 0.005.
    """
    parts = _PLUS_MINUS.split(text)
    if len(parts) == 1:
        value = parse_any(text, kind)
        raise QuantityError(
            SD_MISSING,
            f"'{text.strip()}' does not say how well it is known",
            f"Add one standard deviation: '{text.strip()} ± 1 %'."
            if value.kind is not Kind.FRACTION
            else f"Add one standard deviation in percentage points: '{text.strip()} ± 1 %'.",
        )
    if len(parts) != 2:
        raise QuantityError(
            NOT_UNDERSTOOD, f"'{text.strip()}' has more than one ±", "Write value ± deviation."
        )
    return stated_texts(parts[0], parts[1], kind)


def stated_texts(value: str, sd: str, kind: str) -> Stated:
    """The same from two texts: a value, and a deviation in its unit or in % of it."""
    middle = parse_any(value, kind)
    if middle.kind is Kind.FRACTION:
        deviation = parse_any(sd, kind).value
    elif middle.kind is Kind.TEMPERATURE:
        deviation = parse_any(sd, Kind.TEMPERATURE_DIFFERENCE).value
    else:
        width = parse_any(sd, *dict.fromkeys((kind, Kind.FRACTION)))
        relative = width.kind is Kind.FRACTION
        deviation = _product(width.value, abs(middle.value)) if relative else width.value
    if deviation < 0:
        raise QuantityError(
            OUT_OF_RANGE, f"the deviation '{sd.strip()}' is negative", "Write it without a sign."
        )
    return Stated(middle.value, deviation)


def _spread_kind(kind: str) -> str:
    """What the deviation of a quantity of this kind is: of a temperature, a difference."""
    return Kind.TEMPERATURE_DIFFERENCE if kind == Kind.TEMPERATURE else kind


def _product(a: float, b: float) -> float:
    """In decimal, so that 1 % of 4180 is 41.8 and not 41.800000000000004."""
    return float(Decimal(repr(a)) * Decimal(repr(b)))


def format_stated(stated: Stated, kind: str) -> str:
    """For people: `1 mL ± 10 uL`."""
    return f"{format(stated.value, kind)} ± {format(stated.sd, _spread_kind(kind))}"


def exact_stated(stated: Stated, kind: str) -> dict[str, str | bool]:
    """For a file: the mapping form, every digit kept."""
    out: dict[str, str | bool] = {
        "value": exact(stated.value, kind),
        "sd": exact(stated.sd, _spread_kind(kind)),
    }
    if stated.source:
        out["source"] = stated.source
    if stated.placeholder:
        out["placeholder"] = True
    return out
