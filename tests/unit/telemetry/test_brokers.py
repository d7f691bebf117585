"""Telemetry against real brokers, in real time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
import pytest

from labctl.events import Mode, Reading, Sample
from labctl.telemetry import Address, BrokerChoice, Telemetry, schemas
from tests.unit.telemetry import runs
from tests.unit.telemetry.conftest import RealBroker, Subscriber, child, until

Subscribe = Callable[..., Subscriber]
Begin = Callable[..., Telemetry]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Start telemetries that end with the test."""
    begun: list[Telemetry] = []

    def make(url: str, bench: str, **more: object) -> Telemetry:
        telemetry = Telemetry(
            bench, Mode.SIMULATED, {"channels": {}}, BrokerChoice(Address.parse(url)),
            run_uid="01RUN", utc_zero_ns=0, **more,  # type: ignore[arg-type]
        )  # fmt: skip
        begun.append(telemetry)
        telemetry.start()
        return telemetry

    yield make
    for telemetry in begun:
        assert telemetry.close(10.0)


def test_a_run_is_published_valid_and_in_order(
    broker: RealBroker, subscribe: Subscribe, begin: Begin
) -> None:
    """A whole run arrives, every payload is valid, no event or reading is missing, offline last."""
    seen = subscribe(broker.port, "labctl/v1/whole/#")
    telemetry = begin(broker.url, "whole")
    for event in runs.run():
        telemetry.publish(event)
    assert telemetry.wait_ready(5)
    seen.wait("/stop")
    seen.wait("/hb")

    assert telemetry.close()
    seen.wait("/$state", state="offline")
    document = schemas()["$defs"]
    for got in seen.got:
        jsonschema.validate(got.payload, document[got.payload["schema"]])
        assert "SIMULATED" == got.payload["mode"]
        assert telemetry.session == got.payload["session"]
    kinds = {got.payload["schema"] for got in seen.got}
    assert set(document) == kinds
    eseqs = [got.payload["eseq"] for got in seen.got if got.topic.endswith("/event")]
    assert list(range(len(eseqs))) == eseqs
    seqs = [got.payload["seq"] for got in seen.got if got.topic.endswith("/data")]
    assert list(range(20)) == seqs


def test_birth_is_retained(broker: RealBroker, subscribe: Subscribe, begin: Begin) -> None:
    """Who subscribes late is told state, description, alarms and last values at once."""
    telemetry = begin(broker.url, "late")
    for event in (runs.BEGUN, runs.sample(1), runs.ALARM, runs.DARK):
        telemetry.publish(event)
    assert until(lambda: telemetry.counters().sent >= 13)

    late = subscribe(broker.port, "labctl/v1/late/#")
    assert "off" == late.wait("/$state")["laser"]["emission"]
    desc = late.wait("/$desc")
    assert {"channels": {}} == desc["desc"]
    units = {"probe.temperature": "degC", "meter.power": "W", "ambient.temperature": None}
    assert units == desc["channels"]
    assert late.wait("/alarm/step")["active"]
    assert 21.0 == late.wait("/last/probe/temperature")["v"]
    assert None is late.wait("/last/ambient/temperature", q="bad")["v"]


def test_alarms_of_a_former_session_are_taken_back(
    broker: RealBroker, subscribe: Subscribe, begin: Begin
) -> None:
    """What a former process left as active is cleared by the next, never deleted."""
    former = begin(broker.url, "alarms")
    former.publish(runs.TRIPPED)
    seen = subscribe(broker.port, "labctl/v1/alarms/alarm/#")
    seen.wait("/alarm/trip-temperature", active=True)
    former.close()

    latter = begin(broker.url, "alarms")
    cleared = seen.wait("/alarm/trip-temperature", active=False)
    assert latter.session == cleared["session"]


PUBLISHER = """
import sys, threading
from labctl.events import Mode, Reading, Sample
from labctl.telemetry import Address, BrokerChoice, Telemetry
from tests.unit.telemetry import runs
telemetry = Telemetry("doomed", Mode.SIMULATED, {}, BrokerChoice(Address.parse(sys.argv[1])),
                      utc_zero_ns=0)
telemetry.start()
telemetry.publish(runs.BEGUN)
telemetry.publish(runs.LIT)
assert telemetry.wait_ready(10)
print("ready", flush=True)
threading.Event().wait()
"""


def test_a_killed_publisher_is_lost_and_unknown(broker: RealBroker, subscribe: Subscribe) -> None:
    """After kill -9 with the beam on, the retained state says lost and unknown within 10 s."""
    seen = subscribe(broker.port, "labctl/v1/doomed/#")
    process = child(PUBLISHER, broker.url)
    try:
        assert process.stdout is not None
        assert "ready\n" == process.stdout.readline()
        on = seen.wait("/$state")
        assert seen.wait("/hb", emission="on")
    finally:
        process.kill()
        process.communicate()

    lost = seen.wait("/$state", timeout_s=10, state="lost")
    assert "unknown" == lost["laser"]["emission"]
    assert on["session"] == lost["session"]
    late = subscribe(broker.port, "labctl/v1/doomed/$state")
    assert "lost" == late.wait("/$state")["state"]


