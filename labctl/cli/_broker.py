"""`labctl broker`: the embedded MQTT broker, kept up between runs."""

from __future__ import annotations

import click

from labctl.cli._until_stopped import until_stopped


@click.command("broker")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=1883,
    show_default=True,
    help="Preferred port on loopback; another is taken, and named, when it is not free.",
)
@click.option(
    "--kind",
    type=click.Choice(["auto", "mosquitto", "amqtt"]),
    default="auto",
    show_default=True,
    help="Which broker; auto takes mosquitto when it is there.",
)
def command(port: int, kind: str) -> None:
    """Keep labctl's MQTT broker up until Ctrl-C.

    Runs and `labctl watch` find it by themselves. It listens on this machine only; for other
    computers run a broker of your own and name it: `labctl run --broker mqtt://host`.
    """
    from labctl.telemetry import serve_broker

    until_stopped(lambda: serve_broker(click.echo, port=port, kind=kind))
