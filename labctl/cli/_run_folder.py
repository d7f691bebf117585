"""The folder of a run, from what a person typed for it."""

from __future__ import annotations

from pathlib import Path

import click

from labctl.errors import InputError
from labctl.settings import read_settings


def runs_option(function: click.decorators.FC) -> click.decorators.FC:
    """`--runs DIR`, as `runs_dir`."""
    return click.option(
        "--runs", "runs_dir", default=None, type=click.Path(path_type=Path),
        help="Folder for records; else $LABCTL_RUNS, else ./runs.",
    )(function)  # fmt: skip


def run_folder(typed: str, runs_dir: Path | None) -> Path:
    """`typed` is the folder, its journal, or the folder's path below the folder for records.
    InputError when there is no journal at any of them."""
    root = runs_dir or read_settings().runs
    for path in (Path(typed).expanduser(), root / typed):
        folder = path.parent if path.name == "journal.jsonl" else path
        if (folder / "journal.jsonl").is_file():
            return folder
    raise InputError(
        f"there is no record {typed!r}",
        where=str(root),
        fix="Name the folder that has journal.jsonl, such as runs/2026-01-31/001-heating-curve.",
    )
