"""All acts on a run in one order."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labctl.audit import _around as around
from labctl.audit._act import NOT_NAMED, HumanAct
from labctl.audit._journal import ActTaker, is_real
from labctl.clock import NS, iso
from labctl.errors import LabctlError
from labctl.events import RunBegun, Tripped
from labctl.record import JournalReader, read_facts

__all__ = ["NOT_NAMED", "HumanAct", "Trail", "read_trail", "trail_of"]


@dataclass(frozen=True, slots=True)
class Trail:
    """The acts, and what of them could not be read."""

    run: str
    """Day and folder."""
    acts: tuple[HumanAct, ...]
    trouble: tuple[str, ...]


def read_trail(folder: Path) -> Trail:
    """Of the run in `folder`, from everywhere that tells of it. RecordError when there is no
    journal that this version can read."""
    taker, rules = ActTaker(), set[str]()
    begun: RunBegun | None = None
    reader = JournalReader(folder / "journal.jsonl")
    for event in reader:
        taker.take(event)
        if isinstance(event, RunBegun):
            begun = event
        elif isinstance(event, Tripped):
            rules.add(event.rule)
    return trail_of(folder, begun, taker.acts, rules, outside=True)


def trail_of(
    folder: Path,
    begun: RunBegun | None,
    told: Iterable[HumanAct],
    rules: set[str],
    *,
    outside: bool,
) -> Trail:
    """The acts that the journal `told`, among those of the files beside it, and of campaigns.
    `rules`: those that tripped. `outside`: also those that a service's audit and the resets of the
    bench tell, which name addresses and accounts."""
    place = folder.resolve()
    run, runs_dir = f"{place.parent.name}/{place.name}", place.parent.parent
    trouble: list[str] = []
    try:
        facts: Mapping[str, Any] = read_facts(folder / "run.json")
    except LabctlError as error:
        facts = {}
        trouble.append(str(error))
    zero_s = around.seconds(facts.get("clock_zero_utc")) if is_real(begun) else None
    inside = [_dated(act, zero_s) for act in told]
    others = [*around.of_notes(folder, trouble), *around.of_observations(folder, trouble)]
    others += around.of_campaigns(runs_dir, run, trouble)
    if outside:
        others += around.of_service(runs_dir, run, trouble)
        begun_s, ended_s = (around.seconds(facts.get(key)) for key in ("begun", "ended"))
        bench = "" if begun is None else begun.bench
        others += around.of_resets(bench, rules, begun_s, ended_s, trouble)
    return Trail(run, _in_order(_started(facts), inside, others), tuple(trouble))


def _started(facts: Mapping[str, Any]) -> HumanAct | None:
    """Who began it, by run.json, with the command, in which all that was asked for stands."""
    command = facts.get("command")
    words = shlex.join(map(str, command)) if isinstance(command, list) else ""
    operator = facts.get("operator")
    if isinstance(operator, dict) and operator.get("name"):
        by = operator.get("told_by")
        who = f"account {operator['name']}" if by == "login" else str(operator["name"])
    elif facts.get("by"):
        who = str(facts["by"])
    else:
        who = f"account {facts['user']}" if facts.get("user") else ""
    if not words and not who:
        return None
    return HumanAct("started", who, words, "run.json", utc=str(facts.get("begun") or ""))


def _in_order(
    started: HumanAct | None, inside: list[HumanAct], others: list[HumanAct]
) -> tuple[HumanAct, ...]:
    """By the wall clock where it is known. The journal's own order stands whatever the clock says,
    and what it tells without one comes behind the beginning of the run."""
    begun_s = around.seconds(started.utc) if started is not None else None
    placed: list[tuple[float, int, HumanAct]] = []
    at_s = begun_s if begun_s is not None else float("-inf")
    block = [started, *inside] if started is not None else inside
    for act in block:
        at_s = max(at_s, around.seconds(act.utc) or at_s)
        placed.append((at_s, len(placed), act))
    for act in others:
        when_s = around.seconds(act.utc)
        placed.append((float("inf") if when_s is None else when_s, len(placed), act))
    return tuple(act for _, _, act in sorted(placed, key=lambda each: each[:2]))


def _dated(act: HumanAct, zero_s: float | None) -> HumanAct:
    """With the wall time at which the run's clock was there."""
    if act.utc or act.t_s is None or zero_s is None:
        return act
    return dataclasses.replace(act, utc=iso(round((zero_s + act.t_s) * NS)))
