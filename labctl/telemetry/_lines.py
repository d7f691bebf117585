"""A telemetry message as a line for a person."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from labctl.telemetry._fold import EMISSION, INTERLOCK

_SAID_IN_WORDS = {EMISSION, INTERLOCK}
"""Channels that the beam's line and `$state` say in words."""


def line(bench: str, topic: str, payload: Mapping[str, Any]) -> str | None:
    """The line for a message on `topic` (below the bench's), or None when it is not worth one:
    heartbeats, single channels and assessments are for machines."""
    if topic == "$state":
        words = _state(payload)
    elif topic == "data":
        words = _data(payload)
    elif topic == "event":
        words = _event(payload)
    elif topic.startswith("alarm/"):
        raised = "ALARM" if payload.get("active") else "alarm cleared:"
        words = f"{raised} {payload.get('name', '')} {payload.get('message', '')}"
    elif topic.endswith("/stop"):
        words = f"run {payload.get('outcome')}: verdict {payload.get('verdict')}"
    else:
        return None
    moment = str(payload.get("t", ""))[11:21]
    return f"{payload.get('mode', '?')} {bench} {moment} {words}".rstrip()


def _state(payload: Mapping[str, Any]) -> str:
    laser = payload.get("laser")
    emission = laser.get("emission", "unknown") if isinstance(laser, Mapping) else "unknown"
    for source in ("heater", "coil"):
        fed = payload.get(source)
        if isinstance(fed, Mapping):
            emission += f", {source} {fed.get('emission', 'unknown')}"
    if payload.get("interlock") in ("closed", "open"):
        emission += f", interlock {payload['interlock']}"
    stalled = ", the run tells nothing" if payload.get("stalled") else ""
    return f"state {payload.get('state')}, emission {emission}{stalled}"


def _data(payload: Mapping[str, Any]) -> str:
    channels = payload.get("ch")
    if not isinstance(channels, Mapping):
        return "data without channels"
    return "  ".join(
        f"{name} {_value(value)}" for name, value in channels.items() if name not in _SAID_IN_WORDS
    )


def _value(value: Any) -> str:
    if not isinstance(value, Mapping):
        return "?"
    number = value.get("v")
    if not isinstance(number, int | float) or abs(number) > sys.float_info.max:
        return f"INVALID ({value.get('why', 'no reason given')})"
    return f"{number:.6g} {value.get('u', '')}".rstrip()


def _event(payload: Mapping[str, Any]) -> str:
    told = payload.get("event")
    facts = told if isinstance(told, Mapping) else {}
    words = [str(payload.get("kind", "event"))]
    for key in ("old", "new", "verb", "name", "beam", "how", "rule", "message", "outcome", "why",
                "verdict", "text"):  # fmt: skip
        if facts.get(key):
            words.append(str(facts[key]))
    return " ".join(words)
