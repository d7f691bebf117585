"""How an error looks in the terminal: what, where, what was seen, what to do; never a traceback.

The exit code follows from the class of the error. An error that labctl does not know is a fault
in labctl: its traceback goes into a crash note, and the terminal names the file.
"""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import tempfile
import traceback
from pathlib import Path

import click

import labctl
from labctl.errors import BenchError, Exit, InputError, LabctlError


def show_error(error: Exception) -> Exit:
    """Tell the person on stderr what went wrong; returns the exit code, also where nobody reads
    any more: then it is all that is told."""
    with contextlib.suppress(OSError):
        _show(error)
    if isinstance(error, LabctlError):
        return Exit(error.exit_code)
    if isinstance(error, click.exceptions.Abort):
        return Exit.STOPPED
    return Exit.BAD_INPUT if isinstance(error, click.ClickException) else Exit.FAULT


def _show(error: Exception) -> None:
    debug = bool(os.environ.get("LABCTL_DEBUG"))
    if isinstance(error, LabctlError):
        click.echo(render(error), err=True)
        if debug:
            traceback.print_exception(error)
    elif isinstance(error, click.exceptions.Abort):
        click.echo("labctl: stopped", err=True)
    elif isinstance(error, click.ClickException):
        error.show()
    else:
        if debug:
            traceback.print_exception(error)
        click.echo(_fault(error), err=True)


def render(error: LabctlError) -> str:
    """The error as the terminal shows it, with every cause and every problem it carries."""
    if isinstance(error, BenchError):
        causes = "\n".join(_indent(_block(cause)) for cause in error.causes)
        return f"error: {error.what}\n{causes}"
    text = f"error: {_block(error)}"
    if isinstance(error, InputError) and error.problems:
        from labctl.yamlfile import render as render_problems  # late: it brings the YAML reader

        text += f"\n\n{render_problems(error.problems)}"
    return text


def _block(error: LabctlError) -> str:
    lines = [error.what]
    if error.where:
        lines.append(f"  where: {error.where}")
    if error.seen:
        lines.append(f"  seen: {error.seen}")
    if error.fix:
        lines.append(f"  help: {error.fix}")
    return "\n".join(lines)


def _indent(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _fault(error: Exception) -> str:
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    lines = [f"error: a fault in labctl itself: {what}"]
    try:
        lines.append(f"  crash note: {_crash_note(error)}")
    except OSError as trouble:
        lines.append(f"  crash note: could not be written ({trouble})")
    lines.append("  help: LABCTL_DEBUG=1 shows the traceback here; please report the note")
    return "\n".join(lines)


def _crash_note(error: Exception) -> Path:
    """Write what a maintainer needs to a new file that only this user can read."""
    # Late: the clock brings asyncio, which no other verb's start needs.
    from labctl import clock

    stamp = clock.iso(clock.wall_utc_ns())
    handle, name = tempfile.mkstemp(prefix="labctl-crash-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as note:
        note.write(
            f"labctl {labctl.__version__}\n"
            f"python {platform.python_version()} on {platform.platform()}\n"
            f"at {stamp}\n"
            f"command {sys.argv!r}\n\n"
        )
        note.writelines(traceback.format_exception(error))
    return Path(name)