def test_a_killed_broker_is_come_back_to(
    mortal_broker: RealBroker, subscribe: Subscribe, begin: Begin
) -> None:
    """A broker that was killed and forgot everything is told everything again."""
    telemetry = begin(mortal_broker.url, "phoenix")
    telemetry.publish(runs.BEGUN)
    telemetry.publish(runs.LIT)
    assert telemetry.wait_ready(5)
    mortal_broker.kill()
    assert until(lambda: telemetry.counters().reconnects > 0)
    telemetry.publish(runs.DARK)

    mortal_broker.again()
    seen = subscribe(mortal_broker.port)
    assert "off" == seen.wait("/$state")["laser"]["emission"]
    assert "off" == seen.wait("/event", kind="emission", eseq=2)["event"]["beam"]
    seen.wait("/$desc")


def test_a_stopped_broker_delays_nobody(mortal_broker: RealBroker, begin: Begin) -> None:
    """While the broker is stopped no publish waits, readings are forgotten and counted."""
    telemetry = begin(mortal_broker.url, "frozen")
    assert telemetry.wait_ready(5)
    took_s = []
    with mortal_broker.silence():
        for number in range(5000):
            begun_s = time.thread_time()
            telemetry.publish(runs.sample(number))
            took_s.append(time.thread_time() - begun_s)
    # One may fall on the collector's look through all that the tests have made.
    assert sorted(took_s)[-2] < 0.01
    assert until(lambda: telemetry.counters().depth == 0 and telemetry.counters().dropped > 4000)


def test_nothing_is_thrown_when_there_is_no_broker(runtime: Path, begin: Begin) -> None:
    """Without anybody at the address the run goes on, and the status says why nothing is sent."""
    sentences: list[str] = []
    telemetry = begin("mqtt://127.0.0.1:9", "nobody", say=sentences.append)
    for event in runs.run():
        telemetry.publish(event)
    assert until(lambda: telemetry.counters().reconnects >= 2)

    assert not telemetry.wait_ready(0)
    assert None is telemetry.mosquitto_sub_line()
    assert "nothing answers at mqtt://127.0.0.1:9" in telemetry.status
    assert 1 == len(sentences)


def test_a_stalled_run_is_published_as_unknown(
    broker: RealBroker, subscribe: Subscribe, begin: Begin
) -> None:
    """A run that tells nothing any more is not believed, though its telemetry lives."""
    seen = subscribe(broker.port, "labctl/v1/stalled/#")
    telemetry = begin(broker.url, "stalled", stale_after_s=0.2)
    telemetry.publish(runs.BEGUN)
    telemetry.publish(runs.DARK)
    stalled = seen.wait("/$state", stalled=True)
    assert "unknown" == stalled["laser"]["emission"]

    telemetry.publish(runs.sample(1))
    seen.got.clear()
    assert "off" == seen.wait("/$state", stalled=False)["laser"]["emission"]
    assert json.dumps(stalled)


def test_readings_keep_off_fresh_and_state_quiet(
    broker: RealBroker, subscribe: Subscribe, begin: Begin
) -> None:
    """While the source goes on reading OFF, heartbeats say how long ago, and the retained state is
    not told again."""
    seen = subscribe(broker.port, "labctl/v1/fresh/#")
    telemetry = begin(broker.url, "fresh")
    telemetry.publish(runs.DARK)
    reading = Reading("laser.emission", 0.0, "", 0)
    closed = Reading("laser.interlock", 1.0, "", 0)

    def third_beat() -> bool:
        telemetry.publish(Sample(0, 0, (reading, closed)))
        return any(got.topic.endswith("/hb") and got.payload["seq"] == 2 for got in seen.got)

    assert until(third_beat)
    beat = seen.wait("/hb", seq=2)
    assert ("off", "ok", "closed") == (beat["emission"], beat["readback"], beat["interlock"])
    assert beat["readback_age_s"] < 0.5
    states = [got.payload for got in seen.got if got.topic.endswith("/$state")]
    assert 3 >= len(states)
    assert "closed" == states[-1]["interlock"]


def test_a_run_that_never_ended_is_lost(
    broker: RealBroker, subscribe: Subscribe, begin: Begin
) -> None:
    """Closed without its closing event, a run is published as lost, emission unknown."""
    seen = subscribe(broker.port, "labctl/v1/cut/#")
    telemetry = begin(broker.url, "cut")
    telemetry.publish(runs.BEGUN)
    telemetry.publish(runs.DARK)
    assert telemetry.wait_ready(5)
    telemetry.close()
    assert "unknown" == seen.wait("/$state", state="lost")["laser"]["emission"]
