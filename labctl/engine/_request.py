"""What a run is asked for, and what is refused of it before anything is opened."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labctl.bench import (
    GATES,
    BenchFile,
    Reach,
    check_instruments,
    not_armable,
    reach,
    today,
)
from labctl.engine._arming import AtBench
from labctl.engine._conditions import followed_in
from labctl.errors import InputError, Problem, RefusedError
from labctl.events import COIL, SOURCES
from labctl.instruments import driver
from labctl.photothermal import ElectricalCalibration
from labctl.protocol import AddAgent, HoldTemperature, Plan, Release, Step
from labctl.sample import Specimen

NextStep = Callable[[str], "concurrent.futures.Future[Step | None]"]
"""Told why the step before ended (nothing, of the first); the future has the next one, None after
the last. Called on the run's own loop, which waits in the dark, as for a person."""


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
    at_bench: AtBench | None = None
    """Who can arm; None where nobody can be asked."""
    not_at_bench: str = "nobody can be asked here"
    """Why, then."""
    unattended: bool = False
    """A REAL bench is to be lit with nobody there to arm it, which its file must allow."""
    check: bool = True
    """False leaves the photothermal check out, e.g. to measure what it costs."""
    next_step: NextStep | None = None
    """Where the steps come from, one at a time; None: from the plan, which else has none."""
    nominal_power_w: float | None = None
    """What the check takes as the usual power; None: the plan's largest."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """For run.json only: who, broker, command line."""

    @property
    def followed(self) -> tuple[str, ...]:
        """Species whose release the run follows; of steps yet to come, all that is loaded."""
        if self.specimen is None:
            return ()
        if self.next_step is not None:
            return tuple(self.specimen.release) if "assay" in self.plan.needs else ()
        return followed_in(self.plan)


def way_to(plan: Plan, bench_file: BenchFile) -> Reach:
    """How the instruments that this plan needs are reached on this bench."""
    return reach(bench_file, _roles(plan, bench_file))


def check_request(request: RunRequest) -> Reach:
    """What can be refused before anything is opened; returns how the bench is reached."""
    plan = request.plan
    if plan.samples:
        raise RuntimeError("a series is several runs: each plan of its samples is carried out")
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
    _check_hold(request)
    _check_doses(request)
    if found.real and request.plan.arms:
        _check_armable(request, found)
    if request.faults and not found.in_process:
        raise RefusedError(
            "faults are injected into a world simulated in-process (sim://) only",
            where=request.bench_file.source_file,
            fix="Give --fault to `labctl sim serve` instead.",
        )
    return found


def _check_hold(request: RunRequest) -> None:
    """RefusedError for a hold of temperature that nothing is known for, or that its source cannot
    follow."""
    holds = [step for step in request.plan.steps if isinstance(step, HoldTemperature)]
    if not holds:
        return
    file = request.bench_file
    if not request.check or request.plan.source in (None, COIL):
        raise RefusedError(
            "a temperature is held by what the check knows of the cell, and this run has no check",
            where=request.plan.source_file,
            fix="Hold with one source, the laser or the heater, and leave the check in.",
        )
    for source in {step.source for step in holds}:
        entry = file.instruments[file.roles[source].instrument]
        if not driver(entry.driver).spec.takes_power_lit:
            raise RefusedError(
                f"the {source} of this bench, a {entry.driver}, takes no other power while it is "
                "on, and cannot hold a temperature",
                where=file.source_file,
                fix="Irradiate at one power, or take a bench whose source can be told.",
            )


def _check_doses(request: RunRequest) -> None:
    """RefusedError for what is added to a concentration or a pH in a volume that nobody states."""
    if request.specimen is not None:
        return
    for step in request.plan.steps:
        aims = isinstance(step, AddAgent) and step.volume_m3 is None
        if isinstance(step, Release):
            aims = step.ph is not None or bool(step.glutathione_mol_per_m3)
        if aims and request.bench_file.stocks:
            raise RefusedError(
                f"step {step.index + 1} adds to a concentration or a pH, and no sample says in "
                "which volume",
                where=request.plan.source_file,
                fix="Name the sample with --sample.",
            )


def _check_armable(request: RunRequest, found: Reach) -> None:
    """InputError with everything that stands in the way of light on a REAL bench."""
    file = request.bench_file
    sources = [source for source in SOURCES if source in found.roles]
    problems = not_armable(file, found.keys, sources, today())
    if request.unattended and not file.unattended_by:
        problems.append(
            Problem(
                "P065",
                "light with nobody at the bench is not allowed on this one",
                file=file.source_file,
                fix="Be there, or have the laser safety officer allow it by name under "
                "`unattended`.",
            )
        )
    elif request.at_bench is None and not request.unattended:
        problems.append(
            Problem(
                "P065",
                "it is armed by a person, at a terminal of the machine that has its ports: "
                f"{request.not_at_bench}",
                fix="Start it in a terminal at the bench; no option takes a person's place.",
            )
        )
    if problems:
        raise InputError(f"bench {file.name} is REAL and cannot be armed", problems=problems)


def _roles(plan: Plan, bench_file: BenchFile) -> tuple[str, ...]:
    """What the plan needs, what stands in the way of its light, and the sensors beside it."""
    wanted = [role for role, capability in plan.needs.items() if capability != "manual"]
    gates = GATES if plan.arms else ()
    beside = ("probe", "probe2", "ambient", *(("meter", *gates) if plan.uses_light else ()))
    wanted += [role for role in beside if role in bench_file.roles and role not in wanted]
    return tuple(wanted)
