"""`labctl batch`: lots against declared limits."""

from __future__ import annotations

import json
from pathlib import Path

import click

from labctl.errors import Exit


@click.command("batch")
@click.argument("limits", metavar="LIMITS")
@click.option(
    "--lot",
    "lots",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Lot file; any number of them. Else every lot that has runs is judged.",
)
@click.option("--mode", default=None, type=click.Choice(["simulated", "real"]),
              help="Runs of simulated or of real benches, where there are both.")  # fmt: skip
@click.option("--runs", "runs_dir", default=None, type=click.Path(path_type=Path),
              help="Folder for records; else $LABCTL_RUNS, else ./runs.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(
    limits: str, lots: tuple[Path, ...], mode: str | None, runs_dir: Path | None, as_json: bool
) -> int:
    """Judge lots by LIMITS (a file, or the name of a shipped one): their finished runs, and what
    their files say of measurements made elsewhere. No record is changed.

    Exit code 0: every lot passes; 1: one fails; 7: of one it cannot be told.
    """
    from labctl.batch import (
        Answer,
        batch_json,
        batch_lines,
        find_limits,
        load_limits,
        load_lot,
        release,
    )
    from labctl.settings import read_settings

    declared = load_limits(find_limits(limits))
    files = [load_lot(path) for path in lots]
    root = runs_dir or read_settings().runs
    verdict = release(declared, files, root, mode=None if mode is None else mode.upper())
    if as_json:
        click.echo(json.dumps(batch_json(verdict), ensure_ascii=False))
    else:
        for line in batch_lines(verdict):
            click.echo(line)
    exits = {Answer.PASS: Exit.PASS, Answer.FAIL: Exit.CHECK_FAILED}
    return exits.get(verdict.answer, Exit.CANNOT_TELL)
