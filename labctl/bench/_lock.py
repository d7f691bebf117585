"""One bench, one owner: a lock for every port that a process opens outside itself.

One user's processes find each other by a file that is locked and says who it was; those of several
users by a name of the machine (`MachineName`), of which the kernel says whose it is.

A lock ends with its holders, however they end, so that one left by a dead process is taken over by
taking it. The guard's process is handed the locks too: a bench whose engine was killed stays taken
until its guard has switched off and left.
"""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import json
import os
import pwd
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labctl import platform
from labctl.bench._machine import MachineName
from labctl.bench._model import BenchFile
from labctl.clock import iso, wall_utc_ns
from labctl.errors import RefusedError
from labctl.instruments import Address, place_of


@dataclass(frozen=True, slots=True)
class Holder:
    """Who said that they hold a port."""

    pid: int
    user: str
    bench: str
    since: str
    """UTC, ISO 8601."""

    def __str__(self) -> str:
        """`pid 812 of ann, bench-2 since 2026-01-31T09:00:00Z, run ...`."""
        run = next((r.about.get("run_id") for r in platform.live_runs() if r.pid == self.pid), None)
        text = f"pid {self.pid} of {self.user}, bench {self.bench}, since {self.since}"
        if run is not None:
            return f"{text}, run {run}"
        if not platform.is_alive(self.pid):
            return f"{text}; that process is gone, and its guard is still switching off"
        return text


class BenchLock:
    """The locks on a bench's ports. `release` after the ports are closed; again changes nothing."""

    def __init__(
        self, locks: Iterable[platform.FileLock] = (), names: Iterable[MachineName] = ()
    ) -> None:
        self._locks, self._names = list(locks), list(names)

    @property
    def handles(self) -> tuple[int, ...]:
        """For a child process that is to hold them as well."""
        names = (handle for name in self._names for handle in name.handles)
        return (*(lock.handle for lock in self._locks), *names)

    def release(self) -> None:
        """Give every port back."""
        while self._names:
            self._names.pop().release()
        while self._locks:
            self._locks.pop().release()


def take(bench_file: BenchFile, keys: Iterable[str]) -> BenchLock:
    """Lock the ports of these instruments, one that serves several of them once. RefusedError, with
    nothing locked, that names who holds one of them. A simulation in this process has no port that
    another could open."""
    locks: list[platform.FileLock] = []
    names: list[MachineName] = []
    ours: set[Path] = set()
    about = {
        "pid": os.getpid(),
        "user": getpass.getuser(),
        "bench": bench_file.name,
        "since": iso(wall_utc_ns()),
    }
    try:
        for key in keys:
            address = bench_file.instruments[key].address
            if Address.parse(address).simulated:
                continue
            path = lock_path(address)
            if path in ours:
                # Another connection to what is ours already.
                continue
            lock = platform.FileLock(path)
            if not lock.try_exclusive():
                who = _said(path)
                raise RefusedError(
                    f"'{key}' is in use: one bench, one owner",
                    where=address,
                    seen=f"held by {who or 'a process that has not said who it is'}",
                    fix="Wait for that run, or end it with `labctl stop`.",
                )
            locks.append(lock)
            ours.add(path)
            name = MachineName(path.stem)
            if not name.take():
                raise RefusedError(
                    f"'{key}' is in use by another user of this machine: one bench, one owner",
                    where=address,
                    seen=f"held by {_foreign(name)}",
                    fix="Have them end it with `labctl stop`, or use the interlock or the key.",
                )
            names.append(name)
            path.write_text(json.dumps({**about, "address": address}) + "\n", encoding="utf-8")
    except BaseException:
        BenchLock(locks, names).release()
        raise
    return BenchLock(locks, names)


def _foreign(name: MachineName) -> str:
    """`pid 812 of ben`; by the user's number where the name is not known here."""
    told = name.holder()
    if told is None:
        return "a process that has not said who it is"
    pid, uid = told
    try:
        return f"pid {pid} of {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"pid {pid} of user {uid}"


def holder(address: str) -> Holder | None:
    """Who of this user holds this port now; None when nobody does, or has not said who they are
    yet."""
    path = lock_path(address)
    return _said(path) if platform.is_locked(path) else None


def lock_path(address: str) -> Path:
    """The file whose lock is this port's."""
    one = port_of(address)
    folder = platform.runtime_dir() / "ports"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{hashlib.sha256(one.encode()).hexdigest()[:24]}.lock"


def port_of(address: str) -> str:
    """What an address names, however it is written: two names of one device file are one port, and
    so are all connections to one instrument, and an address with and without its word that it is
    simulated."""
    address = place_of(address).removeprefix("sim+")
    return os.path.realpath(address) if address.startswith("/") else address


def _said(path: Path) -> Holder | None:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Holder(int(said["pid"]), said["user"], said["bench"], said["since"])
    return None
