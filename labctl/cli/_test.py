"""`labctl test`: labctl's own tests, from the checkout they lie in."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import click

from labctl.errors import InputError

ROOT = Path(__file__).resolve().parent.parent.parent


@click.command(
    "test",
    context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]},
)
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def command(pytest_args: tuple[str, ...]) -> int:
    """Run labctl's own tests with pytest; PYTEST_ARGS go to it as they are.

    They run side by side, one process more than there are cores, because many wait for processes of
    their own; `-n 0` runs them in one process, for a debugger.

    The exit code is 0 when all pass, 1 when one fails, 2 when they could not be run.
    """
    if not (ROOT / "tests").is_dir() or not (ROOT / "pyproject.toml").is_file():
        raise InputError(
            "an installed labctl carries no tests",
            where=str(ROOT),
            fix="get the source (git clone, or the sdist) and run: python3 -m labctl test",
        )
    if importlib.util.find_spec("pytest") is None:
        raise InputError(
            "the tests need packages that are not installed (the extra `test`)",
            fix="python3 -m labctl test, in the checkout, or: pip install -e '.[broker,test]'",
        )
    # A process of its own: the tests look at threads and processes and want to find only theirs.
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", str((os.cpu_count() or 1) + 1), *pytest_args],
        cwd=ROOT,
        env=_environment(),
    )
    # pytest's own codes above 1 (usage, interrupted, nothing collected) mean other things here.
    return done.returncode if done.returncode in (0, 1) else 2


def _environment() -> dict[str, str]:
    """Without a user's own labctl settings, which would make the tests see his bench. Compiled
    modules are kept, whatever he has set: the tests start hundreds of processes."""
    return {
        name: value
        for name, value in os.environ.items()
        if (not name.startswith("LABCTL_") or name == "LABCTL_NO_BOOTSTRAP")
        and name != "PYTHONDONTWRITEBYTECODE"
    }
