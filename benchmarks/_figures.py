"""A figure: a number with its unit, what it is measured beside, its goal, whether that holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a benchmark."""

    name: str
    value: float
    unit: str
    profile: str
    """`short` or `full`."""
    beside: str = ""
    """The peer or limit it is measured beside, with its own figure."""
    goal: str = ""
    """In words, '' where there is none."""
    holds: bool | None = None
    """Whether the goal holds; None without a goal."""


Benchmark = Callable[[str], Iterable[Figure]]
"""Takes the profile, yields figures as they are measured."""


def line(figure: Figure) -> str:
    """The figure as one line for people."""
    mark = {True: "holds", False: "MISSED", None: ""}[figure.holds]
    value = f"{figure.value:,.4g} {figure.unit}"
    parts = [f"{figure.name:<52} {value:>18}"]
    if figure.beside:
        parts.append(f"beside {figure.beside}")
    if figure.goal:
        parts.append(f"goal {figure.goal}: {mark}")
    return "  ".join(parts) + f"  [{figure.profile}]"


def json_line(figure: Figure) -> str:
    """The figure as one JSON object."""
    return json.dumps(asdict(figure))
