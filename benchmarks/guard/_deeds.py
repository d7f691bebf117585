"""What the machine does to a run in virtual time: each begins with the first sample after its
moment, on the loop's own thread, and is undone when the run is over."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

from labctl.clock import NS
from labctl.events import Event, Sample

STALL_S = 2.0
HOUR_NS = 3600 * NS

Stop = Callable[[str], object]


class Machine:
    """Give `saw` every event of the run, and `stop` by `on_signals`."""

    def __init__(self, deeds: dict[str, float], folder: Path) -> None:
        """`deeds` are names and moments in seconds of the run."""
        self._due = {name: round(at_s * NS) for name, at_s in deeds.items()}
        self._folder = str(folder)
        self._stop: Stop | None = None
        self._wall_ns = 0
        self._disk = 0
        self.done_ns: dict[str, int] = {}
        """When each was done, on the run's clock."""

    def on_signals(self, loop: asyncio.AbstractEventLoop, stop: Stop) -> Callable[[], None]:
        """As `carry_out` wants it."""
        self._stop = stop
        return lambda: None

    def saw(self, event: Event) -> None:
        """Do what is due."""
        if not isinstance(event, Sample):
            return
        for name, due_ns in tuple(self._due.items()):
            if event.t_ns >= due_ns:
                del self._due[name]
                self.done_ns[name] = event.t_ns
                self._do(name)

    def _do(self, name: str) -> None:
        match name:
            case "!clock-stepped":
                self._wall_ns = HOUR_NS
            case "!disk-full":
                self._disk = errno.ENOSPC
            case "!disk-read-only":
                self._disk = errno.EROFS
            case "!stalled":
                # Nothing of this loop runs meanwhile, its guard neither: then all of it is late.
                loop = asyncio.get_running_loop()
                loop.now_ns += round(STALL_S * NS)  # type: ignore[attr-defined]
            case "!interrupted":
                assert self._stop is not None
                # As a signal comes: by a turn of the loop, to whatever runs then.
                for _ in range(2):
                    asyncio.get_running_loop().call_soon(self._stop, "SIGINT")
            case _:
                raise ValueError(name)

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """While the run is carried out."""
        write, wall = os.write, time.time_ns

        def to_disk(handle: int, data: bytes) -> int:
            if self._disk and self._folder in os.readlink(f"/proc/self/fd/{handle}"):
                raise OSError(self._disk, os.strerror(self._disk))
            return write(handle, data)

        with (
            mock.patch("os.write", to_disk),
            mock.patch("time.time_ns", lambda: wall() + self._wall_ns),
        ):
            yield
