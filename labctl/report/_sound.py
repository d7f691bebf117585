"""What a journal says of results, with only numbers where numbers belong.

A line of a journal is checked by its hash, not by its sense: one made by another program may hold
anything. A report of it is still made, and tells what it left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labctl.record import finite

_NUMBERS = ("value", "low", "high", "sd", "sd_statistical", "sd_inputs", "lit_s", "fraction")
_LARGEST = 1e60
"""Nothing that is measured is larger; sums of squares stay finite."""


def number(value: object) -> float | None:
    """A finite number of a size that something has, or None."""
    found = finite(value)
    return found if found is not None and abs(found) <= _LARGEST else None


def sound(results: object, trouble: list[str]) -> dict[str, dict[str, Any]]:
    """Name -> entry, with what is no number where one belongs left out and told in `trouble`."""
    if not isinstance(results, Mapping):
        trouble.append("results that are no table are left out")
        return {}
    kept: dict[str, dict[str, Any]] = {}
    for name, entry in results.items():
        if not isinstance(entry, Mapping):
            trouble.append(f"{name}: it has no value and is left out")
            continue
        kept[str(name)] = {}
        for key, value in entry.items():
            if key in _NUMBERS and value is not None and number(value) is None:
                trouble.append(f"{name}: its {key} is no number and is left out")
            else:
                kept[str(name)][str(key)] = value
    return kept
