"""How the embedded broker tells where it is: a small file, and a lock that proves it is alive.

Two locks in the runtime folder. `owner` is held by the broker's supervisor for as long as it
lives: an announcement without it is a leftover. `users` is shared by every process that wants the
broker to stay; when nobody shares it any more, the supervisor ends.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from labctl.platform import FileLock, runtime_dir
from labctl.telemetry._address import Address

_FILE = "broker.json"


@dataclass(frozen=True, slots=True)
class Announcement:
    """The embedded broker of this user on this machine."""

    port: int
    kind: str
    """`mosquitto` or `amqtt`."""
    supervisor: int
    """Process id of the supervisor."""
    broker: int
    """Process id of the broker itself."""
    note: str
    """What a person should know, e.g. that the usual port was taken; or ''."""

    @property
    def address(self) -> Address:
        """Where it listens: on loopback, always."""
        return Address("127.0.0.1", self.port)

    def write(self) -> None:
        """Announce; a reader finds the whole of it or the one before."""
        path = runtime_dir() / _FILE
        half = path.with_suffix(f".{os.getpid()}")
        half.write_text(json.dumps(asdict(self)), encoding="utf-8")
        half.replace(path)

    @staticmethod
    def withdraw() -> None:
        """Take the announcement back."""
        (runtime_dir() / _FILE).unlink(missing_ok=True)

    @classmethod
    def read(cls) -> Announcement | None:
        """The announcement of a broker whose supervisor lives, or None."""
        lock = owner_lock()
        if lock.try_exclusive():
            lock.release()
            return None
        return cls._parse(runtime_dir() / _FILE)

    @classmethod
    def _parse(cls, path: Path) -> Announcement | None:
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return cls(**found)
        except (FileNotFoundError, ValueError, TypeError):
            # Not announced yet, or written by another version of labctl.
            return None


def owner_lock() -> FileLock:
    """Held exclusively by the one supervisor."""
    return FileLock(runtime_dir() / "broker-owner.lock")


def users_lock() -> FileLock:
    """Shared by those who use the broker."""
    return FileLock(runtime_dir() / "broker-users.lock")
