"""`labctl log`: log thermocouples; no laser, no arming. The short form of `labctl run log`."""

from __future__ import annotations

from pathlib import Path

import click

from labctl.cli._options import bench_option, run_options, sample_option


@click.command("log")
@click.option(
    "--for",
    "duration",
    default=None,
    metavar="TIME",
    help="How long, e.g. 10 min; else until Ctrl-C, at most 24 h.",
)
@click.option("--every", default=None, metavar="TIME", help="Sampling period, e.g. 500 ms.")
@bench_option
@sample_option
@run_options
def command(
    duration: str | None,
    every: str | None,
    bench: str | None,
    sample: str | None,
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
    """Log every thermocouple of a bench until Ctrl-C.

    Works on any bench with one thermometer; nothing is armed and nothing is checked.
    """
    from labctl.cli._prepare import Choices, prepare

    parameters = []
    if duration is not None:
        parameters.append(f"for={duration}")
    if every is not None:
        parameters.append(f"every={every}")
    return prepare(
        Choices(
            protocol="log",
            parameters=tuple(parameters),
            bench=bench,
            sample=sample,
            blank=None,
            # A person logs for as long as it takes: time is not compressed unless asked for.
            speed=speed or "1",
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
