"""What a subscriber may say of the beam: ON, UNKNOWN, or when it was last read back OFF.

The rule, for a reader in any language (docs/reference/mqtt.md has it in words): off is known only
while a heartbeat of the same session as `$state` came less than three of its periods ago by the
reader's own clock, and both say emission off and read-back ok. A will that never came, a broker
that died, a bench that hangs: all end in UNKNOWN by themselves. There is no word for 'safe', and
none of this is for deciding on eyewear.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from labctl import clock

BEATS = 3
"""Heartbeats that may be missed."""


class Seen(StrEnum):
    """The three things that can be known."""

    OFF = "OFF"
    ON = "ON"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class BeamView:
    """What is known at one moment."""

    seen: Seen
    why: str
    """For UNKNOWN, what is missing; for the others ''."""
    age_s: float | None = None
    """For OFF, how long ago it was read back."""

    def __str__(self) -> str:
        if self.seen is Seen.OFF and self.age_s is not None:
            return f"read back OFF {self.age_s:.1f} s ago"
        if self.seen is Seen.ON:
            return "ON"
        return f"UNKNOWN: treat as ON ({self.why})"


class BeamState:
    """Follows one bench's `$state` and `hb`."""

    def __init__(self) -> None:
        self._state: Mapping[str, Any] = {}
        self._beat: Mapping[str, Any] = {}
        self._beat_ns = 0

    def feed(self, topic: str, payload: Mapping[str, Any], received_ns: int) -> None:
        """Take a message that came at `received_ns` of the reader's own clock; topics other than
        `$state` and `hb` are ignored."""
        kind = topic.rsplit("/", 1)[-1]
        if kind == "$state":
            self._state = payload
        elif kind == "hb":
            self._beat, self._beat_ns = payload, received_ns

    def view(self, now_ns: int) -> BeamView:
        """What is known at `now_ns` of the reader's own clock."""
        state, beat = self._state, self._beat
        if not state:
            return _unknown("no state received")
        word = state.get("state")
        if word == "lost":
            return _unknown("the bench was lost")
        if word == "offline":
            return _unknown("the bench is offline")
        if not beat:
            return _unknown("no heartbeat received")
        if state.get("session") != beat.get("session"):
            return _unknown("state and heartbeat are of different sessions")
        beat_age_s = (now_ns - self._beat_ns) / clock.NS
        if not beat_age_s < BEATS * _number(beat.get("hb_s"), 0.0):
            return _unknown(f"no heartbeat for {beat_age_s:.1f} s")
        laser = state.get("laser")
        told = laser if isinstance(laser, Mapping) else {}
        if "on" in (told.get("emission"), beat.get("emission")):
            return BeamView(Seen.ON, "")
        for said in (told, beat):
            if said.get("emission") != "off":
                return _unknown("the bench does not know it" if told else "no laser in its state")
            if said.get("readback") != "ok":
                return _unknown("off was not read back")
        age_s = beat.get("readback_age_s")
        if not isinstance(age_s, int | float):
            return _unknown("it is not said when off was read back")
        return BeamView(Seen.OFF, "", age_s + beat_age_s)


def _unknown(why: str) -> BeamView:
    return BeamView(Seen.UNKNOWN, why)


def _number(value: Any, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) else otherwise
