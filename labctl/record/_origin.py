"""What took this data: versions, the checkout's commit, the machine, a name of its own.

All of it goes to run.json, never into the journal: a virtual run's journal depends on nothing
outside it.
"""

from __future__ import annotations

import getpass
import importlib.metadata
import platform
import re
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
_GIT_WAIT_S = 5.0
_GIT_END_S = 0.25
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
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
        **git_commits(),
        "host": socket.gethostname(),
        "user": _user(),
        "system": platform.platform(),
        "machine": platform.machine(),
    }


def git_commits() -> dict[str, Any]:
    """The commits of the checkout that labctl runs from and, under `folder_git`, of another one
    that the process works in, as the lab's own protocols may be. Read from files: a run's start
    waits for no other process. Whether files differ is `null` until the end looks."""
    return {
        "git": _at(_CHECKOUT),
        "folder_git": None if (here := _checkout_here()) is None else _at(here),
    }


def git_changes(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What `git_commits` told, with `changed` looked at now. A git that takes more than a
    quarter of a second leaves it `null`: a run's end waits for nobody."""
    told: dict[str, Any] = {}
    for key, checkout in (("git", _CHECKOUT), ("folder_git", _checkout_here())):
        known = facts.get(key)
        if isinstance(known, Mapping) and checkout is not None:
            told[key] = {**known, "changed": _differs(checkout, _GIT_END_S)}
    return told


def _checkout_here() -> Path | None:
    try:
        here = Path.cwd()
    except OSError:
        return None
    for folder in (here, *here.parents):
        if (folder / ".git").exists():
            return None if folder == _CHECKOUT else folder
    return None


def _at(checkout: Path) -> dict[str, Any] | None:
    commit = read_commit(checkout)
    return None if commit is None else {"commit": commit, "changed": None}


def read_commit(checkout: Path) -> str | None:
    """The commit that a checkout is at, from its files alone; None where there is none, or it is
    kept in a way that only git knows."""
    try:
        folder = checkout / ".git"
        if folder.is_file():
            # A worktree or a submodule names its folder.
            folder = checkout / folder.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
        head = (folder / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref:"):
            return head if _COMMIT.fullmatch(head) else None
        ref = head.removeprefix("ref:").strip()
        common = folder / "commondir"
        shared = folder / common.read_text(encoding="utf-8").strip() if common.exists() else folder
        for place in (folder, shared):
            if (place / ref).is_file():
                commit = (place / ref).read_text(encoding="utf-8").strip()
                return commit if _COMMIT.fullmatch(commit) else None
        for line in (shared / "packed-refs").read_text(encoding="utf-8").splitlines():
            commit, _, name = line.partition(" ")
            if name == ref and _COMMIT.fullmatch(commit):
                return commit
    except (OSError, ValueError):
        return None
    return None


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
        commit = _git(checkout, _GIT_WAIT_S, "rev-parse", "HEAD")
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": commit, "changed": bool(_differs(checkout, _GIT_WAIT_S))}


def _differs(checkout: Path, wait_s: float) -> bool | None:
    """Whether files differ from the commit; None where that is not known in time."""
    try:
        return bool(_git(checkout, wait_s, "status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return None


def _git(checkout: Path, wait_s: float, *arguments: str) -> str:
    done = subprocess.run(
        # Without optional locks: a run must not get in the way of a person at work there.
        ["git", "--no-optional-locks", "-C", str(checkout), *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=wait_s,
    )
    return done.stdout.strip()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
