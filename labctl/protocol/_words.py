"""Conditions in words, for a plan's table, a run's notes and what a gate says."""

from __future__ import annotations

from labctl.protocol._conditions import (
    Above,
    AllOf,
    AnyOf,
    Below,
    Condition,
    DoseReached,
    EfficiencyKnown,
    Elapsed,
    FluenceReached,
    Released,
    Steady,
    TimeConstants,
)
from labctl.quantities import Kind, format


def words(condition: Condition) -> str:
    """A clause that can be true or not: `probe is above 43 degC`."""
    match condition:
        case Steady(channel, within_k, for_ns):
            return f"{channel} is steady within {within_k:g} K over {_time(for_ns)}"
        case Elapsed(duration_ns):
            return f"{_time(duration_ns)} have passed"
        case EfficiencyKnown(relative_sd):
            return f"the efficiency is known to {relative_sd * 100.0:g} % without the inputs"
        case TimeConstants(number):
            some = "s have" if number > 1 else " has"
            return f"{number} time constant{some} passed"
        case DoseReached(cem43_s):
            return f"the dose is {format(cem43_s, Kind.TIME)} at 43 degC"
        case FluenceReached(fluence_j_per_m2):
            return f"the fluence is {format(fluence_j_per_m2, Kind.FLUENCE)}"
        case Released():
            return _released(condition)
        case AnyOf(conditions):
            return _joined(conditions, " or ")
        case AllOf(conditions):
            return _joined(conditions, " and ")
        case Above() | Below():
            side = "above" if isinstance(condition, Above) else "below"
            if condition.minus:
                return f"{condition.channel} - {condition.minus} is {side} {condition.value:g} K"
            return f"{condition.channel} is {side} {condition.value:g} degC"


def _released(condition: Released) -> str:
    least = condition.at_least is not None
    bound = condition.at_least if least else condition.at_most
    return (
        f"{condition.species} is released to at {'least' if least else 'most'} "
        f"{100.0 * (bound or 0.0):g} % with a probability of {100.0 * condition.probability:g} %"
    )


def _joined(conditions: tuple[Condition, ...], word: str) -> str:
    parts = [f"({words(it)})" if isinstance(it, AnyOf | AllOf) else words(it) for it in conditions]
    return word.join(parts)


def _time(t_ns: int) -> str:
    return format(t_ns / 1e9, Kind.TIME)
