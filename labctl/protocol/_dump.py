"""A plan as plain values: for the resolved copy in a record, and for its digest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labctl import limits
from labctl.protocol._conditions import Condition
from labctl.protocol._dump_conditions import plain_condition, time_text
from labctl.protocol._steps import (
    AddAgent,
    ApplyField,
    Assay,
    Baseline,
    Cool,
    Heat,
    HoldTemperature,
    Irradiate,
    Log,
    Prompt,
    Release,
    SetThermostat,
    Step,
    Wait,
)
from labctl.quantities import Kind, exact

if TYPE_CHECKING:
    from labctl.protocol._plan import Plan

SCHEMA = "labctl.protocol/1"


def resolved(plan: Plan) -> dict[str, Any]:
    """A protocol without references, repeats, sweeps and includes. `parameters` only tells what
    was taken, and `seed` what an order was drawn from."""
    out = what_is_done(plan)
    steps = out.pop("steps")
    if plan.seed is not None:
        out["seed"] = plan.seed
    if plan.parameters:
        out["parameters"] = {name: {"default": text} for name, text in plan.parameters.items()}
    return {**out, "steps": steps}


def what_is_done(plan: Plan) -> dict[str, Any]:
    """Everything that changes the run, and nothing else. Of a series: of every run of it."""
    if plan.samples:
        return {"schema": SCHEMA, "series": [what_is_done(one.plan) for one in plan.samples]}
    out: dict[str, Any] = {"schema": SCHEMA, "name": plan.name}
    if plan.title:
        out["title"] = plan.title
    out["needs"] = dict(plan.needs)
    out["limits"] = {
        limit.name: exact(value, limit.kind) for limit, value in limits.set_limits(plan.limits)
    }
    out["record"] = {"every": time_text(plan.period_ns)}
    out["steps"] = [{"name": step.name, step.verb: _step(step)} for step in plan.steps]
    return out


def _step(step: Step) -> dict[str, Any]:
    match step:
        case Baseline():
            body: dict[str, Any] = {"for": time_text(step.duration_ns)}
            if step.drift_k is not None:
                body["drift"] = exact(step.drift_k, Kind.TEMPERATURE_DIFFERENCE)
            return body
        case Irradiate():
            if step.irradiance_w_per_m2 is not None:
                strong = {"irradiance": exact(step.irradiance_w_per_m2, Kind.IRRADIANCE)}
            else:
                strong = {"power": exact(step.power_w, Kind.POWER)}
            return strong | _duration(step.until, step.at_most_ns, step.if_late)
        case Heat():
            power = {"power": exact(step.power_w, Kind.POWER)}
            return power | _duration(step.until, step.at_most_ns, step.if_late)
        case ApplyField():
            strength = {"field": exact(step.field_a_per_m, Kind.FIELD)}
            return strength | _duration(step.until, step.at_most_ns, step.if_late)
        case HoldTemperature():
            return _hold(step)
        case Cool():
            return _duration(step.until, step.at_most_ns, step.if_late)
        case Wait():
            return _wait(step)
        case Log():
            return {"at_most" if step.until_stopped else "for": time_text(step.at_most_ns)}
        case SetThermostat():
            return {
                "temperature": exact(step.temperature_degc, Kind.TEMPERATURE),
                "within": exact(step.within_k, Kind.TEMPERATURE_DIFFERENCE),
                "for": time_text(step.for_ns),
                "at_most": time_text(step.at_most_ns),
                "if_late": step.if_late,
            }
        case AddAgent():
            return {"agent": step.agent, **_added(step), "at_most": time_text(step.at_most_ns)}
        case Release():
            return _release(step)
        case Assay():
            body = {"species": list(step.species), "times": step.times}
            if step.every_ns is not None:
                body["every"] = time_text(step.every_ns)
            return {**body, "at_most": time_text(step.at_most_ns)}
        case Prompt():
            body = {"text": step.text}
            if step.at_most_ns is not None:
                body["at_most"] = time_text(step.at_most_ns)
            return body


def _hold(step: HoldTemperature) -> dict[str, Any]:
    ends = (step.low_degc, step.high_degc)
    return {
        "between": [exact(end, Kind.TEMPERATURE) for end in ends],
        "power_limit": exact(step.power_limit_w, Kind.POWER),
        "with": step.source,
        **_duration(step.until, step.at_most_ns, step.if_late),
    }


def _wait(step: Wait) -> dict[str, Any]:
    body = _duration(step.until, step.at_most_ns, step.if_late)
    if step.require is not None:
        body["require"] = plain_condition(step.require)
    if step.abort_if is not None:
        body["abort_if"] = plain_condition(step.abort_if)
    if step.assay_every_ns is not None:
        body["assay_every"] = time_text(step.assay_every_ns)
    return body


def _added(step: AddAgent) -> dict[str, str]:
    if step.volume_m3 is not None:
        return {"volume": exact(step.volume_m3, Kind.VOLUME)}
    if step.concentration_mol_per_m3 is not None:
        amount = exact(step.concentration_mol_per_m3, Kind.SUBSTANCE_CONCENTRATION)
        return {"concentration": amount}
    return {} if step.ph is None else {"pH": exact(step.ph, Kind.PH)}


def _release(step: Release) -> dict[str, Any]:
    stimulus = {}
    if step.ph is not None:
        stimulus["pH"] = exact(step.ph, Kind.PH)
    if step.glutathione_mol_per_m3 is not None:
        amount = exact(step.glutathione_mol_per_m3, Kind.SUBSTANCE_CONCENTRATION)
        stimulus["glutathione"] = amount
    if step.temperature_degc is not None:
        stimulus["temperature"] = exact(step.temperature_degc, Kind.TEMPERATURE)
    return {
        "species": list(step.species),
        "stimulus": stimulus,
        "at_most": time_text(step.at_most_ns),
    }


def _duration(until: Condition | None, at_most_ns: int, if_late: str) -> dict[str, Any]:
    if until is None:
        return {"for": time_text(at_most_ns)}
    return {"until": plain_condition(until), "at_most": time_text(at_most_ns), "if_late": if_late}
