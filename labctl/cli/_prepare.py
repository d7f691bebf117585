"""From what a person typed to a run that is ready to begin: files found, loaded, checked."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from labctl import bench as benches
from labctl.bench import Reach
from labctl.cli._carry_out import RunInTerminal, about_process, command_name
from labctl.cli._options import RunOptions, parse_speed
from labctl.cli._plan_light import arming_lines, off_lines, unwatched_lines
from labctl.cli._sample_lines import medium_lines, sample_lines
from labctl.cli._series_end import end_of_series
from labctl.clock import NS
from labctl.engine import RunRequest, RunResult, has_targets
from labctl.errors import Exit
from labctl.events import Mode
from labctl.ledger import identity_of, ledger_sentence, sample_ledgers
from labctl.protocol import Plan, SampleRun
from labctl.ready import BLANK, Order, load_bench, ready, series_of
from labctl.record import recover_left_behind
from labctl.sample import Specimen
from labctl.settings import read_settings
from labctl.telemetry import BrokerChoice

_GOES_ON = (Exit.PASS, Exit.CHECK_FAILED, Exit.CANNOT_TELL)
"""A series goes on after these."""
COMMISSIONING = "commissioning"
"""The protocol of `labctl bench check --light`."""


def prepare_all(
    protocol: str, parameters: Sequence[str], options: RunOptions, **how: Any
) -> list[RunInTerminal]:
    """Every run of a protocol, ready to begin: one, or of a series one a sample (decision 0021).
    All that can be refused of any of them is refused before the first begins."""
    bench_file, _ = load_bench(options.bench)
    runs = series_of(_order(protocol, parameters, options), bench_file)
    if not runs:
        return [prepare(protocol, parameters, options, **how)]
    return [prepare(protocol, parameters, options, one=one, **how) for one in runs]


def run_all(runs: Sequence[RunInTerminal]) -> int:
    """One run after the other; returns the exit code of the worst. What was stopped, refused or
    lost ends the series: whoever comes to the bench then decides how it goes on."""
    worst = Exit.PASS
    for number, run in enumerate(runs, 1):
        worst = _worse(worst, code := Exit(run.run()))
        if code not in _GOES_ON:
            if runs[number:] and not run.as_json:
                left = ", ".join(_sample_of(other.request) for other in runs[number:])
                click.echo(f"the series ends here; not begun: {left}")
            return int(code)
    if len(runs) > 1:
        done = [(run.request, run.result) for run in runs if run.result is not None]
        worst = _worse(worst, end_of_series(done, as_json=runs[0].as_json))
    return int(worst)


def _sample_of(request: RunRequest) -> str:
    return "no sample" if request.specimen is None else request.specimen.name


def _worse(one: Exit, other: Exit) -> Exit:
    return one if one is Exit.CHECK_FAILED or other is Exit.PASS else other


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
    about: Mapping[str, Any] | None = None,
) -> RunInTerminal:
    """Everything that can be refused is refused here, before anything is touched. `commissions`:
    this run is a part of the bench's commissioning, whose record is not asked for. `one`: of a
    series, its run with this sample. `about` goes to run.json."""
    bench_file, why = load_bench(options.bench)
    how = {"blank": blank, "calibration": calibration, "unattended": unattended}
    order = _order(protocol, parameters, options, about, commissions=commissions, **how)
    made = ready(order, bench_file, functools.partial(_speed, options.speed), one=one)
    request, way = made.request, made.way
    # Of a commissioning the request's own bench, which asks for no record of itself.
    plan, bench_file, specimen = request.plan, request.bench_file, request.specimen
    return RunInTerminal(
        request,
        broker=BrokerChoice.parse(options.broker or read_settings().broker or "auto"),
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
            *_header(plan, specimen, request, assumed=made.assumed),
            *made.calibrated,
            *_left_behind(request),
            *_had(request, Mode.REAL if way.real else Mode.SIMULATED),
        ],
        bench_why=why,
        next_commands=_nothing_more
        if one is not None
        else functools.partial(
            _with_report,
            _nothing_more
            if about is not None
            else functools.partial(_next, protocol, plan, specimen, options, faked=way.in_process),
        ),
    )


def _order(
    protocol: str,
    parameters: Sequence[str],
    options: RunOptions,
    about: Mapping[str, Any] | None = None,
    **how: Any,
) -> Order:
    return Order(
        protocol=protocol,
        parameters=tuple(parameters),
        sample=options.sample,
        seed=options.seed,
        faults=options.faults,
        runs_dir=options.runs_dir or read_settings().runs,
        about={**about_process(), **(about or {})},
        **how,
    )


def _speed(asked: str | None, plan: Plan, way: Reach) -> float | None:
    return parse_speed(asked, in_process=way.in_process, planned_s=plan.at_most_ns / NS)


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
    lines += medium_lines(plan, request.bench_file)
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


def _with_report(
    commands: Callable[[RunResult], Sequence[str]], result: RunResult
) -> Sequence[str]:
    """First what was found, then what to run next."""
    record = shlex.quote(str(result.folder.path))
    return (f"{command_name()} report {record}", *commands(result))


def _nothing_more(result: RunResult) -> Sequence[str]:
    """After a run of a series comes the next one; a pack's protocol lies nowhere."""
    return ()


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
    if (not plan.uses_light and plan.arms) or plan.follows:
        # What a release, or a gate that was held, asks for next stands in the last words.
        return ()
    if not plan.uses_light:
        return (f"{name} run heating-curve{on}",)
    typed = f"{shlex.quote(protocol)}{on}"
    blank = specimen is not None and specimen.kind == "solvent"
    if blank and result.ended.exit_code == Exit.PASS:
        after = f"heating-curve{on}" if plan.name == BLANK else typed
        return (f"{name} run {after} --blank {shlex.quote(str(result.folder.path))}",)
    if protocol == COMMISSIONING:
        return ()
    out = [f"{name} plan {typed}"]
    if options.sample is None and None not in plan.pulses_w:
        # Water does not warm far enough to be held, and a blank has no efficiency that a heating
        # could end on.
        whole = f"heating-curve{on}" if has_targets(plan) else typed
        out.append(f"{name} run {whole} --sample water")
    if not options.faults and faked:
        out.append(f"{name} run {typed} --fault beam-off-sample=-30%@300s")
    return tuple(out)
