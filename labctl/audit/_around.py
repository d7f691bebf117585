"""Acts told outside a run's folder: logs of campaigns, the service's audit, resets of benches."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from labctl.audit._act import HumanAct
from labctl.errors import LabctlError

SERVICE_FILE = "service-audit.jsonl"
"""In the folder for records, as the service writes it."""
_CAMPAIGN_ACTS = ("excluded", "replaced", "unblinded", "key read", "declared")
_FAR_APART_S = 120.0
"""A trip is latched within this of the run's own beginning and end."""


def of_notes(folder: Path, trouble: list[str]) -> Iterator[HumanAct]:
    """Notes and tags."""
    from labctl.notes import FILE, read_notes

    try:
        notes = read_notes(folder)
    except LabctlError as error:
        trouble.append(str(error))
        return
    trouble += notes.trouble
    for line in notes.lines:
        text = line.text or " ".join(line.tags)
        yield HumanAct(line.what, line.by, text, f"{FILE} line {line.number}", utc=line.utc)


def of_observations(folder: Path, trouble: list[str]) -> Iterator[HumanAct]:
    """What was measured afterwards, and by whom it was attached."""
    from labctl.observations import FILE, read_observations

    try:
        found = read_observations(folder)
    except LabctlError as error:
        trouble.append(str(error))
        return
    trouble += [f"{FILE}: {words}" for words in found.trouble]
    for one in found.lines:
        text = f"{one.words}; {one.source} line {one.line}"
        if one.corrects is not None:
            text += f"; corrects {one.corrects}"
        yield HumanAct("attached", one.by, text, f"{FILE} line {one.number}", utc=one.utc)


def of_campaigns(runs_dir: Path, run: str, trouble: list[str]) -> Iterator[HumanAct]:
    """What people did to this run, and to the blinding, in each campaign that has it."""
    for path in sorted((runs_dir / "campaigns").glob("*/log.jsonl")):
        # Looked for as bytes first: reading a log in order imports half of labctl.
        if not _has(path, run):
            continue
        from labctl.campaign import CampaignLog

        name = f"campaigns/{path.parent.name}/log.jsonl"
        try:
            lines = CampaignLog(path.parent).read()
        except LabctlError as error:
            trouble.append(f"{name}: {error}")
            continue
        of_unit = {(line.get("unit"), line.get("portion"))
                   for line in lines if line.get("run") == run}  # fmt: skip
        if of_unit:
            yield from _campaign(lines, of_unit, name)


def _campaign(
    lines: list[dict[str, Any]], of_unit: set[tuple[Any, Any]], name: str
) -> Iterator[HumanAct]:
    for number, line in enumerate(lines, start=1):
        what = str(line.get("what"))
        unit = line.get("unit")
        if what not in _CAMPAIGN_ACTS or (
            unit is not None and (unit, line.get("portion")) not in of_unit
        ):
            continue
        who = str(line.get("by") or "") or _account(line.get("user"))
        blind = "; the campaign was blind then" if line.get("blind") and unit is not None else ""
        text = str(line.get("reason") or line.get("campaign") or "") + blind
        whole = "" if unit is not None else " (campaign)"
        yield HumanAct(what + whole, who, text, f"{name} line {number}",
                       utc=str(line.get("utc", "")))  # fmt: skip


def of_service(runs_dir: Path, run: str, trouble: list[str]) -> Iterator[HumanAct]:
    """What was asked of a service while this run was in its hands, where its audit names it."""
    path = runs_dir / SERVICE_FILE
    if not _has(path, run):
        return
    for number, line in _lines(path, trouble):
        if line.get("run") != run:
            continue
        about = "; ".join(f"{key} {line[key]}" for key in ("item", "why", "order") if line.get(key))
        words = f"{line.get('result', '')}" + (f"; {about}" if about else "")
        yield HumanAct(f"{line.get('act', '')} (service)", str(line.get("who", "")), words,
                       f"{SERVICE_FILE} line {number}", utc=str(line.get("utc", "")))  # fmt: skip


def of_resets(
    bench: str, rules: set[str], begun_s: float | None, ended_s: float | None, trouble: list[str]
) -> Iterator[HumanAct]:
    """Resets, on this computer, of trips of this bench by one of these rules that were latched
    while the run went on."""
    if not rules or begun_s is None or ended_s is None:
        return
    from labctl.bench import RESETS, resets_file

    for number, line in _lines(resets_file(), trouble):
        tripped_s = seconds(line.get("utc"))
        if (
            line.get("bench") == bench
            and line.get("rule") in rules
            and tripped_s is not None
            and begun_s - _FAR_APART_S <= tripped_s <= ended_s + _FAR_APART_S
        ):
            yield HumanAct(
                "reset", _account(line.get("by")), f"{line.get('rule')}: {line.get('why', '')}",
                f"{RESETS} line {number} (same bench, rule and time)",
                utc=str(line.get("reset_utc", "")),
            )  # fmt: skip


def seconds(moment: object) -> float | None:
    """ISO time with its offset as seconds since 1970; None for anything else."""
    from datetime import datetime

    if not isinstance(moment, str):
        return None
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return None if found.tzinfo is None else found.timestamp()


def _account(user: object) -> str:
    return f"account {user}" if isinstance(user, str) and user else ""


def _has(path: Path, run: str) -> bool:
    try:
        # A name that is not UTF-8 stands in no line of JSON but written out.
        return run.encode("utf-8", "backslashreplace") in path.read_bytes()
    except OSError:
        return False


def _lines(path: Path, trouble: list[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return
    except OSError as error:
        trouble.append(f"{path.name} cannot be read: {error.strerror}")
        return
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            found = json.loads(line)
        except ValueError:
            trouble.append(f"{path.name}: line {number} cannot be read")
            continue
        if isinstance(found, dict):
            yield number, found
