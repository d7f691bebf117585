"""JSON Schemas (2020-12) of every payload, by the id that each payload carries as `schema`.

Readers must ignore members they do not know: within a version members are only added.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Schema: TypeAlias = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_TRUTH: Schema = {"type": "boolean"}
_THING: Schema = {"type": "object"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _one_of(*words: str) -> Schema:
    return {"enum": list(words)}


_UTC: Schema = {
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$",
    "description": "UTC",
}
_SESSION: Schema = {
    "type": "string",
    "pattern": "^[0-9A-HJKMNP-TV-Z]{26}$",
    "description": "ULID, new for every process",
}
_EMISSION = _one_of("off", "on", "unknown")
_READBACK = _one_of("ok", "mismatch", "none")
_INTERLOCK = _one_of("closed", "open", "unknown")
STATES = ("init", "ready", "armed", "running", "stopping", "fault", "offline", "lost")
_STATE = _one_of(*STATES)

_VALUE: Schema = {
    "type": "object",
    "properties": {
        "v": _or_null(_NUMBER) | {"description": "null when there is no valid reading"},
        "u": _TEXT | {"description": "unit"},
        "q": _one_of("good", "uncertain", "bad", "stale"),
        "why": _TEXT | {"description": "reason of a bad reading"},
        "detail": _TEXT,
        "at_ns": _COUNT | {"description": "when the instrument took it, on the run's clock"},
    },
    "required": ["v", "q", "at_ns"],
    "if": {"properties": {"q": {"const": "bad"}}},
    "then": {"properties": {"v": {"type": "null"}}, "required": ["why"]},
    "else": {"properties": {"v": _NUMBER}, "required": ["u"]},
}

_QUEUE: Schema = {
    "type": "object",
    "properties": {
        "sent": _COUNT,
        "dropped": _COUNT | {"description": "readings and assessments never sent"},
        "spilled": _COUNT | {"description": "events never sent"},
        "reconnects": _COUNT,
        "depth": _COUNT | {"description": "messages waiting"},
    },
    "required": ["sent", "dropped", "spilled", "reconnects", "depth"],
}

_LASER: Schema = {
    "type": "object",
    "properties": {
        "armed": _TRUTH,
        "emission": _EMISSION,
        "commanded_w": _or_null(_NUMBER) | {"description": "W at the sample"},
        "readback": _READBACK,
        "how": _TEXT,
        "lease_ms": _COUNT,
    },
    "required": ["armed", "emission", "readback"],
}


_HEATER: Schema = {
    "type": "object",
    "properties": {
        "emission": _EMISSION | {"description": "on while power flows through it"},
        "commanded_w": _or_null(_NUMBER) | {"description": "W, electrical"},
        "readback": _READBACK,
        "how": _TEXT,
        "lease_ms": _COUNT,
    },
    "required": ["emission", "readback"],
}


def _payload(kind: str, what: str, /, **properties: Schema) -> Schema:
    head: dict[str, Schema] = {
        "schema": {"const": f"labctl.{kind}/1"},
        "mode": _one_of("SIMULATED", "REAL", "REPLAY"),
        "session": _SESSION,
        "t": _UTC | {"description": "UTC by the run's clock; a simulated run has its own epoch"},
        "mono_ns": _COUNT | {"description": "nanoseconds since the run began, by its clock"},
    }
    optional = {name for name, schema in properties.items() if schema.get("$comment") == "optional"}
    return {
        "description": what,
        "type": "object",
        "properties": head | properties,
        "required": [*head, *(name for name in properties if name not in optional)],
    }


def _optional(schema: Schema) -> Schema:
    return schema | {"$comment": "optional"}


_PAYLOADS: dict[str, Schema] = {
    "labctl.state/1": _payload(
        "state",
        "`$state`, retained, QoS 1; also the will",
        bench=_TEXT,
        state=_STATE,
        engine=_TEXT,
        stalled=_TRUTH | {"description": "a run is under way and tells nothing"},
        laser=_LASER,
        heater=_optional(_or_null(_HEATER))
        | {"description": "the calibration resistor; null until a run uses it"},
        coil=_optional(_HEATER)
        | {"description": "the coil around the cell, with its supply's power; once a run uses it"},
        interlock=_INTERLOCK,
        run=_or_null(_THING) | {"description": "the run in hand, or the last one"},
        latched=_optional(_THING) | {"description": "by whom and why STOP LASER stands"},
        hb_s=_NUMBER,
        queue=_optional(_QUEUE),
    ),
    "labctl.desc/1": _payload(
        "desc",
        "`$desc`, retained, QoS 1",
        bench=_TEXT,
        broker=_TEXT,
        channels={"type": "object", "additionalProperties": _or_null(_TEXT)}
        | {"description": "unit of each channel read so far; null where none was valid yet"},
        desc=_THING | {"description": "instruments, roles, limits (in SI units, see their names)"},
    ),
    "labctl.hb/1": _payload(
        "hb",
        "`hb`, once a second of real time, QoS 0",
        seq=_COUNT,
        state=_STATE,
        stalled=_TRUTH,
        emission=_EMISSION,
        readback=_READBACK,
        interlock=_INTERLOCK,
        readback_age_s=_or_null(_NUMBER)
        | {"description": "real seconds since the emission was last read back, or told"},
        hb_s=_NUMBER,
        up_ns=_COUNT
        | {"description": "the sender's own clock at sending; only differences mean anything"},
        sent=_UTC | {"description": "wall time of sending, UTC"},
        queue=_QUEUE,
    ),
    "labctl.data/1": _payload(
        "data",
        "`data`, one a sampling tick, QoS 0",
        seq=_COUNT,
        run=_TEXT,
        scheduled_ns=_COUNT,
        ch={"type": "object", "additionalProperties": _VALUE},
    ),
    "labctl.last/1": _payload("last", "`last/<role>/<quantity>`, retained, QoS 0", channel=_TEXT)
    | {"allOf": [_VALUE]},
    "labctl.assessment/1": _payload(
        "assessment",
        "`assessment`, one a reading, QoS 0; temperatures in degC",
        seq=_COUNT,
        run=_TEXT,
        phase=_TEXT,
        predicted_degc=_or_null(_NUMBER),
        predicted_sd_k=_or_null(_NUMBER),
        residual_sd=_or_null(_NUMBER),
        efficiency=_or_null(_NUMBER),
        efficiency_sd_statistical=_or_null(_NUMBER),
        efficiency_sd_total=_or_null(_NUMBER),
        time_constant_s=_or_null(_NUMBER),
        time_constant_sd_s=_or_null(_NUMBER),
        heat_loss_w_per_k=_or_null(_NUMBER),
        heat_loss_sd_w_per_k=_or_null(_NUMBER),
        steady=_TRUTH,
        slope_k_per_s=_or_null(_NUMBER),
    ),
    "labctl.event/1": _payload(
        "event",
        "`event`, QoS 1; a gap in `eseq` is a loss, the same `eseq` twice is the same event",
        eseq=_COUNT,
        run=_TEXT,
        kind=_TEXT,
        event=_or_null(_THING) | {"description": "as in the journal; null when too long"},
        too_long=_optional(_COUNT),
    ),
    "labctl.alarm/1": _payload(
        "alarm",
        "`alarm/<id>`, retained, QoS 1",
        id=_TEXT,
        active=_TRUTH,
        name=_TEXT,
        message=_TEXT,
    ),
    "labctl.run-start/1": _payload(
        "run-start",
        "`run/<uid>/start`, QoS 1; shaped like event-model's start document",
        uid=_TEXT,
        time=_NUMBER,
        protocol=_TEXT,
        sample=_TEXT,
    ),
    "labctl.run-stop/1": _payload(
        "run-stop",
        "`run/<uid>/stop`, QoS 1; shaped like event-model's stop document",
        uid=_TEXT,
        run_start=_TEXT,
        time=_NUMBER,
        exit_status=_one_of("success", "abort", "fail"),
        reason=_TEXT,
        num_events=_THING,
        outcome=_TEXT,
        verdict=_TEXT,
        beam=_EMISSION,
        results=_THING,
        dose=_THING | {"description": "light and heat that the run added up to, with bounds"},
        reasons=_TEXTS,
    ),
}


def schemas() -> Schema:
    """One document with a schema for each payload, under `$defs` by its id."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "labctl telemetry, version 1",
        "description": "A payload is valid against the member of $defs that its `schema` names.",
        "$defs": _PAYLOADS,
    }
