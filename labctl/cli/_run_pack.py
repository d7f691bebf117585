"""`labctl run x.labpack`: another laboratory's protocol on this bench, and what came of it beside
what was found there."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labctl.cli._options import RunOptions
from labctl.cli._pack import agreement_json, agreement_lines
from labctl.cli._prepare import prepare_all, run_all
from labctl.cli._visible import visible
from labctl.errors import InputError
from labctl.pack import agreement, prepare_protocol, read_pack
from labctl.ready import load_bench

if TYPE_CHECKING:
    from labctl.bench import BenchFile
    from labctl.cli._carry_out import RunInTerminal
    from labctl.pack import Pack, Prepared

AGREEMENT = "agreement.json"
"""In the run's folder; can be made again by `labctl pack compare`."""


@contextmanager
def opened(pack: Pack, parameters: tuple[str, ...], bench: BenchFile) -> Iterator[Prepared]:
    """Its protocol as this bench takes it, in files that are gone when this ends. InputError where
    a parameter is to be set."""
    if parameters:
        raise InputError(
            "a pack's protocol has its parameters already",
            where="-p",
            fix="Open it with `labctl pack open`; then it is another protocol, and says so.",
        )
    with tempfile.TemporaryDirectory(prefix="labctl-pack-") as made:
        yield prepare_protocol(pack, bench, Path(made) / "pack")


def opened_lines(path: Path, pack: Pack, ready: Prepared) -> Iterator[str]:
    """Which pack it is, and whose limits hold."""
    yield visible(f"PACK {path.name}, SHA-256 {pack.sha256}")
    for words in ready.said:
        yield visible(f"  {words}")


def run_pack(path: Path, parameters: tuple[str, ...], options: RunOptions, **how: Any) -> int:
    """Run it; returns the exit code of the run, which the comparison does not change."""
    pack = read_pack(path)
    bench, _ = load_bench(options.bench)
    with opened(pack, parameters, bench) as ready:
        sample = options.sample or (None if ready.sample is None else str(ready.sample))
        about = {
            "pack": {
                "file": path.name,
                "sha256": pack.sha256,
                "reference": pack.about.get("head_hash"),
                "sample": "the pack's" if options.sample is None else "this laboratory's own",
            }
        }
        runs = prepare_all(
            str(ready.protocol), (), dataclasses.replace(options, sample=sample), about=about, **how
        )
        if not options.as_json:
            for line in opened_lines(path, pack, ready):
                click.echo(line)
        code = run_all(runs)
    for run in runs:
        _compare(pack, run, as_json=options.as_json)
    return code


def _compare(pack: Pack, run: RunInTerminal, *, as_json: bool) -> None:
    if run.result is None:
        return
    folder = run.result.folder.path
    found = agreement(pack, folder)
    from labctl.export import crate_or_why

    text = json.dumps(agreement_json(found), indent=2, allow_nan=False) + "\n"
    try:
        (folder / AGREEMENT).write_text(text, encoding="utf-8")
    except OSError as error:
        # The run is over and on record; this can be made again.
        click.echo(f"no {AGREEMENT}: {error.strerror}; `labctl pack compare` says it", err=True)
    why = crate_or_why(folder)
    if as_json:
        return
    for line in (*agreement_lines(found), *([why] if why else [])):
        click.echo(visible(line))
