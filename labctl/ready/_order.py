"""From names and parameters to a run that is ready to begin: files found, loaded, checked.

Whatever can be refused is refused here, before an instrument is opened. What is put on the screen
or said over a wire is the caller's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labctl import bench as benches
from labctl import protocol as protocols
from labctl import sample as samples
from labctl.bench import BenchFile, Reach
from labctl.engine import RunRequest, check_targets, has_targets, way_to
from labctl.errors import RefusedError
from labctl.monitor import read_blank
from labctl.photothermal import ElectricalCalibration
from labctl.protocol import Plan, SampleRun
from labctl.ready._calibrations import choose
from labctl.ready._stand_ins import BLANK, DEFAULT_SAMPLE, SOLVENT
from labctl.sample import Specimen
from labctl.settings import read_settings

SpeedOf = Callable[[Plan, Reach], float | None]
"""The clock's speed for a plan on a bench that is reached so; see `RunRequest.speed`."""


def load_bench(asked: str | None) -> tuple[BenchFile, str]:
    """The bench that is taken, and why."""
    choice = benches.find_bench(asked, environment=read_settings().bench)
    return benches.load(choice.path), choice.why


def load_sample(asked: str | None) -> Specimen | None:
    """The sample of this name or file."""
    return None if asked is None else samples.load(samples.find(asked))


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A run as it is asked for, in names."""

    protocol: str
    parameters: tuple[str, ...] = ()
    """As typed: `power=1.2W`."""
    sample: str | None = None
    seed: int = 1
    faults: tuple[str, ...] = ()
    blank: Path | None = None
    """Folder of the water run that this one refers to."""
    calibration: str | None = None
    """A file, a run, `none`; None: the youngest of the bench that fits."""
    unattended: bool = False
    commissions: bool = False
    """This run is a part of the bench's commissioning, whose record is not asked for."""
    runs_dir: Path
    about: Mapping[str, Any] = field(default_factory=dict)
    """For run.json only."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A run that is ready to begin."""

    request: RunRequest
    way: Reach
    assumed: bool
    """Nobody named its sample."""
    calibrated: tuple[str, ...]
    """What to say of the electrical calibration."""


def series_of(order: Order, bench_file: BenchFile) -> tuple[SampleRun, ...]:
    """The runs of a protocol that is a series (decision 0021); none of one that is not.
    RefusedError where the order names a sample too."""
    plan = protocols.load(
        protocols.find(order.protocol), order.parameters, bench=bench_file, seed=order.seed
    )
    if plan.samples and order.sample is not None:
        raise RefusedError(
            f"{plan.name} names its samples itself, and --sample names another",
            seen=", ".join(run.id for run in plan.samples),
            fix="Leave --sample out.",
        )
    return plan.samples


def ready(
    order: Order,
    bench_file: BenchFile,
    speed: SpeedOf,
    *,
    one: SampleRun | None = None,
    read: Callable[[Specimen | None], Plan] | None = None,
) -> Ready:
    """Everything that can be refused is refused here, before anything is touched. `one`: of a
    series, its run with this sample. `read`: how the protocol is read, where it is no file."""
    if order.commissions:
        arming = dataclasses.replace(bench_file.arming, commissioned=False)
        bench_file = dataclasses.replace(bench_file, arming=arming)
    if one is None:
        specimen = load_sample(order.sample)
        if read is not None:
            plan = read(specimen)
        else:
            plan = protocols.load(
                protocols.find(order.protocol),
                overrides=order.parameters,
                bench=bench_file,
                specimen=specimen,
                seed=order.seed,
            )
    else:
        specimen, plan = one.specimen(), one.plan
    way = way_to(plan, bench_file)
    assumed = False
    fills = plan.heats or plan.follows
    if specimen is None and fills and not way.real and not order.commissions:
        specimen, assumed = load_sample(SOLVENT if plan.name == BLANK else DEFAULT_SAMPLE), True
        plan = protocols.bind(plan, bench_file, specimen)
    world = "" if way.real else f"seed {order.seed}"
    electrical: ElectricalCalibration | None = None
    calibrated: tuple[str, ...] = ()
    if plan.uses_light:
        electrical, calibrated = choose(order.calibration, bench_file, specimen, world)
    if specimen is not None and has_targets(plan):
        before = None if order.blank is None else read_blank(order.blank)
        check_targets(plan, bench_file, specimen, blank=before, calibration=electrical)
    request = RunRequest(
        plan=plan,
        bench_file=bench_file,
        specimen=specimen,
        runs_dir=order.runs_dir,
        seed=order.seed,
        faults=order.faults,
        speed=speed(plan, way),
        blank=order.blank,
        calibration=electrical,
        unattended=order.unattended,
        check=not order.commissions,
        about=order.about,
    )
    return Ready(request, way, assumed, calibrated)
