"""A plan as plain values: for the resolved copy in a record, and for its digest."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from labctl import limits
from labctl.protocol._conditions import (
    Above,
    Condition,
    EfficiencyKnown,
    Elapsed,
    Steady,
    TimeConstants,
)
from labctl.protocol._steps import Baseline, Cool, Heat, Irradiate, Log, Step
from labctl.quantities import Kind, exact

if TYPE_CHECKING:
    from labctl.protocol._plan import Plan

SCHEMA = "labctl.protocol/1"


def resolved(plan: Plan) -> dict[str, Any]:
    """A protocol without references and repeats. `parameters` only tells what was taken."""
    out = what_is_done(plan)
    if not plan.parameters:
        return out
    parameters = {name: {"default": text} for name, text in plan.parameters.items()}
    steps = out.pop("steps")
    return {**out, "parameters": parameters, "steps": steps}


def what_is_done(plan: Plan) -> dict[str, Any]:
    """Everything that changes the run, and nothing else."""
    out: dict[str, Any] = {"schema": SCHEMA, "name": plan.name}
    if plan.title:
        out["title"] = plan.title
    out["needs"] = dict(plan.needs)
    out["limits"] = {
        limit.name: exact(value, limit.kind) for limit, value in limits.set_limits(plan.limits)
    }
    out["record"] = {"every": time_text(plan.period_ns)}
    out["steps"] = [_step(step) for step in plan.steps]
    return out


def time_text(t_ns: int) -> str:
    """Whole nanoseconds as seconds, every digit kept."""
    return f"{(Decimal(t_ns) / 1_000_000_000).normalize():f} s"


def _step(step: Step) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if isinstance(step, Baseline):
        body["for"] = time_text(step.duration_ns)
        if step.drift_k is not None:
            body["drift"] = exact(step.drift_k, Kind.TEMPERATURE_DIFFERENCE)
    elif isinstance(step, Irradiate):
        if step.irradiance_w_per_m2 is not None:
            body["irradiance"] = exact(step.irradiance_w_per_m2, Kind.IRRADIANCE)
        else:
            body["power"] = exact(step.power_w, Kind.POWER)
        body.update(_duration(step.until, step.at_most_ns, step.if_late))
    elif isinstance(step, Heat):
        body["power"] = exact(step.power_w, Kind.POWER)
        body.update(_duration(step.until, step.at_most_ns, step.if_late))
    elif isinstance(step, Cool):
        body.update(_duration(step.until, step.at_most_ns, step.if_late))
    elif isinstance(step, Log):
        body["at_most" if step.until_stopped else "for"] = time_text(step.at_most_ns)
    else:
        body["text"] = step.text
        if step.at_most_ns is not None:
            body["at_most"] = time_text(step.at_most_ns)
    return {"name": step.name, step.verb: body}


def _duration(until: Condition | None, at_most_ns: int, if_late: str) -> dict[str, Any]:
    if until is None:
        return {"for": time_text(at_most_ns)}
    return {"until": _condition(until), "at_most": time_text(at_most_ns), "if_late": if_late}


def _condition(condition: Condition) -> dict[str, Any]:
    if isinstance(condition, Steady):
        body = {
            "within": exact(condition.within_k, Kind.TEMPERATURE_DIFFERENCE),
            "for": time_text(condition.for_ns),
            "channel": condition.channel,
        }
        return {"steady": body}
    if isinstance(condition, Elapsed):
        return {"elapsed": time_text(condition.duration_ns)}
    if isinstance(condition, EfficiencyKnown):
        return {"efficiency_statistical": exact(condition.relative_sd, Kind.FRACTION)}
    if isinstance(condition, TimeConstants):
        return {"time_constants": condition.number}
    minus = condition.minus
    kind = Kind.TEMPERATURE if minus is None else Kind.TEMPERATURE_DIFFERENCE
    body = {
        "channel": condition.channel if minus is None else f"{condition.channel} - {minus}",
        "value": exact(condition.value, kind),
    }
    return {"above" if isinstance(condition, Above) else "below": body}
