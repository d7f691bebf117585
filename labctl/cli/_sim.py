"""`labctl sim`: the simulated bench by itself: served over TCP, and what can go wrong in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from labctl.cli._options import bench_option, fault_option, sample_option


@click.group("sim")
def command() -> None:
    """The simulated bench: serve it over TCP, list its faults."""


@command.command("faults")
def faults_command() -> None:
    """List the faults that `--fault` can inject."""
    from labctl.instruments import simulated_faults

    click.echo(simulated_faults())


@command.command("serve")
@bench_option
@sample_option
@click.option("--seed", default=1, show_default=True, type=click.IntRange(min=0))
@fault_option
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port",
    default=0,
    show_default=True,
    type=click.IntRange(0, 65000),
    help="First TCP port, one an instrument from there on; 0 takes free ones.",
)
@click.option("--rfc2217", "way", flag_value="rfc2217",
              help="Serial lines over rfc2217: a wrong speed gives garbage.")  # fmt: skip
@click.option("--pty", "way", flag_value="pty",
              help="Serial lines on pseudo-terminals.")  # fmt: skip
@click.option(
    "--log",
    "log",
    default=None,
    type=click.Path(path_type=Path),
    help="Append every edge of the world's own emission to this file.",
)
@click.option(
    "--write-bench",
    default=None,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the bench file again with the served addresses in it.",
)
def serve_command(
    bench: str | None,
    sample: str | None,
    seed: int,
    faults: tuple[str, ...],
    host: str,
    port: int,
    way: str | None,
    log: Path | None,
    write_bench: Path | None,
) -> None:
    """Serve the instruments of a bench, in real time, until Ctrl-C: over TCP, or as asked for.

    The same drivers reach them through pyserial and PyVISA as they would reach hardware; the bench
    file differs only in its addresses.
    """
    from labctl.instruments import SimSpec, simulation_server
    from labctl.ready import DEFAULT_SAMPLE, load_bench, load_sample

    bench_file, _ = load_bench(bench)
    specimen = load_sample(sample or DEFAULT_SAMPLE)

    def ready(table: Sequence[Mapping[str, Any]]) -> None:
        addresses = {row["key"]: row["address"] for row in table}
        for row in table:
            click.echo(f"{row['key']:<12} {row['driver']:<18} {row['address']}")
        if write_bench is not None:
            served = bench_file.with_addresses(addresses)
            write_bench.write_text(served.dump(), encoding="utf-8")
            click.echo(f"bench file   {write_bench}")
            click.echo(f"run on it:   labctl run heating-curve --bench {write_bench}")
        click.echo(json.dumps({"ready": True, "addresses": addresses}))

    simulation_server()(
        SimSpec(seed, faults, specimen.statement() if specimen else {}, bench_file.statement()),
        host=host,
        port=port,
        log=log,
        ready=ready,
        way=way or "tcp",
    )
