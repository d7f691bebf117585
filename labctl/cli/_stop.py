"""`labctl stop`: laser off now, from another terminal. Never asks."""

from __future__ import annotations

import click

from labctl import clock, platform
from labctl.errors import Exit

_WAIT_S = 20.0


@click.command("stop")
@click.option("--bench", "bench", default=None, help="Only runs on the bench of this name.")
@click.option("--wait/--no-wait", default=True, help="Wait until the run is closed.")
def command(bench: str | None, wait: bool) -> int:
    """Switch the laser off and close the run, wherever it was started by this user.

    This is no emergency stop: use the interlock or the key.
    """
    runs = [r for r in platform.live_runs() if bench is None or r.about.get("bench") == bench]
    if not runs:
        click.echo("no run is going on" + (f" on {bench}" if bench else ""))
        return Exit.PASS
    asked = []
    for run in runs:
        where = f"{run.about.get('mode', '')} run on {run.about.get('bench', '?')} (pid {run.pid})"
        if run.ask_to_stop():
            click.echo(f"asked to stop: {where}")
            asked.append((run, where))
        else:
            click.echo(f"has ended by itself: {where}")
    if not wait:
        return Exit.PASS
    deadline_ns = clock.real_ns() + clock.ns(_WAIT_S)
    code = Exit.PASS
    for run, where in asked:
        while platform.is_locked(run.path) if run.path.exists() else False:
            if clock.real_ns() > deadline_ns:
                click.echo(f"STILL RUNNING after {_WAIT_S:g} s: {where}", err=True)
                click.echo("use the interlock or the key", err=True)
                code = Exit.BEAM_NOT_CONFIRMED_OFF
                break
            clock.real_sleep(0.05)
        else:
            click.echo(f"closed: {where}; its record says what is known of the beam:")
            click.echo(f"  {run.about.get('record', '')}")
    return code
