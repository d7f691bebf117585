"""A trip on disk: it stays until a person resets it at the bench, whichever process comes next."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from labctl.clock import iso, wall_utc_ns
from labctl.synced import write_whole
from labctl.talk._asked import STOP, Trip

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
        about = {
            "bench": self.bench,
            "addresses": list(self.addresses),
            "utc": iso(wall_utc_ns()),
            "rule": trip.rule,
            "message": trip.message,
        }
        failed = write_whole(Path(self.path), json.dumps(about) + "\n", _PATIENCE_S)
        return (
            replace(trip, message=f"{trip.message}; NOT kept on disk: {failed}") if failed else trip
        )
