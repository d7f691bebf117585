"""Every payload that labctl publishes, as JSON text.

Each carries its schema's id, the mode, the session, and two times of the run's clock: `t`, UTC,
and `mono_ns`, nanoseconds since the run began. In a simulated run both are the simulation's;
between the runs of a service they are the wall's, and count from the service's beginning.
A reading that is none is `"v": null, "q": "bad"` with the reason; NaN never leaves.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from labctl import clock
from labctl.events import Assessment, Beam, Event, Invalid, Mode, Reading, Sample, to_dict
from labctl.telemetry._belief import HEARTBEAT_S
from labctl.telemetry._fold import BenchState

LONGEST = 64 * 1024
"""Bytes in the longest payload."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service that publishes between its runs too."""

    since_ns: int
    """Real time of its beginning, and"""
    utc_zero_ns: int
    """what that was in UTC, nanoseconds since 1970."""
    idle: bool = True
    """No run is on: times are the service's."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who publishes, and how it tells the time."""

    mode: Mode
    session: str
    bench: str
    run: str
    """The run's id; '' when there is none."""
    utc_zero_ns: int
    """What the run's clock calls UTC at its beginning, nanoseconds since 1970."""
    service: Service | None = None
    """None for the telemetry of one run."""

    @property
    def of_run(self) -> Author:
        """The same in the run's own time, also when that is over."""
        return self if self.service is None else replace(self, service=None)

    def head(self, kind: str, t_ns: int) -> dict[str, Any]:
        """What every payload begins with."""
        zero_ns, service = self.utc_zero_ns, self.service
        if service is not None and service.idle:
            zero_ns, t_ns = service.utc_zero_ns, clock.real_ns() - service.since_ns
        return {
            "schema": f"labctl.{kind}/1",
            "mode": self.mode.value,
            "session": self.session,
            "t": clock.iso(zero_ns + t_ns),
            "mono_ns": t_ns,
        }


def state(
    author: Author,
    now: BenchState,
    *,
    stalled: bool,
    queue: Mapping[str, int],
    latched: Mapping[str, Any] | None = None,
) -> bytes:
    """`$state`, of what is believed; `stalled`: a run is under way and tells nothing."""
    return encode(
        {
            **author.head("state", now.t_ns),
            "bench": author.bench,
            "state": now.word,
            "engine": now.engine,
            "stalled": stalled,
            "laser": {
                "armed": now.word == "armed" or now.beam is Beam.ON,
                "emission": now.beam.value,
                "commanded_w": now.commanded_w,
                "readback": now.readback,
                "how": now.how,
                "lease_ms": now.lease_ns // 1_000_000,
            },
            "heater": now.heater,
            **({} if now.coil is None else {"coil": now.coil}),
            "interlock": now.interlock,
            "run": {"uid": author.run, **now.run} if now.run else None,
            **({} if latched is None else {"latched": latched}),
            "hb_s": HEARTBEAT_S,
            "queue": dict(queue),
        }
    )


def will(author: Author) -> bytes:
    """`$state` after our death: whether light still comes out, nobody knows."""
    return encode(
        {
            **author.head("state", 0),
            "bench": author.bench,
            "state": "lost",
            "engine": "",
            "stalled": True,
            "laser": {
                "armed": False,
                "emission": "unknown",
                "commanded_w": None,
                "readback": "none",
                "how": "the connection to the bench was lost",
                "lease_ms": 0,
            },
            "interlock": "unknown",
            # A service's connection outlives its runs: the will cannot name one.
            "run": {"uid": author.run} if author.run and author.service is None else None,
            "hb_s": HEARTBEAT_S,
        }
    )


def heartbeat(
    author: Author,
    now: BenchState,
    *,
    seq: int,
    t_ns: int,
    real_ns: int,
    stalled: bool,
    queue: Mapping[str, int],
) -> bytes:
    """`hb`: that we live, what is believed of the beam, and how old that is. `up_ns` is the
    sender's own clock at sending: what comes late is known by it."""
    age_s = (real_ns - now.told_ns) / clock.NS if now.told_ns else None
    return encode(
        {
            **author.head("hb", t_ns),
            "seq": seq,
            "state": now.word,
            "stalled": stalled,
            "emission": now.beam.value,
            "readback": now.readback,
            "interlock": now.interlock,
            "readback_age_s": None if age_s is None else round(age_s, 3),
            "hb_s": HEARTBEAT_S,
            "up_ns": real_ns,
            "sent": clock.iso(clock.wall_utc_ns()),
            "queue": dict(queue),
        }
    )


