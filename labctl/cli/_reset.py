"""`labctl reset`: take a trip off a bench. At the bench, by a person, never by a flag."""

from __future__ import annotations

import sys

import click

from labctl.cli._options import bench_option
from labctl.errors import Exit, InputError, RefusedError, SafetyError


@click.command("reset")
@bench_option
def command(bench: str | None) -> int:
    """Reset a bench that has tripped, at its own terminal, once the cause is gone.

    What tripped is shown, the bench is looked at in the dark, and who and why goes on record. No
    option answers in your place.
    """
    from labctl import bench as benches
    from labctl import platform
    from labctl.clock import run_real
    from labctl.settings import read_settings

    found = benches.find_bench(bench, environment=read_settings().bench)
    file = benches.load(found.path)
    trips = benches.latched(file)
    if not trips:
        click.echo(f"nothing is tripped on {file.name}")
        return Exit.PASS
    for trip in trips:
        click.echo(f"TRIPPED  {trip.utc}  {trip.rule}: {trip.message}")
    if not platform.is_terminal(sys.stdin):
        raise InputError(
            "a reset is typed at the bench, and standard input is no terminal",
            fix=f"Run `labctl reset --bench {bench or file.source_file}` in a terminal there.",
        )
    platform.forget_typed_ahead(sys.stdin)
    if click.prompt(f"The bench's name ({file.name}), to go on").strip() != file.name:
        raise RefusedError("that is not this bench's name; nothing was reset")
    why = ""
    while not why:
        why = click.prompt("What was the cause, and how was it mended").strip()
    click.echo("looking at the bench in the dark ...")
    amiss = run_real(lambda clock: benches.look(file, clock))
    if amiss:
        raise SafetyError(
            "not reset: " + "; ".join(trip.message for trip in amiss),
            fix="See to the cause, then reset again.",
        )
    benches.reset_latched(file, why)
    click.echo(f"reset: {file.name}")
    return Exit.PASS
