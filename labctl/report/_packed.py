"""A run of another laboratory's pack beside that laboratory's reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labctl.report._html import Child, bullets, section, table, tag
from labctl.report._numbers import rounded, shown_unit
from labctl.report._sound import number
from labctl.report._story import Story


def packed(story: Story) -> Child:
    """None of a run that was made of no pack."""
    told, pack = story.agreement, story.facts.get("pack")
    if not told and not isinstance(pack, Mapping):
        return None
    lines = []
    if isinstance(pack, Mapping):
        lines.append(f"The protocol came in {pack.get('file')}, SHA-256 {pack.get('sha256')}; the "
                     f"sample file was {pack.get('sample')}.")  # fmt: skip
    if told:
        lines.append(f"REFERENCE ({told.get('reference_mode') or 'none'}), head hash "
                     f"{told.get('head_hash') or 'none'}: {told.get('told')}"
                     + (f", {told['why']}." if told.get("why") else "."))  # fmt: skip
    rows = [_row(row) for row in _list(told.get("rows")) if isinstance(row, Mapping)]
    remarks = [str(words) for words in _list(told.get("remarks"))]
    return section(
        "pack", "Beside the reference of a pack", *(tag("p", line) for line in lines),
        table(("quantity", "here", "there", "unit", "told", "why"), rows,
              "Results here and there, one standard deviation") if rows else None,
        bullets(remarks) if remarks else None,
        tag("p", "From agreement.json; `labctl pack compare PACK RUN` says it again.")
        if told else None,
    )  # fmt: skip


def _row(row: Mapping[str, Any]) -> tuple[Child, ...]:
    unit = str(row.get("unit", ""))
    return (
        str(row.get("quantity", "")).replace("_", " "),
        _value(row.get("here"), row.get("here_sd"), unit),
        _value(row.get("reference"), row.get("reference_sd"), unit),
        shown_unit(unit)[1] or "1",
        str(row.get("told", "")),
        str(row.get("why", "")),
    )


def _value(value: object, sd: object, unit: str) -> str:
    found, spread = number(value), number(sd)
    if found is None:
        return "–"
    factor, _ = shown_unit(unit)
    if spread is None:
        return rounded(found * factor, None)
    return (
        f"{rounded(found * factor, spread * factor)} ± {rounded(spread * factor, spread * factor)}"
    )


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
