"""`labctl --server URL VERB`: what a service of `labctl serve` is asked for from a terminal.

Only the standard library speaks here. The token comes from `$LABCTL_TOKEN` (or `_FILE`), else from
the card that a service of this user on this computer leaves in the runtime folder.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from labctl import clock, platform
from labctl.errors import (
    Exit,
    InputError,
    InstrumentError,
    LabctlError,
    Problem,
    RecordError,
    RefusedError,
)

_TIMEOUT_S = 30.0
_QUIET_S = 10.0
"""A stream says something each second; this long without a word is lost contact."""
_LOOK_S = 0.3


@dataclass(frozen=True, slots=True)
class Server:
    """A service, and what opens it."""

    url: str
    token: str
    arm_code: str = ""

    def ask(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        """What it says. LabctlError in its own words where it refuses."""
        with self._open(method, path, body, key, _TIMEOUT_S) as said:
            return json.loads(said.read())

    def lines(self, path: str) -> Iterator[dict[str, Any]]:
        """A stream, object by object, until it ends. InstrumentError when it falls silent."""
        try:
            with self._open("GET", path, None, "", _QUIET_S) as said:
                for line in said:
                    yield json.loads(line)
        except (TimeoutError, ConnectionError) as error:
            raise InstrumentError("LOST CONTACT: the beam is UNKNOWN, treat it as ON",
                                  where=self.url, seen=str(error)) from error  # fmt: skip

    def armed(self) -> Server:
        """With the right to arm, where its code is known; else as it is."""
        if not self.arm_code:
            return self
        try:
            token = self.ask("POST", "/arm", {"code": self.arm_code})["token"]
        except RefusedError:
            # A REAL bench is armed at the bench.
            return self
        return Server(self.url, token)

    def _open(self, method: str, path: str, body: Any, key: str, timeout_s: float) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}", data=data, headers=headers, method=method
        )
        try:
            return urllib.request.urlopen(request, timeout=timeout_s)
        except urllib.error.HTTPError as error:
            with error:
                raise _as_error(self.url, error.code, error.read()) from None
        except (urllib.error.URLError, OSError) as error:
            raise InstrumentError(
                "no service answers there",
                where=self.url,
                seen=str(getattr(error, "reason", error)),
                fix="Is `labctl serve` running?",
            ) from None


def _as_error(url: str, status: int, text: bytes) -> LabctlError:
    try:
        said = json.loads(text)["error"]
    except (ValueError, KeyError, TypeError):
        said = {"what": f"status {status}"}
    what, seen, fix = (str(said.get(name, "")) for name in ("what", "seen", "fix"))
    if said.get("problems"):
        problems = [
            Problem(str(p["code"]), str(p["message"]), line=int(p["line"]), column=int(p["column"]),
                    source=str(p["source"]), fix=str(p["fix"]))
            for p in said["problems"]
        ]  # fmt: skip
        return InputError(what, problems=problems, where=url)
    if status in (401, 403, 409, 429):
        return RefusedError(what, where=url, seen=seen, fix=fix)
    if status >= 500:
        return RecordError(what, where=url, seen=seen, fix=fix)
    return InputError(what, where=url, fix=fix)


def find_server(url: str) -> Server:
    """The service at this address, with the token that opens it."""
    parts = urlsplit(url if "//" in url else f"http://{url}")
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path not in ("", "/"):
        raise InputError(f"{url!r} is no address of a service", where="--server",
                         fix="Write it as http://127.0.0.1:8088.")  # fmt: skip
    base = f"{parts.scheme}://{parts.netloc}"
    token = os.environ.get("LABCTL_TOKEN", "")
    file = os.environ.get("LABCTL_TOKEN_FILE", "")
    if not token and file:
        try:
            token = Path(file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError("the file of $LABCTL_TOKEN_FILE cannot be read", where=file) from error
    if token:
        return Server(base, token, os.environ.get("LABCTL_ARM_CODE", ""))
    card = platform.runtime_dir() / f"service-{parts.port}.json"
    if parts.hostname in ("127.0.0.1", "localhost", "::1") and card.is_file():
        about = json.loads(card.read_text(encoding="utf-8"))
        return Server(base, about["operator"], about["arm_code"])
    raise InputError(
        "no token is known for this service",
        where=base,
        fix="Set LABCTL_TOKEN or LABCTL_TOKEN_FILE to the one that it printed at its start.",
    )


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def status(server: Server, as_json: bool) -> int:
    """The bench in words."""
    told = server.ask("GET", "/bench")
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return Exit.PASS
    click.echo(f"{told['mode']} bench {told['bench']}: {told['word']}")
    click.echo(f"  beam      {told['beam']['text']}")
    if told["latched"]:
        now = told["latched"]
        click.echo(f"  LATCHED   by {now['by']}: {now['why']}; reset at the {now['reset']}")
    run = told["run"]
    if run is not None:
        click.echo(f"  run       {run['protocol']} {run['sample']}  {run['record']}")
        step = run["step"]
        if step:
            words = f"{step['index']} of {step['of']}, {step['verb']}"
            click.echo(f"  step      {words}, at most {step['left_s']:.0f} s more")
        click.echo(f"  so far    {'; '.join([run['so_far']['word'], *run['so_far']['why']])}")
    for reading in told["readings"]:
        value = reading["problem"] or f"{reading['value']:.4g} {reading['unit']}"
        click.echo(f"  {reading['channel']:<22} {value}   {reading['age_s']:.1f} s ago")
    if told["waits_for"]:
        click.echo(f"  WAITS     {told['waits_for'].removeprefix('waits ')}")
    if told["prompt"]:
        click.echo(f"  ASKS      {told['prompt']['text']}")
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
        "protocol": protocol, "parameters": _parameters(parameters), "seed": seed,
        "faults": list(faults),
    }  # fmt: skip
    order |= {name: value for name, value in (("sample", sample), ("blank", blank)) if value}
    path = "/queue" if queued else "/start"
    item = server.armed().ask("POST", path, order, secrets.token_urlsafe(16))
    click.echo(f"{item['id']} {item['protocol']}: {item['state']}")
    if no_wait:
        return Exit.PASS
    while item["state"] in ("waiting", "running"):
        clock.real_sleep(_LOOK_S)
        found = [i for i in server.ask("GET", "/queue")["items"] if i["id"] == item["id"]]
        if not found:
            raise InstrumentError("the service was started anew meanwhile", where=server.url)
        if found[0]["state"] != item["state"]:
            click.echo(f"{item['id']} {item['protocol']}: {found[0]['state']}")
        item = found[0]
    said = [item["outcome"], item["verdict"], item["why"], item["run"]]
    click.echo("; ".join(word for word in said if word))
    return int(item["exit_code"]) if item["exit_code"] is not None else int(Exit.STOPPED)


@click.command("stop")
@click.option("--latch", is_flag=True, help="STOP LASER: nothing starts until a reset.")
@click.option("--why", default="", help="For the record.")
@click.pass_obj
def stop(server: Server, latch: bool, why: str) -> int:
    """Laser off and run closed. Never asks. This is no emergency stop: use the interlock."""
    path = "/stop-laser" if latch else "/stop"
    click.echo(server.ask("POST", path, {"why": why or "labctl --server stop"})["done"])
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
                click.echo(json.dumps(line, ensure_ascii=False))
            elif "bye" in line:
                click.echo(f"the service ends: {line['bye']}")
            else:
                event = line["e"]
                words = ", ".join(
                    f"{k} {_plain(v)}" for k, v in event.items()
                    if k not in ("t", "k") and isinstance(v, str | int | float) and v != ""
                )  # fmt: skip
                click.echo(f"{event['t'] / clock.NS:9.1f} s  {event['k']:<16} {words}")
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
        words = item["why"] if item["state"] in ("refused", "done") else ""
        sample = item["sample"] or ""
        click.echo(f"{item['id']:<5} {item['state']:<9} {item['protocol']} {sample}  {words}")
    if told["held"]:
        click.echo(f"HELD  {told['held']}; `queue go-on` when somebody has looked")


@queue.command("cancel")
@click.argument("item")
@click.pass_obj
def cancel(server: Server, item: str) -> None:
    """Take one out that waits."""
    told = server.ask("DELETE", f"/queue/{_item(item)}")
    click.echo(f"{told['id']}: {told['state']}")


@queue.command("move")
@click.argument("item")
@click.argument("to", type=click.IntRange(0, 1000))
@click.pass_obj
def move(server: Server, item: str, to: int) -> None:
    """Another place among those that wait, counted from 0."""
    server.ask("POST", f"/queue/{_item(item)}/move", {"to": to})
    click.echo(f"{item}: moved")


@queue.command("go-on")
@click.pass_obj
def goes_on(server: Server) -> None:
    """Somebody has looked: a queue that was held goes on."""
    server.ask("POST", "/queue/go-on")
    click.echo("the queue goes on")


VERBS: dict[str, click.Command] = {
    "status": status, "run": run, "stop": stop, "watch": watch, "queue": queue,
}  # fmt: skip
"""What can be asked of a service."""


def _item(name: str) -> str:
    if not re.fullmatch(r"q[0-9]{1,9}", name):
        raise InputError(f"{name!r} is no item of a queue", fix="They are called q1, q2, ...")
    return name


def _parameters(texts: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(
                f"{text!r} sets no parameter", where="-p", fix="For example power=1.2W."
            )
        found[name.strip()] = value.strip()
    return found


def _plain(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
