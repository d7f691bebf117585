"""`begun.json`: what run.json said when the run began, which nothing writes to again.

run.json is replaced at the end, so no journal can have its hash; of this file it can. Held beside
it, a change to run.json has a name: the key under which something else stands. The journal of a run
on the real clock has its hash from its beginning. That of a run in virtual time depends on nothing
outside it, and has none: there the two files vouch for each other alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from labctl.clock import NS, VIRTUAL_EPOCH_UTC_NS, iso
from labctl.errors import RecordError
from labctl.record._kept import BEGUN

SCHEMA = "labctl.begun/1"
KEY = "begun_hash"
"""In run.json: of begun.json, so that one that was taken away is missed."""
_OWN = "schema"
_COMMITS = ("git", "folder_git")
"""Of these the end says whether files had changed."""
_OF_THE_BEGINNING = frozenset(
    {
        "run_id", "protocol", "sample", "begun", "pid", "mode", "seed", "faults", "speed",
        "clock_zero_utc", "bench", "operator", "armed_by", "waived", "expired", "instruments",
        "calibrations", "off_latency", "blank", "by", "command", "campaign", "pack", "versions",
        "git", "folder_git", "host", "user", "system", "machine",
    }
)  # fmt: skip
"""Keys that nothing but a run's beginning may have given."""


def begun_facts(about: Mapping[str, Any]) -> dict[str, Any]:
    """What begun.json says, from what run.json says first."""
    return {_OWN: SCHEMA, **{k: v for k, v in about.items() if k not in (_OWN, "state")}}


def read_begun(folder: Path) -> tuple[dict[str, Any], str] | None:
    """What stands in begun.json, and its SHA-256; None where there is none, as of an older labctl.
    ValueError for one that is none; RecordError where it cannot be read."""
    path = folder / BEGUN
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RecordError(
            "cannot be read", where=str(path), seen=error.strerror or str(error)
        ) from error
    try:
        said = json.loads(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(said, dict) or said.get(_OWN) != SCHEMA:
        raise ValueError(f"its schema is not {SCHEMA}")
    return {key: said[key] for key in said if key != _OWN}, hashlib.sha256(data).hexdigest()


def otherwise(
    folder: Path, facts: Mapping[str, Any], sealed: str, named: frozenset[str] = frozenset()
) -> Iterator[tuple[str, str]]:
    """File and words of each thing in which run.json (`facts`) is not what it was at the beginning.

    `sealed` is the hash of begun.json that the journal has, or ''; a begun.json that is not that
    one is told with the other files. Keys that are `named` are told already. Nothing of a record
    without run.json, or of an older labctl."""
    if not facts:
        return
    try:
        found = read_begun(folder)
    except ValueError as error:
        yield BEGUN, f"{BEGUN} is not as it was written: {error}"
        return
    if found is None:
        if KEY in facts and not sealed:
            yield BEGUN, f"{BEGUN} is missing, and run.json has its hash"
        return
    then, sha256 = found
    if sha256 != (sealed or facts.get(KEY, sha256)):
        # Whatever it says now is no measure of run.json.
        if not sealed:
            yield BEGUN, f"{BEGUN} is not the file that run.json has the hash of"
        return
    other = {key for key in then if key not in facts or _other(key, then[key], facts[key])}
    other |= _OF_THE_BEGINNING.intersection(facts) - then.keys()
    if facts.get(KEY) != sha256:
        other.add(KEY)
    if other := other - named:
        keys = ", ".join(sorted(other))
        yield "run.json", f"run.json says something else than when the run began of: {keys}"


def _other(key: str, then: Any, now: Any) -> bool:
    if key in _COMMITS and isinstance(then, Mapping) and isinstance(now, Mapping):
        return {**then, "changed": None} != {**now, "changed": None}
    return bool(then != now)


def ended_otherwise(facts: Mapping[str, Any], last_ns: int) -> bool:
    """Whether run.json has another moment of the end than `end_utc_ns` gives."""
    said, ended_ns = facts.get("ended"), end_utc_ns(facts, last_ns)
    if ended_ns is None or said is None:
        return False
    try:
        return datetime.fromisoformat(said).timestamp() != ended_ns // NS
    except (TypeError, ValueError):
        return True


def end_utc_ns(facts: Mapping[str, Any], last_ns: int) -> int | None:
    """When a run ended whose last event has this time, by the run's own clock, whose zero stands in
    run.json; None in virtual time, and where nobody said. Of it run.json has whole seconds."""
    zero = facts.get("clock_zero_utc")
    if not isinstance(zero, str) or zero == iso(VIRTUAL_EPOCH_UTC_NS):
        return None
    try:
        moment = datetime.fromisoformat(zero)
    except ValueError:
        return None
    whole_s = int(moment.replace(microsecond=0).timestamp())
    return whole_s * NS + moment.microsecond * 1000 + last_ns
