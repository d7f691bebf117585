"""`labctl validate`: every problem of protocol, bench, sample and driver files, nothing touched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labctl.cli._options import bench_option
from labctl.errors import Exit, InputError, Problem

if TYPE_CHECKING:
    from labctl.bench import BenchFile

_SCHEMA = re.compile(
    r"^schema:\s*[\"']?labctl\.(protocol|bench|sample|driver|lot|release-limits|campaign)/",
    re.MULTILINE,
)
_FOLDERS = {
    "protocol": "", "sample": "samples", "bench": "benches", "lot": "lots", "limits": "release",
    "campaign": "campaigns",
}  # fmt: skip
"""Kind of file -> where the shipped ones lie."""


@click.command("validate")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@bench_option
@click.option("--alone", is_flag=True, help="Do not check protocols against a bench.")
@click.option("--format", "form", type=click.Choice(["text", "json", "github"]), default="text",
              show_default=True, help="How problems are printed.")  # fmt: skip
def command(paths: tuple[str, ...], bench: str | None, alone: bool, form: str) -> int:
    """Tell every problem of PATH...: files, folders, or names of shipped files.

    A protocol is checked against the bench that `labctl run` would take, too. Nothing is opened
    but files. Exit code 2 when there is a problem.
    """
    from labctl.bench import find_bench, load
    from labctl.settings import read_settings
    from labctl.yamlfile import render, render_github, render_json

    against = None if alone else load(find_bench(bench, environment=read_settings().bench).path)
    problems: list[Problem] = []
    good = bad = 0
    for path in _files(paths, problems):
        try:
            words = _check(path, against)
        except InputError as error:
            problems += error.problems or [_whole(path, error)]
            bad += 1
        else:
            good += 1
            if form == "text":
                click.echo(f"{path}: {words}")
    if problems:
        forms = {"text": render, "json": render_json, "github": render_github}
        click.echo(forms[form](problems))
    click.echo(_summary(good, bad, problems), err=True)
    return Exit.BAD_INPUT if problems else Exit.PASS


def _files(paths: Sequence[str], problems: list[Problem]) -> Iterator[Path]:
    """The files that are meant; a name that means none is told as a problem."""
    from labctl.yamlfile import find_file

    for text in paths:
        if Path(text).is_dir():
            yield from sorted(p for p in Path(text).rglob("*") if p.suffix in (".yaml", ".yml"))
            continue
        errors = []
        for kind, folder in _FOLDERS.items():
            try:
                yield find_file(text, kind, folder)
                break
            except InputError as error:
                errors.append(error)
        else:
            problems += errors[0].problems


def _check(path: Path, against: BenchFile | None) -> str:
    """What the file is, in words; InputError with its problems."""
    from labctl import bench as benches
    from labctl import protocol as protocols
    from labctl import sample as samples
    from labctl.yamlfile import open_source

    found = _SCHEMA.search(open_source(path).text)
    kind = found[1] if found else "protocol"
    if kind == "sample":
        specimen = samples.load(path)
        placeholders = ", ".join(specimen.placeholders)
        words = f"sample {specimen.name}"
        return f"{words} (placeholders: {placeholders})" if placeholders else words
    if kind == "bench":
        bench = benches.load(path)
        benches.check_instruments(bench)
        return f"bench {bench.name}"
    if kind in ("lot", "release-limits"):
        from labctl.batch import load_limits, load_lot

        if kind == "lot":
            lot = load_lot(path)
            return f"lot {lot.lot} of {lot.sample}"
        return f"release limits {load_limits(path).name}"
    if kind == "campaign":
        from labctl.campaign import Study
        from labctl.campaign import load as load_campaign

        campaign = load_campaign(path)
        return f"campaign {campaign.name}, {len(Study.of(campaign).units)} runs"
    if kind == "driver":
        from labctl.described import load

        return f"driver {load(path).spec.name}"
    if against is None:
        return f"protocol {protocols.load(path).name}"
    from labctl.ready import check_targets_of

    plan = protocols.load(path, bench=against)
    check_targets_of(plan, against, None)
    return f"protocol {plan.name}, on bench {against.name}"


def _whole(path: Path, error: InputError) -> Problem:
    """An error of the file as a whole."""
    return Problem("P000", error.what, file=str(path), fix=error.fix)


def _summary(good: int, bad: int, problems: Sequence[Problem]) -> str:
    if not problems:
        return f"{good} {_files_word(good)} without a problem"
    word = "problem" if len(problems) == 1 else "problems"
    return f"{len(problems)} {word}; {good} of {good + bad} {_files_word(good + bad)} without one"


def _files_word(number: int) -> str:
    return "file" if number == 1 else "files"
