"""Numbers for people, each with the journal's own number beside it in the page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from labctl.report._html import tag
from labctl.report._sound import number

_SHOWN: dict[str, tuple[float, str]] = {
    "degC": (1.0, "°C"),
    "W/K": (1e3, "mW/K"),
    "K2/s": (1.0, "K²/s"),
    "J/m2": (1e-4, "J/cm²"),
    "W/m2": (1e-4, "W/cm²"),
    "W/kg": (1e-3, "W/g"),
    "H m^2/kg": (1e9, "nH m²/kg"),
    "m2": (1e4, "cm²"),
}
"""Unit in a record -> factor and unit for people."""
NARROW = "\u202f"


def shown_unit(unit: str) -> tuple[float, str]:
    """Factor and unit that a person is shown."""
    return _SHOWN.get(unit, (1.0, unit))


def sd_of(result: Mapping[str, Any]) -> float | None:
    """One standard deviation in all: of statistics and inputs, else a quarter of the interval."""
    parts = [number(result.get(key)) for key in ("sd_statistical", "sd_inputs")]
    known = [part for part in parts if part]
    if known:
        return math.hypot(*known)
    low, high = number(result.get("low")), number(result.get("high"))
    return (high - low) / 4 if low is not None and high is not None and high > low else None


def rounded(value: float, sd: float | None) -> str:
    """`value` with the decimals that two digits of `sd` bear; without one, four digits."""
    if sd is None or not sd > 0:
        return f"{value:.4g}"
    if sd > 0 and abs(value) > 0 and (abs(sd) < 1e-4 or abs(value) >= 1e6):
        return f"{value:.3g}"
    places = 1 - int(f"{sd:.1e}".partition("e")[2])
    return f"{round(value, places) + 0.0:.{max(places, 0)}f}"


def cell(value: object, unit: str, sd: float | None) -> Element | str:
    """A number for people in a `data` element that has the record's own number; a dash for none."""
    found = number(value)
    if found is None:
        return "–"
    factor, _ = shown_unit(unit)
    text = rounded(found * factor, None if sd is None else sd * factor)
    return tag("data", text, value=repr(value))


def span(result: Mapping[str, Any], sd: float | None) -> Element | str:
    """`0.457 to 0.533`, or a dash."""
    unit = str(result.get("unit", ""))
    low, high = (cell(result.get(key), unit, sd) for key in ("low", "high"))
    if isinstance(low, str) or isinstance(high, str):
        return "–"
    return tag("span", low, " to ", high)


def words(result: Mapping[str, Any]) -> str:
    """`0.495 (95 % interval 0.457 to 0.533)` with its unit, as text."""
    unit, sd = str(result.get("unit", "")), sd_of(result)
    factor, shown = shown_unit(unit)
    value = number(result.get("value"))
    if value is None:
        return "no number"
    scaled = None if sd is None else sd * factor
    low, high = number(result.get("low")), number(result.get("high"))
    text = rounded(value * factor, scaled)
    if low is not None and high is not None and high > low:
        ends = f"{rounded(low * factor, scaled)} to {rounded(high * factor, scaled)}"
        text += f" (95 % interval {ends})"
    return f"{text} {shown}".rstrip()


def clock(t_s: float) -> str:
    """Time since the run began, `0:01:05`."""
    whole = int(t_s)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def length(seconds: float) -> str:
    """`45 s`, `10 min`, `2 h 05 min`."""
    whole = round(seconds)
    if whole < 120:
        return f"{seconds:.4g} s"
    if whole < 7200:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600} h {whole // 60 % 60:02d} min"
