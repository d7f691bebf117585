"""The folder in which the processes of one user on one machine find each other.

`$LABCTL_RUNTIME_DIR`, else `$XDG_RUNTIME_DIR/labctl`, else `labctl-<uid>` in the folder for
temporary files; for the user alone. Locks on files in it end with their process, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from labctl.errors import RefusedError
from labctl.telemetry._names import name as spelled


def runtime_dir() -> Path:
    """The folder, made when it is not there. RefusedError when it is somebody else's."""
    chosen = os.environ.get("LABCTL_RUNTIME_DIR")
    session = os.environ.get("XDG_RUNTIME_DIR")
    if chosen:
        path = Path(chosen)
    elif session and Path(session).is_dir():
        path = Path(session) / "labctl"
    else:
        path = Path(tempfile.gettempdir()) / f"labctl-{os.getuid()}"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    seen = path.lstat()
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.getuid():
        # Anybody may make a folder in /tmp: what it announces could be anybody's broker.
        raise RefusedError(
            f"{path} does not belong to this user",
            fix="Remove it, or set LABCTL_RUNTIME_DIR to a folder of your own.",
        )
    return path


class FileLock:
    """A lock on a file, released by `release` or by the end of the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def try_exclusive(self) -> bool:
        """Take it alone, or return False."""
        return self._try(fcntl.LOCK_EX)

    def try_shared(self) -> bool:
        """Take it together with others who share it, or return False."""
        return self._try(fcntl.LOCK_SH)

    def release(self) -> None:
        """Give it back; nothing happens when it is not held."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _try(self, how: int) -> bool:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        return True


@dataclass(slots=True)
class BenchName:
    """A bench's name in topics, held by one process at a time."""

    name: str
    taken: str
    """The name that was wanted, when another process holds it; else ''."""
    lock: FileLock

    def release(self) -> None:
        """Let another process have the name."""
        self.lock.release()


def claim(realm: str, wanted: str) -> BenchName:
    """The name `wanted`, or with `-2`, `-3`, ... appended while other processes hold it, so that
    two runs never write the same retained topics."""
    first = spelled(wanted)
    folder = runtime_dir()
    for number in range(1, 1000):
        candidate = first if number == 1 else f"{first[:60]}-{number}"
        lock = FileLock(folder / f"topic-{realm}-{candidate}.lock")
        if lock.try_exclusive():
            return BenchName(candidate, "" if number == 1 else first, lock)
    raise RefusedError(
        f"a thousand runs publish as {first!r}",
        fix="End some of them, or name the benches differently.",
    )
