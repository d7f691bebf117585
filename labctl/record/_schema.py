"""run.json as a JSON Schema (draft 2020-12), for programs that read records.

Within a version keys are only added: a reader ignores those that it does not know. Only what the
first labctl wrote at a run's beginning is required, so that every record fits.
"""

from __future__ import annotations

from typing import Any

from labctl.record._folder import SCHEMA

_TEXT: dict[str, Any] = {"type": "string"}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}
_NUMBER: dict[str, Any] = {"type": "number"}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_HASH: dict[str, Any] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_TIME: dict[str, Any] = {"type": "string", "format": "date-time"}


def _or_null(one: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [one, {"type": "null"}]}


def _thing(required: tuple[str, ...] = (), /, **properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def _map(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": of}


_GIT = _or_null(
    _thing(
        ("commit", "changed"),
        commit={"type": "string", "pattern": "^[0-9a-f]{40}([0-9a-f]{24})?$"},
        changed=_or_null({"type": "boolean"})
        | {"description": "whether files differed at the run's end; null where nobody looked"},
    )
)
_LIT = _thing(("state", "how"), state={"enum": ["off", "on", "unknown"]}, how=_TEXT)
_RESULT = _thing(
    (),
    value=_or_null(_NUMBER),
    low=_or_null(_NUMBER) | {"description": "of the 95 % interval"},
    high=_or_null(_NUMBER),
    sd_statistical=_or_null(_NUMBER),
    sd_inputs=_or_null(_NUMBER),
    unit=_TEXT,
)
_INSTRUMENT = _thing(
    ("driver", "make", "model", "serial", "firmware", "address"),
    driver=_TEXT, make=_TEXT, model=_TEXT, serial=_TEXT, firmware=_TEXT, address=_TEXT,
)  # fmt: skip
_CALIBRATION = _thing(
    ("id", "date", "due"),
    id=_TEXT, date=_TEXT, due=_TEXT, method=_TEXT, file=_TEXT,
    sha256=_TEXT | {"description": "of the file that states it; '' where that was gone"},
    record_head_hash=_TEXT | {"description": "of the run that made it"},
)  # fmt: skip
_PROPERTIES: dict[str, dict[str, Any]] = {
    "schema": {"const": SCHEMA},
    "run_id": {"type": "string", "pattern": "^[0-9A-HJKMNP-TV-Z]{26}$"},
    "state": {"enum": ["running", "closed", "cut off", "damaged", "not begun"]},
    "protocol": _TEXT,
    "sample": _TEXT,
    "begun": _TIME,
    "begun_hash": _HASH | {"description": "of begun.json, which has what was known then"},
    "ended": _TIME,
    "pid": _COUNT,
    "mode": {"enum": ["SIMULATED", "REAL", "IMPORTED"]},
    "seed": _or_null({"type": "integer"}),
    "faults": _TEXTS,
    "speed": _or_null(_NUMBER),
    "clock_zero_utc": _TIME,
    "bench": _TEXT,
    "operator": _thing(("name", "told_by"), name=_TEXT, told_by=_TEXT),
    "armed_by": _TEXT,
    "waived": _TEXTS,
    "expired": _TEXTS,
    "instruments": _map(_INSTRUMENT),
    "calibrations": {"type": "array", "items": _CALIBRATION},
    "off_latency": {"type": "object"},
    "blank": _or_null(_TEXT),
    "by": _TEXT,
    "command": _TEXTS,
    "versions": _map(_TEXT),
    "git": _GIT,
    "folder_git": _GIT,
    "host": _TEXT,
    "user": _TEXT,
    "system": _TEXT,
    "machine": _TEXT,
    "fault": _or_null(_TEXT),
    "recovered": _TEXT,
    "outcome": _TEXT,
    "why": _TEXT,
    "exit_code": {"type": "integer"},
    "beam": _LIT,
    "heater": _LIT,
    "coil": _LIT,
    "samples": _COUNT,
    "energy_j": _NUMBER,
    "electrical_j": _NUMBER,
    "coil_j": _NUMBER,
    "duration_s": _NUMBER,
    "verdict": {"enum": ["pass", "fail", "cannot tell", "none"]},
    "reasons": _TEXTS,
    "results": _map(_RESULT),
    "budget": _map(_NUMBER)
    | {"description": "relative standard deviation of the efficiency by each of its inputs"},
    "improve": _TEXT,
    "assumptions": _TEXTS,
    "dose": {"type": "object"},
    "journal": _thing(
        ("head_hash", "durable_seq"), head_hash=_HASH, events=_COUNT, durable_seq=_COUNT
    ),
}


def json_schema() -> dict[str, Any]:
    """The schema of run.json."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA,
        "title": "run.json of a record of labctl",
        "type": "object",
        "required": ["schema", "run_id", "state", "protocol", "sample", "begun", "versions"],
        "properties": _PROPERTIES,
    }
