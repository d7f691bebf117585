"""`labctl --server URL VERB`: what a service of `labctl serve` is asked for from a terminal: the
bench as it is, a run, a stop, the queue. The rest is in `_remote_bench` and `_remote_records`.
"""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

import click

from labctl import clock
from labctl.cli._remote_bench import BENCH_VERBS
from labctl.cli._remote_records import RECORD_VERBS
from labctl.cli._server import Server, find_server, parameters_of, shown
from labctl.errors import Exit, InputError, InstrumentError

__all__ = ["VERBS", "find_server"]

_LOOK_S = 0.3


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def status(server: Server, as_json: bool) -> int:
    """The bench in words."""
    told = server.ask("GET", "/bench")
    if as_json:
        click.echo(json.dumps(told))
        return Exit.PASS
    shown(f"{told['mode']} bench {told['bench']}: {told['word']}")
    shown(f"  beam      {told['beam']['text']}")
    if told["latched"]:
        now = told["latched"]
        shown(f"  LATCHED   by {now['by']}: {now['why']}; reset at the {now['reset']}")
    run = told["run"]
    if run is not None:
        shown(f"  run       {run['protocol']} {run['sample']}  {run['record']}")
        step = run["step"]
        if step:
            words = f"{step['index']} of {step['of']}, {step['verb']}"
            shown(f"  step      {words}, at most {step['left_s']:.0f} s more")
        shown(f"  so far    {'; '.join([run['so_far']['word'], *run['so_far']['why']])}")
    for reading in told["readings"]:
        value = reading["problem"] or f"{reading['value']:.4g} {reading['unit']}"
        shown(f"  {reading['channel']:<22} {value}   {reading['age_s']:.1f} s ago")
    if told["waits_for"]:
        shown(f"  WAITS     {told['waits_for'].removeprefix('waits ')}")
    if told["prompt"]:
        shown(f"  ASKS      {told['prompt']['text']}")
    return Exit.PASS


@click.command("run")
@click.argument("protocol")
@click.option("-p", "parameters", multiple=True, metavar="NAME=VALUE",
              help="Set a parameter of the protocol.")  # fmt: skip
@click.option("--sample", default=None, metavar="NAME")
@click.option("--seed", default=1, type=click.IntRange(min=0))
@click.option("--fault", "faults", multiple=True, metavar="SPEC")
@click.option("--blank", default=None, metavar="DAY/RUN")
@click.option("--queue", "queued", is_flag=True, help="Wait behind what runs.")
@click.option("--no-wait", is_flag=True, help="Do not follow it to its end.")
@click.pass_obj
def run(
    server: Server,
    protocol: str,
    parameters: tuple[str, ...],
    sample: str | None,
    seed: int,
    faults: tuple[str, ...],
    blank: str | None,
    queued: bool,
    no_wait: bool,
) -> int:
    """Have the service run PROTOCOL; the exit code is that of the run. Ctrl-C leaves it running."""
    order: dict[str, Any] = {
        "protocol": protocol, "parameters": parameters_of(parameters), "seed": seed,
        "faults": list(faults),
    }  # fmt: skip
    order |= {name: value for name, value in (("sample", sample), ("blank", blank)) if value}
    path = "/queue" if queued else "/start"
    item = server.armed().ask("POST", path, order, secrets.token_urlsafe(16))
    shown(f"{item['id']} {item['protocol']}: {item['state']}")
    if no_wait:
        return Exit.PASS
    while item["state"] in ("waiting", "running"):
        clock.real_sleep(_LOOK_S)
        found = [i for i in server.ask("GET", "/queue")["items"] if i["id"] == item["id"]]
        if not found:
            raise InstrumentError("the service was started anew meanwhile", where=server.url)
        if found[0]["state"] != item["state"]:
            shown(f"{item['id']} {item['protocol']}: {found[0]['state']}")
        item = found[0]
    said = [item["outcome"], item["verdict"], item["why"], item["run"]]
    shown("; ".join(word for word in said if word))
    return int(item["exit_code"]) if item["exit_code"] is not None else int(Exit.STOPPED)


@click.command("stop")
@click.option("--latch", is_flag=True, help="STOP LASER: nothing starts until a reset.")
@click.option("--why", default="", help="For the record.")
@click.pass_obj
def stop(server: Server, latch: bool, why: str) -> int:
    """Laser off and run closed. Never asks. This is no emergency stop: use the interlock."""
    path = "/stop-laser" if latch else "/stop"
    shown(server.ask("POST", path, {"why": why or "labctl --server stop"})["done"])
    return Exit.PASS


@click.command("watch")
@click.option("--json", "as_json", is_flag=True, help="One event a line, as in the journal.")
@click.pass_obj
def watch(server: Server, as_json: bool) -> int:
    """Follow what happens, until Ctrl-C."""
    try:
        for line in server.lines("/events?since=0"):
            if "e" not in line and "bye" not in line:
                continue
            if as_json:
                click.echo(json.dumps(line))
            elif "bye" in line:
                shown(f"the service ends: {line['bye']}")
            else:
                event = line["e"]
                words = ", ".join(
                    f"{k} {_plain(v)}" for k, v in event.items()
                    if k not in ("t", "k") and isinstance(v, str | int | float) and v != ""
                )  # fmt: skip
                shown(f"{event['t'] / clock.NS:9.1f} s  {event['k']:<16} {words}")
    except KeyboardInterrupt:
        return Exit.PASS
    return Exit.PASS


@click.group("queue", invoke_without_command=True)
@click.pass_context
def queue(context: click.Context) -> None:
    """What waits, runs, and is over."""
    if context.invoked_subcommand is not None:
        return
    told = context.obj.ask("GET", "/queue")
    for item in told["items"]:
        words = item["why"] if item["state"] in ("refused", "done", "lost") else ""
        sample = item["sample"] or ""
        shown(f"{item['id']:<5} {item['state']:<9} {item['protocol']} {sample}  {words}")
    if told["held"]:
        shown(f"HELD  {told['held']}; `queue go-on` when somebody has looked")


@queue.command("cancel")
@click.argument("item")
@click.pass_obj
def cancel(server: Server, item: str) -> None:
    """Take one out that waits."""
    told = server.ask("DELETE", f"/queue/{_item(item)}")
    shown(f"{told['id']}: {told['state']}")


@queue.command("move")
@click.argument("item")
@click.argument("to", type=click.IntRange(0, 1000))
@click.pass_obj
def move(server: Server, item: str, to: int) -> None:
    """Another place among those that wait, counted from 0."""
    server.ask("POST", f"/queue/{_item(item)}/move", {"to": to})
    shown(f"{item}: moved")


@queue.command("go-on")
@click.pass_obj
def goes_on(server: Server) -> None:
    """Somebody has looked: a queue that was held goes on."""
    server.ask("POST", "/queue/go-on")
    shown("the queue goes on")


VERBS: dict[str, click.Command] = {
    "status": status, "run": run, "stop": stop, "watch": watch, "queue": queue, **BENCH_VERBS,
    **RECORD_VERBS,
}  # fmt: skip
"""What can be asked of a service."""


def _item(name: str) -> str:
    if not re.fullmatch(r"q[0-9]{1,9}", name):
        raise InputError(f"{name!r} is no item of a queue", fix="They are called q1, q2, ...")
    return name


def _plain(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
