"""Telemetry for the whole life of a service: runs that follow each other in one session."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any
from unittest import mock

import jinja2
import jsonschema
import pytest

from benchmarks.service._feigned import Broker, connecting
from labctl import clock
from labctl.clock import NS, Clock, run_virtual
from labctl.events import Mode
from labctl.service._metrics import metrics_text
from labctl.telemetry import Address, BeamState, BrokerChoice, Telemetry, schemas
from labctl.telemetry._queues import Queues
from tests.unit.service.kept import Life
from tests.unit.service.test_life import of
from tests.unit.telemetry import runs
from tests.unit.telemetry.conftest import Got, RealBroker, Subscriber, real_broker, until

Subscribe = Callable[..., Subscriber]


def last(got: list[Got], topic: str) -> dict[str, Any]:
    """The newest payload on a topic that ends so."""
    return next(one.payload for one in reversed(got) if one.topic.endswith(topic))


def sent(metrics: str) -> int:
    """Messages so far, by the service's own count."""
    return int(metrics.partition("\nlabctl_mqtt_sent ")[2].split()[0])


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RealBroker]:
    """The one that every machine has."""
    yield from real_broker("amqtt", tmp_path)


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
        assert life.service is not None
        service = life.service
        assert until(lambda: sent(metrics_text(service)) > 20)
        assert "\nlabctl_mqtt_spilled 0\n" in metrics_text(service)
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
    # What changes between two looks is told once: `stopping` need not be among them.
    assert "ready" in told[:2] and "fault" in told[-3:] and "offline" == told[-1]
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


def test_an_end_that_cannot_be_told_is_lost(broker: RealBroker, subscribe: Subscribe) -> None:
    """The broker stands still while the service says its last words: they are given up within a
    bound, and when it goes on it publishes the will."""
    seen = subscribe(broker.port, "labctl/v1/cut/#")
    choice = BrokerChoice(Address.parse(broker.url))
    service = Telemetry("cut", Mode.SIMULATED, {}, choice)
    service.start()
    service.between()
    seen.wait("/$state", state="ready")
    with broker.silence():
        service.ending()
        begun_ns = clock.real_ns()
        service.close(5.0)
        assert clock.real_ns() - begun_ns < 2.5 * NS
    # amqtt may take what it had not read yet after the will; `$state` alone is not to be believed.
    seen.wait("/$state", state="lost")


def in_virtual_time(
    do: Callable[[Telemetry, Broker, BeamState, Clock], Awaitable[None]], **more: Any
) -> Broker:
    """A service's telemetry over a broker that is not there, with a reader at it; that broker."""
    kept: list[Broker] = []

    async def main(ticking: Clock) -> None:
        broker, beam = Broker(random.Random(1)), BeamState()
        kept.append(broker)
        connect = connecting(broker)

        async def read() -> None:
            async with connect(Address("here"), "reader") as link:
                await link.subscribe("labctl/v1/kept/#")
                async for message in link.messages():
                    beam.feed(message.topic, json.loads(message.payload), ticking.now_ns())

        with mock.patch.object(clock, "real_ns", lambda: ticking.now_ns() + NS):
            telemetry = Telemetry("kept", Mode.SIMULATED, {}, BrokerChoice(Address("here")), **more)
            tasks = [asyncio.ensure_future(read()),
                     asyncio.ensure_future(telemetry.speak(connect))]  # fmt: skip
            await asyncio.sleep(0.5)
            await do(telemetry, broker, beam, ticking)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    run_virtual(main)
    return kept[0]


def test_between_runs_off_lasts_as_long_as_it_is_fresh() -> None:
    """A run ends dark: OFF for three seconds, to a reader of `$state` alone too, then UNKNOWN,
    though the heartbeat goes on."""
    said: list[tuple[str, str, str]] = []

    async def do(telemetry: Telemetry, broker: Broker, beam: BeamState, ticking: Clock) -> None:
        telemetry.between()
        await asyncio.sleep(2.0)
        telemetry.begin("01RUN", Mode.SIMULATED, 0)
        for event in runs.run():
            if event.kind not in ("tripped", "alarm"):
                telemetry.publish(event)
        telemetry.between()
        for pause_s in (1.5, 1.0, 1.0, 600.0):
            await asyncio.sleep(pause_s)
            state = json.loads(broker.retained["labctl/v1/kept/$state"])
            view = beam.view(ticking.now_ns())
            said.append((view.seen.value, state["state"], state["laser"]["emission"]))
        assert ("01RUN", True) == (state["run"]["uid"], state["run"]["ended"])
        assert "no run: nobody looks at it" == state["laser"]["how"]
        assert "the bench does not know it" in view.why

    in_virtual_time(do)
    dark, unknown = ("OFF", "ready", "off"), ("UNKNOWN", "ready", "unknown")
    assert [dark, dark, unknown, unknown] == said


def test_a_will_that_a_broker_finds_late_is_taken_back() -> None:
    """It stood still, we gave up and came again; it goes on and publishes the will of the old
    connection after we are back: the state that is retained is ours again."""

    async def do(telemetry: Telemetry, broker: Broker, beam: BeamState, ticking: Clock) -> None:
        telemetry.between()
        await asyncio.sleep(1.0)
        will = next(client.will for client in broker.clients if client.will is not None)
        broker.take(will)
        assert b'"lost"' in broker.retained["labctl/v1/kept/$state"]
        await asyncio.sleep(1.0)
        assert b'"ready"' in broker.retained["labctl/v1/kept/$state"]

    in_virtual_time(do)


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


def test_home_assistant_is_told_how_to_read_it() -> None:
    """Configurations are retained; rendered as Home Assistant would, what is published gives its
    entities their values; and no entity can say safe."""

    async def do(telemetry: Telemetry, broker: Broker, beam: BeamState, ticking: Clock) -> None:
        telemetry.begin("01RUN", Mode.SIMULATED, 0)
        for event in (runs.BEGUN, runs.sample(1), runs.LIT):
            telemetry.publish(event)
        await asyncio.sleep(2.0)

    broker = in_virtual_time(do, home_assistant=True)
    told = {topic: json.loads(payload) for topic, payload in broker.retained.items()}
    configs = {topic: said for topic, said in told.items() if topic.startswith("homeassistant/")}
    node = "labctl-kept"
    beam = configs[f"homeassistant/binary_sensor/{node}/beam/config"]
    probe = configs[f"homeassistant/sensor/{node}/probe-temperature/config"]
    state = configs[f"homeassistant/sensor/{node}/state/config"]
    value = told[probe["state_topic"]]
    assert len(configs) == len({config["unique_id"] for config in configs.values()})
    for config in configs.values():
        jsonschema.validate(config, CONFIG)
        assert "safe" not in str(config).lower()
        assert config.get("device_class") in (None, "enum", "temperature", "power")
        (there,) = config["availability"]
        for word, expected in (("lost", "offline"), ("offline", "offline"), ("ready", "online")):
            assert expected == rendered(there["value_template"], {"state": word})
    assert ("device_class" not in beam, 3) == (True, beam["expire_after"])
    dark = {"emission": "off", "readback": "ok", "stalled": False}
    assert "OFF" == rendered(beam["value_template"], dark)
    for worse in (
        {"emission": "unknown"},
        {"emission": "on"},
        {"readback": "mismatch"},
        {"stalled": True},
    ):
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
