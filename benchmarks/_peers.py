"""Peers live in an environment of their own, made once, because labctl depends on none of them."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

_HOME = Path(__file__).resolve().parent.parent / ".benchmarks-venv"


def peer_python(packages: Sequence[str]) -> Path | None:
    """A Python that has these packages; None (said on stderr) where they cannot be installed."""
    python = _HOME / "bin" / "python"
    stamp = _HOME / f"has-{'-'.join(packages)}"
    if stamp.exists():
        return python
    print(f"installing {', '.join(packages)} into {_HOME.name} ...", file=sys.stderr)
    if not python.exists():
        venv.create(_HOME, with_pip=True)
    done = subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", *packages],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print(f"could not install: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    stamp.touch()
    return python
