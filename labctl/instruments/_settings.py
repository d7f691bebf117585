"""What a bench file says under `settings:` for one instrument, read by its driver.

A driver declares its keys in `DriverSpec.settings`; any other key is refused with a suggestion.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from labctl.errors import InputError
from labctl.instruments._capabilities import DriverSpec
from labctl.quantities import QuantityError, parse


class Settings:
    """Reads settings one by one; every method raises InputError with key, seen and allowed."""

    def __init__(self, spec: DriverSpec, given: Mapping[str, Any]) -> None:
        self._spec = spec
        self._given = given
        for key in given:
            if key not in spec.settings:
                near = difflib.get_close_matches(str(key), spec.settings, n=1)
                hint = f"Did you mean {near[0]!r}? " if near else ""
                known = ", ".join(spec.settings) or "none"
                raise InputError(
                    f"{spec.name} has no setting {key!r}", fix=f"{hint}It has: {known}."
                )

    def choice(self, key: str, allowed: Sequence[str], default: str) -> str:
        """One of a few words."""
        value = self._given.get(key, default)
        if value not in allowed:
            raise self.wrong(key, f"one of {', '.join(allowed)}")
        return str(value)

    def integer(self, key: str, low: int, high: int, default: int) -> int:
        """A whole number, limits included."""
        value = self._given.get(key, default)
        if type(value) is not int or not low <= value <= high:
            raise self.wrong(key, f"a whole number from {low} to {high}")
        return value

    def number(self, key: str, allowed: Sequence[float], default: float) -> float:
        """One of a few plain numbers."""
        value = self._given.get(key, default)
        if type(value) not in (int, float) or value not in allowed:
            raise self.wrong(key, f"one of {', '.join(f'{n:g}' for n in allowed)}")
        return float(value)

    def quantity(self, key: str, kind: str, low: float, high: float) -> float | None:
        """A number with its unit, in SI; None when the key is not there."""
        value = self._given.get(key)
        if value is None:
            return None
        try:
            quantity = parse(str(value), kind)
        except QuantityError as error:
            raise self.wrong(key, f"a {kind}: {error.what}. {error.fix}") from error
        if not low <= quantity <= high:
            raise self.wrong(key, f"a {kind} from {low:g} to {high:g} in SI units")
        return quantity

    def items(self, key: str) -> list[Any] | None:
        """A list with something in it; None when the key is not there."""
        value = self._given.get(key)
        if value is None:
            return None
        if not isinstance(value, list | tuple) or not value:
            raise self.wrong(key, "a list with something in it")
        return list(value)

    def wrong(self, key: str, allowed: str) -> InputError:
        """The error for a value of `key` that cannot be taken."""
        return InputError(
            f"{self._spec.name}: setting {key!r} is {self._given.get(key)!r}",
            fix=f"Write {allowed} ({self._spec.settings[key]}).",
        )
