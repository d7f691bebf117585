"""The service: how soon a stop and a signal put out the light, what its watchers cost, and whether
its telemetry is ever more hopeful than the light.

Each part is a module with `measure(profile)`; seeds are fixed. The bench is served over TCP, so
that clock, ports and guard process are those of hardware; the world's own log says when there was
light.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from benchmarks._figures import Figure

PARTS = ("ending", "viewers", "page", "fuzz", "telemetry")
"""In the order they are run."""


def measure(profile: str) -> Iterator[Figure]:
    """All parts one after the other."""
    for part in PARTS:
        yield from importlib.import_module(f"benchmarks.service.{part}").measure(profile)
