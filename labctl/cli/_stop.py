"""`labctl stop`: laser off now, from another terminal. Never asks.

A guard that has a process of its own is told first, past its engine, and says what came of it; then
every run is asked to close, in the way in which a signal asks.
"""

from __future__ import annotations

import getpass
import socket
from pathlib import Path

import click

from labctl import clock, platform
from labctl.errors import Exit

_WAIT_S = 20.0
_OFF_S = 12.0
"""A guard tries for ten seconds, by every path, before it says that off is not confirmed."""
_ENDING_S = 3.0
"""With the beam confirmed off, so long is waited for a run that may hang to close."""


@click.command("stop")
@click.option("--bench", "bench", default=None, help="Only runs on the bench of this name.")
@click.option("--wait/--no-wait", default=True, help="Wait until the run is closed.")
def command(bench: str | None, wait: bool) -> int:
    """Switch the laser off and close the run, wherever it was started by this user.

    This is no emergency stop: use the interlock or the key.
    """
    runs = [r for r in platform.live_runs() if bench is None or r.about.get("bench") == bench]
    guards = platform.guard_sockets()
    if bench is not None:
        guards = {run.pid: guards[run.pid] for run in runs if run.pid in guards}
    alive = {run.pid for run in runs}
    dark = {pid: _told_off(pid, path, pid in alive) for pid, path in guards.items()}
    code = Exit.BEAM_NOT_CONFIRMED_OFF if False in dark.values() else Exit.PASS
    if not runs:
        if not guards:
            click.echo("no run is going on" + (f" on {bench}" if bench else ""))
        return code
    asked = []
    for run in runs:
        where = _who(run)
        if run.ask_to_stop():
            click.echo(f"asked to stop: {where}")
            asked.append((run, where))
        else:
            click.echo(f"has ended by itself: {where}")
    if not wait:
        return code
    begun_ns = clock.real_ns()
    for run, where in asked:
        wait_s = _ENDING_S if dark.get(run.pid) else _WAIT_S
        deadline_ns = begun_ns + clock.ns(wait_s)
        while platform.is_locked(run.path) if run.path.exists() else False:
            if clock.real_ns() > deadline_ns:
                click.echo(f"STILL RUNNING after {wait_s:g} s: {where}", err=True)
                if dark.get(run.pid):
                    click.echo("its guard has read OFF back and lights no more", err=True)
                else:
                    click.echo("use the interlock or the key", err=True)
                    code = Exit.BEAM_NOT_CONFIRMED_OFF
                break
            clock.real_sleep(0.05)
        else:
            click.echo(f"closed: {where}; its record says what is known of the beam:")
            click.echo(f"  {run.about.get('record', '')}")
    return code


def _who(run: platform.LiveRun) -> str:
    about = run.about
    whose = f"pid {run.pid} of {about.get('user', '?')}, since {about.get('since', '?')}"
    return f"{about.get('mode', '')} run on {about.get('bench', '?')} ({whose})"


def _told_off(pid: int, path: Path, engine_alive: bool) -> bool | None:
    """Ask one guard for off, and say what it says: whether off is confirmed. None when it has left,
    or when its engine is there to switch off in its place."""
    from labctl import talk

    why = f"labctl stop by {getpass.getuser()}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as way:
            way.settimeout(_OFF_S)
            way.connect(str(path))
            way.sendall(talk.to_line(talk.Off(why)))
            with way.makefile("rb") as said:
                answer = talk.from_line(said.readline())
    except FileNotFoundError:
        return None
    except ConnectionRefusedError:
        # Killed: one that leaves takes its socket with it.
        path.unlink(missing_ok=True)
        if engine_alive:
            return None
        click.echo(f"run and guard of pid {pid} were killed: NOT CONFIRMED OFF", err=True)
        click.echo("use the interlock or the key", err=True)
        return False
    except (OSError, talk.WireError) as error:
        click.echo(f"the guard of pid {pid} does not answer: {error}", err=True)
        return False
    if not isinstance(answer, talk.Stopped):
        click.echo(f"the guard of pid {pid} does not understand", err=True)
        return False
    if not answer.reports:
        click.echo(f"{answer.bench}: its guard was still connecting, and lights nothing")
    for report in answer.reports.values():
        took = f"{report.took_ns / clock.NS:.2f} s after it was asked"
        if report.confirmed:
            click.echo(f"{answer.bench} {report.source}: OFF, {report.how}, {took}")
        else:
            said_of = f"{report.beam.name}, {report.how}"
            click.echo(f"{answer.bench} {report.source}: NOT CONFIRMED OFF ({said_of})", err=True)
    return all(report.confirmed for report in answer.reports.values())
