"""`labctl replay RUN`: a recorded run through today's check."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labctl.cli._folded import folded
from labctl.cli._replay_imported import again, is_imported
from labctl.cli._run_folder import run_folder
from labctl.errors import Exit

if TYPE_CHECKING:
    from labctl.record import Verification
    from labctl.replay import Replay

SCHEMA = "labctl.replay/1"
_ROWS = 40
"""Of the table, as many as a person looks at; --json has all."""


@click.command("replay")
@click.argument("run", metavar="RUN")
@click.option("--runs", "runs_dir", default=None, type=click.Path(path_type=Path),
              help="Folder for records; else $LABCTL_RUNS, else ./runs.")  # fmt: skip
@click.option("--mqtt", default=None, metavar="URL|auto",
              help="Instead: its events onto MQTT, in mode REPLAY.")  # fmt: skip
@click.option("--page", is_flag=True, help="Instead: on a page of its own, to look at.")
@click.option("--port", default=None, type=click.IntRange(0, 65535),
              help="With --page: where it listens, on this computer alone; else 8089.")  # fmt: skip
@click.option("--root", default=None, metavar="TOPIC",
              help="With --mqtt: the root of its topics; else labctl-replay/v1.")  # fmt: skip
@click.option("--speed", default=None, metavar="N|max",
              help="With --mqtt or --page: seconds of the run in a second; else 1.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(
    run: str,
    runs_dir: Path | None,
    mqtt: str | None,
    page: bool,
    port: int | None,
    root: str | None,
    speed: str | None,
    as_json: bool,
) -> int:
    """Feed the recorded readings of RUN (its folder) through today's check, and hold what it says
    beside what was recorded. Nothing is lit, connected or written.

    With --mqtt the record is played again onto MQTT instead, at any speed, for those who look: in
    mode REPLAY, under a root that no bench publishes under. With --page it is played on the page of
    `labctl serve`, with no bench behind it.

    Exit code 0: assessments, alarms, dose and verdict come out byte for byte; 1: something
    differs; 7: the run was cut off before its verdict, and all up to there is the same; 6: the
    record is not as it was written.
    """
    from labctl.record import Outcome, other_versions, read_facts, verify_run
    from labctl.replay import replay_run

    folder = run_folder(run, runs_dir)
    _check_options(mqtt=mqtt is not None, page=page, root=root, speed=speed, port=port)
    if page:
        from labctl.cli._replay_page import on_page

        return on_page(folder, speed or "1", 8089 if port is None else port)
    if mqtt is not None:
        from labctl.cli._replay_mqtt import parse_speed, replay_onto

        return replay_onto(folder, mqtt, root, parse_speed(speed or "1"), as_json=as_json)
    verified = verify_run(folder)
    if is_imported(folder):
        return again(folder, verified, as_json=as_json)
    replay = replay_run(folder)
    why = () if replay.same else other_versions(read_facts(folder / "run.json"))
    if as_json:
        click.echo(json.dumps(_plain(replay, verified, why)))
    else:
        for line in _lines(replay, verified, why):
            for part in folded(line, 4, sys.stdout):
                click.echo(part)
    if verified.outcome is Outcome.CHANGED:
        return Exit.DATA
    if not replay.same:
        return Exit.CHECK_FAILED
    return Exit.PASS if replay.verdict is not None else Exit.CANNOT_TELL


def _check_options(*, mqtt: bool, page: bool, **given: object) -> None:
    if mqtt and page:
        raise click.UsageError("--mqtt or --page, one at a time")
    takes = {"root": mqtt, "port": page, "speed": mqtt or page}
    for name, allowed in takes.items():
        if given[name] is not None and not allowed:
            of = {"root": "--mqtt", "port": "--page"}.get(name, "--mqtt or --page")
            raise click.UsageError(f"--{name} is for {of}")


def _lines(
    replay: Replay, verified: Verification, why: tuple[tuple[str, str, str], ...]
) -> Iterator[str]:
    yield f"REPLAY of a {replay.mode.value} run  {replay.path}"
    yield f"record      {verified.outcome.value}: {verified.why[0]}"
    if verified.where:
        yield f"            at {verified.where}"
    yield (
        f"replayed    {replay.events} events: {replay.assessments} assessments, "
        f"{replay.alarms} alarms"
    )
    then = "none, the run was cut off" if replay.verdict is None else replay.verdict.verdict
    now = "none, the check broke" if replay.verdict_now is None else replay.verdict_now.verdict
    yield f"verdict     {then} as recorded, {now} by today's check"
    if replay.broke:
        yield f"the check of today broke on it: {replay.broke}"
    if replay.same:
        yield "the same, byte for byte"
        return
    rows = [("what", "at s", "recorded", "now")]
    for each in replay.differences[:_ROWS]:
        times = f" ({each.times} readings)" if each.times > 1 else ""
        rows.append((each.what + times, f"{each.t_s:.1f}", _short(each.recorded), _short(each.now)))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        yield "  ".join(c.ljust(width) for c, width in zip(row, widths, strict=True)).rstrip()
    if len(replay.differences) > _ROWS:
        yield f"and {len(replay.differences) - _ROWS} more, with --json"
    for name, was, is_now in why:
        yield f"why         {name}: {was} then, {is_now} now"
    if not why:
        yield (
            "why         not by a version: all that has a say in the numbers is the one that "
            "recorded it, so the readings or what was said of them were changed"
        )


def _short(value: Any) -> str:
    text = "-" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _plain(
    replay: Replay, verified: Verification, why: tuple[tuple[str, str, str], ...]
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "run": str(replay.path),
        "mode": "REPLAY",
        "recorded_mode": replay.mode.value,
        "record": verified.outcome.value,
        "where": verified.where,
        "same": replay.same,
        "events": replay.events,
        "assessments": replay.assessments,
        "alarms": replay.alarms,
        "verdict": None if replay.verdict is None else replay.verdict.verdict,
        "verdict_now": None if replay.verdict_now is None else replay.verdict_now.verdict,
        "broke": replay.broke,
        "differences": [dataclasses.asdict(each) for each in replay.differences],
        "versions": [dict(zip(("name", "then", "now"), each, strict=True)) for each in why],
    }
