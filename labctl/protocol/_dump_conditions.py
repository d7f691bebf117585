"""A condition as plain values that load to the same."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

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
from labctl.quantities import Kind, exact


def time_text(t_ns: int) -> str:
    """Whole nanoseconds as seconds, every digit kept."""
    return f"{(Decimal(t_ns) / 1_000_000_000).normalize():f} s"


def plain_condition(condition: Condition) -> dict[str, Any]:
    """`{above: {channel: probe, value: 43 degC}}`."""
    match condition:
        case Steady(channel, within_k, for_ns):
            body = {
                "within": exact(within_k, Kind.TEMPERATURE_DIFFERENCE),
                "for": time_text(for_ns),
                "channel": channel,
            }
            return {"steady": body}
        case Elapsed(duration_ns):
            return {"elapsed": time_text(duration_ns)}
        case EfficiencyKnown(relative_sd):
            return {"efficiency_statistical": exact(relative_sd, Kind.FRACTION)}
        case TimeConstants(number):
            return {"time_constants": number}
        case DoseReached(cem43_s):
            return {"cem43": exact(cem43_s, Kind.TIME)}
        case FluenceReached(fluence_j_per_m2):
            return {"fluence": exact(fluence_j_per_m2, Kind.FLUENCE)}
        case Released():
            return {"released": _released(condition)}
        case AnyOf(conditions):
            return {"any": [plain_condition(it) for it in conditions]}
        case AllOf(conditions):
            return {"all": [plain_condition(it) for it in conditions]}
        case Above():
            return {"above": _threshold(condition)}
        case Below():
            return {"below": _threshold(condition)}


def _released(condition: Released) -> dict[str, str]:
    out = {"species": condition.species}
    for name, value in (("at_least", condition.at_least), ("at_most", condition.at_most)):
        if value is not None:
            out[name] = exact(value, Kind.FRACTION)
    out["probability"] = exact(condition.probability, Kind.FRACTION)
    return out


def _threshold(condition: Above | Below) -> dict[str, str]:
    minus = condition.minus
    kind = Kind.TEMPERATURE if minus is None else Kind.TEMPERATURE_DIFFERENCE
    return {
        "channel": condition.channel if minus is None else f"{condition.channel} - {minus}",
        "value": exact(condition.value, kind),
    }
