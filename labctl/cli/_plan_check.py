"""What the check of a plan would be made of: the criteria, declared before any run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labctl.bench import BenchFile
    from labctl.protocol import Plan
    from labctl.sample import Specimen


def check_lines(plan: Plan, bench: BenchFile, specimen: Specimen | None) -> Iterator[str]:
    """One line a criterion; nothing for a plan that is not checked."""
    from labctl.ready import criteria_of

    label = "verdict by"
    for criterion in criteria_of(plan, bench, specimen):
        yield f"{label:<11} {criterion.name}: {criterion.threshold}; {criterion.why}"
        label = ""
