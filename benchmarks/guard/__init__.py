"""What ends the light when anything is killed, stopped or broken: every figure beside its limit.

Each part is a module with `measure(profile)`; seeds are fixed. Every latency is of a simulated
laser, by the word of the simulated world, never by that of the guard.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from benchmarks._figures import Figure

PARTS = ("size", "mutation", "hours", "kills")
"""In the order they are run."""


def measure(profile: str) -> Iterator[Figure]:
    """All parts one after the other."""
    for part in PARTS:
        yield from importlib.import_module(f"benchmarks.guard.{part}").measure(profile)
