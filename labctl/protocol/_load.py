"""Protocol files: `labctl.protocol/1` -> Plan. All problems are told at once (InputError)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from labctl import clock, yamlfile
from labctl.bench import BenchFile
from labctl.errors import InputError
from labctl.events import SOURCES
from labctl.limits import Limits, tighten
from labctl.protocol._bind import bind_into
from labctl.protocol._dump import SCHEMA
from labctl.protocol._fields import (
    DEFINITIONS,
    EVERY,
    LIMIT_FIELDS,
    LIMITS,
    NAME,
    NEEDS,
    PARAMETERS,
    PROTOCOL,
    RECORD,
    SEED,
    STEPS,
    TITLE,
)
from labctl.protocol._parameters import parse_overrides, read_parameters
from labctl.protocol._plan import Plan, SampleRun, series
from labctl.protocol._unroll import UNSAID_SEED, Unroller
from labctl.sample import Specimen
from labctl.yamlfile import Item, MapNode, Mark, Reader, Row, Source

_ROLES = {
    "laser": ("laser", "manual"),
    "heater": ("heater",),
    "coil": ("coil",),
    "meter": ("power_meter",),
    "thermostat": ("thermostat", "manual"),
    "doser": ("doser", "manual"),
    "assay": ("assay", "manual"),
}
"""Roles whose name says what they must be; any other role is a thermometer."""

_FORMER = {"electrical-calibration": "cell-calibration", "until-known": "early-stop"}
"""Names that shipped protocols had before, which are still understood."""


def find(name: str) -> Path:
    """A protocol file by path or by the name of a shipped one, also by a name that it had before;
    InputError lists those there are."""
    if name.endswith(".labpack") and Path(name).is_file():
        raise InputError(
            "this is a pack, and only `labctl plan`, `run` and `pack` take one",
            where=name,
            fix=f"`labctl pack open {name}` puts its protocol.yaml into a folder.",
        )
    former = name in _FORMER and not Path(name).is_file()
    return yamlfile.find_file(_FORMER[name] if former else name, "protocol")


def load(
    path: Path,
    overrides: Iterable[str] = (),
    *,
    bench: BenchFile | None = None,
    specimen: Specimen | None = None,
    seed: int | None = None,
) -> Plan:
    """Read a protocol file; raises InputError with every problem.

    `overrides` set parameters, as typed: `power=1.2W`. `seed` is what a shuffled order is drawn
    from; None: what the file says.
    With a bench it is checked against it, and irradiance becomes power at the sample.
    """
    return _read(yamlfile.open_source(path), overrides, bench, specimen, seed)


def loads(
    text: str,
    overrides: Iterable[str] = (),
    *,
    bench: BenchFile | None = None,
    specimen: Specimen | None = None,
    file: str = "protocol.yaml",
    seed: int | None = None,
) -> Plan:
    """The same from a text; files that it includes are looked for beside `file`."""
    return _read(Source(file, text), overrides, bench, specimen, seed)


def json_schema() -> dict[str, Any]:
    """JSON Schema of a protocol file, for editors."""
    return yamlfile.json_schema(SCHEMA, PROTOCOL, DEFINITIONS)


def _read(
    source: Source,
    overrides: Iterable[str],
    bench: BenchFile | None,
    specimen: Specimen | None,
    seed: int | None,
) -> Plan:
    node, problems = yamlfile.read_text(source)
    reader = Reader(problems)
    given = parse_overrides(overrides, reader)
    if isinstance(node, MapNode):
        declared = node.get(PARAMETERS.name)
        reader.parameters = read_parameters(declared, given, reader)
    row = PROTOCOL.read(node, reader)
    plan = None if row is None else _build(row, reader, source.file, seed)
    if plan is not None and bench is not None:
        plan = bind_into(plan, bench, specimen, reader)
    what = f"{source.file} is not a valid protocol"
    reader.raise_any(what)
    if plan is None:
        # A field without a value has always told a problem.
        raise RuntimeError(what)
    return plan


def _build(row: Row, reader: Reader, file: str, seed: int | None) -> Plan | None:
    needs = row[NEEDS] or {}
    _check_roles(needs, reader)
    seed = row[SEED] if seed is None else seed
    unroller = Unroller({role: item.value for role, item in needs.items()}, reader, file, seed)
    unroller.unroll(row[STEPS] or [])
    record = row[RECORD]
    every = None if record is None else record[EVERY]
    name = row[NAME]
    marks = {f"needs.{role}": item.key.mark for role, item in needs.items()}
    if record is not None:
        marks["record.every"] = record.at(EVERY).mark
    limits = tighten(_limits(row[LIMITS], marks), unroller.limits)
    if name is None or every is None:
        return None
    plan = Plan(
        name=name,
        title=row[TITLE] or "",
        parameters=dict(reader.parameters or {}),
        needs={role: item.value for role, item in needs.items()},
        period_ns=clock.ns(every),
        limits=limits,
        steps=tuple(unroller.out.steps),
        seed=(UNSAID_SEED if seed is None else seed) if unroller.drawn else row[SEED],
        source_file=file,
        marks={**marks, **unroller.out.marks},
    )
    runs = [
        SampleRun(
            asked.id,
            asked.of,
            asked.file,
            asked.concentration_kg_per_m3,
            dataclasses.replace(plan, steps=tuple(made.steps), marks={**marks, **made.marks}),
        )
        for asked, made in unroller.series
    ]
    for one in [run.plan for run in runs] or [plan]:
        _check_total(one, reader)
    return series(plan, runs) if runs else plan


def _check_roles(needs: Mapping[str, Item[str]], reader: Reader) -> None:
    if not needs:
        return
    for role, item in needs.items():
        allowed = _ROLES.get(role, ("thermometer",))
        if item.value not in allowed:
            reader.add(
                item.node,
                "P017",
                f"the role '{role}' cannot be '{item.value}'",
                f"Write '{role}: {' or '.join(allowed)}'.",
            )
    for role in SOURCES:
        if role in needs and "probe" not in needs:
            reader.add(
                needs[role].key,
                "P046",
                f"a {role} needs a probe in the sample: no reading would guard it",
                "Add 'probe: thermometer' to `needs`.",
            )


def _limits(row: Row | None, marks: dict[str, Mark]) -> Limits:
    if row is None:
        return Limits()
    values = {}
    for limit, field in LIMIT_FIELDS:
        value = row[field]
        if value is not None:
            values[limit.field] = value
            marks[f"limits.{limit.name}"] = row.at(field).mark
    return Limits(**values)


def _check_total(plan: Plan, reader: Reader) -> None:
    total_s = plan.limits.total_s
    if total_s is not None and plan.at_most_ns > clock.ns(total_s):
        minutes = plan.at_most_ns / clock.NS / 60
        reader.add(
            plan.mark("limits.total"),
            "P047",
            f"the steps can take {minutes:.4g} min, longer than this limit",
            "Shorten the steps' `for` and `at_most`, or raise `total`.",
        )
