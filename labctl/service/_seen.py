"""One run as the service has seen it, folded from its events; and the bench in words.

Only ever to the worse: where nothing was heard for two seconds of a run the beam is UNKNOWN, and
without a run nobody looks at it. There is no word for safe.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labctl import clock
from labctl.clock import NS
from labctl.events import (
    Alarm,
    Assessment,
    Beam,
    Event,
    InstrumentFound,
    Note,
    PriorsFixed,
    Reading,
    RunEnded,
    Sample,
    StateChanged,
    StepBegun,
    StepEnded,
    Tripped,
    Verdict,
    to_dict,
)
from labctl.service._points import Points
from labctl.telemetry import BenchState, fold

STALLED_S = 2.0
KEPT_EVENTS = 200
_KEPT_WORDS = 200
_QUIET = (Sample, Assessment)
_TWO_SD = 1.959964
"""Standard deviations either side of what is called an interval: 95 %."""


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a run before its first event."""

    run_id: str
    record: str
    """`day/run`."""
    began_utc: str
    """What the run's clock calls its beginning; of a simulated run the simulation's."""
    protocol: str
    sample: str
    lights: bool
    steps: Sequence[Mapping[str, Any]]
    period_s: float
    speed: float | None


@dataclass(slots=True)
class Seen:
    """Everything of the run in hand or the last one. One thread only."""

    about: About | None = None
    state: BenchState = field(default_factory=BenchState)
    points: Points = field(default_factory=Points)
    instruments: list[dict[str, Any]] = field(default_factory=list)
    alarms: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_KEPT_WORDS))
    ended: RunEnded | None = None
    verdict: Verdict | None = None
    heard_ns: int = 0
    """Real time of the newest event."""
    _sample: Sample | None = None
    _sample_ns: int = 0
    _assessment: Assessment | None = None
    _step: StepBegun | None = None
    _assumptions: tuple[str, ...] = ()
    _t_ns: int = 0

    def apply(self, event: Event, heard_ns: int) -> None:
        """Take an event that was heard at `heard_ns` of real time."""
        self.state = fold(self.state, event, heard_ns)
        self.points.feed(event)
        self.heard_ns, self._t_ns = heard_ns, max(self._t_ns, event.t_ns)
        match event:
            case Sample():
                self._sample, self._sample_ns = event, heard_ns
            case Assessment():
                self._assessment = event
            case InstrumentFound():
                found = to_dict(event)
                found["key"] = found.pop("instrument")
                self.instruments.append({k: v for k, v in found.items() if k not in ("t", "k")})
            case PriorsFixed():
                self._assumptions = event.assumptions
            case StepBegun():
                self._step = event
            case StepEnded() if self._step is not None and event.index == self._step.index:
                self._step = None
            case StateChanged():
                pass
            case Note():
                self.notes.append({"t_s": _s(event.t_ns), "who": event.who, "text": event.text})
            case Alarm():
                key = event.refines or event.name
                self.alarms[key] = {
                    "name": event.name, "t_s": _s(event.t_ns), "onset_s": _s(event.onset_ns),
                    "size": event.size, "causes": list(event.causes), "split_by": event.split_by,
                }  # fmt: skip
            case Tripped():
                self.alarms[f"trip {event.rule}"] = {
                    "name": event.rule, "t_s": _s(event.t_ns), "onset_s": _s(event.t_ns),
                    "size": event.message, "causes": [], "split_by": "",
                }  # fmt: skip
            case Verdict():
                self.verdict = event
            case RunEnded():
                self.ended = event

    @property
    def live(self) -> bool:
        """A run is on."""
        return self.about is not None and self.ended is None

    def stalled(self, now_ns: int, *, asked: bool) -> bool:
        """Nothing was heard for too long; `asked`: a virtual clock may stand for a person."""
        if not self.live or asked or not self.heard_ns or self.about is None:
            return False
        period_s = self.about.period_s / (self.about.speed or 1.0)
        return now_ns - self.heard_ns > clock.ns(max(STALLED_S, 3.0 * period_s))

    def beam(self, now_ns: int, *, stalled: bool) -> dict[str, Any]:
        """What may be said of the laser's beam."""
        state = self.state
        age_s = round((now_ns - state.told_ns) / NS, 3) if state.told_ns else None
        if self.about is None:
            return {"seen": "UNKNOWN", "text": "no run yet: nobody looks at it", "age_s": None}
        if not self.about.lights:
            return {"seen": "UNKNOWN", "text": "no laser in this run", "age_s": None}
        if stalled:
            quiet_s = (now_ns - self.heard_ns) / NS
            text = f"UNKNOWN: treat as ON (nothing heard for {quiet_s:.1f} s)"
            return {"seen": "UNKNOWN", "text": text, "age_s": None}
        if state.beam is Beam.ON:
            return {"seen": "ON", "text": f"ON ({state.how})", "age_s": age_s}
        if not state.known_off or age_s is None:
            return {"seen": "UNKNOWN", "text": f"UNKNOWN: treat as ON ({state.how})", "age_s": None}
        text = f"read back OFF {age_s:.1f} s ago"
        if self.live:
            return {"seen": "OFF", "text": text, "age_s": age_s}
        return {"seen": "UNKNOWN", "text": f"no run: nobody looks; {text}", "age_s": age_s}

    def word(self, beam: Mapping[str, Any], *, stalled: bool, latched: bool) -> tuple[str, str]:
        """The bench's state in words, and the tone of the colour beside it."""
        state = self.state
        if stalled:
            return "UNKNOWN", "unknown"
        if beam["seen"] == "ON":
            return f"ON {state.commanded_w:.2f} W", "on"
        if self.live and self.about is not None:
            if not self.about.lights:
                return "NO LASER", "idle"
            if state.engine == "WARNING":
                return "EMISSION DELAY", "delay"
            if beam["seen"] == "UNKNOWN":
                return "UNKNOWN", "unknown"
            if state.engine == "ARMED":
                return "ARMED", "armed"
            return f"OFF (read back {beam['age_s']:.1f} s ago)", "off"
        if self.about is not None and self.about.lights and not state.known_off:
            return "UNKNOWN", "unknown"
        return ("STOPPED", "stopped") if latched else ("IDLE", "idle")

    def readings(self, now_ns: int) -> list[dict[str, Any]]:
        """The newest reading of each channel, with its age in real time."""
        if self._sample is None:
            return []
        age_s = round((now_ns - self._sample_ns) / NS, 3)
        return [
            {"channel": r.channel, "value": r.value, "unit": r.unit, "problem": "", "age_s": age_s}
            if isinstance(r, Reading)
            else {"channel": r.channel, "value": None, "unit": "", "problem": r.reason,
                  "age_s": age_s}
            for r in self._sample.readings
        ]  # fmt: skip

    def run(self) -> dict[str, Any] | None:
        """The run in hand or the last one."""
        about = self.about
        if about is None:
            return None
        step, ended = self._step, self.ended
        left_s = 0.0 if ended else sum(float(s["at_most_s"] or 0.0) for s in about.steps)
        now: dict[str, Any] | None = None
        if step is not None and ended is None:
            began_s = _s(step.t_ns)
            here_s = max(0.0, step.at_most_ns / NS - (self._t_ns - step.t_ns) / NS)
            rest = [s for s in about.steps if s["index"] > step.index]
            left_s = here_s + sum(float(s["at_most_s"] or 0.0) for s in rest)
            now = {
                "index": step.index, "of": step.of, "verb": step.verb, "name": step.name,
                "began_s": began_s, "at_most_s": step.at_most_ns / NS, "left_s": round(here_s, 2),
            }  # fmt: skip
        seen = self._assessment
        return {
            "id": about.run_id,
            "record": about.record,
            "began_utc": about.began_utc,
            "protocol": about.protocol,
            "sample": about.sample,
            "elapsed_s": _s(self._t_ns),
            "steps": list(about.steps),
            "step": now,
            "ends_in_at_most_s": round(left_s, 2),
            "assumptions": list(self._assumptions),
            "efficiency": _efficiency(seen),
            "time_constant_s": None if seen is None else seen.time_constant_s,
            "steady": bool(seen is not None and seen.steady),
            "so_far": self._so_far(),
            "verdict": None if self.verdict is None else _plain(self.verdict),
            "ended": None if ended is None else {
                "outcome": ended.outcome, "why": ended.why, "exit_code": int(ended.exit_code),
                "beam": ended.beam.value, "beam_how": ended.beam_how,
            },
        }  # fmt: skip

    def _so_far(self) -> dict[str, Any]:
        if self.verdict is not None:
            return {"word": self.verdict.verdict, "why": list(self.verdict.reasons)}
        if self.alarms:
            why = [f"{a['name']}: {a['size']}" for a in self.alarms.values()]
            return {"word": "alarm", "why": why}
        return {"word": "nothing found so far", "why": []}


def is_quiet(event: Event) -> bool:
    """Comes with every tick, and is told as a point."""
    return isinstance(event, _QUIET)


def _efficiency(seen: Assessment | None) -> dict[str, Any] | None:
    if seen is None or seen.efficiency is None:
        return None
    total = seen.efficiency_sd_total or 0.0
    return {
        "value": seen.efficiency,
        "low": seen.efficiency - _TWO_SD * total,
        "high": seen.efficiency + _TWO_SD * total,
        "sd_statistical": seen.efficiency_sd_statistical,
        "sd_total": seen.efficiency_sd_total,
    }


def _plain(verdict: Verdict) -> dict[str, Any]:
    said = to_dict(verdict)
    return {k: said[k] for k in ("verdict", "reasons", "criteria", "results") if k in said}


def _s(t_ns: int) -> float:
    return round(t_ns / NS, 3)
