"""Conditions that end a step: data, never an expression; frozen values, whole nanoseconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Steady:
    """The probe changes by no more than `within_k` over `for_ns`."""

    channel: str
    """Role, e.g. `probe`."""
    within_k: float
    for_ns: int


@dataclass(frozen=True, slots=True)
class Above:
    """A temperature, or the difference of two, is above a value."""

    channel: str
    """Role, e.g. `probe`."""
    minus: str | None
    """Role subtracted, e.g. `ambient`; then `value` is in K, else in degC."""
    value: float


@dataclass(frozen=True, slots=True)
class Below:
    """A temperature, or the difference of two, is below a value."""

    channel: str
    """Role, e.g. `probe`."""
    minus: str | None
    """Role subtracted, e.g. `ambient`; then `value` is in K, else in degC."""
    value: float


@dataclass(frozen=True, slots=True)
class Elapsed:
    """So much time of the step has passed."""

    duration_ns: int


@dataclass(frozen=True, slots=True)
class EfficiencyKnown:
    """The efficiency's deviation without the inputs is at most this, and all checks hold."""

    relative_sd: float


@dataclass(frozen=True, slots=True)
class TimeConstants:
    """So many time constants of the cell, as found so far, have passed in this step."""

    number: int


@dataclass(frozen=True, slots=True)
class DoseReached:
    """The probed liquid's CEM43, counted from the beginning of this run, has reached a value."""

    cem43_s: float
    """Equivalent seconds at 43 degC."""


@dataclass(frozen=True, slots=True)
class FluenceReached:
    """Energy over area at the sample, counted over this step, has reached a value."""

    fluence_j_per_m2: float


@dataclass(frozen=True, slots=True)
class Released:
    """The released fraction of a species is above or below a value with a probability, by all that
    was measured of it so far. Exactly one of the two bounds is given."""

    species: str
    """E.g. `quinidine`."""
    at_least: float | None
    """Fraction of what was loaded."""
    at_most: float | None
    probability: float


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of these is met."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of these are met at the same look."""

    conditions: tuple[Condition, ...]


Simple: TypeAlias = (
    Steady
    | Above
    | Below
    | Elapsed
    | EfficiencyKnown
    | TimeConstants
    | DoseReached
    | FluenceReached
    | Released
)
"""A condition that holds no others."""

Condition: TypeAlias = Simple | AnyOf | AllOf


def simple_parts(condition: Condition | None) -> Iterator[Simple]:
    """Every condition inside of one, itself when it holds no others; nothing of None."""
    if isinstance(condition, AnyOf | AllOf):
        for part in condition.conditions:
            yield from simple_parts(part)
    elif condition is not None:
        yield condition
