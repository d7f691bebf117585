"""`labctl runs`: which records there are, whether they are as they were written, what is left of a
run that was killed, and what people wrote about one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click

from labctl.cli._run_folder import run_folder, runs_option
from labctl.cli._runs_attach import attach_command
from labctl.cli._runs_audit import audit_command
from labctl.cli._runs_notes import note_command, tag_command
from labctl.errors import Exit, InputError, LabctlError

VERIFY_SCHEMA = "labctl.verify/1"
RECOVER_SCHEMA = "labctl.recover/1"
_HEAD = re.compile(r"[0-9a-f]{64}")


@click.group("runs", invoke_without_command=True)
@click.option("--sample", default=None, metavar="NAME", help="Runs of this sample.")
@click.option("--lot", default=None, metavar="LOT", help="Of this lot.")
@click.option("--protocol", default=None, metavar="NAME", help="Of this protocol.")
@click.option("--bench", default=None, metavar="NAME", help="On this bench.")
@click.option("--verdict", default=None, help="With this verdict.",
              type=click.Choice(["pass", "fail", "cannot-tell", "none"]))  # fmt: skip
@click.option("--mode", default=None, type=click.Choice(["simulated", "real", "imported"]),
              help="Of simulated or of real benches, or imported.")  # fmt: skip
@click.option("--state", default=None, help="As their journals end.",
              type=click.Choice(["closed", "cut-off", "running", "unreadable"]))  # fmt: skip
@click.option("--since", default=None, metavar="DATE", help="From this day on, as 2026-01-31.")
@click.option("--until", default=None, metavar="DATE", help="Up to this day.")
@click.option("--tag", "tags", multiple=True, metavar="WORD",
              help="With this tag; given again, with all of them.")  # fmt: skip
@click.option("--text", default=None, metavar="WORDS",
              help="With these words in a note of `labctl runs note`.")  # fmt: skip
@click.option("--last", default=None, type=click.IntRange(min=1), metavar="N",
              help="The newest N of them; else 20, and with --json all.")  # fmt: skip
@click.option("--rebuild", is_flag=True, help="Make the index again from the folders.")
@runs_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a run.")
@click.pass_context
def command(
    ctx: click.Context,
    sample: str | None,
    lot: str | None,
    protocol: str | None,
    bench: str | None,
    verdict: str | None,
    mode: str | None,
    state: str | None,
    since: str | None,
    until: str | None,
    tags: tuple[str, ...],
    text: str | None,
    last: int | None,
    rebuild: bool,
    runs_dir: Path | None,
    as_json: bool,
) -> None:
    """List the runs in a folder of records, the newest last; or look after one of them.

    Names may have * and ? in them. All that is given must hold.
    """
    if ctx.invoked_subcommand is not None:
        given = [name for name, value in ctx.params.items() if value not in (None, False, ())]
        if given:
            raise click.UsageError(
                f"options behind `runs` are those of the list; write them behind "
                f"`{ctx.invoked_subcommand}`",
                ctx,
            )
        return
    from labctl.catalogue import Query
    from labctl.cli._runs_list import LAST, list_runs

    query = Query(
        sample=sample,
        lot=lot,
        protocol=protocol,
        bench=bench,
        verdict=None if verdict is None else verdict.replace("-", " "),
        mode=mode,
        state=None if state is None else state.replace("-", " "),
        since=since,
        until=until,
        tags=tags,
        text=text,
    )
    shown = last if last is not None or as_json else LAST
    list_runs(query, runs_dir, last=shown, rebuild=rebuild, as_json=as_json)


command.add_command(note_command)
command.add_command(tag_command)
command.add_command(audit_command)
command.add_command(attach_command)


@command.command("verify")
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.option("--head", default=None, metavar="HASH",
              help="Head hash of the journal as it was kept elsewhere; for one RUN.")  # fmt: skip
@runs_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a run.")
def verify_command(
    runs: tuple[str, ...], head: str | None, runs_dir: Path | None, as_json: bool
) -> int:
    """Say of each RUN (its folder) whether its record is as it was written, and where it is not.

    The journal is held against --head, or else against the head hash that run.json kept, and
    run.json, data.csv, the copies of protocol, bench and sample, and begun.json against the
    journal; run.json against begun.json, key by key. Notes, observations, reports are outside of
    that, and what else is not covered is said. Nothing is written.

    Exit code 0: all intact; 7: one is cut off, goes on, or has no head hash kept outside its
    journal; 6: one was changed, or cannot be read.
    """
    from labctl.record import Outcome, verify_run

    if head is not None:
        head = head.strip().lower()
        if not _HEAD.fullmatch(head):
            raise InputError("a head hash has 64 hex digits", where="--head")
        if len(runs) > 1:
            raise InputError("one head hash is that of one run", where="--head")
    worst = Exit.PASS
    told: dict[str, Any]
    for each in runs:
        try:
            found = verify_run(run_folder(each, runs_dir), head)
        except LabctlError as error:
            if len(runs) == 1:
                raise
            worst = Exit.DATA
            told = {"schema": VERIFY_SCHEMA, "run": each, "outcome": "unreadable",
                    "why": [str(error)]}  # fmt: skip
            click.echo(json.dumps(told) if as_json else f"unreadable  {error}")
            continue
        if found.outcome is Outcome.CHANGED:
            worst = Exit.DATA
        elif found.outcome is not Outcome.INTACT and worst is Exit.PASS:
            worst = Exit.CANNOT_TELL
        if as_json:
            told = {
                "schema": VERIFY_SCHEMA,
                "run": str(found.path),
                "outcome": found.outcome.value,
                "where": found.where,
                "why": list(found.why),
                "events": found.events,
                "head_hash": found.head_hash,
                "held_against": found.held_against,
            }
            click.echo(json.dumps(told))
            continue
        click.echo(f"{found.outcome.value:<12}  {found.path}  {found.events} events")
        if found.where:
            click.echo(f"  at {found.where}")
        for words in found.why:
            click.echo(f"  {words}")
        click.echo(f"  head hash {found.head_hash}")
    return worst


@command.command("recover")
@click.argument("run", metavar="RUN")
@runs_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def recover_command(run: str, runs_dir: Path | None, as_json: bool) -> None:
    """Make run.json, data.csv and ro-crate-metadata.json of a RUN that was killed from what is good
    in its journal.

    The journal's own bytes stay as they are; what stands behind its last good line is copied to
    journal.tail. Refused while the run goes on.
    """
    from labctl.export import METADATA, crate_or_why
    from labctl.record import TAIL, recover_run

    folder = run_folder(run, runs_dir)
    before = _bytes(folder / "run.json")
    found = recover_run(folder)
    made = ["data.csv", *([] if _bytes(folder / "run.json") == before else ["run.json"])]
    why_no_crate = crate_or_why(folder)
    if not why_no_crate:
        made.append(METADATA)
    if as_json:
        told = {
            "schema": RECOVER_SCHEMA,
            "run": str(found.path),
            "state": found.state,
            "words": found.words,
            "events": found.durable_seq,
            "last_s": found.last_ns / 1e9,
            "head_hash": found.head_hash,
            "tail_bytes": found.tail_bytes,
            "made": [*made, *([TAIL] if found.tail_bytes else [])],
        }
        click.echo(json.dumps(told))
        return
    click.echo(f"{found.path}: {found.words}")
    click.echo(f"  kept: events 1 to {found.durable_seq}, up to {found.last_ns / 1e9:.1f} s")
    if found.tail_bytes:
        click.echo(f"  not read: the last {found.tail_bytes} bytes, copied to {TAIL}")
    click.echo(f"  made: {', '.join(made)}; journal.jsonl is as it was")
    if why_no_crate:
        click.echo(f"  {why_no_crate}", err=True)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
