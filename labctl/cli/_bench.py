"""`labctl bench`: a bench file from what is plugged in, and a bench gone through before its use."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import click

from labctl.cli._devices import scanned
from labctl.cli._options import bench_option
from labctl.errors import InputError, RecordError

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")


@click.group("bench")
def command() -> None:
    """Write a bench file, and go through a bench before it is used."""


@command.command("init")
@click.argument("name")
@click.option("--at", multiple=True, metavar="ADDRESS", help="As for `labctl devices`.")
@click.option("--only-at", is_flag=True, help="Ask nothing but what --at names.")
@click.option("--out", default=Path("bench.yaml"), show_default=True,
              type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Where to write it; a file that is there is never written over.")  # fmt: skip
def init_command(name: str, at: tuple[str, ...], only_at: bool, out: Path) -> None:
    """Write a bench file for the bench NAME from what is plugged in and answers.

    What each instrument is for is guessed, and every guess is marked. What only a person can know
    (limits, calibrations, interlock, dead-man) is left empty: `labctl validate` says what is
    missing until it is filled in.
    """
    from labctl import bench as benches

    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name!r} is no name of a bench",
            fix="Small letters, digits, - and _, such as bench-2.",
        )
    if out.exists():
        raise InputError(
            f"{out} is there already, and is not written over",
            fix="Name another file with --out, or move that one away.",
        )
    if not out.parent.is_dir():
        raise InputError(
            f"there is no folder {out.parent}", fix="Make it, or name another file with --out."
        )
    if not os.access(out.parent, os.W_OK):
        raise _unwritable(out, "Permission denied")
    found = scanned(at, only_at=only_at)
    text = benches.starting_file(name, found)
    try:
        # Never over one that came to be there while the ports were asked.
        with open(out, "x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise _unwritable(out, error.strerror or repr(error)) from error
    for device in found.devices:
        who = device.answerer
        if who is not None and who.driver:
            click.echo(f"{who.driver:<18} {device.place.address}")
    fill = sum("# FILL" in line or ": FILL" in line for line in text.splitlines())
    click.echo(f"written: {out}; {fill} lines to fill in, marked FILL")
    typed = shlex.quote(str(out))
    click.echo(
        f"next: edit it, then labctl validate {typed}, then labctl bench check --bench {typed}"
    )


def _unwritable(out: Path, why: str) -> RecordError:
    return RecordError(
        "the bench file cannot be written",
        where=str(out),
        seen=why,
        fix="Name a file in a folder of your own with --out.",
    )


@command.command("check")
@bench_option
@click.option("--light", is_flag=True,
              help="Then light it, with little power, and hold the meter against it.")  # fmt: skip
@click.option("--power", default="50 mW", show_default=True, metavar="POWER",
              help="At the sample, for --light.")  # fmt: skip
@click.option("--no-hands", is_flag=True,
              help="Nobody is there to open the interlock and turn the key: left out, and the "
              "bench does not pass.")  # fmt: skip
@click.option(
    "--runs", "runs_dir", default=None, type=click.Path(path_type=Path),
    help="Folder for the record of the light; else $LABCTL_RUNS, else ./runs.",
)  # fmt: skip
def check_command(
    bench: str | None, light: bool, power: str, no_hands: bool, runs_dir: Path | None
) -> int:
    """Go through a bench as a careful person would before its use, and keep the record of it.

    In the dark: who answers, off read back, sensors of a room's temperature, shutter and dead-man
    (fed, then not), interlock and key, which you are asked to open and to close. With --light the
    bench is armed as `labctl run` arms it, a few seconds at little power are measured, and
    `commissioning.json` beside the bench file says what was found. Ctrl-C ends it, everything off.
    """
    from labctl import bench as benches
    from labctl.cli._commission import (
        end,
        light_run,
        light_step,
        said_before,
        show,
        until_walked,
        who_is_there,
        worst,
    )
    from labctl.ready import load_bench

    file, why = load_bench(bench)
    who = who_is_there(file)
    # What refuses the light is told before a person has gone through everything by hand.
    run = light_run(file, power, runs_dir) if light else None
    click.echo(f"CHECK  {file.name} ({why}), by {who}")
    for line in said_before(file):
        show(line)
    walked = until_walked(lambda clock: benches.walk(file, clock, show, hands=not no_hands))
    steps = [*walked.steps, *light_step(file, walked, run)]
    return worst(end(file, walked, steps, who), run)


@command.command("record")
@bench_option
@click.option("--for", "how_long", default="1 min", show_default=True, metavar="TIME")
@click.option("--out", default=Path("recorded"), show_default=True,
              type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
              help="One transcript an instrument is written there.")  # fmt: skip
def record_command(bench: str | None, how_long: str, out: Path) -> int:
    """Write down every byte that a bench's instruments say, in the dark.

    Connecting switches off what lights and shuts what blocks; then everything is read once a
    second. The transcripts make a test (`labctl.testing.Transcript`). LABCTL_WIRE_LOG=FOLDER writes
    the same of any run.
    """
    from labctl.cli._record_wire import record

    return record(bench, how_long, out)
