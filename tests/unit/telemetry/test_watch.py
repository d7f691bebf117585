"""Messages as lines."""

from __future__ import annotations

import json
from typing import Any

from labctl.clock import NS
from labctl.events import Mode, Reading, RunEnded, Sample
from labctl.telemetry import _payloads as payloads
from labctl.telemetry._fold import BenchState, fold
from labctl.telemetry._link import Message
from labctl.telemetry._names import new_session
from labctl.telemetry._payloads import Author
from labctl.telemetry._watch import Watcher
from tests.unit.telemetry import runs
from tests.unit.telemetry.test_payloads import QUEUE

AUTHOR = Author(Mode.SIMULATED, new_session(), "bench", "01RUN", 0)


def told(*, as_json: bool = False) -> list[str]:
    """The lines for a whole run."""
    lines: list[str] = []
    watcher = Watcher(lines.append, as_json=as_json)
    state = BenchState()
    for at, event in enumerate(runs.run()):
        now_ns = at * NS // 4
        state = fold(state, event, now_ns + 1)
        sent: dict[str, bytes] = {
            "$state": payloads.state(AUTHOR, state, stalled=False, queue=QUEUE),
            "hb": payloads.heartbeat(
                AUTHOR, state, seq=at, t_ns=0, real_ns=now_ns + 2, stalled=False, queue=QUEUE
            ),
            "event": payloads.event(AUTHOR, at, event),
            "data": payloads.data(AUTHOR, at, runs.sample(at)),
            "alarm/step": payloads.alarm(AUTHOR, "step", {"name": "step"}, active=True),
        }
        if isinstance(event, RunEnded):
            sent["run/01run/stop"] = payloads.run_stop(AUTHOR, event, state)
        for topic, payload in sent.items():
            watcher.take(Message(f"labctl/v1/bench/{topic}", payload), now_ns)
    watcher.look(1000 * NS)
    return lines


def test_a_run_is_told_in_lines() -> None:
    """Every line of text names the mode and the bench; the last word on the beam is UNKNOWN,
    because nothing came any more."""
    lines = told()
    assert "bench BEAM ON" in lines
    assert any("read back OFF" in line for line in lines)
    assert any("ambient.temperature INVALID (open)" in line for line in lines)
    assert any(line.endswith("run completed: verdict pass") for line in lines)
    assert lines[-1].startswith("bench BEAM UNKNOWN: treat as ON (no heartbeat")
    assert [] == [x for x in lines if not x.startswith(("SIMULATED bench ", "bench BEAM "))]
    assert [] == [x for x in lines if "safe" in x.lower()]


def test_json_has_everything() -> None:
    """With JSON each message is a line with topic, payload and what may be said of the beam."""
    lines: list[dict[str, Any]] = [json.loads(line) for line in told(as_json=True)]
    topics = {line["topic"] for line in lines if "topic" in line}
    assert "labctl/v1/bench/hb" in topics
    assert {"ON", "OFF", "UNKNOWN"} == {line["beam"] for line in lines}


def test_a_line_of_readings_ends_with_the_beam() -> None:
    """What the source reads back is said in words with its age, not as a number."""
    lines: list[str] = []
    watcher = Watcher(lines.append, as_json=False)
    said = (Reading("laser.emission", 0.0, "", 0), Reading("laser.interlock", 1.0, "", 0))
    sample = Sample(0, 0, (Reading("probe.temperature", 21.5, "degC", 0), *said))
    state = fold(fold(BenchState(), runs.DARK, 1), sample, NS)
    early = payloads.heartbeat(
        AUTHOR, state, seq=0, t_ns=0, real_ns=NS // 4, stalled=False, queue=QUEUE
    )
    watcher.take(Message("labctl/v1/bench/hb", early), 0)
    for topic, payload in {
        "$state": payloads.state(AUTHOR, state, stalled=False, queue=QUEUE),
        "hb": payloads.heartbeat(
            AUTHOR, state, seq=0, t_ns=0, real_ns=NS + NS // 4, stalled=False, queue=QUEUE
        ),
        "data": payloads.data(AUTHOR, 0, sample),
    }.items():
        watcher.take(Message(f"labctl/v1/bench/{topic}", payload), NS)

    assert any("emission off, interlock closed" in line for line in lines)
    assert lines[-1].endswith("probe.temperature 21.5 degC  BEAM read back OFF 0.2 s ago")


def test_strange_messages_are_named() -> None:
    """What is not labctl's is said to be so, and nothing breaks."""
    lines: list[str] = []
    watcher = Watcher(lines.append, as_json=False)
    for topic, payload in [("labctl/v1/x", b"{}"), ("labctl/v1/b/data", b"\xff"),
                           ("labctl/v1/b/data", b"[]")]:  # fmt: skip
        watcher.take(Message(topic, payload), 0)
    assert 3 == sum("not labctl's" in line for line in lines)