def description(
    author: Author, desc: Mapping[str, Any], address: str, channels: Mapping[str, str | None]
) -> bytes:
    """`$desc`: what the bench says of itself (instruments, roles, limits), and the channels that
    were read so far with their units; None where none was valid yet."""
    return encode(
        {
            **author.head("desc", 0),
            "bench": author.bench,
            "broker": address,
            "channels": channels,
            "desc": desc,
        }
    )


def data(author: Author, seq: int, sample: Sample) -> bytes:
    """`data`: all channels of one tick."""
    head = author.head("data", sample.t_ns)
    head["seq"] = seq
    head["run"] = author.run
    head["scheduled_ns"] = sample.scheduled_ns
    head["ch"] = {reading.channel: _value(reading) for reading in sample.readings}
    return encode(head)


def last(author: Author, reading: Reading | Invalid, *, stale: bool = False) -> bytes:
    """`last/<role>/<quantity>`: one channel, for dashboards."""
    value = _value(reading)
    if stale and value["q"] == "good":
        value["q"] = "stale"
    return encode({**author.head("last", reading.t_ns), "channel": reading.channel, **value})


def assessment(author: Author, seq: int, event: Assessment) -> bytes:
    """`assessment`: the check's view after one reading."""
    facts = to_dict(event)
    del facts["t"], facts["k"]
    return encode({**author.head("assessment", event.t_ns), "seq": seq, "run": author.run, **facts})


def event(author: Author, eseq: int, what: Event) -> bytes:
    """`event`: anything else that happened, as it stands in the journal."""
    head = {**author.head("event", what.t_ns), "eseq": eseq, "run": author.run, "kind": what.kind}
    payload = encode({**head, "event": to_dict(what)})
    if len(payload) > LONGEST:
        payload = encode({**head, "event": None, "too_long": len(payload)})
    return payload


def alarm(author: Author, key: str, facts: Mapping[str, Any], *, active: bool) -> bytes:
    """`alarm/<id>`: raised, or taken back by `active: false`."""
    t_ns = int(facts.get("raised_ns", 0))
    return encode({**author.head("alarm", t_ns), "id": key, "active": active, **facts})


def run_start(author: Author, begun: Event) -> bytes:
    """`run/<uid>/start`, shaped like an event-model start document."""
    facts = to_dict(begun)
    del facts["t"], facts["k"]
    return encode(
        {
            **author.head("run-start", begun.t_ns),
            **facts,
            "uid": author.run,
            "time": (author.utc_zero_ns + begun.t_ns) / clock.NS,
        }
    )


def run_stop(author: Author, ended: Event, now: BenchState) -> bytes:
    """`run/<uid>/stop`, shaped like an event-model stop document, with results and verdict."""
    facts = to_dict(ended)
    del facts["t"], facts["k"]
    status = {"completed": "success", "stopped": "abort"}.get(str(facts["outcome"]), "fail")
    return encode(
        {
            **author.head("run-stop", ended.t_ns),
            **facts,
            "uid": f"{author.run}-stop",
            "run_start": author.run,
            "time": (author.utc_zero_ns + ended.t_ns) / clock.NS,
            "exit_status": status,
            "reason": facts["why"],
            "num_events": {"primary": facts["samples"]},
            "results": now.run.get("results", {}),
            "dose": now.run.get("dose", {}),
            "reasons": now.run.get("reasons", []),
        }
    )


def encode(payload: Mapping[str, Any]) -> bytes:
    """JSON, with null where a number is not finite."""
    try:
        text = _ENCODER.encode(payload)
    except ValueError:
        text = _ENCODER.encode(_finite(payload))
    return text.encode()


def _value(reading: Reading | Invalid) -> dict[str, Any]:
    if isinstance(reading, Invalid):
        return {
            "v": None,
            "q": "bad",
            "why": reading.reason,
            "detail": reading.detail,
            "at_ns": reading.t_ns,
        }
    if not math.isfinite(reading.value):
        return {
            "v": None,
            "u": reading.unit,
            "q": "bad",
            "why": "not-finite",
            "at_ns": reading.t_ns,
        }
    return {"v": reading.value, "u": reading.unit, "q": "good", "at_ns": reading.t_ns}


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def _plain(value: Any) -> Any:
    """What JSON does not know: read-only mappings as objects, everything else as its text."""
    return dict(value) if isinstance(value, Mapping) else str(value)


_ENCODER = json.JSONEncoder(
    separators=(",", ":"), allow_nan=False, ensure_ascii=False, default=_plain
)
