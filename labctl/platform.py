"""The one door to what differs between platforms, and the list of this user's live runs.

File locks, syncing, the runtime folder, bounds on a process and the death of a parent are
asked for here and nowhere else. POSIX; Linux is what is tested. The runtime folder holds one
`run-<pid>.json` for every live run, locked by its process: a lock ends with its process, however it
ends, so a held lock means alive and a file whose lock is free is a dead run's, ignored and removed.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import stat
import sys
import tempfile
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from labctl.errors import RefusedError
from labctl.signals import RUN_ONLY

if TYPE_CHECKING:
    pass

_HELD = frozenset({signal.SIGTERM, signal.SIGCHLD})
"""What a process that looks after another one waits for."""

_PR_SET_PDEATHSIG = 1
# Loaded here, because between fork and exec a child may do next to nothing.
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


# -- signals ---------------------------------------------------------------------------------


def hold_signals() -> None:
    """From now on SIGTERM and a child's end do nothing by themselves: `told_to_end` takes them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)


def told_to_end(timeout_s: float) -> bool:
    """After `hold_signals`: wait for a signal, real time; True when it was a SIGTERM, False when
    the time is over or a child has ended."""
    received = signal.sigtimedwait(_HELD, timeout_s)
    return received is not None and received.si_signo == signal.SIGTERM


def tell_to_end(pid: int, *, run_only: bool = False) -> bool:
    """Send a process SIGTERM, a service `RUN_ONLY`; False when there is none of that number."""
    try:
        os.kill(pid, RUN_ONLY if run_only else signal.SIGTERM)
    except ProcessLookupError:
        return False
    return True


# -- processes ---------------------------------------------------------------------------------


def is_alive(pid: int) -> bool:
    """Whether there is a process of this number, whoever's it is."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def die_with_parent() -> None:
    """For `Popen(preexec_fn=...)`: the kernel sends this child a SIGTERM when its parent dies, and
    the child takes it even where its parent holds signals back.

    Elsewhere than on Linux the kernel does not, and a child must watch its parent as well.
    """
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)


def limit_memory(most_bytes: int) -> None:
    """Bound this process's address space: beyond it an allocation fails."""
    resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))


def message_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected sockets between a process and its child; messages go whole where the platform
    can."""
    kind = socket.SOCK_SEQPACKET if sys.platform == "linux" else socket.SOCK_STREAM
    return socket.socketpair(socket.AF_UNIX, kind)


# -- terminal and disk -------------------------------------------------------------------------


def is_terminal(stream: IO[Any]) -> bool:
    """Whether a person looks at this stream."""
    return not stream.closed and stream.isatty()


def bench_terminal(stream: IO[Any]) -> str:
    """The name of the terminal at which a person of this machine types into this stream, e.g.
    `/dev/tty2`. RefusedError, with why in `seen`, for anything else: a pipe, or a terminal that
    came over the network."""
    if not is_terminal(stream):
        raise RefusedError("nobody types here", seen="standard input is no terminal")
    far = next((name for name in ("SSH_CONNECTION", "SSH_TTY") if os.environ.get(name)), "")
    if far:
        raise RefusedError(
            "nobody types here", seen=f"this terminal came over the network ({far} is set)"
        )
    return os.ttyname(stream.fileno())


def forget_typed_ahead(stream: IO[Any]) -> None:
    """Drop what was typed before it was asked for; nothing happens where nobody types."""
    if is_terminal(stream):
        termios.tcflush(stream.fileno(), termios.TCIFLUSH)


def sync_data(handle: int) -> None:
    """Return when all bytes written to `handle` are on the disk itself; OSError if they are not,
    and then the handle is of no more use: a second call may say that all is well."""
    if sys.platform == "darwin":
        # There, fsync only reaches the drive's cache.
        fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
    else:
        os.fdatasync(handle)


def sync_folder(path: Path) -> None:
    """Return when names made or changed in this folder survive a power cut."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def append_synced(
    path: Path,
    data: bytes,
    *,
    new: bool,
    undo: bool = False,
    links: bool = False,
    mode: int = 0o644,
) -> None:
    """Append all of `data` to a file, and return when it is on the disk, its name with it where it
    is `new`. It is made with `mode` where it is not there, and may be a link only with `links`.
    OSError where the disk does not take it whole; with `undo` the file is then as long as it was.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    handle = os.open(path, flags if links else flags | os.O_NOFOLLOW, mode)
    size = os.fstat(handle).st_size
    try:
        if os.write(handle, data) < len(data):
            raise OSError("it was cut short")
        sync_data(handle)
    except OSError:
        if undo:
            os.ftruncate(handle, size)
        raise
    finally:
        os.close(handle)
    if new:
        sync_folder(path.parent)


# -- locks -------------------------------------------------------------------------------------


class FileLock:
    """A lock on a file or folder, released by `release` or by the end of the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    @property
    def handle(self) -> int:
        """For a child that is to hold the lock too; RefusedError while it is not held."""
        if self._handle is None:
            raise RefusedError("this lock is not held", where=str(self._path))
        return self._handle

    def exclusive(self) -> None:
        """Take it alone, waiting for it. Only for locks that nobody holds for long."""
        fcntl.flock(self._open(), fcntl.LOCK_EX)

    def try_exclusive(self) -> bool:
        """Take it alone, or return False."""
        return self._try(fcntl.LOCK_EX)

    def try_shared(self) -> bool:
        """Take it together with others who share it, or return False."""
        return self._try(fcntl.LOCK_SH)

    def release(self) -> None:
        """Give it back; nothing happens when it is not held."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _try(self, how: int) -> bool:
        try:
            fcntl.flock(self._open(), how | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        return True

    def _open(self) -> int:
        if self._handle is None:
            if self._path.is_dir():
                flags = os.O_RDONLY | os.O_DIRECTORY
            else:
                flags = os.O_RDWR | os.O_CREAT
            self._handle = os.open(self._path, flags | os.O_CLOEXEC, 0o600)
        return self._handle


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock on `path` alone for the length of a `with`."""
    lock = FileLock(path)
    lock.exclusive()
    try:
        yield
    finally:
        lock.release()


