"""An imported record analysed anew from the file that it keeps, beside what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from labctl import bench as benches
from labctl import sample as samples
from labctl.analysis import Choice, Given, analyse, read
from labctl.clock import NS
from labctl.errors import RecordError
from labctl.events import Event, FilesKept, Imported, RunBegun, Verdict, to_dict
from labctl.imported._tell import events_of
from labctl.photothermal import Known
from labctl.record import read_journal


@dataclass(frozen=True, slots=True)
class Other:
    """One thing that comes out otherwise."""

    what: str
    t_s: float
    recorded: Any
    now: Any


@dataclass(frozen=True, slots=True)
class Again:
    """What came of it."""

    path: Path
    events: int
    verdict: str
    """As recorded; '' where the record is cut off before."""
    verdict_now: str
    differences: tuple[Other, ...]


def analyse_again(path: Path) -> Again:
    """Analyse the kept file of the imported record in `path`, with what was given then, and hold
    every event beside the recorded one. RecordError where the file or an input is not there."""
    recorded = read_journal(path / "journal.jsonl").events
    about = next((event for event in recorded if isinstance(event, Imported)), None)
    if about is None:
        raise RecordError("this is no imported record", where=str(path))
    files = next((event.files for event in recorded if isinstance(event, FilesKept)), {})
    loaded = read(_file(path, about.kept_as), str(path / about.kept_as), _choice(about))
    given = _given(path, about, recorded)
    now = list(events_of(analyse(loaded, given), given, about, files))
    others = tuple(_others(recorded, now))
    words = [next((e.verdict for e in told if isinstance(e, Verdict)), "")
             for told in (recorded, now)]  # fmt: skip
    return Again(path, len(recorded), words[0], words[1], others)


def _file(path: Path, name: str) -> bytes:
    try:
        return (path / Path(name).name).read_bytes()
    except OSError as error:
        raise RecordError(
            "the imported file is not in its record", where=str(path / name),
            seen=error.strerror or "",
        ) from error  # fmt: skip


def _choice(about: Imported) -> Choice:
    return Choice(**{str(one["role"]): str(one["name"]) for one in about.columns if one["named"]})


def _given(path: Path, about: Imported, recorded: tuple[Event, ...]) -> Given:
    told = about.given
    if told.get("blank"):
        raise RecordError(
            "it was analysed with a blank run, which is not in its record",
            where=str(path),
            fix=f"The blank's head hash is {told['blank']}; import the file again with --blank.",
        )
    power = told.get("power")
    known = Known(power["value"], power["sd"]) if isinstance(power, Mapping) else None
    return Given(
        specimen=samples.load(path / "sample.yaml") if "sample" in told else None,
        bench=benches.load(path / "bench.yaml") if "bench" in told else None,
        power=known,
    )


def _others(recorded: tuple[Event, ...], now: list[Event]) -> Iterator[Other]:
    for was, is_now in zip_longest(recorded, now):
        if was is None or is_now is None or type(was) is not type(is_now):
            at, kinds = was or is_now, [getattr(each, "kind", None) for each in (was, is_now)]
            yield Other("events", 0.0 if at is None else at.t_ns / NS, *kinds)
            return
        before, after = _plain(was), _plain(is_now)
        for key in before:
            if before[key] != after[key] and not (isinstance(was, RunBegun) and key == "version"):
                yield Other(f"{was.kind} {key}", was.t_ns / NS, before[key], after[key])


def _plain(event: Event) -> dict[str, Any]:
    """As the journal has it."""
    plain: dict[str, Any] = json.loads(json.dumps(to_dict(event)))
    return plain
