"""`labctl plan`: what a protocol would do, step by step; no hardware touched."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labctl.cli._folded import folded
from labctl.cli._options import bench_option, sample_option
from labctl.cli._plan_check import check_lines
from labctl.cli._plan_dose import dose_lines, gate_lines, series_lines
from labctl.cli._plan_light import light_lines, off_lines, unwatched_lines
from labctl.cli._sample_lines import medium_lines, sample_lines
from labctl.errors import RefusedError

if TYPE_CHECKING:
    from labctl.bench import BenchFile
    from labctl.protocol import Condition, Plan, Row
    from labctl.sample import Specimen
    from labctl.talk import GuardSpec

NEAR = 0.5
"""A limit is near when the protocol uses at least this fraction of it."""


@click.command("plan")
@click.argument("protocol")
@click.option("-p", "parameters", multiple=True, metavar="NAME=VALUE",
              help="Set a parameter of the protocol, e.g. -p power=1.2W.")  # fmt: skip
@bench_option
@sample_option
@click.option("--seed", default=1, show_default=True, type=click.IntRange(min=0),
              help="Seed that shuffled orders are drawn from.")  # fmt: skip
@click.option("--predict", is_flag=True,
              help="Carry it out on the simulated bench and tell what it shows.")  # fmt: skip
@click.option("--figure", default=None, type=click.Path(path_type=Path, dir_okay=False),
              metavar="FILE.svg", help="Draw the predicted curve; with --predict.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of the table.")
def command(
    protocol: str,
    parameters: tuple[str, ...],
    bench: str | None,
    sample: str | None,
    seed: int,
    predict: bool,
    figure: Path | None,
    as_json: bool,
) -> None:
    """Show what PROTOCOL would do on a bench: steps, worst case, laser energy, nearest limits; or
    what another laboratory's pack (.labpack) would do there, with its own sample.

    The protocol is checked as `labctl run` checks it. No hardware is touched.
    """
    from labctl import bench as benches
    from labctl import protocol as protocols
    from labctl import sample as samples
    from labctl.ready import DEFAULT_SAMPLE, check_targets_of, plan_told
    from labctl.settings import read_settings

    found = benches.find_bench(bench, environment=read_settings().bench)
    bench_file = benches.load(found.path)
    with _files(protocol, parameters, sample, bench_file) as (path, its_sample, of_pack):
        specimen = samples.load(its_sample) if its_sample else None
        plan = protocols.load(path, parameters, bench=bench_file, specimen=specimen, seed=seed)
    check_targets_of(plan, bench_file, specimen)
    found_by = None
    if predict or figure is not None:
        from labctl.cli import _plan_predict

        if specimen is None and (plan.heats or plan.follows):
            specimen = samples.load(samples.find(DEFAULT_SAMPLE))
            plan = protocols.bind(plan, bench_file, specimen)
        found_by = _plan_predict.predict(plan, bench_file, specimen, seed, figure)
    if as_json:
        told = plan_told(plan, bench_file, specimen)
        if found_by is not None:
            told["predicted"] = _plan_predict.predicted_json(found_by)
        if of_pack:
            told["pack"] = list(of_pack)
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for line in of_pack:
        click.echo(line)
    click.echo(f"PLAN  {plan.name} on bench {bench_file.name} ({found.why})")
    day = benches.today()
    ended = benches.expired(bench_file.calibrated, bench_file.offsets, day)
    said = (*benches.waived(bench_file, day), *ended, *_lines(plan, bench_file, specimen))
    if found_by is not None:
        said += tuple(_plan_predict.predicted_lines(found_by))
    for line in said:
        for part in folded(line, 12, sys.stdout):
            click.echo(part)


@contextmanager
def _files(
    protocol: str, parameters: tuple[str, ...], sample: str | None, bench: BenchFile
) -> Iterator[tuple[Path, Path | None, tuple[str, ...]]]:
    """Of protocol and sample, and what is to be said of the pack that they come out of: a pack's
    own are there for the length of a `with`."""
    from labctl import protocol as protocols
    from labctl import sample as samples

    named = samples.find(sample) if sample else None
    if not protocol.endswith(".labpack"):
        yield protocols.find(protocol), named, ()
        return
    from labctl.cli._run_pack import opened, opened_lines
    from labctl.pack import read_pack

    pack = read_pack(Path(protocol))
    with opened(pack, parameters, bench) as ready:
        yield (
            ready.protocol,
            named or ready.sample,
            tuple(opened_lines(Path(protocol), pack, ready)),
        )


def _lines(plan: Plan, bench: BenchFile, specimen: Specimen | None) -> Iterator[str]:
    from labctl.protocol import timeline

    if plan.title:
        yield plan.title
    if plan.parameters:
        yield "parameters  " + ", ".join(f"{k} = {v}" for k, v in plan.parameters.items())
    yield ""
    rows: list[tuple[str, ...]] = [("step", "", "starts", "at most", "power", "energy", "ends")]
    rows += [_cells(row) for row in timeline(plan)]
    yield from _table(rows)
    yield ""
    yield from _totals(plan, bench)
    yield from series_lines(plan)
    yield from dose_lines(plan)
    yield from gate_lines(plan)
    yield from light_lines(plan, bench)
    yield from _limit_lines(plan, bench, specimen)
    for line in off_lines(plan, bench):
        yield f"worst off   {line}"
    yield from unwatched_lines(plan, bench, specimen)
    yield from check_lines(plan, bench, specimen)
    yield from sample_lines(specimen)
    yield from medium_lines(plan, bench)
    yield "no hardware touched"


def _cells(row: Row) -> tuple[str, ...]:
    # A step that may end early moves the beginning of all that follow.
    start = _clock(row.start_ns)
    if row.latest_ns != row.start_ns:
        start += f" to {_clock(row.latest_ns)}"
    return (
        f"{row.index + 1}",
        f"{row.verb}  {row.name}" if row.name and row.name.lower() != row.verb else row.verb,
        start,
        "until answered" if row.at_most_ns is None else _clock(row.at_most_ns),
        "" if row.power_w is None else _power(row.power_w),
        "" if not row.energy_j else _energy(row.energy_j),
        "" if row.until is None else _condition(row.until),
    )


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.rjust(width) if column in (0, 2, 3, 4, 5) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _totals(plan: Plan, bench: BenchFile) -> Iterator[str]:
    from labctl.events import COIL, HEATER, LASER
    from labctl.protocol import worst_case_ns

    prompts = f"; besides, {plan.prompts} answers of a person" if plan.prompts else ""
    longest = _clock(worst_case_ns(plan, bench.arming.warning_s))
    yield f"worst case  {longest}, {_clock(plan.at_most_ns)} of it in steps{prompts}"
    lit_ns = sum(step.at_most_ns for step in plan.lit(LASER))
    if plan.laser_manual:
        yield f"laser       switched by hand, NOT under labctl's control; {_clock(lit_ns)} at most"
    elif plan.uses_light:
        yield f"laser       on for {_clock(lit_ns)} at most, {_energy(plan.energy_j)} at the sample"
    elif not plan.arms:
        yield "laser       none; nothing is armed"
    if plan.uses_heater:
        hot_ns = sum(step.at_most_ns for step in plan.lit(HEATER))
        energy = _energy(plan.electrical_j)
        yield f"heater      on for {_clock(hot_ns)} at most, {energy} in the cell"
    if plan.uses_coil:
        on_ns = sum(step.at_most_ns for step in plan.lit(COIL))
        energy = _energy(plan.coil_j)
        yield f"coil        on for {_clock(on_ns)} at most, {energy} of its supply"


def _limit_lines(plan: Plan, bench: BenchFile, specimen: Specimen | None) -> Iterator[str]:
    from labctl.ready import limits_used

    used = limits_used(plan, bench)
    if not used:
        return
    near = [entry for entry in used if entry["fraction"] >= NEAR]
    words = [
        f"{entry['limit']} {entry['used_text']} of {entry['allowed_text']} "
        f"({entry['fraction']:.0%})"
        for entry in near or used[:1]
    ]
    yield f"{'near limits' if near else 'next limit '} " + "; ".join(words)
    caps = _caps(plan, bench, specimen)
    if caps:
        yield f"trips       {caps}"


def _caps(plan: Plan, bench: BenchFile, specimen: Specimen | None) -> str:
    """The guard's limits that only the run itself can meet."""
    if not plan.arms:
        return ""
    from labctl.ready import lit_sources

    source = lit_sources(plan)[0]
    try:
        spec = bench.guard_spec(plan.limits, source, specimen)
    except RefusedError as error:
        return f"cannot arm: {error.what}"
    return (
        f"above {spec.max_temperature_degc:g} degC, below {spec.min_temperature_degc:g} degC, "
        f"probe older than {spec.staleness_s:g} s, measured power above "
        f"{_power(spec.max_measured_power_w)}{_follows(spec)}"
    )


def _follows(spec: GuardSpec) -> str:
    """How the probe must follow the light; the rest is said to be not available."""
    least = f"less than {spec.least_k_per_j:.2g} K/J" if spec.least_k_per_j > 0.0 else ""
    most = f"more than {spec.most_k_per_j:.2g} K/J" if spec.most_k_per_j > 0.0 else ""
    both = " or ".join(words for words in (least, most) if words)
    return f", rising {both}" if both else ""


def _clock(t_ns: int) -> str:
    """`1:05:00`, `12:30`, `0:00.5`."""
    whole, rest = divmod(t_ns, 1_000_000_000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    text = f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
    return text + f".{rest // 1_000_000:03d}".rstrip("0") if rest else text


def _power(value_w: float) -> str:
    from labctl.quantities import Kind, format

    return format(value_w, Kind.POWER)


def _energy(value_j: float) -> str:
    from labctl.quantities import Kind, format

    return format(value_j, Kind.ENERGY)


def _condition(condition: Condition) -> str:
    from labctl.protocol import words

    return f"when {words(condition)}"
