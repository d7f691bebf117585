"""A plan on a bench: what the bench lacks, what it does not allow, irradiance to power."""

from __future__ import annotations

import dataclasses

from labctl import clock, limits
from labctl.bench import BenchFile
from labctl.errors import InputError, RefusedError
from labctl.instruments import driver
from labctl.limits import Limits
from labctl.protocol._plan import Plan
from labctl.protocol._steps import Heat, Irradiate, Step
from labctl.quantities import Kind, format, format_stated
from labctl.sample import Specimen
from labctl.yamlfile import Mark, Reader

_CAPABILITY = {
    "laser": "source",
    "heater": "source",
    "thermometer": "thermometer",
    "power_meter": "power_meter",
}
"""What a protocol calls it -> what a driver declares."""

_ALWAYS_READ = ("probe", "probe2", "ambient", "meter")
"""Roles that are read when the bench has them, needed or not."""

_SAME_WAVELENGTH_M = 5e-9
_SAME_PATH = 0.01


def bind(plan: Plan, bench: BenchFile, specimen: Specimen | None = None) -> Plan:
    """The plan as this bench carries it out; raises InputError with every problem."""
    reader = Reader()
    bound = bind_into(plan, bench, specimen, reader)
    reader.raise_any(f"{plan.name} cannot run on bench {bench.name}")
    return bound


def bind_into(plan: Plan, bench: BenchFile, specimen: Specimen | None, reader: Reader) -> Plan:
    """The same, with the problems told to `reader`."""
    _check_needs(plan, bench, reader)
    for limit in limits.loosened(bench.limits, plan.limits):
        hard = limits.value_of(bench.limits, limit) or 0.0
        reader.add(
            plan.mark(f"limits.{limit.name}"),
            "P053",
            f"this limit is looser than the bench's, {format(hard, limit.kind)}",
            "A protocol may only tighten the limits of a bench.",
        )
    bound = dataclasses.replace(
        plan, steps=tuple(_with_power(step, plan, bench, reader) for step in plan.steps)
    )
    _check_light(bound, bench, reader)
    _check_period(plan, bench, reader)
    if specimen is not None:
        _check_sample(specimen, bench, reader)
        _check_liquid(specimen, plan, bench, reader)
    return bound


def _check_needs(plan: Plan, bench: BenchFile, reader: Reader) -> None:
    for role, capability in plan.needs.items():
        if capability == "manual":
            continue
        mark = plan.mark(f"needs.{role}")
        found = bench.roles.get(role)
        if found is None:
            reader.add(
                mark,
                "P052",
                f"bench '{bench.name}' has no {role}",
                f"It has: {', '.join(bench.roles)}. Take another bench with --bench.",
            )
            continue
        name = bench.instruments[found.instrument].driver
        try:
            able = driver(name).spec.capabilities
        except InputError as error:
            reader.add(Mark(bench.source_file), "P060", error.what, error.fix)
            continue
        if _CAPABILITY[capability] not in able:
            reader.add(
                mark,
                "P052",
                f"the {role} of bench '{bench.name}' is a {name}, which is no {capability}",
                "Mend `roles` in the bench file.",
            )


def _with_power(step: Step, plan: Plan, bench: BenchFile, reader: Reader) -> Step:
    if not isinstance(step, Irradiate) or step.irradiance_w_per_m2 is None:
        return step
    if bench.spot_area is None:
        reader.add(
            plan.mark(f"{step.path}.irradiance", step.path),
            "P051",
            f"bench '{bench.name}' states no spot area, so an irradiance says no power",
            "Add `spot_area` to the bench file, or write the step with `power`.",
        )
        return step
    return dataclasses.replace(
        step, stated_power_w=step.irradiance_w_per_m2 * bench.spot_area.value
    )


