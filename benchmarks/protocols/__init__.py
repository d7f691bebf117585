"""What the protocols are worth: every figure of them beside its limit or peer, in one run.

Each part is a module with `measure(profile)`; seeds are 1, 2, 3 ... and nothing is computed here
that does not go through code that ships.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator

from benchmarks._figures import Figure

PARTS = (
    "hold",
    "hold_runs",
    "release",
    "staged",
    "shipped",
    "fuzz",
    "worst_case",
    "campaign",
    "schema",
)
"""In the order they are run; one that is not there yet is passed over."""


def measure(profile: str) -> Iterator[Figure]:
    """All parts one after the other."""
    for part in PARTS:
        name = f"benchmarks.protocols.{part}"
        if importlib.util.find_spec(name) is not None:
            yield from importlib.import_module(name).measure(profile)
