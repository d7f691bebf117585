"""What a report says of a curve that labctl did not take: the file, its columns, its audit, and
what each method gives of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labctl.events import Imported
from labctl.report._html import Child, bullets, section, table, tag
from labctl.report._numbers import words
from labctl.report._story import Story

_TERMS = ("efficiency", "time_constant", "heat_loss_coefficient", "heating_rate")


def origin_words(about: Imported) -> str:
    """In one line."""
    source = f", from {about.source}" if about.source else ""
    return f"{about.file}{source}; imported by {about.who}, no run of labctl"


def imported(story: Story) -> Child:
    """None of a run."""
    about = story.imported
    if about is None:
        return None
    facts: list[tuple[Child, ...]] = [
        ("file", f"{about.file}, {about.size_bytes} bytes, kept as {about.kept_as}"),
        ("SHA-256 of the file", tag("code", about.sha256)),
        ("where it came from", about.source or "not said"),
        ("imported", f"{about.when}, by {about.who}"),
        ("how it was read", "; ".join(about.recognised)),
        ("columns not used", ", ".join(about.unused) or "none"),
        ("rows", _rows(about)),
    ]
    columns: list[tuple[Child, ...]] = [
        (str(one.get("role", "")), str(one.get("name", "")), str(one.get("unit") or "none"),
         str(one.get("taken_as") or "–"), "named by the importer" if one.get("named") else "found")
        for one in about.columns
    ]  # fmt: skip
    return section(
        "imported", "Imported: where this curve came from",
        tag("p", "labctl did not take these readings: it lit nothing, and knows of instruments, "
                 "power and vessel only what is said here."),
        table(("what", "as kept"), facts, "The file"),
        table(("taken for", "column", "unit as written", "taken as", "how"), columns, "Columns"),
        *_audit(story),
    )  # fmt: skip


def _rows(about: Imported) -> str:
    if not about.left_out:
        return str(about.rows)
    return (
        f"{about.rows}, of which {about.left_out} have no place on the clock and are left out, "
        f"the first in line {about.first_left_out}"
    )


def _audit(story: Story) -> list[Child]:
    found = story.analysed
    if found is None:
        return []
    findings: list[tuple[Child, ...]] = [
        (str(one.get("severity", "")), str(one.get("seen", "")), str(one.get("fix", "")),
         str(one.get("line") or "–"))
        for one in found.findings
    ]  # fmt: skip
    methods: list[tuple[Child, ...]] = [
        (str(row.get("method", "")), *(_estimate(row.get(term)) for term in _TERMS),
         str(row.get("why_not") or ""))
        for row in found.methods
    ]  # fmt: skip
    asked = [f"{one.get('input', '')}: {one.get('give', '')}" for one in found.asked_for]
    head = ("method", "efficiency", "time constant", "heat loss", "heating rate", "why not")
    return [
        table(("weight", "seen", "what to do", "line"), findings, "Audit of the file")
        if findings else tag("p", "The audit of units and curve found nothing."),
        table(head, methods, "What each method gives, with 95 % intervals"),
        tag("p", "Not known, and nothing is computed that needs it:") if asked else None,
        bullets(asked) if asked else None,
    ]  # fmt: skip


def _estimate(plain: Any) -> str:
    return words(plain) if isinstance(plain, Mapping) and "value" in plain else "–"
