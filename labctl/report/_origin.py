"""Where the numbers come from and how anybody checks them: hash, versions, instruments, files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import labctl
from labctl.events import InstrumentFound
from labctl.report._html import Child, bullets, section, table, tag
from labctl.report._stated import friendly, stated
from labctl.report._story import Story


def record(story: Story) -> Child:
    """The head hash and the ways to hold it against the journal."""
    checked = story.checked
    return section(
        "record", "The record, and how to verify it",
        tag("p", "Head hash of the journal: ", tag("code", checked.head_hash, id="head-hash")),
        tag("p", f"{checked.events} events; {checked.outcome.value}"
                 + (f", held against {checked.held_against}" if checked.held_against else "")
                 + (f": {'; '.join(checked.why)}" if checked.why else "") + "."),
        tag("p", "Every reading, command and act is in journal.jsonl, each line with a checksum, "
                 "in a SHA-256 chain that ends in this hash. Keep the hash apart from the folder: "
                 "a journal made anew as a whole shows only against it."),
        tag("p", "The same journal:"),
        tag("pre", tag("code", f"labctl runs verify {story.name} --head {checked.head_hash}"),
            class_="wide", tabindex="0", role="region", aria_label="command to verify"),
        tag("p", "The same readings through today's check:"),
        tag("pre", tag("code", f"labctl replay {story.name}"), class_="wide", tabindex="0",
            role="region", aria_label="command to replay"),
        bullets(story.file_trouble) if story.file_trouble else None,
    )  # fmt: skip


def origin(story: Story) -> Child:
    """Versions, seed, instruments with what they call themselves, calibrations."""
    begun, facts = story.begun, story.facts
    lines: list[tuple[Child, ...]] = [("report made by", f"labctl {labctl.__version__}")]
    if begun is not None:
        lines += [
            (
                "imported by" if story.imported is not None else "run made by",
                f"labctl {begun.version}",
            ),
            ("mode", begun.mode.value),
            ("seed of the simulated world", "–" if begun.seed is None else str(begun.seed)),
            ("protocol", f"{begun.protocol}, SHA-256 {begun.protocol_digest}"),
            ("parameters", _pairs(begun.parameters)),
            ("bench", f"{begun.bench}, SHA-256 {begun.bench_digest}"),
            ("sample", f"{begun.sample}, SHA-256 {begun.sample_digest}" if begun.sample else "–"),
        ]
    for key in ("run_id", "host", "system"):
        if facts.get(key):
            lines.append((key.replace("_", " "), str(facts[key])))
    for key in ("versions", "git"):
        if isinstance(facts.get(key), Mapping):
            lines.append((key, _pairs(facts[key])))
    found: list[tuple[Child, ...]] = [
        (event.instrument, event.identity, event.driver, event.address,
         "read back" if event.confirms else "commanded, not confirmed")
        for event in story.all(InstrumentFound)
    ]  # fmt: skip
    return section(
        "origin", "Versions, instruments, calibrations",
        table(("what", "value"), lines, "What made this run"),
        table(("name", "identity", "driver", "address", "confirms"), found, "Instruments")
        if found else None,
        table(("of", "as the bench file states it"), _calibrations(story), "Calibrations")
        if _calibrations(story) else None,
    )  # fmt: skip


def _calibrations(story: Story) -> list[tuple[Child, ...]]:
    rows: list[tuple[Child, ...]] = []
    for key in ("power_at_sample", "pick_off", "spot_area", "probe", "thermocouples", "vessel",
                "field", "assays"):  # fmt: skip
        entry = story.bench.get(key)
        if entry is None:
            continue
        plain = isinstance(entry, Mapping) and "value" in entry
        rows.append((key.replace("_", " "), stated(entry) if plain else _pairs(entry)))
    return rows


def _pairs(values: Any) -> str:
    if isinstance(values, Mapping):
        return "; ".join(
            f"{key.replace('_', ' ')}: "
            + (stated(value) if isinstance(value, Mapping) and "value" in value
               else f"({_pairs(value)})" if isinstance(value, Mapping | list) else friendly(value))
            for key, value in ((str(k), v) for k, v in values.items())
        ) or "–"  # fmt: skip
    if isinstance(values, list):
        return ", ".join(_pairs(value) for value in values)
    return str(values)
