"""`labctl replay` of an imported record: its file analysed anew, and what it says beside."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labctl.errors import Exit

if TYPE_CHECKING:
    from labctl.record import Verification

SCHEMA = "labctl.replay/1"
_ROWS = 40


def is_imported(folder: Path) -> bool:
    """Whether the record in `folder` is no run, by its journal."""
    from labctl.events import Mode
    from labctl.record import read_ends

    begun = read_ends(folder / "journal.jsonl").begun
    return begun is not None and begun.mode is Mode.IMPORTED


def again(folder: Path, verified: Verification, *, as_json: bool) -> int:
    """Print it; returns the exit code."""
    from labctl.imported import analyse_again
    from labctl.record import Outcome, other_versions, read_facts

    found = analyse_again(folder)
    same = not found.differences
    why = () if same else other_versions(read_facts(folder / "run.json"))
    if as_json:
        told = {
            "schema": SCHEMA,
            "run": str(folder),
            "mode": "REPLAY",
            "recorded_mode": "IMPORTED",
            "record": verified.outcome.value,
            "where": verified.where,
            "same": same,
            "events": found.events,
            "verdict": found.verdict or None,
            "verdict_now": found.verdict_now,
            "differences": [dataclasses.asdict(each) for each in found.differences],
            "versions": [dict(zip(("name", "then", "now"), each, strict=True)) for each in why],
        }
        click.echo(json.dumps(told))
    else:
        click.echo(f"REPLAY of an IMPORTED record  {folder}")
        click.echo(f"record      {verified.outcome.value}: {verified.why[0]}")
        click.echo("analysed    its own file anew, with what was given then")
        click.echo(f"verdict     {found.verdict or 'none'} as recorded, {found.verdict_now} now")
        if same:
            click.echo("the same, byte for byte")
        for each in found.differences[:_ROWS]:
            was, now = (json.dumps(value)[:60] for value in (each.recorded, each.now))
            click.echo(f"{each.what}  at {each.t_s:.1f} s  {was}  {now}")
        for name, was_version, now_version in why:
            click.echo(f"why         {name}: {was_version} then, {now_version} now")
    if verified.outcome is Outcome.CHANGED:
        return Exit.DATA
    return Exit.PASS if same else Exit.CHECK_FAILED
