"""`labctl run PROTOCOL`: run a protocol on a bench, check it live, leave a record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from labctl.cli._options import RunOptions, run_options


@click.command("run")
@click.argument("protocol")
@click.option(
    "-p",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set a parameter of the protocol, e.g. -p power=1.2W.",
)
@click.option(
    "--blank",
    default=None,
    type=click.Path(exists=True, path_type=Path),
    metavar="RUN",
    help="Folder of the water run that this one refers to.",
)
@click.option(
    "--calibration",
    default=None,
    metavar="FILE|RUN|none",
    help="Electrical calibration of this cell; else the youngest of the bench that fits.",
)
@click.option(
    "--unattended",
    is_flag=True,
    help="Light a REAL bench with nobody there to arm it, where its file allows that.",
)
@run_options
def command(
    protocol: str,
    parameters: tuple[str, ...],
    blank: Path | None,
    calibration: str | None,
    unattended: bool,
    options: RunOptions,
) -> int:
    """Run PROTOCOL, the name of a shipped protocol or a file, on a bench; or another laboratory's
    pack (.labpack), and hold what comes out against what was found there.

    Without a bench of your own the shipped simulated bench is taken. The first line says SIMULATED
    or REAL; a record is left under ./runs.
    """
    from labctl.cli._prepare import prepare_all, run_all

    how: dict[str, Any] = {"blank": blank, "calibration": calibration, "unattended": unattended}
    if protocol.endswith(".labpack"):
        from labctl.cli._run_pack import run_pack

        return run_pack(Path(protocol), parameters, options, **how)
    return run_all(prepare_all(protocol, parameters, options, **how))
