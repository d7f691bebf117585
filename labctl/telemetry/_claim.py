"""A bench's name in topics, held by one process of this user at a time."""

from __future__ import annotations

from dataclasses import dataclass

from labctl.errors import RefusedError
from labctl.platform import FileLock, runtime_dir
from labctl.telemetry._names import name as spelled


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
