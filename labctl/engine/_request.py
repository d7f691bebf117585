"""What a run is asked for, and what is refused of it before anything is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labctl.bench import (
    GATES,
    BenchFile,
    Reach,
    check_behind,
    check_instruments,
    check_latency,
    reach,
    today,
)
from labctl.errors import InputError, RefusedError
from labctl.photothermal import ElectricalCalibration
from labctl.protocol import Plan
from labctl.sample import Specimen


@dataclass(frozen=True, slots=True)
class RunRequest:
    """All that a run needs to be told. Files are loaded and checked already."""

    plan: Plan
    bench_file: BenchFile
    specimen: Specimen | None
    runs_dir: Path
    seed: int = 1
    """Of a simulated world."""
    faults: tuple[str, ...] = ()
    speed: float | None = 1.0
    """Seconds in a real second; None is as fast as it goes. Only in-process simulation may differ
    from 1."""
    blank: Path | None = None
    """Folder of the blank run that this one refers to."""
    calibration: ElectricalCalibration | None = None
    """Of this cell with this volume in it, by an earlier run."""
    armed_by: str = "simulation"
    check: bool = True
    """False leaves the photothermal check out, e.g. to measure what it costs."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """For run.json only: who, broker, command line."""


def way_to(plan: Plan, bench_file: BenchFile) -> Reach:
    """How the instruments that this plan needs are reached on this bench."""
    return reach(bench_file, _roles(plan, bench_file))


def check_request(request: RunRequest) -> Reach:
    """What can be refused before anything is opened; returns how the bench is reached."""
    plan = request.plan
    check_instruments(request.bench_file, lights=plan.arms and plan.uses_light)
    found = way_to(request.plan, request.bench_file)
    specimen = request.specimen
    if request.blank is not None and specimen is not None and specimen.kind == "solvent":
        raise InputError(
            f"{specimen.name} is a solvent: a blank refers to no other blank",
            where="--blank",
            fix="Leave --blank out, or name a sample with particles.",
        )
    if not found.in_process and request.speed != 1.0:
        raise RefusedError(
            "a speed other than 1 is for a bench that is simulated in-process (sim://) throughout",
            where=request.bench_file.source_file,
            fix="Leave --speed out, or take the shipped simulated bench.",
        )
    if found.real and request.plan.arms:
        check_behind(request.bench_file, today())
        if request.plan.uses_light:
            check_latency(request.bench_file)
        raise no_real_light(request)
    if request.faults and not found.in_process:
        raise RefusedError(
            "faults are injected into a world simulated in-process (sim://) only",
            where=request.bench_file.source_file,
            fix="Give --fault to `labctl sim serve` instead.",
        )
    return found


def no_real_light(request: RunRequest) -> RefusedError:
    """As long as nobody can arm at the bench."""
    return RefusedError(
        "emission on a REAL bench is refused: it cannot be armed at the bench yet",
        where=request.bench_file.source_file,
        fix="Log with `labctl log`, or with `laser: manual`, or take a simulated bench.",
    )


def _roles(plan: Plan, bench_file: BenchFile) -> tuple[str, ...]:
    """What the plan needs, what stands in the way of its light, and the sensors beside it."""
    wanted = [role for role, capability in plan.needs.items() if capability != "manual"]
    gates = GATES if plan.arms else ()
    beside = ("probe", "probe2", "ambient", *(("meter", *gates) if plan.uses_light else ()))
    wanted += [role for role in beside if role in bench_file.roles and role not in wanted]
    return tuple(wanted)
