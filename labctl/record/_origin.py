"""What took this data: versions, the checkout's commit, the machine, a name of its own.

All of it goes to run.json, never into the journal: a virtual run's journal depends on nothing
outside it.
"""

from __future__ import annotations

import getpass
import importlib.metadata
import platform
import secrets
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import labctl
from labctl import clock

PACKAGES = (
    "numpy",
    "pyserial",
    "PyVISA",
    "PyVISA-py",
    "aiomqtt",
    "pydantic",
    "ruamel.yaml",
    "matplotlib",
    "scipy",
)
_GIT_WAIT_S = 5
_CHECKOUT = Path(labctl.__file__).resolve().parents[1]
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_run_id() -> str:
    """A name that no other run has and that sorts by time: a ULID (26 characters, Crockford's
    base 32: 48 bits of milliseconds since 1970, 80 random bits)."""
    number = clock.wall_utc_ns() // 1_000_000 << 80 | secrets.randbits(80)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def origin() -> dict[str, Any]:
    """What a reader of the record must know of the software and the machine."""
    return {
        "versions": versions(),
        "git": git_state(_CHECKOUT),
        "host": socket.gethostname(),
        "user": _user(),
        "system": platform.platform(),
    }


def versions() -> dict[str, str]:
    """labctl, Python and the packages that have a say in the data, as far as they are there."""
    found = {"labctl": labctl.__version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


HAVE_A_SAY = ("labctl", "python", "numpy", "scipy")
"""Of the packages: those that numbers worked out anew depend on."""


def other_versions(facts: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """Name, version by `facts` (those of run.json), version now, of all that differs and has a say
    in numbers that are worked out anew. A checkout's commit counts, and files that differ from
    it."""
    told: Mapping[str, Any] = facts.get("versions") or {}
    have = versions()
    out = [
        (name, str(told.get(name, "not told")), have.get(name, "none"))
        for name in HAVE_A_SAY
        if told.get(name) != have.get(name)
    ]
    then, now = _commit(facts.get("git")), _commit(git_state(_CHECKOUT))
    # Two sets of changed files on one commit need not be the same one.
    if then != now or "changed" in then:
        out.append(("commit", then, now))
    return tuple(out)


def _commit(git: Mapping[str, Any] | None) -> str:
    if not git:
        return "not from a checkout"
    return str(git["commit"])[:12] + (" with changed files" if git["changed"] else "")


def git_state(checkout: Path) -> dict[str, Any] | None:
    """Commit, and whether files differ from it; None when labctl does not run from a checkout
    (or without git on the machine)."""
    if not (checkout / ".git").exists():
        return None
    try:
        commit = _git(checkout, "rev-parse", "HEAD")
        changed = _git(checkout, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit, "changed": bool(changed)}


def _git(checkout: Path, *arguments: str) -> str:
    done = subprocess.run(
        # Without optional locks: a run must not get in the way of a person at work there.
        ["git", "--no-optional-locks", "-C", str(checkout), *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=_GIT_WAIT_S,
    )
    return done.stdout.strip()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
