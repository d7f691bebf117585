"""`labctl --server URL`: what can be ordered, and the records of a service's bench."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlencode

import click

from labctl.cli._server import Server, shown
from labctl.errors import InputError, RecordError

_RECORD = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}/[A-Za-z0-9][A-Za-z0-9_.-]*")


@click.command("runs")
@click.option("--sample", default=None, metavar="NAME")
@click.option("--protocol", default=None, metavar="NAME")
@click.option("--verdict", default=None)
@click.option("--last", default=20, show_default=True, type=click.IntRange(1, 500))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def runs(
    server: Server,
    sample: str | None,
    protocol: str | None,
    verdict: str | None,
    last: int,
    as_json: bool,
) -> None:
    """Runs of the service's bench, the newest last."""
    given = {"sample": sample, "protocol": protocol, "verdict": verdict, "last": last}
    asked = urlencode({name: value for name, value in given.items() if value is not None})
    for run in server.ask("GET", f"/runs?{asked}"):
        if as_json:
            click.echo(json.dumps(run))
            continue
        words = "  ".join(str(run[name] or "-") for name in ("path", "mode", "outcome", "verdict"))
        shown(words)


@click.command("report")
@click.argument("run", metavar="DAY/RUN")
@click.option("--out", default=None, metavar="FILE", help="The page; else report-RUN.html here.",
              type=click.Path(dir_okay=False, path_type=Path))  # fmt: skip
@click.pass_obj
def report(server: Server, run: str, out: Path | None) -> None:
    """Have the report of DAY/RUN made, and keep it here as one HTML page."""
    if not _RECORD.fullmatch(run):
        raise InputError(f"{run!r} is no record", where="DAY/RUN",
                         fix="`runs` lists them, as 2026-11-21/001-log.")  # fmt: skip
    page = server.text(f"/runs/{run}/report")
    file = out or Path(f"report-{run.replace('/', '-')}.html")
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise RecordError("the report cannot be written", where=str(file), seen=str(error),
                          fix="Give --out.") from error  # fmt: skip
    shown(str(file))


@click.command("protocols")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def protocols(server: Server, as_json: bool) -> None:
    """What the service can be ordered to run, with the parameters of each."""
    for one in server.ask("GET", "/protocols"):
        if as_json:
            click.echo(json.dumps(one))
            continue
        words = ", ".join(f"{p['name']}={p['default']}" for p in one["parameters"])
        lights = "lights" if one["lights"] else ""
        shown(f"{one['name']:<28} {lights:<6} {one['problem'] or words}")


RECORD_VERBS: dict[str, click.Command] = {"runs": runs, "report": report, "protocols": protocols}
