"""Requests made from the OpenAPI document and around it, for nobody and every role."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks._figures import Figure
from tests.unit.service.fuzzed import fuzz

EXAMPLES = {"short": 20, "full": 400}
"""For each operation."""


def measure(profile: str) -> Iterator[Figure]:
    """Yield the figures of this part."""
    with tempfile.TemporaryDirectory() as folder:
        asked, faults, leaks = fuzz(Path(folder), EXAMPLES[profile])
    yield Figure("service: requests answered by a fault (5xx)", faults, "", profile,
                 f"{asked} requests, four roles", "0", faults == 0)  # fmt: skip
    yield Figure("service: requests that a role should not have had", leaks, "", profile,
                 f"{asked} requests", "0", leaks == 0)  # fmt: skip
