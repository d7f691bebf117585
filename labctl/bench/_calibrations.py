"""The calibrations that a bench file states: each with its date, how it was made, and its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_WORDS = {
    "power_at_sample": "power at the sample",
    "pick_off": "pick-off of the power meter",
    "heater": "calibration resistor",
    "coil": "field of the coil",
    "spot_area": "spot area",
    "vessel": "vessel",
}


@dataclass(frozen=True, slots=True)
class Calibrated:
    """When and how one thing was measured."""

    date: str
    method: str = ""
    expires: str = ""
    """The last day on which it is taken without a warning; empty where the file does not say."""
    collimator: str = ""
    """Of power at the sample: with which it holds."""


@dataclass(frozen=True, slots=True)
class Offset:
    """What a thermocouple reads too high, at a reference."""

    offset_k: float
    deviation_k: float
    """One standard deviation."""
    reference: str
    date: str
    expires: str = ""


def expired(
    calibrated: Mapping[str, Calibrated], offsets: Mapping[str, Offset], day: str
) -> list[str]:
    """One line for each that has ended by this day (`2026-01-31`), for a person who may use it all
    the same: what it is uncertain by is no longer known."""
    return [
        f"EXPIRED on {end}: calibration of {what}, of {date}{how}"
        for what, date, end, how in _all(calibrated, offsets)
        if end and end < day
    ]


def plain_calibrated(one: Calibrated | None) -> dict[str, Any]:
    """As the file says it, beside the date."""
    if one is None:
        return {}
    told = {"method": one.method, "expires": one.expires, "collimator": one.collimator}
    return {key: value for key, value in told.items() if value}


def _all(
    calibrated: Mapping[str, Calibrated], offsets: Mapping[str, Offset]
) -> Iterator[tuple[str, str, str, str]]:
    for key, one in calibrated.items():
        how = f", {one.method}" if one.method else ""
        of = f" ({one.collimator})" if one.collimator else ""
        yield _WORDS.get(key, key) + of, one.date, one.expires, how
    for role, offset in offsets.items():
        yield f"{role}'s offset", offset.date, offset.expires, f", {offset.reference}"
