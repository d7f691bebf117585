"""What was measured of the sample after the run, and attached to its record."""

from __future__ import annotations

from labctl.report._html import Child, section, table, tag
from labctl.report._story import Story


def observed(story: Story) -> Child:
    """None where nothing was. Corrected values stay in the table, and say by which."""
    if not story.observed:
        return None
    rows: list[tuple[Child, ...]] = [
        (
            str(one.number),
            one.quantity.replace("_", " "),
            one.written,
            one.sd_written or "–",
            "–" if one.n is None else str(one.n),
            one.method or "–",
            one.when or "–",
            one.who or "–",
            f"{one.by}, {one.utc[:10]}, {one.source} line {one.line}",
            _standing(one.corrects, one.corrected_by) + (f"; {one.note}" if one.note else ""),
        )
        for one in story.observed
    ]
    head = ("no.", "quantity", "value", "sd", "n", "method", "when", "who", "attached by",
            "standing")  # fmt: skip
    return section(
        "observed", "Observed afterwards",
        tag("p", "Attached to the record after the run; not in its journal, and not of the check."),
        table(head, rows, "Later observations of the sample"),
    )  # fmt: skip


def _standing(corrects: int | None, corrected_by: int | None) -> str:
    if corrected_by is not None:
        return f"corrected by {corrected_by}"
    return f"corrects {corrects}" if corrects is not None else "stands"
