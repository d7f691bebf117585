"""What a subscriber may say of the beam: ON, UNKNOWN, or when it was last read back OFF.

The rule, for a reader in any language (docs/reference/mqtt.md has it in words): off is known only
while both `$state` and the newest heartbeat of the same session say emission off and read-back ok,
and it was read back less than three heartbeats ago. How old a heartbeat is when it comes is part of
that: what a broker or a reader held up is told from what was sent just now by the sender's own
clock in it, of which only differences are used. A will that never came, a broker that died or that
wakes and sends what is old, a bench that hangs: all end in UNKNOWN by themselves. There is no word
for 'safe', and none of this is for deciding on eyewear.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from labctl import clock

BEATS = 3
"""How many heartbeats ago off may have been read back."""
AGREE = 0.25
"""Of a heartbeat: two that were late by the same, to within this, may both have been on time."""
APART = 0.5
"""Of a heartbeat: by which those two were sent apart at least. Two that were held up and come
together would else agree."""
_LARGEST = 2**63
DRIFT = 500e-6
"""By which two computers' clocks may drift apart while they are being set."""


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
        self._delays = _Delays()
        self._late_s: float | None = None

    def feed(self, topic: str, payload: Mapping[str, Any], received_ns: int) -> None:
        """Take a message that came at `received_ns` of the reader's own clock; topics other than
        `$state` and `hb` are ignored."""
        kind = topic.rsplit("/", 1)[-1]
        if kind == "$state":
            self._state = payload
        elif kind == "hb":
            if payload.get("session") != self._beat.get("session"):
                self._delays = _Delays()
            elif _sent_ns(payload) < _sent_ns(self._beat):
                # Older than what is known; it takes nothing back.
                return
            self._beat, self._beat_ns = payload, received_ns
            self._late_s = self._delays.late_s(
                payload.get("up_ns"), received_ns, _number(payload.get("hb_s"), 0.0)
            )

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
        if state.get("session") != beat.get("session") or not state.get("session"):
            return _unknown("state and heartbeat are of different sessions")
        longest_s = BEATS * _number(beat.get("hb_s"), 0.0)
        since_s = (now_ns - self._beat_ns) / clock.NS
        if not since_s < longest_s:
            return _unknown(f"no heartbeat for {since_s:.1f} s")
        laser = state.get("laser")
        told = laser if isinstance(laser, Mapping) else {}
        if "on" in (told.get("emission"), beat.get("emission")):
            return BeamView(Seen.ON, "")
        for said in (told, beat):
            if said.get("emission") != "off":
                return _unknown("the bench does not know it" if told else "no laser in its state")
            if said.get("readback") != "ok":
                return _unknown("off was not read back")
        read_s = beat.get("readback_age_s")
        if not isinstance(read_s, int | float) or not 0 <= read_s <= _LARGEST:
            return _unknown("it is not said when off was read back")
        if self._late_s is None:
            return _unknown("whether the heartbeat is late shows with the next one")
        age_s = read_s + self._late_s + since_s
        if not age_s < longest_s:
            return _unknown(f"off was read back {age_s:.1f} s ago")
        return BeamView(Seen.OFF, "", age_s)


class _Delays:
    """How late the heartbeats of one session come, past the one that came least late.

    The delay from the sender's clock to the reader's means nothing by itself; the least one is
    taken for on time once a second heartbeat, sent well apart, agrees with it.
    """

    def __init__(self) -> None:
        self._first: tuple[int, float] | None = None
        """When the one was sent with which another has to agree, and its delay."""
        self._least_ns = 0.0
        self._at_ns = 0
        self._agreed = False

    def late_s(self, sent_ns: Any, received_ns: int, period_s: float) -> float | None:
        """Seconds; None until two agree, and anew when one proves all before it late."""
        if not isinstance(sent_ns, int) or isinstance(sent_ns, bool) or abs(sent_ns) > _LARGEST:
            return None
        delay_ns, near_ns = float(received_ns - sent_ns), AGREE * period_s * clock.NS
        # A bound that stood still would call everything late, or nothing, as clocks drift.
        bound_ns = self._least_ns + DRIFT * (received_ns - self._at_ns)
        first, self._at_ns = self._first, received_ns
        if first is None or delay_ns < (bound_ns if self._agreed else first[1]) - near_ns:
            self._first, self._least_ns, self._agreed = (sent_ns, delay_ns), delay_ns, False
            return None
        self._least_ns = min(delay_ns, bound_ns)
        if not self._agreed:
            apart = sent_ns - first[0] >= APART * period_s * clock.NS
            self._agreed = apart and delay_ns <= first[1] + near_ns
        return (delay_ns - self._least_ns) / clock.NS if self._agreed else None


def _unknown(why: str) -> BeamView:
    return BeamView(Seen.UNKNOWN, why)


def _sent_ns(beat: Mapping[str, Any]) -> float:
    """By its sender's clock; 0 where it does not say."""
    return _number(beat.get("up_ns"), 0.0)


def _number(value: Any, otherwise: float) -> float:
    """Whoever may publish there may write anything: also what is no number that can be had."""
    fine = isinstance(value, int | float) and abs(value) <= _LARGEST
    return float(value) if fine else otherwise
