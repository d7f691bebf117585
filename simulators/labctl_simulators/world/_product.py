"""A factor that several causes put their hand on, each able to take its own away again."""

from __future__ import annotations

from collections.abc import Callable
from math import prod


class Product:
    """Starts at 1."""

    __slots__ = ("_parts", "value")

    def __init__(self) -> None:
        self.value = 1.0
        self._parts: list[float] = []

    def put(self, factor: float) -> Callable[[], None]:
        """Multiply by `factor`; returns what takes it back."""
        self._parts.append(factor)
        self.value = prod(self._parts)

        def take() -> None:
            self._parts.remove(factor)
            self.value = prod(self._parts)

        return take
