"""A plan on a bench: what the bench lacks, what it does not allow, irradiance to power."""

from __future__ import annotations

import dataclasses

from labctl import clock, limits
from labctl.bench import BenchFile
from labctl.errors import InputError, RefusedError
from labctl.events import SOURCES
from labctl.instruments import driver
from labctl.protocol._bind_light import check_light, effective
from labctl.protocol._bind_medium import check_liquid, check_medium, check_sample
from labctl.protocol._plan import Plan, series
from labctl.protocol._steps import ApplyField, Irradiate, Step
from labctl.quantities import Kind, format
from labctl.sample import Specimen
from labctl.yamlfile import Mark, Reader

_CAPABILITY = {
    "laser": "source",
    "heater": "source",
    "coil": "source",
    "thermometer": "thermometer",
    "power_meter": "power_meter",
    "thermostat": "thermostat",
    "doser": "doser",
    "assay": "assay",
}
"""What a protocol calls it -> what a driver declares."""

_ALWAYS_READ = ("probe", "probe2", "ambient", "meter")
"""Roles that are read when the bench has them, needed or not."""


def bind(plan: Plan, bench: BenchFile, specimen: Specimen | None = None) -> Plan:
    """The plan as this bench carries it out; raises InputError with every problem."""
    reader = Reader()
    bound = bind_into(plan, bench, specimen, reader)
    reader.raise_any(f"{plan.name} cannot run on bench {bench.name}")
    return bound


def bind_into(plan: Plan, bench: BenchFile, specimen: Specimen | None, reader: Reader) -> Plan:
    """The same, with the problems told to `reader`. Of a series each run is bound, with the sample
    that the protocol names for it."""
    _check_needs(plan, bench, reader)
    _check_period(plan, bench, reader)
    for limit in limits.loosened(bench.limits, plan.limits):
        hard = limits.value_of(bench.limits, limit) or 0.0
        reader.add(
            plan.mark(f"limits.{limit.name}"),
            "P053",
            f"this limit is looser than the bench's, {format(hard, limit.kind)}",
            "A protocol may only tighten the limits of a bench.",
        )
    if not plan.samples:
        return _bind_run(plan, bench, specimen, reader)
    runs = []
    for run in plan.samples:
        own = None
        try:
            own = run.specimen()
        except InputError as error:
            reader.problems += error.problems
        except RefusedError as error:
            mark = plan.mark(f"samples.{run.id}", "steps[0].for_each_sample")
            reader.add(mark, "P057", f"{error.what}: {error.seen}", error.fix)
        runs.append(dataclasses.replace(run, plan=_bind_run(run.plan, bench, own, reader)))
    return series(plan, runs)


def _bind_run(plan: Plan, bench: BenchFile, specimen: Specimen | None, reader: Reader) -> Plan:
    bound = dataclasses.replace(
        plan, steps=tuple(_with_power(step, plan, bench, reader) for step in plan.steps)
    )
    check_light(bound, bench, reader)
    check_medium(bound, bench, specimen, reader)
    if specimen is not None:
        check_sample(specimen, bench, reader)
        check_liquid(specimen, plan, bench, reader)
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
    if isinstance(step, ApplyField) and bench.coil is not None:
        return dataclasses.replace(step, stated_power_w=bench.coil.power_w(step.field_a_per_m))
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
    if not plan.arms or not {*SOURCES} & set(bench.roles):
        return
    hard = effective(plan, bench)
    bounds = [b for b in (hard.lease_s, hard.staleness_s) if b is not None]
    if bounds and plan.period_ns > clock.ns(min(bounds)) // 2:
        reader.add(
            mark,
            "P054",
            f"{period} is too slow for the guard of bench '{bench.name}', whose lease ends "
            f"{format(min(bounds), Kind.TIME)} after a reading",
            f"Record every {format(min(bounds) / 2, Kind.TIME)} or faster where something is lit.",
        )
