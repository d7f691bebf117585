"""From what a person typed to a run that is ready to begin: files found, loaded, checked."""

from __future__ import annotations

import dataclasses
import functools
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from labctl import bench as benches
from labctl import protocol as protocols
from labctl import sample as samples
from labctl.bench import BenchFile
from labctl.cli._calibrations import choose
from labctl.cli._carry_out import RunInTerminal, about_process, command_name
from labctl.cli._options import RunOptions, parse_speed
from labctl.cli._plan_light import arming_lines, off_lines, unwatched_lines
from labctl.cli._sample_lines import sample_lines
from labctl.clock import NS
from labctl.engine import RunRequest, RunResult, check_targets, has_targets, way_to
from labctl.errors import Exit, RefusedError
from labctl.events import Mode
from labctl.ledger import identity_of, ledger_sentence, sample_ledgers
from labctl.monitor import read_blank
from labctl.photothermal import ElectricalCalibration
from labctl.protocol import Plan, SampleRun
from labctl.record import recover_left_behind
from labctl.sample import Specimen
from labctl.settings import read_settings
from labctl.telemetry import BrokerChoice

DEFAULT_SAMPLE = "pda-aminoacid"
"""Taken on a simulated bench when a protocol uses light and no sample is named."""
_GOES_ON = (Exit.PASS, Exit.CHECK_FAILED, Exit.CANNOT_TELL)
"""A series goes on after these."""
COMMISSIONING = "commissioning"
"""The protocol of `labctl bench check --light`."""


def load_bench(asked: str | None) -> tuple[BenchFile, str]:
    """The bench that is taken, and why."""
    choice = benches.find_bench(asked, environment=read_settings().bench)
    return benches.load(choice.path), choice.why


def load_sample(asked: str | None) -> Specimen | None:
    """The sample of this name or file."""
    return None if asked is None else samples.load(samples.find(asked))


def prepare_all(
    protocol: str, parameters: Sequence[str], options: RunOptions, **how: Any
) -> list[RunInTerminal]:
    """Every run of a protocol, ready to begin: one, or of a series one a sample (decision 0021).
    All that can be refused of any of them is refused before the first begins."""
    bench_file, _ = load_bench(options.bench)
    plan = protocols.load(
        protocols.find(protocol), overrides=parameters, bench=bench_file, seed=options.seed
    )
    if not plan.samples:
        return [prepare(protocol, parameters, options, **how)]
    if options.sample is not None:
        raise RefusedError(
            f"{plan.name} names its samples itself, and --sample names another",
            seen=", ".join(run.id for run in plan.samples),
            fix="Leave --sample out.",
        )
    return [prepare(protocol, parameters, options, one=one, **how) for one in plan.samples]


def run_all(runs: Sequence[RunInTerminal]) -> int:
    """One run after the other; returns the exit code of the worst. What was stopped, refused or
    lost ends the series: whoever comes to the bench then decides how it goes on."""
    worst = Exit.PASS
    for run in runs:
        code = Exit(run.run())
        if code not in _GOES_ON:
            return int(code)
        if worst is not Exit.CHECK_FAILED and code is not Exit.PASS:
            worst = code
    return int(worst)


