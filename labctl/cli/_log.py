"""`labctl log`: log thermocouples; no laser, no arming. The short form of `labctl run log`."""

from __future__ import annotations

from dataclasses import replace

import click

from labctl.cli._options import RunOptions, run_options


@click.command("log")
@click.option(
    "--for",
    "duration",
    default=None,
    metavar="TIME",
    help="How long, e.g. 10 min; else until Ctrl-C, at most 24 h.",
)
@click.option("--every", default=None, metavar="TIME", help="Sampling period, e.g. 500 ms.")
@run_options
def command(duration: str | None, every: str | None, options: RunOptions) -> int:
    """Log every thermocouple of a bench until Ctrl-C.

    Works on any bench with one thermometer; nothing is armed and nothing is checked.
    """
    from labctl.cli._prepare import prepare

    given = {"for": duration, "every": every}
    parameters = tuple(f"{name}={value}" for name, value in given.items() if value is not None)
    # A person logs for as long as it takes: time is not compressed unless that is asked for.
    return prepare("log", parameters, replace(options, speed=options.speed or "1")).run()
