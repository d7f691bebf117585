"""Whatever somebody publishes on our topics, a reader goes on, and is not told OFF by it."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from labctl.clock import NS
from labctl.telemetry import BeamState
from labctl.telemetry._beam import Seen
from labctl.telemetry._link import Message
from labctl.telemetry._watch import Watcher

HUGE = "9" * 1000
STATE = '{"state": "ready", "session": "a", "laser": {"emission": "off", "readback": "ok"}}'
BEAT = (
    '{"session": "a", "hb_s": 1, "emission": "off", "readback": "ok", "readback_age_s": 0.1,'
    ' "up_ns": %d}'
)


def beat(second: float, **more: Any) -> dict[str, Any]:
    return {**json.loads(BEAT % int(second * NS)), **more}


def test_off_is_told_of_what_is_in_order() -> None:
    """What the tests below bend: two heartbeats on time."""
    beam = BeamState()
    beam.feed("labctl/v1/b/$state", json.loads(STATE), 0)
    for second in (1.0, 2.0):
        beam.feed("labctl/v1/b/hb", beat(second), int(second * NS))
    assert Seen.OFF is beam.view(int(2.1 * NS)).seen


@pytest.mark.parametrize(
    "bent",
    [
        {"readback_age_s": -5}, {"readback_age_s": int(HUGE)}, {"readback_age_s": float("nan")},
        {"up_ns": int(HUGE)}, {"up_ns": -int(HUGE)}, {"up_ns": True}, {"up_ns": 1.5},
        {"hb_s": int(HUGE)}, {"hb_s": float("nan")}, {"hb_s": []}, {"session": "b"},
        {"emission": []}, {"readback": {}},
    ],
    ids=lambda bent: next(iter(bent)),
)  # fmt: skip
def test_a_bent_heartbeat_is_neither_a_fault_nor_off(bent: dict[str, Any]) -> None:
    """Whatever stands in it."""
    beam = BeamState()
    beam.feed("labctl/v1/b/$state", json.loads(STATE), 0)
    for second in (1.0, 2.0):
        beam.feed("labctl/v1/b/hb", beat(second, **bent), int(second * NS))
        assert Seen.OFF is not beam.view(int((second + 0.1) * NS)).seen


def test_what_names_no_session_is_not_off() -> None:
    """Two that name none are not of the same one."""
    beam = BeamState()
    state = {k: v for k, v in json.loads(STATE).items() if k != "session"}
    beam.feed("labctl/v1/b/$state", state, 0)
    for second in (1.0, 2.0):
        beam.feed("labctl/v1/b/hb", beat(second, session=None), int(second * NS))
    assert Seen.UNKNOWN is beam.view(int(2.1 * NS)).seen


def test_no_order_of_the_messages_makes_light_off() -> None:
    """Off, then on: in whatever order all of them come, the newest heartbeat is believed, and an
    older one that comes behind it takes nothing back."""
    state, lit = json.loads(STATE), json.loads(STATE.replace('"off"', '"on"'))
    messages = [
        ("$state", state), ("hb", beat(1.0)), ("hb", beat(2.0)), ("$state", lit),
        ("hb", beat(2.5, emission="on")),
    ]  # fmt: skip
    for order in itertools.permutations(messages):
        beam = BeamState()
        for number, (topic, payload) in enumerate(order):
            beam.feed(f"labctl/v1/b/{topic}", payload, int((2.5 + 0.01 * number) * NS))
        assert Seen.ON is beam.view(int(2.6 * NS)).seen, order


@pytest.mark.parametrize(
    "payload",
    [
        "[" * 100_000,
        '{"a":' * 5000, HUGE * 5, '"x"', "\xff", f'{{"ch": {{"x": {{"v": {HUGE}}}}}}}',
        '{"ch": {"x": {"v": 1e400, "u": []}}}', '{"ch": []}', '{"interlock": [], "heater": {}}',
        '{"event": {"text": "a\\u001b[2J\\ud800"}, "kind": {}}', '{"t": [], "laser": 1}',
        BEAT.replace("%d", HUGE),
    ],
    ids=lambda payload: payload[:20],
)  # fmt: skip
@pytest.mark.parametrize("topic", ["$state", "hb", "data", "event", "alarm/x", "run/stop"])
def test_who_watches_goes_on_past_any_payload(topic: str, payload: str) -> None:
    """As text and as JSON, which is printable whatever it says; what comes next is told."""
    for as_json in (False, True):
        lines: list[str] = []
        watcher = Watcher(lines.append, as_json=as_json)
        watcher.take(Message(f"labctl/v1/b/{topic}", payload.encode("latin-1")), NS)
        watcher.take(Message("labctl/v1/b/$state", STATE.encode()), 2 * NS)
        watcher.look(3 * NS)
        assert any("ready" in line for line in lines)
        assert not as_json or "".join(lines).isascii()