def prepare(
    protocol: str,
    parameters: Sequence[str],
    options: RunOptions,
    *,
    blank: Path | None = None,
    calibration: str | None = None,
    unattended: bool = False,
    commissions: bool = False,
    one: SampleRun | None = None,
) -> RunInTerminal:
    """Everything that can be refused is refused here, before anything is touched. `commissions`:
    this run is a part of the bench's commissioning, whose record is not asked for. `one`: of a
    series, its run with this sample."""
    env = read_settings()
    bench_file, why = load_bench(options.bench)
    if commissions:
        arming = dataclasses.replace(bench_file.arming, commissioned=False)
        bench_file = dataclasses.replace(bench_file, arming=arming)
    if one is None:
        specimen = load_sample(options.sample)
        plan = protocols.load(
            protocols.find(protocol),
            overrides=parameters,
            bench=bench_file,
            specimen=specimen,
            seed=options.seed,
        )
    else:
        specimen, plan = one.specimen(), one.plan
    way = way_to(plan, bench_file)
    assumed = False
    fills = plan.heats or plan.follows
    if specimen is None and fills and not way.real and not commissions:
        specimen, assumed = load_sample(DEFAULT_SAMPLE), True
        plan = protocols.bind(plan, bench_file, specimen)
    world = "" if way.real else f"seed {options.seed}"
    electrical: ElectricalCalibration | None = None
    calibrated: tuple[str, ...] = ()
    if plan.uses_light:
        electrical, calibrated = choose(calibration, bench_file, specimen, world)
    if specimen is not None and has_targets(plan):
        before = None if blank is None else read_blank(blank)
        check_targets(plan, bench_file, specimen, blank=before, calibration=electrical)
    planned_s = plan.at_most_ns / NS
    request = RunRequest(
        plan=plan,
        bench_file=bench_file,
        specimen=specimen,
        runs_dir=options.runs_dir or env.runs,
        seed=options.seed,
        faults=options.faults,
        speed=parse_speed(options.speed, in_process=way.in_process, planned_s=planned_s),
        blank=blank,
        calibration=electrical,
        unattended=unattended,
        check=not commissions,
        about=about_process(),
    )
    return RunInTerminal(
        request,
        broker=BrokerChoice.parse(options.broker or env.broker or "auto"),
        as_json=options.as_json,
        plain=options.plain,
        figure=not options.no_figure,
        yes=options.yes,
        header=[
            *benches.waived(bench_file, benches.today()),
            *benches.expired(bench_file.calibrated, bench_file.offsets, benches.today()),
            *(arming_lines(plan, bench_file, specimen, unattended=unattended) if way.real else ()),
            *off_lines(plan, bench_file),
            *unwatched_lines(plan, bench_file, specimen),
            *_header(plan, specimen, request, assumed=assumed),
            *calibrated,
            *_left_behind(request),
            *_had(request, Mode.REAL if way.real else Mode.SIMULATED),
        ],
        bench_why=why,
        next_commands=functools.partial(
            _next, protocol, plan, specimen, options, faked=way.in_process
        ),
    )


def _header(
    plan: Plan, specimen: Specimen | None, request: RunRequest, *, assumed: bool
) -> list[str]:
    """What a person should know before the first reading."""
    sample = "not named" if specimen is None else specimen.name
    if assumed:
        sample += " (no --sample was named)"
    lines = [f"protocol {plan.name}   sample {sample}   at most {_length(plan.at_most_ns)}"]
    if plan.laser_manual:
        lines.append("the laser is NOT under labctl's control: it is switched by hand")
    lines += sample_lines(specimen)
    if request.faults:
        lines.append(f"faults injected: {', '.join(request.faults)}")
    return lines


def _left_behind(request: RunRequest) -> list[str]:
    """Runs that were killed are made readable before a new one begins, and named."""
    runs = recover_left_behind(request.runs_dir)
    return [f"{run.path}: {run.words}" for run in runs]


def _had(request: RunRequest, mode: Mode) -> list[str]:
    """What this sample has had in earlier runs of this mode."""
    if request.specimen is None:
        return []
    found = sample_ledgers(request.runs_dir, identity_of(request.specimen), mode=mode.value)
    return [ledger_sentence(ledger) for ledger in found]


def _length(duration_ns: int) -> str:
    seconds = duration_ns / NS
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _next(
    protocol: str,
    plan: Plan,
    specimen: Specimen | None,
    options: RunOptions,
    result: RunResult,
    *,
    faked: bool = True,
) -> Sequence[str]:
    """Commands worth trying after this run. `faked`: its bench is simulated in this process, which
    alone takes faults."""
    name = command_name()
    # The same bench: another one would be a way to light what was not meant.
    on = "" if options.bench is None else f" --bench {shlex.quote(options.bench)}"
    if not plan.uses_light and plan.arms:
        return ()
    if not plan.uses_light:
        return (f"{name} run heating-curve{on}",)
    typed = f"{shlex.quote(protocol)}{on}"
    blank = specimen is not None and specimen.kind == "solvent"
    if blank and result.ended.exit_code == Exit.PASS:
        return (f"{name} run {typed} --blank {shlex.quote(str(result.folder.path))}",)
    if protocol == COMMISSIONING:
        return ()
    out = [f"{name} plan {typed}"]
    if options.sample is None:
        # A blank has no efficiency that a heating could end on.
        whole = f"heating-curve{on}" if has_targets(plan) else typed
        out.append(f"{name} run {whole} --sample water")
    if not options.faults and faked:
        out.append(f"{name} run {typed} --fault beam-off-sample=-30%@300s")
    return tuple(out)
