"""What a person must know of a sample before it is in the bench, and of what is done to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labctl.bench import BenchFile
    from labctl.protocol import Plan
    from labctl.sample import Specimen


def sample_lines(specimen: Specimen | None) -> Iterator[str]:
    """Placeholders, assumptions and hazards of its file; nothing for none."""
    if specimen is None:
        return
    if specimen.placeholders:
        names = ", ".join(specimen.placeholders)
        yield f"placeholders in the sample, not measurements: {names}"
    for words in specimen.assumptions:
        yield f"assumed of the sample: {words}"
    for words in specimen.hazards:
        yield f"HAZARD      {words}"


def medium_lines(plan: Plan, bench: BenchFile) -> Iterator[str]:
    """What of the bench's stocks and calibrations, as far as this plan uses them, nobody has
    measured."""
    names = []
    if plan.needs.get("assay") == "assay":
        names += [
            f"the calibration of the assay of {name}"
            for name, calibration in bench.assays.items()
            if calibration.placeholder
        ]
    if "doser" in plan.needs:
        names += [f"the stock of {name}" for name, it in bench.stocks.items() if it.placeholder]
    if names:
        yield f"placeholders in the bench, not measurements: {', '.join(names)}"
