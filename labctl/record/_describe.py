"""What became of a run, told from its folder; and run.json and data.csv of a killed run made."""

from __future__ import annotations

import errno
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labctl.errors import LabctlError, RecordError, RefusedError
from labctl.events import Dose, RunBegun, RunEnded, Verdict
from labctl.platform import is_locked
from labctl.record._begun import KEY, read_begun
from labctl.record._disk import replace_file
from labctl.record._folder import RESERVE, SCHEMA, ending, to_json
from labctl.record._reading import JournalReader, JournalState
from labctl.record._table import make_table

TAIL = "journal.tail"
"""In a recovered run's folder: the bytes of its journal that could not be read, as they were."""


@dataclass(frozen=True, slots=True)
class RunDescription:
    """A run as its journal has it, beside what run.json claims."""

    path: Path
    state: str
    """`running`, `closed`, `cut off`, `damaged`."""
    words: str
    """The state in a sentence."""
    begun: RunBegun | None
    verdict: Verdict | None
    dose: Dose | None
    """What the run said of its own dose; None where it did not come to that."""
    ended: RunEnded | None
    durable_seq: int
    """Number of the last good event."""
    last_ns: int
    """Time of the last good event, on the run's clock."""
    head_hash: str
    facts: Mapping[str, Any]
    """run.json; empty when there is none that can be read."""
    matches: bool | None
    """Whether the head hash is the one that run.json keeps; None when it keeps none."""
    tail_bytes: int = 0
    """What stands behind the good part of the journal: a torn line, or all from a bad one on."""


def describe_run(path: Path) -> RunDescription:
    """Read a run's folder without changing it. RecordError when it has no journal."""
    journal = path / "journal.jsonl"
    running = is_locked(journal)
    reader = JournalReader(journal)
    begun: RunBegun | None = None
    verdict: Verdict | None = None
    dose: Dose | None = None
    ended: RunEnded | None = None
    last_ns = 0
    for event in reader:
        last_ns = event.t_ns
        match event:
            case RunBegun():
                begun = event
            case Verdict():
                verdict = event
            case Dose():
                dose = event
            case RunEnded():
                ended = event
    facts = read_facts(path / "run.json")
    kept, _ = kept_journal(facts)
    matches = None if kept is None else kept == reader.head_hash
    state = "running" if running else reader.state.value
    return RunDescription(
        path=path,
        state=state,
        words=_words(state, reader, last_ns, matches),
        begun=begun,
        verdict=verdict,
        dose=dose,
        ended=ended,
        durable_seq=reader.durable_seq,
        last_ns=last_ns,
        head_hash=reader.head_hash,
        facts=facts,
        matches=matches,
        tail_bytes=max(0, journal.stat().st_size - reader.good_bytes),
    )


def recover_run(path: Path) -> RunDescription:
    """Make run.json and data.csv of a run that was killed, from what is good in its journal. The
    journal itself is never touched; what stands behind its good part is copied to `TAIL`. Of a run
    that had ended in order, run.json and data.csv are kept as `run.before.json`, `data.before.csv`;
    so is a run.json that cannot be read. RefusedError while the run goes on."""
    if not is_locked(path / "journal.jsonl"):
        _put_garbled_aside(path / "run.json")
    found = describe_run(path)
    if found.state == "running":
        raise RefusedError(
            "this run is still going on", where=str(path), fix="Stop it with `labctl stop`."
        )
    (path / RESERVE).unlink(missing_ok=True)
    if found.facts.get("state") == "closed" != found.state:
        # It had ended in order, so these tell more than what is left of the journal.
        for name in ("run.json", "data.csv"):
            _keep_aside(path / name)
    if found.tail_bytes:
        with (path / "journal.jsonl").open("rb") as file:
            file.seek(-found.tail_bytes, os.SEEK_END)
            replace_file(path / TAIL, file.read())
    make_table(path / "journal.jsonl", path / "data.csv")
    if found.state == JournalState.CLOSED and found.facts.get("state") == "closed":
        return found
    told = {
        "schema": SCHEMA,
        # What stands in run.json is never mended from it: that would hide a change.
        **(found.facts or _from_begun(path)),
        "state": found.state,
        "recovered": found.words,
        **ending(found.ended, found.verdict, found.dose),
    }
    # A head hash that was kept is evidence; only where there was none may this one stand.
    told.setdefault("journal", {"head_hash": found.head_hash, "durable_seq": found.durable_seq})
    replace_file(path / "run.json", to_json(told))
    return describe_run(path)


