"""What the photothermal check is worth: every figure of it beside its limit, in one run.

Each part is a module with `measure(profile)`; seeds are 1, 2, 3 ... and nothing is computed here
that does not go through code that ships.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator

from benchmarks._figures import Figure

PARTS = (
    "cost",
    "dose",
    "real_curves",
    "bound",
    "coverage",
    "detection",
    "false_alarms",
    "attribution",
    "early_stop",
    "world",
    "anybody",
    "agreement",
)
"""In the order they are run: cheap ones first."""


def measure(profile: str) -> Iterator[Figure]:
    """All parts one after the other."""
    for part in PARTS:
        name = f"benchmarks.check.{part}"
        if importlib.util.find_spec(name) is not None:
            yield from importlib.import_module(name).measure(profile)
