"""What a plan will do when: earliest beginnings, worst case, laser energy. No hardware touched."""

from __future__ import annotations

from dataclasses import dataclass

from labctl.events import LASER
from labctl.protocol._conditions import (
    AllOf,
    AnyOf,
    Condition,
    EfficiencyKnown,
    Elapsed,
    Steady,
)
from labctl.protocol._plan import Plan
from labctl.protocol._steps import (
    AddAgent,
    ApplyField,
    Assay,
    Heat,
    HoldTemperature,
    Irradiate,
    Lit,
    Prompt,
    Release,
    SetThermostat,
    Step,
    most_power_w,
)

LEAST_LIGHT_NS = 60_000_000_000
"""No heating ends on its efficiency before this, see `labctl.photothermal.StoppingRule`."""


BEGIN_AND_END_NS = 5_000_000_000
"""To begin and to end a run: first readings, bath and pump stopped, off read back."""
LIGHTING_NS = 2_000_000_000
"""To arm a source, to light it and to read back that it is off, besides its warning."""


@dataclass(frozen=True, slots=True)
class Row:
    """One step of the timeline."""

    index: int
    verb: str
    name: str
    start_ns: int
    """Earliest beginning: every step before it as short as it can be."""
    latest_ns: int
    """Latest beginning, without the time that prompts without a bound take."""
    at_most_ns: int | None
    """None for a prompt that waits as long as it takes."""
    power_w: float | None
    """Power at the sample, in the resistor, or of the coil's supply, of a hold the most that it may
    give; None in the dark, or while irradiance or field has met no bench."""
    energy_j: float
    """Most energy of the laser at the sample, or of the resistor, in this step."""
    until: Condition | None = None


def timeline(plan: Plan) -> tuple[Row, ...]:
    """The plan's steps with their times."""
    rows = []
    start_ns = latest_ns = 0
    for step in plan.steps:
        lit: Lit | None = None
        if isinstance(step, Heat | HoldTemperature) or (
            isinstance(step, Irradiate | ApplyField) and step.stated_power_w is not None
        ):
            lit = step
        rows.append(
            Row(
                index=step.index,
                verb=step.verb,
                name=step.name,
                start_ns=start_ns,
                latest_ns=latest_ns,
                at_most_ns=step.at_most_ns,
                power_w=most_power_w(lit) if lit else None,
                energy_j=lit.energy_j if lit else 0.0,
                until=getattr(step, "until", None),
            )
        )
        start_ns += _shortest_ns(step)
        latest_ns += step.at_most_ns or 0
    return tuple(rows)


def worst_case_ns(plan: Plan, warning_s: float = 0.0) -> int:
    """No run of the plan takes longer, from its first reading to its end: the steps' longest times,
    with what goes before and after them. `warning_s` is how long the bench warns before laser
    light. What a person takes is in none of it: to answer, to be there, to arm at the bench."""
    begun = [step for step, lit_ns in plan.emissions() if lit_ns == step.at_most_ns]
    warned = sum(step.source == LASER for step in begun)
    runs = max(1, len(plan.samples))
    lighting_ns = len(begun) * LIGHTING_NS + round(warned * warning_s * 1e9)
    return plan.at_most_ns + runs * BEGIN_AND_END_NS + lighting_ns


def _shortest_ns(step: Step) -> int:
    match step:
        case Prompt() | AddAgent() | Release():
            return 0
        case SetThermostat():
            return step.for_ns
        case Assay():
            return (step.times - 1) * (step.every_ns or 0)
    condition = getattr(step, "until", None)
    if condition is None:
        return step.at_most_ns
    return min(step.at_most_ns, _soonest_ns(condition))


def _soonest_ns(condition: Condition) -> int:
    """No sooner than this after its step's beginning can the condition be met."""
    match condition:
        case Steady():
            return condition.for_ns
        case Elapsed():
            return condition.duration_ns
        case EfficiencyKnown():
            return LEAST_LIGHT_NS
        case AnyOf():
            return min(map(_soonest_ns, condition.conditions))
        case AllOf():
            return max(map(_soonest_ns, condition.conditions))
    return 0
