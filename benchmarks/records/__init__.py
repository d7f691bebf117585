"""Records: whether damage is found and named, whether a run replays to the same, how fast one of
many is found.

Each part is a module with `measure(profile)`; seeds are fixed, every run is a simulated one.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from benchmarks._figures import Figure

PARTS = ("kill", "disk", "peers", "verify", "replay", "catalogue", "export", "report")
"""In the order they are run."""


def measure(profile: str) -> Iterator[Figure]:
    """All parts one after the other."""
    for part in PARTS:
        yield from importlib.import_module(f"benchmarks.records.{part}").measure(profile)
