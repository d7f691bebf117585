"""The list that `labctl runs` prints: a line a run, the newest last."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import click

from labctl.catalogue import Catalogue, Entry, Query
from labctl.cli._visible import visible
from labctl.errors import InputError, LabctlError
from labctl.observations import Observation, read_observations
from labctl.settings import read_settings

SCHEMA = "labctl.runs/1"
LAST = 20
_NOTE = 48
"""Characters of a note in the list."""


def list_runs(
    query: Query, runs_dir: Path | None, *, last: int | None, rebuild: bool, as_json: bool
) -> None:
    """Bring the index up to date and print what is asked for."""
    for option, day in (("--since", query.since), ("--until", query.until)):
        _check_day(option, day)
    root = runs_dir or read_settings().runs
    if not root.is_dir():
        raise InputError("there is no folder of records", where=str(root), fix="Name it: --runs.")
    with Catalogue(root) as catalogue:
        read = catalogue.refresh(rebuild=rebuild)
        number = catalogue.count(query)
        entries = catalogue.search(query, last=last)
    if as_json:
        for entry in entries:
            told = dataclasses.asdict(entry) | {
                "path": str(root / entry.path),
                "tags": entry.tags.split(),
                "notes": entry.notes.splitlines(),
                "observations": [dataclasses.asdict(one) for one in _observed(root, entry)],
            }
            click.echo(json.dumps({"schema": SCHEMA, **told}))
        return
    if rebuild:
        click.echo(f"{read} runs read anew")
    if not entries:
        click.echo(f"no such run in {root}")
        return
    if number > len(entries):
        click.echo(f"the last {len(entries)} of {number} runs; --last {number} shows all")
    for line in _table(root, entries):
        click.echo(line)


def _check_day(option: str, day: str | None) -> None:
    if day is None:
        return
    try:
        if date.fromisoformat(day).isoformat() == day:
            return
    except ValueError:
        pass
    raise InputError(f"{day!r} is no date", where=option, fix="Write it as 2026-01-31.")


def _table(root: Path, entries: list[Entry]) -> Iterator[str]:
    rows: list[tuple[str, ...]]
    rows = [("run", "mode", "protocol", "sample", "lot", "state", "verdict", "efficiency",
             "tags", "notes", "observed")]  # fmt: skip
    rows += [tuple(map(visible, (*_row(entry), _words(_observed(root, entry)))))
             for entry in entries]  # fmt: skip
    # What no run of the list has is no column; of the others each is, so that they are looked for.
    seldom = ("tags", "notes", "observed")
    shown = [at for at, name in enumerate(rows[0])
             if name not in seldom or any(row[at] for row in rows[1:])]  # fmt: skip
    widths = {at: max(len(row[at]) for row in rows) for at in shown}
    for row in rows:
        yield "  ".join(row[at].ljust(widths[at]) for at in shown).rstrip()


def _row(entry: Entry) -> tuple[str, ...]:
    state = entry.state if entry.outcome in (None, "completed") else entry.outcome or ""
    efficiency = ""
    if entry.efficiency is not None:
        efficiency = f"{entry.efficiency:.3f}"
        if entry.efficiency_low is not None and entry.efficiency_high is not None:
            efficiency += f" ({entry.efficiency_low:.3f} to {entry.efficiency_high:.3f})"
    return (
        entry.path,
        entry.mode or "",
        entry.protocol or "",
        entry.sample or "",
        entry.lot or "",
        state,
        entry.verdict or "",
        efficiency,
        entry.tags,
        _short(entry.notes.splitlines()),
    )


def _observed(root: Path, entry: Entry) -> tuple[Observation, ...]:
    """What was measured of it afterwards and stands; nothing where that cannot be read."""
    try:
        return read_observations(root / entry.path).standing
    except LabctlError:
        return ()


def _words(observed: tuple[Observation, ...]) -> str:
    return ", ".join(dict.fromkeys(one.quantity for one in observed))


def _short(notes: list[str]) -> str:
    """The last of them, so that a line stays a line; how many there are besides."""
    if not notes:
        return ""
    last = notes[-1] if len(notes[-1]) <= _NOTE else notes[-1][: _NOTE - 4].rstrip() + " ..."
    return last if len(notes) == 1 else f"{last} (+{len(notes) - 1})"
