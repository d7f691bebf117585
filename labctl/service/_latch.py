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
from labctl.errors import LabctlError, RefusedError

RULE = "stop-laser"
_FROM_DISK = "what stands on this computer's disk"


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
        """Never held while a disk is waited for: a stop takes it."""
        self._disk = threading.Lock()
        self._here: Latched | None = None
        self._kept = False
        """On disk."""
        self._asked = 0
        """How often somebody latched it."""
        way = benches.reach(bench_file, tuple(bench_file.roles))
        self.real = way.real
        """Arming and reset are acts at the bench."""
        self._on_disk = not way.in_process

    def latch(self, why: str, by: str) -> None:
        """From now on nothing starts. Waits for no disk: `keep` does."""
        reset = "bench" if self.real else "page"
        with self._lock:
            self._asked += 1
            if self._here is None:
                self._here = Latched(why, by, iso(wall_utc_ns()), reset)
                self._kept = False

    def keep(self) -> None:
        """Put it on disk. RecordError where the disk does not take it: it is latched in this
        process all the same."""
        with self._disk:
            here = self._here
            if here is None or self._kept:
                return
            benches.keep_trip(self._bench, RULE, f"{here.why} ({here.by})")
            self._is_kept(here)

    def look(self) -> None:
        """Look on the disk what stands: a STOP LASER or a rule's trip, also of a process before
        this one, and what `labctl reset` has taken off. Not on the web's loop: a disk may hang."""
        if not self._on_disk:
            return
        with self._disk:
            asked, kept = self._asked, self._kept
            try:
                found = [
                    (f"{one.rule}: {one.message}", one.utc) for one in benches.latched(self._bench)
                ]
            except LabctlError as error:
                found = [(str(error), iso(wall_utc_ns()))]
            with self._lock:
                if kept and not found:
                    self._taken_off(asked)
                if self._here is None and found:
                    why, utc = found[0]
                    reset = "bench" if self.real else "page"
                    self._here, self._kept = Latched(why, _FROM_DISK, utc, reset), True

    def _is_kept(self, here: Latched) -> None:
        with self._lock:
            if self._here is here:
                self._kept = True

    def now(self) -> Latched | None:
        """What stands, as `look` saw it last."""
        return self._here

    def reset(self, why: str, seen: str | None = None) -> None:
        """Take it off. RefusedError on a REAL bench, where nothing is latched, and where another
        stands than the one of the time `seen`, of which whoever asks knows."""
        if self.real:
            raise RefusedError(
                "a REAL bench is reset at the bench, never over HTTP",
                where=self._bench.source_file,
                fix="Type `labctl reset` there.",
            )
        with self._disk:
            asked, here = self._asked, self._here
            if here is None:
                raise RefusedError("nothing is latched")
            if seen is not None and seen != here.utc:
                raise RefusedError("another latch stands by now", seen=f"by {here.by}: {here.why}")
            if benches.latched(self._bench):
                benches.reset_latched(self._bench, why)
            with self._lock:
                self._taken_off(asked)
                if self._here is not None:
                    raise RefusedError("it was latched anew while it was reset")

    def _taken_off(self, asked: int) -> None:
        """What was asked for meanwhile stands, and is to be put on disk again."""
        if self._asked == asked:
            self._here = None
        self._kept = False
