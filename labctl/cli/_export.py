"""`labctl export RUN --to FORMAT`: a record as other people's software reads it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from labctl.cli._run_folder import run_folder
from labctl.errors import Exit

SCHEMA = "labctl.exported/1"
FORMATS = ("csv", "origin", "prism", "parquet", "nexus", "bluesky", "rocrate")
"""Those of `labctl.export.FORMATS`, so that --help imports nothing; a test compares them."""


@click.command("export")
@click.argument("run", metavar="RUN")
@click.option("--to", "formats", required=True, multiple=True, type=click.Choice(FORMATS),
              help="What to write; any number of them.")  # fmt: skip
@click.option("-o", "--out", default=Path(), type=click.Path(path_type=Path, file_okay=False),
              help="Folder for the files; else this one.")  # fmt: skip
@click.option("--force", is_flag=True, help="Write over what is there.")
@click.option("--runs", "runs_dir", default=None, type=click.Path(path_type=Path),
              help="Folder for records; else $LABCTL_RUNS, else ./runs.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object a format.")
def command(
    run: str,
    formats: tuple[str, ...],
    out: Path,
    force: bool,
    runs_dir: Path | None,
    as_json: bool,
) -> int:
    """Write the record of RUN (its folder) for other software: values, units, and why a reading is
    none. Made from the journal; the record itself is not touched.

    Exit code 0: written; 6: written, of a record that is damaged, as far as it is good, or whose
    journal is not the one that run.json has the hash of.
    """
    from labctl.export import Source, export_run

    folder = run_folder(run, runs_dir)
    source, damaged = Source(folder), False
    for name in dict.fromkeys(formats):
        done = export_run(source, name, out, overwrite=force)
        damaged = done.state == "damaged" or done.other
        if as_json:
            told = {
                "schema": SCHEMA,
                "run": str(folder),
                "to": name,
                "files": [str(path) for path in done.paths],
                "state": done.state,
                "words": done.words,
            }
            click.echo(json.dumps(told))
            continue
        for path in done.paths:
            click.echo(f"{name:<8}  {path}  {path.stat().st_size / 1e3:.0f} kB")
        if done.state != "closed" or done.other:
            click.echo(f"          the record is {done.words}", err=True)
    return Exit.DATA if damaged else Exit.PASS
