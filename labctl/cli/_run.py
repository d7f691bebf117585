"""`labctl run PROTOCOL`: run a protocol on a bench, check it live, leave a record."""

from __future__ import annotations

from pathlib import Path

import click

from labctl.cli._options import bench_option, run_options, sample_option


@click.command("run")
@click.argument("protocol")
@click.option(
    "-p",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set a parameter of the protocol, e.g. -p power=1.2W.",
)
@bench_option
@sample_option
@click.option(
    "--blank",
    default=None,
    type=click.Path(exists=True, path_type=Path),
    metavar="RUN",
    help="Folder of the water run that this one refers to.",
)
@run_options
def command(
    protocol: str,
    parameters: tuple[str, ...],
    bench: str | None,
    sample: str | None,
    blank: Path | None,
    speed: str | None,
    seed: int,
    faults: tuple[str, ...],
    runs_dir: Path | None,
    broker: str | None,
    as_json: bool,
    plain: bool,
    no_figure: bool,
    yes: bool,
) -> int:
    """Run PROTOCOL, the name of a shipped protocol or a file, on a bench.

    Without a bench of your own the shipped simulated bench is taken. The first line says SIMULATED
    or REAL; a record is left under ./runs.
    """
    from labctl.cli._prepare import Choices, prepare

    return prepare(
        Choices(
            protocol=protocol,
            parameters=parameters,
            bench=bench,
            sample=sample,
            blank=blank,
            speed=speed,
            seed=seed,
            faults=faults,
            runs_dir=runs_dir,
            broker=broker,
            as_json=as_json,
            plain=plain,
            figure=not no_figure,
            yes=yes,
        )
    ).run()
