"""STOP LASER stays: what it leaves behind, and how it is taken off.

On a bench with addresses of its own the latch is a trip on disk, as the guard's are: it refuses
light to every process, and `labctl reset` at the bench takes it off. A world that is simulated in
this process keeps nothing on disk; there the page may take it off.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from labctl import bench as benches
from labctl.bench import BenchFile
from labctl.clock import iso, wall_utc_ns
from labctl.errors import RefusedError

RULE = "stop-laser"


@dataclass(frozen=True, slots=True)
class Latched:
    """Why nothing starts."""

    why: str
    by: str
    utc: str
    reset: str
    """`page` or `bench`."""


class StopLatch:
    """Any thread."""

    def __init__(self, bench_file: BenchFile) -> None:
        self._bench = bench_file
        self._lock = threading.Lock()
        self._here: Latched | None = None
        self._kept = False
        """On disk."""
        self.real = benches.reach(bench_file, tuple(bench_file.roles)).real
        """Arming and reset are acts at the bench."""

    def latch(self, why: str, by: str) -> None:
        """From now on nothing starts. Waits for no disk: `keep` does."""
        reset = "bench" if self.real else "page"
        with self._lock:
            if self._here is None:
                self._here = Latched(why, by, iso(wall_utc_ns()), reset)
                self._kept = False

    def keep(self) -> None:
        """Put it on disk. RecordError where the disk does not take it: it is latched in this
        process all the same."""
        with self._lock:
            here = self._here
            if here is None or self._kept:
                return
            benches.keep_trip(self._bench, RULE, f"{here.why} ({here.by})")
            self._kept = True

    def now(self) -> Latched | None:
        """What stands latched by a person's STOP LASER."""
        with self._lock:
            here = self._here
            if here is not None and self._kept and self.real and not benches.latched(self._bench):
                # `labctl reset` at the bench has taken it off.
                self._here = here = None
            return here

    def reset(self, why: str) -> None:
        """Take it off. RefusedError on a REAL bench, and where nothing is latched."""
        if self.real:
            raise RefusedError(
                "a REAL bench is reset at the bench, never over HTTP",
                where=self._bench.source_file,
                fix="Type `labctl reset` there.",
            )
        with self._lock:
            if self._here is None:
                raise RefusedError("nothing is latched")
            if benches.latched(self._bench):
                benches.reset_latched(self._bench, why)
            self._here = None
