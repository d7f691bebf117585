"""`labctl runs audit`: every human act on a run, in order: who, when, and where it stands."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labctl.cli._run_folder import run_folder, runs_option
from labctl.cli._visible import visible

if TYPE_CHECKING:
    from labctl.audit import HumanAct

SCHEMA = "labctl.audit/1"


@click.command("audit")
@click.argument("run", metavar="RUN")
@runs_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def audit_command(run: str, runs_dir: Path | None, as_json: bool) -> None:
    """List what people did to RUN (its folder), in order: who, when, and which file says so.

    From its journal, run.json and notes, from campaigns that have it, from the service's audit and
    from resets of its bench. Where nobody was named it says so. That the journal is as it was
    written is for `labctl runs verify` to say.
    """
    from labctl.audit import read_trail

    trail = read_trail(run_folder(run, runs_dir))
    if as_json:
        acts = [
            {"what": act.what, "who": act.who or None, "text": act.text, "utc": act.utc or None,
             "t_s": act.t_s, "source": act.source}
            for act in trail.acts
        ]  # fmt: skip
        told = {"schema": SCHEMA, "run": trail.run, "acts": acts, "trouble": list(trail.trouble)}
        click.echo(json.dumps(told))
        return
    click.echo(f"{visible(trail.run)}: {len(trail.acts)} acts of people on record")
    for line in _table(trail.acts):
        click.echo(line)
    for words in trail.trouble:
        click.echo(f"NOT READ AS WRITTEN  {visible(words)}")


def _table(acts: tuple[HumanAct, ...]) -> Iterator[str]:
    """When, who and what in columns; the words behind them, folded; the source below."""
    rows = [(_when(act), visible(act.by), visible(act.what)) for act in acts]
    widths = [max((len(row[at]) for row in rows), default=0) for at in range(3)]
    hang = sum(widths) + 6
    width = max(hang + 40, shutil.get_terminal_size().columns)
    for row, act in zip(rows, acts, strict=True):
        head = "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True))
        words = textwrap.wrap(visible(" ".join(act.text.split())), width - hang,
                              break_long_words=False, break_on_hyphens=False)  # fmt: skip
        yield f"{head}  {words[0] if words else ''}".rstrip()
        yield from (" " * hang + line for line in words[1:])
        yield " " * hang + f"[{visible(act.source)}]"


def _when(act: HumanAct) -> str:
    """Wall time in the lab's own zone, else the time of the run."""
    if act.utc:
        try:
            return datetime.fromisoformat(act.utc).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        except ValueError:
            return visible(act.utc)
    return "" if act.t_s is None else f"{act.t_s:.1f} s of the run"
