"""Numbers with units, in a closed grammar: `1.0 W`, `808 nm`, `1 W/cm^2`, `43 degC`.

`number [space] unit`, decimal point only, the unit from a closed list per kind. Values are SI
inside; temperatures stay in degC, because the field insists on it.
"""

from labctl.quantities._format import exact, format
from labctl.quantities._parse import OUT_OF_RANGE, Quantity, QuantityError, parse, parse_any
from labctl.quantities._stated import (
    Stated,
    exact_stated,
    format_stated,
    parse_stated,
    stated_texts,
)
from labctl.quantities._units import Kind, kind_of_unit, pattern, units_of

__all__ = [
    "OUT_OF_RANGE",
    "Kind",
    "Quantity",
    "QuantityError",
    "Stated",
    "exact",
    "exact_stated",
    "format",
    "format_stated",
    "kind_of_unit",
    "parse",
    "parse_any",
    "parse_stated",
    "pattern",
    "stated_texts",
    "units_of",
]
