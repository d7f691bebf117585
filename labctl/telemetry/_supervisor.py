"""Keeps an embedded broker as long as it is used: `python -m labctl.telemetry._supervisor`.

The broker must outlive a labctl that was killed, because it is the broker that says so: when the
last user is gone it stays for three seconds more, in which the will goes out. A SIGTERM means
that whoever started it has said its last word: then it ends as soon as nobody uses it.

It starts mosquitto when there is one, else amqtt, on the port asked for or, when something else
listens there, on a free one; it starts a broker that died again, and announces where it is.
"""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from labctl import clock
from labctl.platform import FileLock, die_with_parent, hold_signals, told_to_end
from labctl.telemetry import _mosquitto as mosquitto
from labctl.telemetry._announcement import Announcement, owner_lock, users_lock

LINGER_S = 3.0
"""After the last user's death."""
LOOK_S = 0.25
"""Between two looks at whether there are users."""
READ_S = 0.1
"""In which a broker reads what was sent to it before it is ended."""
START_S = 5.0
"""In which a broker must begin to listen."""
TRIES = 5
"""Ports tried, and starts of a broker that dies at once, before giving up."""
NO_BROKER = 3
"""Exit status when there is neither mosquitto nor amqtt."""


class Broker:
    """The broker's process, and its port, which stays the same when it is started again."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._kind = kind
        self._folder = folder
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, wanted: int) -> bool:
        """Start it on the port `wanted` or another; False when it cannot be started."""
        for attempt in range(TRIES):
            port = wanted if attempt == 0 and is_free(wanted) else free_port()
            if self._start(port):
                return True
        return False

    def again(self) -> bool:
        """Start it once more, on the port its clients know."""
        return any(self._start(self.port) for _ in range(TRIES))

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid if self._process is not None else 0

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End it; by force when it does not listen."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self, port: int) -> bool:
        self._process = subprocess.Popen(
            self._command(port),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )
        self.port = port
        deadline_ns = clock.real_ns() + clock.ns(START_S)
        while self.alive and clock.real_ns() < deadline_ns:
            if listens(port):
                return True
            clock.real_sleep(0.01)
        self.stop()
        return False

    def _command(self, port: int) -> list[str]:
        path = mosquitto.executable()
        if self._kind == "mosquitto" and path is not None:
            return mosquitto.command(path, self._folder, port)
        return [sys.executable, "-P", "-m", "labctl.telemetry._amqtt", str(port)]


def main(arguments: list[str]) -> int:
    """`[port] [kind]`; kind is `auto`, `mosquitto` or `amqtt`."""
    wanted = int(arguments[0])
    kind = choose(arguments[1])
    if not kind:
        return NO_BROKER
    owner, users = owner_lock(), users_lock()
    if not owner.try_exclusive():
        # Another supervisor is at it: whoever started this one will find that.
        return 0
    # From here on signals are taken where they are waited for, and nowhere else.
    hold_signals()
    with tempfile.TemporaryDirectory(prefix="labctl-broker-") as folder:
        broker = Broker(kind, Path(folder))
        try:
            if not broker.start(wanted):
                return 1
            note = ""
            if broker.port != wanted:
                note = f"port {wanted} is taken by something else"
            announce(broker, kind, note)
            keep(broker, users, lambda: announce(broker, kind, note))
        finally:
            Announcement.withdraw()
            # A goodbye that it has not read yet would be taken for a death.
            clock.real_sleep(READ_S)
            broker.stop()
    users.release()
    owner.release()
    return 0


def choose(kind: str) -> str:
    """The kind of broker there is, of those asked for; '' for none."""
    if kind in {"auto", "mosquitto"} and mosquitto.executable() is not None:
        return "mosquitto"
    if kind in {"auto", "amqtt"} and importlib.util.find_spec("amqtt") is not None:
        return "amqtt"
    return ""


def announce(broker: Broker, kind: str, note: str) -> None:
    """Say where the broker is."""
    Announcement(broker.port, kind, os.getpid(), broker.pid, note).write()


def keep(broker: Broker, users: FileLock, announce_again: Callable[[], None]) -> None:
    """Return when nobody has used the broker for the time that the will needs, with the users'
    lock held so that nobody new comes; or when the broker cannot be kept alive."""
    alone_since_ns: int | None = None
    while True:
        told = told_to_end(LOOK_S)
        if not broker.alive:
            if not broker.again():
                return
            announce_again()
        if not users.try_exclusive():
            alone_since_ns = None
            continue
        now_ns = clock.real_ns()
        alone_since_ns = now_ns if alone_since_ns is None else alone_since_ns
        if told or now_ns - alone_since_ns >= clock.ns(LINGER_S):
            return
        users.release()


def is_free(port: int) -> bool:
    """Whether one can listen on a port of loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port of loopback on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def listens(port: int) -> bool:
    """Whether something accepts connections on a port of loopback."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
