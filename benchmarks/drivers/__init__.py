"""What is known of instruments before they are used: every figure beside its limit.

Each part is a module with `measure(profile)`. Every instrument is simulated, and reached over TCP
by the libraries that would reach a real one.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from benchmarks._figures import Figure

PARTS = ("table", "pace", "fuzz", "reconnect", "discovery", "page")
"""In the order they are run."""


def measure(profile: str) -> Iterator[Figure]:
    """All parts one after the other."""
    for part in PARTS:
        yield from importlib.import_module(f"benchmarks.drivers.{part}").measure(profile)
