"""`labctl serve`: one bench as a service, with a page, an HTTP API and a queue."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labctl.cli._options import bench_option

if TYPE_CHECKING:
    from labctl.service import Service

DEMO_SPEED = 10.0
_HINTS = (
    "what to do  open the page's address in a browser; nothing here is hardware",
    "what runs   three protocols one after the other: a heating curve; the same with a beam that",
    "            leaves the sample half a minute into its light, which the check must find; and a",
    "            blank. STOP LASER on the page stops one, and holds what waits",
)


@click.command("serve")
@bench_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=8088, show_default=True, type=click.IntRange(0, 65535))
@click.option("--name", "names", multiple=True, metavar="HOST[:PORT]",
              help="Another name by which browsers may call it.")  # fmt: skip
@click.option("--tls-cert", type=click.Path(exists=True, path_type=Path), default=None)
@click.option("--tls-key", type=click.Path(exists=True, path_type=Path), default=None)
@click.option("--behind-proxy", is_flag=True, help="A proxy in front of it speaks TLS.")
@click.option("--protocols", "own", default=None,
              type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Folder of protocols (and samples/) beside the shipped ones.")  # fmt: skip
@click.option("--speed", default=None, type=click.FloatRange(0.01, 1e6),
              help="Seconds of a protocol in one real second; simulated bench only.")  # fmt: skip
@click.option("--runs", "runs_dir", default=None, type=click.Path(path_type=Path),
              help="Folder for records; else $LABCTL_RUNS, else ./runs.")  # fmt: skip
@click.option("--broker", "--mqtt", "broker", default=None, metavar="URL|auto|off",
              help="MQTT broker; else $LABCTL_BROKER, else one on loopback.")  # fmt: skip
@click.option("--home-assistant", is_flag=True,
              help="Publish Home Assistant's MQTT discovery too.")  # fmt: skip
@click.option("--demo", is_flag=True,
              help="The shipped simulated bench at ten times its speed, with a queue of three "
              "protocols and a fault in the second.")  # fmt: skip
def command(
    bench: str | None,
    host: str,
    port: int,
    names: tuple[str, ...],
    tls_cert: Path | None,
    tls_key: Path | None,
    behind_proxy: bool,
    own: Path | None,
    speed: float | None,
    runs_dir: Path | None,
    broker: str | None,
    home_assistant: bool,
    demo: bool,
) -> int:
    """Keep a bench: a page, an HTTP API and a queue, until Ctrl-C.

    It listens on this computer alone unless told otherwise, and always asks for a token; the
    address that it prints has one in it. This is not a safety device.
    """
    from labctl.bench import reach
    from labctl.cli._asking import Asking
    from labctl.cli._told import Told
    from labctl.errors import InputError
    from labctl.ready import load_bench
    from labctl.service import ServeOptions, serve
    from labctl.settings import read_settings
    from labctl.signals import hear_signals
    from labctl.telemetry import BrokerChoice

    settings = read_settings()
    bench_file, why = load_bench("simulated" if demo and bench is None else bench)
    if demo and bench is None:
        why = "of the demonstration"
    in_process = reach(bench_file, tuple(bench_file.roles)).in_process
    if not in_process and (demo or speed is not None):
        raise InputError(
            "--demo and --speed are for a bench that is simulated in this process (sim://)",
            where=bench_file.source_file,
            fix="Leave them out, or take the shipped simulated bench.",
        )
    at_bench, why_not = Asking(yes=False).at_bench()
    terminal = Told(click.echo)
    options = ServeOptions(
        bench_file=bench_file,
        bench_why=why,
        runs_dir=runs_dir or settings.runs,
        host=host,
        port=port,
        names=names,
        certificate=tls_cert,
        key=tls_key,
        behind_proxy=behind_proxy,
        speed=speed or (DEMO_SPEED if demo else 1.0),
        broker=BrokerChoice.parse(broker or settings.broker or "auto"),
        home_assistant=home_assistant,
        own=own,
        at_bench=at_bench,
        not_at_bench=why_not,
        shown=terminal.publish,
        keep_queue=not demo,
        print_tokens=not _into_journal(),
        hints=_HINTS if demo else (),
        prepare=_fill if demo else (lambda service: None),
    )
    try:
        code = serve(options, terminal.say)
        # All is closed, and the exit code stands: no signal ends it with another one.
        hear_signals(lambda name: None)
        return code
    finally:
        terminal.close()


def _into_journal() -> bool:
    """Whether systemd keeps what is printed; it says so by the device and inode of the stream."""
    try:
        seen = os.fstat(1)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{seen.st_dev}:{seen.st_ino}"


def _fill(service: Service) -> None:
    """The demonstration's queue: a healthy run, one whose beam leaves the sample, a blank."""
    from labctl.ready import Order

    for protocol, sample, faults in (
        ("heating-curve", "pda-aminoacid", ()),
        ("heating-curve", "pda-aminoacid", ("beam-off-sample=-30%@300s",)),
        ("blank", "water", ()),
    ):
        order = Order(
            protocol=service.shelf.protocol(protocol),
            sample=service.shelf.sample(sample),
            faults=faults,
            runs_dir=service.runs_dir,
            about={"by": "labctl serve --demo", "command": ["labctl", "serve", "--demo"]},
        )
        plan, _, _ = service.checked(order)
        at_most_s = plan.at_most_ns / 1e9
        service.orders.add(
            order, by="labctl serve --demo", at_most_s=at_most_s, lights=plan.uses_light
        )