def _check_light(plan: Plan, bench: BenchFile, reader: Reader) -> None:
    """Power, exposure and energy against the tighter of the bench's and the protocol's limits."""
    hard = _effective(plan, bench)
    energy_j = 0.0
    for step in plan.steps:
        if not isinstance(step, Irradiate | Heat):
            continue
        if isinstance(step, Irradiate) and step.stated_power_w is None:
            continue
        strong = plan.mark(f"{step.path}.power", f"{step.path}.irradiance", step.path)
        most_w, whose = _most_power(step, plan, bench, hard)
        if most_w is not None and step.power_w > most_w:
            reader.add(
                strong,
                "P050",
                f"{format(step.power_w, Kind.POWER)} is above the limit of {whose}, "
                f"{format(most_w, Kind.POWER)}",
                f"Ask for at most {format(most_w, Kind.POWER)}.",
            )
        length = plan.mark(f"{step.path}.for", f"{step.path}.at_most", step.path)
        if hard.exposure_s is not None and step.at_most_ns > clock.ns(hard.exposure_s):
            reader.add(
                length,
                "P050",
                f"an emission of {format(step.at_most_ns / clock.NS, Kind.TIME)} is longer than "
                f"the limit of {_whose(plan, bench, 'exposure_s')}, "
                f"{format(hard.exposure_s, Kind.TIME)}",
                "Make the step shorter.",
            )
        energy_j += step.energy_j
        if hard.energy_j is not None and energy_j > hard.energy_j:
            reader.add(
                strong,
                "P050",
                f"up to here the run may give {format(energy_j, Kind.ENERGY)}, more than the "
                f"limit of {_whose(plan, bench, 'energy_j')}, "
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
    for role in ("laser", "heater"):
        if plan.needs.get(role, "manual") != "manual" and role in bench.roles:
            _check_can_arm(plan, bench, role, reader)


def _most_power(
    step: Irradiate | Heat, plan: Plan, bench: BenchFile, hard: Limits
) -> tuple[float | None, str]:
    """The limit of a step's power, and whose it is: the resistor has one of its own, which the
    protocol's may tighten."""
    if isinstance(step, Irradiate):
        return hard.power_w, _whose(plan, bench, "power_w")
    own, asked = None if bench.heater is None else bench.heater.max_power_w, plan.limits.power_w
    if asked is not None and (own is None or asked < own):
        return asked, "this protocol"
    return own, f"the heater of bench '{bench.name}'"


def _effective(plan: Plan, bench: BenchFile) -> Limits:
    """The tighter of both, also where the protocol's is (wrongly) looser."""
    looser = {limit.field: None for limit in limits.loosened(bench.limits, plan.limits)}
    return limits.tighten(bench.limits, dataclasses.replace(plan.limits, **looser))


def _whose(plan: Plan, bench: BenchFile, field: str) -> str:
    own, hard = getattr(plan.limits, field), getattr(bench.limits, field)
    if own is not None and (hard is None or own < hard):
        return "this protocol"
    return f"bench '{bench.name}'"


def _check_can_arm(plan: Plan, bench: BenchFile, role: str, reader: Reader) -> None:
    try:
        bench.guard_spec(source=role)
    except RefusedError as error:
        reader.add(plan.mark(f"needs.{role}"), "P052", error.what, error.fix)


def _check_period(plan: Plan, bench: BenchFile, reader: Reader) -> None:
    mark = plan.mark("record.every")
    period = format(plan.period_ns / clock.NS, Kind.TIME)
    told = set()
    for role in dict.fromkeys((*plan.needs, *_ALWAYS_READ)):
        found = bench.roles.get(role)
        if found is None or found.instrument in told:
            continue
        told.add(found.instrument)
        least = bench.instruments[found.instrument].min_period_s
        if least is not None and plan.period_ns < clock.ns(least):
            reader.add(
                mark,
                "P054",
                f"{period} is shorter than the {format(least, Kind.TIME)} that "
                f"'{found.instrument}' of bench '{bench.name}' needs for a reading",
                f"Record every {format(least, Kind.TIME)} or slower.",
            )
    if not plan.arms or not {"laser", "heater"} & set(bench.roles):
        return
    hard = _effective(plan, bench)
    bounds = [b for b in (hard.lease_s, hard.staleness_s) if b is not None]
    if bounds and plan.period_ns > clock.ns(min(bounds)) // 2:
        reader.add(
            mark,
            "P054",
            f"{period} is too slow for the guard of bench '{bench.name}', whose lease ends "
            f"{format(min(bounds), Kind.TIME)} after a reading",
            f"Record every {format(min(bounds) / 2, Kind.TIME)} or faster where something is lit.",
        )


def _check_sample(specimen: Specimen, bench: BenchFile, reader: Reader) -> None:
    mark = Mark(specimen.source_file or specimen.name)
    measured, laser = specimen.wavelength_m, bench.wavelength_m
    if measured and laser and abs(measured - laser) > _SAME_WAVELENGTH_M:
        reader.add(
            mark,
            "P055",
            f"the absorbance of '{specimen.name}' is at {format(measured, Kind.LENGTH)}, and the "
            f"laser of bench '{bench.name}' has {format(laser, Kind.LENGTH)}",
            "Give the absorbance at the laser's wavelength.",
        )
    path = specimen.path_m
    if path and bench.vessel and abs(path / bench.vessel.path_m - 1) > _SAME_PATH:
        reader.add(
            mark,
            "P055",
            f"the absorbance of '{specimen.name}' is over {format(path, Kind.LENGTH)}, and the "
            f"vessel of bench '{bench.name}' has {format(bench.vessel.path_m, Kind.LENGTH)}",
            "Give the absorbance over the vessel's path, or mend `vessel.path`.",
        )


def _check_liquid(specimen: Specimen, plan: Plan, bench: BenchFile, reader: Reader) -> None:
    """What heats must trip before the liquid boils or burns."""
    highest, cap = specimen.highest_degc, _effective(plan, bench).temperature_degc
    if highest is None or cap is None or not plan.heats or cap < highest:
        return
    points = [
        ("boils", specimen.boiling_point_degc),
        ("has its flash point", specimen.flash_point_degc),
    ]
    said = [f"{what} at {format_stated(at, Kind.TEMPERATURE)}" for what, at in points if at]
    reader.add(
        plan.mark("limits.temperature", "name"),
        "P055",
        f"the limit of {_whose(plan, bench, 'temperature_degc')}, "
        f"{format(cap, Kind.TEMPERATURE)}, is not below what the liquid of '{specimen.name}' "
        f"bears: it {' and '.join(said)}",
        f"Set a limit below {format(highest, Kind.TEMPERATURE)} (two deviations below the point).",
    )
