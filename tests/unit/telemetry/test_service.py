"""Telemetry for the whole life of a service: runs that follow each other in one session."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import jinja2
import jsonschema
import pytest

from labctl.events import Mode
from labctl.telemetry import Address, BrokerChoice, Telemetry, schemas
from labctl.telemetry._belief import FRESH_S
from labctl.telemetry._queues import Queues
from tests.unit.service.kept import Life
from tests.unit.service.test_life import of
from tests.unit.telemetry import runs
from tests.unit.telemetry.conftest import Got, RealBroker, Subscriber, until

Subscribe = Callable[..., Subscriber]


def last(got: list[Got], topic: str) -> dict[str, Any]:
    """The newest payload on a topic that ends so."""
    return next(one.payload for one in reversed(got) if one.topic.endswith(topic))


def test_a_service_tells_its_whole_life(
    broker: RealBroker, subscribe: Subscribe, tmp_path: Path
) -> None:
    """Ready, two runs, latched, and offline as the last word: one session, heartbeats between the
    runs, numbers without a gap, each run under its own name, every payload valid."""
    seen = subscribe(broker.port, "labctl/v1/simulated/#")

    def do(life: Life) -> None:
        seen.wait("/$state", state="ready")
        person = of(life)
        for key in ("a", "b"):
            code, item = person.start(key)
            assert 201 == code
            assert until(lambda item=item["id"]: person.state(item) == "done")
        person.ask("POST", "/stop-laser", {"why": "toast"})
        seen.wait("/alarm/stop-laser", active=True)
        assert until(lambda: last(seen.got, "/hb")["state"] == "fault")

    assert 0 == Life(tmp_path, do, broker=broker.url).run()
    seen.wait("/$state", state="offline")
    got = [one for one in seen.got if not one.retained]
    for one in got:
        jsonschema.validate(one.payload, schemas()["$defs"][one.payload["schema"]])
    assert 1 == len({one.payload["session"] for one in got})
    words = [one.payload["state"] for one in got if one.topic.endswith("/$state")]
    told = [word for word, _ in groupby(words)]
    assert ("ready", "fault", "stopping", "offline") == (told[0 if told[0] == "ready" else 1],
                                                          *told[-3:])  # fmt: skip
    events = [one.payload for one in got if one.topic.endswith("/event")]
    assert list(range(len(events))) == [event["eseq"] for event in events]
    runs_told = [uid for uid, _ in groupby(event["run"] for event in events)]
    assert 2 == len(set(runs_told)) == len(runs_told)
    for what in ("start", "stop"):
        topics = [one.topic for one in got if one.topic.endswith(f"/{what}")]
        assert [f"run/{uid.lower()}/{what}" for uid in runs_told] == [
            topic.split("/", 3)[3] for topic in topics
        ]
    assert [] == [one for one in got if one.topic.endswith("/$state")
                  and one.payload["state"] == "ready" and one.payload["stalled"]]  # fmt: skip


def test_between_runs_off_lasts_as_long_as_it_is_fresh(
    broker: RealBroker, subscribe: Subscribe
) -> None:
    """A run ends dark: OFF for three seconds, then unknown, though the heartbeat goes on."""
    seen = subscribe(broker.port, "labctl/v1/kept/#")
    choice = BrokerChoice(Address.parse(broker.url))
    service = Telemetry("kept", Mode.SIMULATED, {}, choice)
    service.start()
    try:
        service.between()
        seen.wait("/hb", state="ready", emission="unknown", readback="none")
        service.begin("01RUN", Mode.SIMULATED, 0)
        for event in runs.run():
            if event.kind not in ("tripped", "alarm"):
                service.publish(event)
        service.between()
        dark = seen.wait("/hb", state="ready", emission="off", readback="ok")
        assert dark["readback_age_s"] < FRESH_S
        seen.got.clear()
        seen.wait("/$state", state="ready", timeout_s=FRESH_S + 2)
        assert "unknown" == last(seen.got, "/$state")["laser"]["emission"]
        assert ("01RUN", True) == (
            last(seen.got, "/$state")["run"]["uid"], last(seen.got, "/$state")["run"]["ended"],
        )  # fmt: skip
    finally:
        assert service.close()


def test_a_run_that_is_cut_off_is_a_fault_and_unknown() -> None:
    """A service whose run raised before its closing event; the next run begins with nothing of
    it, its alarms neither."""
    queues = Queues()
    author = queues.now.author
    queues.begin(author)
    for event in (runs.BEGUN, runs.DARK, runs.TRIPPED):
        queues.put(event)
    assert queues.now.under_way
    queues.between()
    state = queues.state
    assert ("fault", "unknown", "none", True) == (
        state.word, state.beam.value, state.readback, state.run["ended"],
    )  # fmt: skip
    assert not queues.now.under_way
    queues.begin(author)
    assert ("init", "unknown", {}) == (
        queues.state.word, queues.state.beam.value, dict(queues.state.alarms),
    )  # fmt: skip


def test_a_run_that_ended_well_leaves_a_bench_that_is_ready() -> None:
    """And one that tripped a bench at fault."""
    for first, word in (((), "ready"), ((runs.TRIPPED,), "fault")):
        queues = Queues()
        queues.begin(queues.now.author)
        for event in (runs.BEGUN, *first, runs.DARK, runs.ENDED):
            queues.put(event)
        queues.between()
        assert word == queues.state.word


def test_home_assistant_is_told_how_to_read_it(broker: RealBroker, subscribe: Subscribe) -> None:
    """Configurations are retained; rendered as Home Assistant would, what is published gives its
    entities their values; and no entity can say safe."""
    telemetry = Telemetry("Bench 1", Mode.SIMULATED, {}, BrokerChoice(Address.parse(broker.url)),
                          utc_zero_ns=0, home_assistant=True)  # fmt: skip
    telemetry.start()
    try:
        telemetry.publish(runs.BEGUN)
        telemetry.publish(runs.sample(1))
        telemetry.publish(runs.LIT)
        assert telemetry.wait_ready(5)
        assert until(lambda: telemetry.counters().sent > 12)
        seen = subscribe(broker.port, "homeassistant/#")
        beam = seen.wait("binary_sensor/labctl-bench-1/beam/config")
        probe = seen.wait("sensor/labctl-bench-1/probe-temperature/config")
        state = seen.wait("sensor/labctl-bench-1/state/config")
        payloads = subscribe(broker.port, "labctl/v1/bench-1/#")
        hb, value = payloads.wait("/hb"), payloads.wait(probe["state_topic"])
    finally:
        assert telemetry.close()
    assert all(got.retained for got in seen.got)
    assert len(seen.got) == len({got.payload["unique_id"] for got in seen.got})
    for got in seen.got:
        config = got.payload
        jsonschema.validate(config, CONFIG)
        assert "safe" not in str(config).lower()
        assert config.get("device_class") in (None, "enum", "temperature", "power")
        (there,) = config["availability"]
        for word, expected in (("lost", "offline"), ("offline", "offline"), ("ready", "online")):
            assert expected == rendered(there["value_template"], {"state": word})
    assert ("device_class" not in beam, 3) == (True, beam["expire_after"])
    assert "ON" == rendered(beam["value_template"], hb)
    dark = {"emission": "off", "readback": "ok", "stalled": False}
    assert "OFF" == rendered(beam["value_template"], dark)
    for worse in ({"emission": "unknown"}, {"readback": "mismatch"}, {"stalled": True}):
        assert "ON" == rendered(beam["value_template"], dark | worse)
    assert "21.0" == rendered(probe["value_template"], value)
    assert "None" == rendered(probe["value_template"], value | {"q": "stale"})
    assert ("°C", "temperature") == (probe["unit_of_measurement"], probe["device_class"])
    assert "fault" in state["options"]


def rendered(template: str, payload: dict[str, Any]) -> str:
    """As Home Assistant does it."""
    return jinja2.Template(template).render(value_json=payload)


CONFIG: dict[str, Any] = {
    "type": "object",
    "required": ["name", "state_topic", "unique_id", "availability", "device", "value_template"],
    "properties": {
        "state_topic": {"type": "string", "pattern": "^[^#+]+$"},
        "expire_after": {"type": "integer", "minimum": 1},
        "device": {"required": ["identifiers", "name"]},
        "availability": {"items": {"required": ["topic"]}},
        "state_class": {"const": "measurement"},
    },
}
"""What its schemas for an MQTT sensor ask for, as they are written down in its source."""


@pytest.mark.parametrize("text", ["Bench 1", "ü"])
def test_its_topics_are_names(text: str) -> None:
    """A node and an object of discovery are made of letters, digits, `_` and `-`."""
    from labctl.telemetry._home_assistant import discovery
    from labctl.telemetry._names import name

    queues = Queues()
    queues.put(runs.sample(0))
    for topic in discovery(f"labctl/v1/{name(text)}", queues.now):
        assert all(part.replace("-", "").replace("_", "").isalnum() for part in topic.split("/"))
