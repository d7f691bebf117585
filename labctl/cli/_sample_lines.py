"""What a person must know of a sample before it is in the bench."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
