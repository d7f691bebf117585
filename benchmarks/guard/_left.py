"""What a run leaves behind in this process, and a watchdog for one that does not end."""

from __future__ import annotations

import asyncio
import asyncio.runners
import contextlib
import gc
import os
import signal
import threading
from collections.abc import Iterator
from unittest import mock

GRACE_S = 1.0
"""A thread that has been told to end may take so long."""


class StuckError(KeyboardInterrupt):
    """The run did not come to its end. Of this kind, because nothing else leaves an event loop
    from wherever it is."""


_AGAIN_S = 5.0


@contextlib.contextmanager
def watched(wall_s: float) -> Iterator[None]:
    """StuckError inside when it takes longer, in real time; 0 is for ever. Takes SIGALRM."""
    if wall_s <= 0.0:
        yield
        return

    def bark(number: int, frame: object) -> None:
        raise StuckError(f"no end after {wall_s:g} s of real time")

    before = signal.signal(signal.SIGALRM, bark)
    # More than once: what is raised where nobody can be told (a finaliser) is lost.
    signal.setitimer(signal.ITIMER_REAL, wall_s, _AGAIN_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


class Left:
    """Tasks, threads and open files, sockets among them, that are there afterwards and were not
    before."""

    def __init__(self) -> None:
        self.found: list[str] = []

    @contextlib.contextmanager
    def looked_for(self) -> Iterator[None]:
        """Around one run."""
        threads, files = set(threading.enumerate()), _files()
        cancel_all = asyncio.runners._cancel_all_tasks  # type: ignore[attr-defined] # noqa: SLF001

        def note(loop: asyncio.AbstractEventLoop) -> None:
            # A runner ends what is left over without a word.
            self.found += [f"task {task.get_coro()!r}" for task in asyncio.all_tasks(loop)]
            cancel_all(loop)

        with mock.patch("asyncio.runners._cancel_all_tasks", note):
            yield
        for thread in set(threading.enumerate()) - threads:
            thread.join(GRACE_S)
            if thread.is_alive():
                self.found.append(f"thread {thread.name}")
        if _files() - files:
            # What only a reference cycle keeps is none of the run's.
            gc.collect()
            self.found += [f"file {name}" for name in sorted(_files() - files)]


def _files() -> set[str]:
    found = set()
    for handle in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found.add(f"{handle} {os.readlink(f'/proc/self/fd/{handle}')}")
    return {name for name in found if "/proc/" not in name}
