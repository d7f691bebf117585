"""Units as people write them behind the name of a column."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a column is to an analysis."""

    TIME = "time"
    TEMPERATURE = "temperature"
    AMBIENT = "ambient"
    LIGHT = "light"
    POWER = "power"
    IRRADIANCE = "irradiance"


UNITS: dict[str, tuple[Role, float, float]] = {
    "s": (Role.TIME, 1.0, 0.0), "sec": (Role.TIME, 1.0, 0.0), "secs": (Role.TIME, 1.0, 0.0),
    "second": (Role.TIME, 1.0, 0.0), "seconds": (Role.TIME, 1.0, 0.0),
    "ms": (Role.TIME, 1e-3, 0.0), "us": (Role.TIME, 1e-6, 0.0),
    "min": (Role.TIME, 60.0, 0.0), "mins": (Role.TIME, 60.0, 0.0),
    "minute": (Role.TIME, 60.0, 0.0), "minutes": (Role.TIME, 60.0, 0.0),
    "h": (Role.TIME, 3600.0, 0.0), "hr": (Role.TIME, 3600.0, 0.0),
    "hour": (Role.TIME, 3600.0, 0.0), "hours": (Role.TIME, 3600.0, 0.0),
    "c": (Role.TEMPERATURE, 1.0, 0.0), "degc": (Role.TEMPERATURE, 1.0, 0.0),
    "celsius": (Role.TEMPERATURE, 1.0, 0.0),
    "k": (Role.TEMPERATURE, 1.0, -273.15), "kelvin": (Role.TEMPERATURE, 1.0, -273.15),
    "f": (Role.TEMPERATURE, 1.0 / 1.8, -32.0 / 1.8),
    "degf": (Role.TEMPERATURE, 1.0 / 1.8, -32.0 / 1.8),
    "fahrenheit": (Role.TEMPERATURE, 1.0 / 1.8, -32.0 / 1.8),
    "w": (Role.POWER, 1.0, 0.0), "mw": (Role.POWER, 1e-3, 0.0), "watt": (Role.POWER, 1.0, 0.0),
    "watts": (Role.POWER, 1.0, 0.0),
    "w/cm2": (Role.IRRADIANCE, 1e4, 0.0), "mw/cm2": (Role.IRRADIANCE, 10.0, 0.0),
    "w/m2": (Role.IRRADIANCE, 1.0, 0.0), "w/mm2": (Role.IRRADIANCE, 1e6, 0.0),
}  # fmt: skip
"""Unit as written, lower case -> what it is of, factor and offset to s, degC, W, W/m2."""


def normal(unit: str) -> str:
    """A unit as the keys of UNITS are written."""
    unit = unit.strip().lower().replace("²", "2").replace("^", "").replace("µ", "u")
    unit = unit.replace("º", "°").replace("° ", "°").replace("deg ", "deg").replace(" ", "")
    if unit in ("°c", "°f"):
        return f"deg{unit[1]}"
    return unit.replace("·", "").replace("*", "").replace("cm-2", "/cm2").replace("//", "/")


def is_unit(text: str) -> bool:
    """True for a unit that is known here, in brackets or not."""
    return normal(text.strip("[]() ")) in UNITS
