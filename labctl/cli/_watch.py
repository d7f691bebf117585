"""`labctl watch`: a run's telemetry, followed from another terminal."""

from __future__ import annotations

import click

from labctl.cli._until_stopped import until_stopped
from labctl.cli._visible import visible
from labctl.errors import InputError
from labctl.settings import read_settings


@click.command("watch")
@click.argument("bench", required=False)
@click.option(
    "--broker",
    metavar="URL",
    default=None,
    help="mqtt://[user:password@]host[:port]; else $LABCTL_BROKER, else the embedded one.",
)
@click.option("--json", "as_json", is_flag=True, help="Every message, one JSON object a line.")
def command(bench: str | None, broker: str | None, as_json: bool) -> None:
    """Follow what benches tell over MQTT, or only BENCH, until Ctrl-C.

    Started before the run, it waits and says so. What it says of a beam carries its age; there is
    no word for safe.
    """
    from labctl.telemetry import BrokerChoice, watch

    choice = BrokerChoice.parse(broker or read_settings().broker or "auto")
    if choice.off:
        raise InputError(
            "there is no broker to watch: it is set to off",
            fix="Name one with --broker mqtt://host, or unset LABCTL_BROKER.",
        )

    def write(line: str) -> None:
        # Whoever publishes there writes it: one message is one line, and says so.
        click.echo(line if as_json else visible(line))

    until_stopped(lambda: watch(write, address=choice.address, bench=bench, as_json=as_json))