def _from_begun(path: Path) -> dict[str, Any]:
    """What a run.json that is gone said at the beginning; nothing where that is gone too."""
    try:
        found = read_begun(path)
    except ValueError:
        return {}
    return {} if found is None else {**found[0], KEY: found[1]}


def _put_garbled_aside(facts: Path) -> None:
    """What it alone said may still be read in it by a person."""
    try:
        read_facts(facts)
    except RecordError:
        if not facts.is_file():
            raise
        _keep_aside(facts)
        facts.unlink()


def _keep_aside(path: Path) -> None:
    """Copy `data.csv` to `data.before.csv`, once."""
    aside = path.with_name(f"{path.stem}.before{path.suffix}")
    if path.exists() and not aside.exists():
        replace_file(aside, path.read_bytes())


def recover_left_behind(runs_dir: Path, *, days: int = 2) -> tuple[RunDescription, ...]:
    """Recover the runs of the newest `days` in `runs_dir` that say they go on, and do not: killed,
    or cut off by a power failure. What cannot be recovered is left as it is."""
    found = []
    for day in sorted(runs_dir.glob("????-??-??"))[-days:]:
        for folder in sorted(day.iterdir()):
            facts = folder / "run.json"
            if not (folder / "journal.jsonl").is_file() or not facts.is_file():
                continue
            try:
                says_running = read_facts(facts).get("state") == "running"
                if says_running and not is_locked(folder / "journal.jsonl"):
                    found.append(recover_run(folder))
            except (LabctlError, OSError):
                # Another process may be at it, or the folder may not be ours to write.
                continue
    return tuple(found)


def finite(value: object) -> float | None:
    """A number that a record holds where one belongs, or None: run.json is anybody's to write."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def read_facts(path: Path) -> dict[str, Any]:
    """What run.json says; nothing where there is none. RecordError for one that cannot be read."""
    if not path.exists():
        return {}
    try:
        if not path.is_file():
            # A pipe of that name would be waited for.
            raise OSError(errno.EINVAL, "this is no file")
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RecordError(
            "run.json cannot be read", where=str(path), seen=str(error),
            fix="`labctl runs recover` puts it aside and makes what the journal has of it.",
        ) from error  # fmt: skip
    return facts if isinstance(facts, dict) else {}


def kept_journal(facts: Mapping[str, Any]) -> tuple[str | None, int]:
    """The head hash that run.json keeps, and the last event that was certainly on disk; None and 0
    where it keeps none, or something that is none."""
    kept = facts.get("journal")
    if not isinstance(kept, dict):
        return None, 0
    head, seq = kept.get("head_hash"), kept.get("durable_seq")
    return (head if isinstance(head, str) else None), (seq if isinstance(seq, int) else 0)


def _words(state: str, reader: JournalReader, last_ns: int, matches: bool | None) -> str:
    until = f"{reader.durable_seq} events, the last at {last_ns / 1e9:.1f} s"
    match state:
        case "running":
            return f"the run is going on; {until}"
        case "closed" if matches is False:
            return f"closed, but not the journal that run.json speaks of; {until}"
        case "closed":
            return f"closed in order; {until}"
        case "damaged":
            return (
                f"damaged at line {reader.first_bad_line} ({reader.why}); good up to there: {until}"
            )
        case _:
            return f"cut off: the run has no closing event; {until}"
