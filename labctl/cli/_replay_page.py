"""`labctl replay RUN --page`: a record on the page of `labctl serve`, with no bench behind it."""

from __future__ import annotations

from pathlib import Path

import click

from labctl.cli._replay_mqtt import code, parse_speed
from labctl.record import verify_run
from labctl.replay import read_recorded
from labctl.service import serve_replay


def on_page(folder: Path, speed: str, port: int) -> int:
    """The exit code, as of a replay onto MQTT; 0 once it was played to the run's end."""
    pace = parse_speed(speed)
    recorded, verified = read_recorded(folder), verify_run(folder)
    click.echo(f"REPLAY      {recorded.begun.mode.value} {folder}")
    click.echo(f"record      {verified.outcome.value}: {verified.why[0]}")
    played = serve_replay(folder, click.echo, speed=pace, port=port)
    return code(verified, played, "" if played.over else "a signal")
