"""`labctl bench`: a bench file from what is plugged in, and a bench gone through before its use."""

from __future__ import annotations

import re
from pathlib import Path

import click

from labctl.errors import InputError

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
    from labctl.clock import run_real

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
    found = run_real(lambda clock: benches.scan(clock, at, listed=not only_at))
    text = benches.starting_file(name, found)
    out.write_text(text, encoding="utf-8")
    for device in found.devices:
        who = device.answerer
        if who is not None and who.driver:
            click.echo(f"{who.driver:<18} {device.place.address}")
    fill = sum("# FILL" in line or ": FILL" in line for line in text.splitlines())
    click.echo(f"written: {out}; {fill} lines to fill in, marked FILL")
    click.echo(f"next: edit it, then labctl validate {out}, then labctl bench check --bench {out}")
