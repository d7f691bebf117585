"""What a file states, in the units that people say: `0.000001 m^3` is 1 mL."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NUMBER = re.compile(r"([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)(?: (.+))?")
_SCALES: dict[str, tuple[tuple[float, str], ...]] = {
    "m^3": ((1e-3, "L"), (1e-6, "mL"), (1e-9, "µL")),
    "m^2": ((1e-4, "cm²"), (1e-6, "mm²")),
    "m": ((1.0, "m"), (1e-3, "mm"), (1e-6, "µm"), (1e-9, "nm")),
    "mol/m^3": ((1.0, "mmol/L"), (1e-3, "µmol/L")),
    "W/K": ((1.0, "W/K"), (1e-3, "mW/K")),
    "m^2/kg": ((100.0, "L/(g cm)"),),
    "W/m^2": ((1e4, "W/cm²"),),
    "degC": ((1.0, "°C"),),
}
"""SI unit -> (SI of one, unit), the largest first; 1 L/(g cm) is 100 m^2/kg."""


def friendly(text: object, like: str = "") -> str:
    """One stated quantity in a unit that people say; `like` names that unit where it is known.
    What is no such quantity comes back as it is."""
    found = _NUMBER.fullmatch(str(text))
    if found is None or found[2] not in _SCALES:
        return str(text)
    value, scales = float(found[1]), _SCALES[found[2]]
    size, unit = next(
        ((size, unit) for size, unit in scales
         if unit == like or (not like and abs(value) >= size * 0.9999)),
        scales[-1],
    )  # fmt: skip
    return f"{value / size:.6g} {unit}"


def stated(entry: object) -> str:
    """`1 mL (± 0.01 mL; calibrated pipette)` of a value as a file states it; '' for none."""
    if not isinstance(entry, Mapping):
        return "" if entry is None else friendly(entry)
    if entry.get("value") is None:
        return ""
    value = friendly(entry["value"])
    unit = value.partition(" ")[2]
    extra = [
        f"± {friendly(entry['sd'], unit)}" if entry.get("sd") is not None else "",
        str(entry.get("source") or ""),
        "placeholder" if entry.get("placeholder") else "",
    ]
    told = "; ".join(filter(None, extra))
    return f"{value} ({told})" if told else value
