"""A trip on disk: it stays until a person resets it at the bench, whichever process comes next."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from labctl import platform
from labctl.clock import iso, wall_utc_ns
from labctl.guard._messages import STOP, Trip

_PATIENCE_S = 0.1
"""A disk that takes longer may not hold up the guard's loop."""


@dataclass(frozen=True, slots=True)
class Latch:
    """Where the trip of one bench is kept."""

    path: str
    bench: str
    addresses: tuple[str, ...]
    """Of the sources that it latches."""

    def keep(self, trip: Trip) -> Trip:
        """Write it down, once off has been written and before anybody is told; the trip as it is
        to be told, which says so where the disk did not take it. A person's stop latches nothing.
        """
        if trip.rule == STOP:
            return trip
        said: list[str] = []
        writer = threading.Thread(target=self._write, args=(trip, said), daemon=True)
        try:
            writer.start()
            writer.join(_PATIENCE_S)
        except (RuntimeError, MemoryError) as error:
            # No memory for a thread: the trip is told all the same.
            said.append(repr(error))
        failed = "the disk does not answer" if not said else said[0]
        if not failed:
            return trip
        return replace(trip, message=f"{trip.message}; NOT kept on disk: {failed}")

    def _write(self, trip: Trip, said: list[str]) -> None:
        about = {
            "bench": self.bench,
            "addresses": list(self.addresses),
            "utc": iso(wall_utc_ns()),
            "rule": trip.rule,
            "message": trip.message,
        }
        try:
            path = Path(self.path)
            draft = path.with_suffix(f".{os.getpid()}")
            with draft.open("w", encoding="utf-8") as file:
                file.write(json.dumps(about) + "\n")
                file.flush()
                platform.sync_data(file.fileno())
            draft.replace(path)
            platform.sync_folder(path.parent)
            said.append("")
        except OSError as error:
            said.append(error.strerror or str(error))
