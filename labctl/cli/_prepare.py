"""From what a person typed to a run that is ready to begin: files found, loaded, checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labctl import bench as benches
from labctl import protocol as protocols
from labctl import sample as samples
from labctl.bench import BenchFile
from labctl.cli._carry_out import RunInTerminal, about_process, command_name
from labctl.cli._options import parse_speed
from labctl.clock import NS
from labctl.engine import RunRequest, way_to
from labctl.protocol import Plan
from labctl.sample import Specimen
from labctl.settings import read_settings
from labctl.telemetry import BrokerChoice

DEFAULT_SAMPLE = "pda-aminoacid"
"""Taken on a simulated bench when a protocol uses light and no sample is named."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What was typed, as it was typed."""

    protocol: str
    parameters: tuple[str, ...]
    bench: str | None
    sample: str | None
    blank: Path | None
    speed: str | None
    seed: int
    faults: tuple[str, ...]
    runs_dir: Path | None
    broker: str | None
    as_json: bool
    plain: bool
    figure: bool
    yes: bool


def load_bench(asked: str | None) -> tuple[BenchFile, str]:
    """The bench that is taken, and why."""
    choice = benches.find_bench(asked, environment=read_settings().bench)
    return benches.load(choice.path), choice.why


def load_sample(asked: str | None) -> Specimen | None:
    """The sample of this name or file."""
    return None if asked is None else samples.load(samples.find(asked))


def prepare(choices: Choices) -> RunInTerminal:
    """Everything that can be refused is refused here, before anything is touched."""
    env = read_settings()
    bench_file, why = load_bench(choices.bench)
    plan = protocols.load(
        protocols.find(choices.protocol), overrides=choices.parameters, bench=bench_file
    )
    way = way_to(plan, bench_file)
    specimen = load_sample(choices.sample)
    assumed = False
    if specimen is None and plan.uses_light and not way.real:
        specimen, assumed = load_sample(DEFAULT_SAMPLE), True
    planned_s = plan.at_most_ns / NS
    request = RunRequest(
        plan=plan,
        bench_file=bench_file,
        specimen=specimen,
        runs_dir=choices.runs_dir or env.runs,
        seed=choices.seed,
        faults=choices.faults,
        speed=parse_speed(choices.speed, in_process=way.in_process, planned_s=planned_s),
        blank=choices.blank,
        about=about_process(),
    )
    return RunInTerminal(
        request,
        broker=BrokerChoice.parse(choices.broker or env.broker or "auto"),
        as_json=choices.as_json,
        plain=choices.plain,
        figure=choices.figure,
        yes=choices.yes,
        header=_header(plan, specimen, request, assumed=assumed),
        bench_why=why,
        next_commands=_next(choices, plan),
    )


def _header(
    plan: Plan, specimen: Specimen | None, request: RunRequest, *, assumed: bool
) -> list[str]:
    """What a person should know before the first reading."""
    sample = "not named" if specimen is None else specimen.name
    if assumed:
        sample += " (no --sample was named)"
    lines = [f"protocol {plan.name}   sample {sample}   at most {_minutes(plan.at_most_ns)}"]
    if plan.laser_manual:
        lines.append("the laser is NOT under labctl's control: it is switched by hand")
    if specimen is not None and specimen.placeholders:
        names = ", ".join(specimen.placeholders)
        lines.append(f"placeholders in the sample, not measurements: {names}")
    if request.faults:
        lines.append(f"faults injected: {', '.join(request.faults)}")
    return lines


def _minutes(duration_ns: int) -> str:
    seconds = duration_ns / NS
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _next(choices: Choices, plan: Plan) -> Sequence[str]:
    """Commands worth trying after this run."""
    name = command_name()
    if not plan.uses_light:
        return (f"{name} run heating-curve",)
    out = [f"{name} plan {choices.protocol}"]
    if choices.sample is None:
        out.append(f"{name} run {choices.protocol} --sample water")
    if not choices.faults:
        out.append(f"{name} run {choices.protocol} --fault beam-off-sample=-30%@300s")
    return tuple(out)
