"""What a plan lights, against the limits of its bench and its own."""

from __future__ import annotations

import dataclasses

from labctl import clock, limits
from labctl.bench import BenchFile
from labctl.errors import RefusedError
from labctl.events import LASER, SOURCES
from labctl.limits import Limits
from labctl.protocol._plan import Plan
from labctl.protocol._steps import ApplyField, HoldTemperature, Irradiate, Lit, most_power_w
from labctl.quantities import Kind, format
from labctl.yamlfile import Reader

_ROOM_K = 1.0
"""A band this close to the limit would be ended by the noise of the probe."""


def check_light(plan: Plan, bench: BenchFile, reader: Reader) -> None:
    """Power, exposure and energy against the tighter of the bench's and the protocol's limits."""
    hard = effective(plan, bench)
    energy_j = 0.0
    for step, lit_ns in plan.emissions():
        if isinstance(step, Irradiate | ApplyField) and step.stated_power_w is None:
            continue
        if isinstance(step, HoldTemperature):
            _check_band(step, plan, bench, hard, reader)
        strong = plan.mark(
            *(f"{step.path}.{key}" for key in ("power", "irradiance", "power_limit", "field")),
            step.path,
        )
        most_w, owner = _most_power(step, plan, bench, hard)
        power_w = most_power_w(step)
        if isinstance(step, ApplyField):
            _check_field(step, plan, bench, reader)
        elif most_w is not None and power_w > most_w:
            reader.add(
                strong,
                "P050",
                f"{format(power_w, Kind.POWER)} is above the limit of {owner}, "
                f"{format(most_w, Kind.POWER)}",
                f"Ask for at most {format(most_w, Kind.POWER)}.",
            )
        length = plan.mark(f"{step.path}.for", f"{step.path}.at_most", step.path)
        if hard.exposure_s is not None and lit_ns > clock.ns(hard.exposure_s):
            reader.add(
                length,
                "P050",
                f"an emission of {format(lit_ns / clock.NS, Kind.TIME)} is longer than "
                f"the limit of {whose(plan, bench, 'exposure_s')}, "
                f"{format(hard.exposure_s, Kind.TIME)}",
                "Make the step shorter.",
            )
        energy_j += step.energy_j
        if hard.energy_j is not None and energy_j > hard.energy_j:
            reader.add(
                strong,
                "P050",
                f"up to here the run may give {format(energy_j, Kind.ENERGY)}, more than the "
                f"limit of {whose(plan, bench, 'energy_j')}, "
                f"{format(hard.energy_j, Kind.ENERGY)}",
                "Less power, shorter steps or fewer cycles.",
            )
            break
    if bench.limits.total_s is not None and plan.at_most_ns > clock.ns(bench.limits.total_s):
        reader.add(
            plan.mark("limits.total"),
            "P050",
            f"the run may take {format(plan.at_most_ns / clock.NS, Kind.TIME)}, longer than the "
            f"limit of bench '{bench.name}', {format(bench.limits.total_s, Kind.TIME)}",
            "Make it shorter.",
        )
    for role in SOURCES:
        if plan.needs.get(role, "manual") != "manual" and role in bench.roles:
            _check_can_arm(plan, bench, role, reader)


def _most_power(step: Lit, plan: Plan, bench: BenchFile, hard: Limits) -> tuple[float | None, str]:
    """The limit of a step's power, and whose it is: the resistor has one of its own, which the
    protocol's may tighten."""
    if step.source == LASER:
        return hard.power_w, whose(plan, bench, "power_w")
    own, asked = None if bench.heater is None else bench.heater.max_power_w, plan.limits.power_w
    if asked is not None and (own is None or asked < own):
        return asked, "this protocol"
    return own, f"the heater of bench '{bench.name}'"


def _check_field(step: ApplyField, plan: Plan, bench: BenchFile, reader: Reader) -> None:
    """A coil's limit is a field; the protocol's `power` may tighten what its supply gives."""
    mark = plan.mark(f"{step.path}.field", step.path)
    most, asked = None if bench.coil is None else bench.coil.max_field_a_per_m, plan.limits.power_w
    if most is not None and step.field_a_per_m > most:
        reader.add(
            mark,
            "P050",
            f"{format(step.field_a_per_m, Kind.FIELD)} is above the limit of the coil of bench "
            f"'{bench.name}', {format(most, Kind.FIELD)}",
            f"Ask for at most {format(most, Kind.FIELD)}.",
        )
    elif asked is not None and step.power_w > asked:
        reader.add(
            mark,
            "P050",
            f"{format(step.field_a_per_m, Kind.FIELD)} takes {format(step.power_w, Kind.POWER)} of "
            f"the coil's supply, above the limit of this protocol, {format(asked, Kind.POWER)}",
            "Ask for less field, or raise `power` under `limits`.",
        )


def _check_band(
    step: HoldTemperature, plan: Plan, bench: BenchFile, hard: Limits, reader: Reader
) -> None:
    """The whole band lies below what trips the guard, with room for the probe's noise."""
    cap = hard.temperature_degc
    if cap is not None and step.high_degc + _ROOM_K > cap:
        reader.add(
            plan.mark(f"{step.path}.between", step.path),
            "P050",
            f"the band ends at {format(step.high_degc, Kind.TEMPERATURE)}, and the limit of "
            f"{whose(plan, bench, 'temperature_degc')} is {format(cap, Kind.TEMPERATURE)}: the "
            "guard would end what is held",
            f"Let the band end {_ROOM_K:g} K below the limit or lower.",
        )


def effective(plan: Plan, bench: BenchFile) -> Limits:
    """The tighter of both, also where the protocol's is (wrongly) looser."""
    looser = {limit.field: None for limit in limits.loosened(bench.limits, plan.limits)}
    return limits.tighten(bench.limits, dataclasses.replace(plan.limits, **looser))


def whose(plan: Plan, bench: BenchFile, field: str) -> str:
    own, hard = getattr(plan.limits, field), getattr(bench.limits, field)
    if own is not None and (hard is None or own < hard):
        return "this protocol"
    return f"bench '{bench.name}'"


def _check_can_arm(plan: Plan, bench: BenchFile, role: str, reader: Reader) -> None:
    try:
        bench.guard_spec(source=role)
    except RefusedError as error:
        reader.add(plan.mark(f"needs.{role}"), "P052", error.what, error.fix)
