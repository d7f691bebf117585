"""Bluesky event-model documents, one `[name, document]` a line, as databroker reads them.

Composed by the event-model package and checked by its schemas (of a stream's pages, the first).
Two streams: `primary`, the samples, and `events`, all else. A number that is none is null. Every
uid follows from the run, so that the same run is the same one wherever it is read in twice.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from labctl.clock import NS
from labctl.export._about import about, begun_at
from labctl.export._libraries import library
from labctl.export._tables import Column, Kind, Role, Tables

_PAGE = 500
"""Events in one page."""
_NAMESPACE = uuid.UUID("6a1f6f0e-6f0b-5a37-9a55-1d9e6f0b8c11")
_TYPES = {Kind.FLOAT: "number", Kind.COUNT: "integer", Kind.TEXT: "string"}
_EXITS = {"completed": "success", "imported": "success", "held": "success", "stopped": "abort"}
"""Outcome of a run -> exit status; all others are `fail`."""


def write_bluesky(tables: Tables, stem: Path) -> list[Path]:
    """`STEM.bluesky.jsonl`."""
    model = library("event_model", "Bluesky documents")
    path = stem.with_name(stem.name + ".bluesky.jsonl")
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for name, document in documents(tables, model):
            file.write(json.dumps([name, document], allow_nan=False) + "\n")
    return [path]


def documents(tables: Tables, model: Any) -> Iterator[tuple[str, Any]]:
    """Start, descriptors, pages of events, stop; `model` is the event_model package."""
    told = about(tables.run)
    begun_s = begun_at(tables.run.facts)
    root = told.get("run_id") or told["head_hash"]

    def uid(*names: object) -> str:
        return str(uuid.uuid5(_NAMESPACE, "/".join(map(str, (root, *names)))))

    zero = begun_s or 0.0
    run = model.compose_run(uid=uid("start"), time=zero, metadata={
        "plan_name": told.get("protocol", ""),
        "sample": {"name": told.get("sample", "")},
        "time_is_known": begun_s is not None,
        "labctl": {key: value for key, value in told.items() if key != "run_json"},
        "run_json": told["run_json"],
        "hints": {"dimensions": [[["time"], "primary"]]},
    })  # fmt: skip
    yield "start", run.start_doc
    times = [ns / NS for ns in next(c for c in tables.columns if c.name == "t").values]
    streams = (("primary", _samples(tables), times),
               ("events", _others(tables), [o.t_ns / NS for o in tables.others]))  # fmt: skip
    for stream, columns, at_s in streams:
        described = run.compose_descriptor(
            name=stream, data_keys={c.name: _key(c) for c in columns}, time=zero,
            uid=uid(stream), object_keys={"labctl": [c.name for c in columns]},
            hints={"labctl": {"fields": [c.name for c in columns if c.role is Role.VALUE]}},
        )  # fmt: skip
        yield "descriptor", described.descriptor_doc
        for first in range(0, len(at_s), _PAGE):
            rows = slice(first, first + _PAGE)
            when = [zero + s for s in at_s[rows]]
            yield (
                "event_page",
                described.compose_event_page(
                    data={c.name: c.values[rows] for c in columns},
                    timestamps={c.name: when for c in columns},
                    time=when,
                    uid=[uid(stream, first + number) for number in range(len(when))],
                    # All pages of a stream have one shape; the check costs more than the rest.
                    validate=first == 0,
                ),
            )
    ended = tables.run.ended
    yield (
        "stop",
        run.compose_stop(
            exit_status=_EXITS.get(ended.outcome, "fail") if ended else "fail",
            reason=(ended.why or ended.outcome) if ended else tables.run.words,
            uid=uid("stop"),
            time=zero + tables.run.last_ns / NS,
        ),
    )


def _key(column: Column) -> dict[str, Any]:
    key: dict[str, Any] = {
        "source": f"labctl:{column.channel or column.name}",
        "dtype": _TYPES[column.kind],
        "shape": [],
    }
    if column.unit:
        key["units"] = column.unit
    return key


def _samples(tables: Tables) -> list[Column]:
    """`time` is every event's own there, and Tiled has no room for a second one."""
    return [replace(c, name="run_time") if c.role is Role.TIME else c for c in tables.columns]


def _others(tables: Tables) -> list[Column]:
    others = tables.others
    return [
        Column("seq", "1", Kind.COUNT, Role.ORDER, "", [o.seq for o in others]),
        Column("t", "ns", Kind.COUNT, Role.ORDER, "", [o.t_ns for o in others]),
        Column("kind", "", Kind.TEXT, Role.ORDER, "", [o.kind for o in others]),
        Column("body", "", Kind.TEXT, Role.ORDER, "", [o.body for o in others]),
    ]