def is_locked(path: Path) -> bool:
    """Whether some process, this one included, holds this file alone; False when there is none."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


# -- the runtime folder ------------------------------------------------------------------------


def runtime_dir() -> Path:
    """Where the processes of one user on one machine find each other; made when it is not there.
    `$LABCTL_RUNTIME_DIR`, else `$XDG_RUNTIME_DIR/labctl`, else `labctl-<uid>` in the folder for
    temporary files. RefusedError when it is somebody else's.
    """
    chosen = os.environ.get("LABCTL_RUNTIME_DIR")
    session = os.environ.get("XDG_RUNTIME_DIR")
    if chosen:
        path = Path(chosen)
    elif session and Path(session).is_dir():
        path = Path(session) / "labctl"
    else:
        path = Path(tempfile.gettempdir()) / f"labctl-{os.getuid()}"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        seen = path.lstat()
    except OSError as error:
        raise RefusedError(
            f"the runtime folder cannot be made: {error.strerror}",
            where=str(path),
            fix="Set LABCTL_RUNTIME_DIR to a folder of your own.",
        ) from error
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.getuid():
        # Anybody may make a folder in /tmp: what it says could be anybody's.
        raise RefusedError(
            f"{path} does not belong to this user",
            fix="Remove it, or set LABCTL_RUNTIME_DIR to a folder of your own.",
        )
    return path


def state_dir() -> Path:
    """The folder for what must outlive processes and reboots; made when it is not there.

    `$LABCTL_STATE_DIR`, else `state` in a `$LABCTL_RUNTIME_DIR` of one's own, else
    `$XDG_STATE_HOME/labctl`, else `~/.local/state/labctl`. RefusedError when it cannot be made.
    """
    chosen = os.environ.get("LABCTL_STATE_DIR")
    own = os.environ.get("LABCTL_RUNTIME_DIR")
    base = os.environ.get("XDG_STATE_HOME")
    if chosen:
        path = Path(chosen)
    elif own:
        path = Path(own) / "state"
    else:
        path = (Path(base) if base else Path.home() / ".local" / "state") / "labctl"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise RefusedError(
            f"the folder for what must be kept cannot be made: {error.strerror}",
            where=str(path),
            fix="Set LABCTL_STATE_DIR to a folder of your own.",
        ) from error
    return path


@dataclass(frozen=True, slots=True)
class LiveRun:
    """A run that some process of this user is carrying out now."""

    pid: int
    about: Mapping[str, Any]
    """What the run said of itself: `run_id`, `bench`, `mode`, `record` and the like."""
    path: Path
    """The file that announces it."""

    def ask_to_stop(self) -> bool:
        """Ask for its end: laser off, record closed. False when it has ended meanwhile."""
        with locked(_registry()):
            # Looked at again, so that a process that took over the number is not hit.
            if not is_locked(self.path):
                return False
            return tell_to_end(self.pid, run_only=self.about.get("stops_by") == RUN_ONLY.name)


@contextmanager
def announce(about: Mapping[str, Any]) -> Iterator[Path]:
    """Let `labctl stop` in another terminal find this process's run for the length of a `with`;
    RefusedError when this process has announced a run already."""
    registry = _registry()
    path = registry.parent / f"run-{os.getpid()}.json"
    lock = FileLock(path)
    with locked(registry):
        if not lock.try_exclusive():
            raise RefusedError("this process carries out a run already", where=str(path))
        path.write_text(json.dumps(dict(about)) + "\n", encoding="utf-8")
    try:
        yield path
    finally:
        with locked(registry):
            path.unlink(missing_ok=True)
            lock.release()


def live_runs() -> tuple[LiveRun, ...]:
    """The runs that go on now, by process number; files of dead processes are removed."""
    registry = _registry()
    found = []
    with locked(registry):
        for path in registry.parent.glob("run-*.json"):
            number = path.stem.removeprefix("run-")
            if not number.isdigit():
                continue
            if is_locked(path):
                about = json.loads(path.read_text(encoding="utf-8"))
                found.append(LiveRun(int(number), about, path))
            else:
                path.unlink()
    return tuple(sorted(found, key=lambda run: run.pid))


def guard_socket(pid: int) -> Path:
    """Where the guard of this process's run listens for off."""
    return runtime_dir() / f"guard-{pid}.sock"


def guard_sockets() -> dict[int, Path]:
    """Every guard of this user that listens, by the process number of its run."""
    found = {}
    for path in runtime_dir().glob("guard-*.sock"):
        number = path.stem.removeprefix("guard-")
        if number.isdigit():
            found[int(number)] = path
    return found


def _registry() -> Path:
    """Held by whoever makes, removes or looks at announcements, for that moment only."""
    return runtime_dir() / "runs.lock"
