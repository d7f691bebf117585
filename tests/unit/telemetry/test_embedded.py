"""The embedded broker: found, started, shared, and gone when nobody needs it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from labctl.events import Mode
from labctl.telemetry import BrokerChoice, NoBrokerError, Telemetry, _embedded, serve_broker, watch
from labctl.telemetry import _mosquitto as mosquitto
from labctl.telemetry import _supervisor as supervisor
from labctl.telemetry._announcement import Announcement
from labctl.telemetry._embedded import EmbeddedBroker
from labctl.telemetry._supervisor import free_port, listens
from tests.unit.telemetry import runs
from tests.unit.telemetry.conftest import KINDS, Subscriber, child, until


def gone(pid: int) -> bool:
    """Whether a process is no more (a zombie counts as gone)."""
    try:
        return "Z" == Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return True


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    if request.param == "mosquitto" and mosquitto.executable() is None:
        pytest.skip("no mosquitto on this machine")
    return str(request.param)


async def test_started_shared_and_ended(kind: str) -> None:
    """The first user starts it, the second finds it, the last to leave takes it down."""
    first = EmbeddedBroker(port=free_port(), kind=kind)
    second = EmbeddedBroker(port=free_port(), kind=kind)
    try:
        started = await first.find()
        announced = Announcement.read()
        assert announced is not None
        assert started == await second.find()
        assert kind == announced.kind
        second.release()
        assert listens(announced.port)
    finally:
        second.release()
        first.release()

    assert not listens(announced.port)
    assert gone(announced.supervisor) and gone(announced.broker)
    assert None is Announcement.read()


async def test_a_taken_port_is_named(taken_port: int) -> None:
    """A stranger on the wanted port is left alone: another port is taken, and that is said."""
    broker = EmbeddedBroker(port=taken_port)
    try:
        found = await broker.find()
    finally:
        broker.release()
    assert taken_port != found.address.port
    assert f"port {taken_port} is taken" in found.words


async def test_a_broker_that_dies_is_started_again(kind: str) -> None:
    """The supervisor starts a killed broker again, on the port that its clients know."""
    broker = EmbeddedBroker(port=free_port(), kind=kind)
    try:
        before = await broker.find()
        announced = Announcement.read()
        assert announced is not None
        os.kill(announced.broker, signal.SIGKILL)
        assert until(lambda: (now := Announcement.read()) and now.broker != announced.broker)
        assert before == await broker.find()
    finally:
        broker.release()


async def test_no_broker_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for a kind that is not there, the error says what to install."""
    broker = EmbeddedBroker(port=free_port(), kind="none-such")
    with pytest.raises(NoBrokerError, match="apt install mosquitto"):
        await broker.find()
    broker.release()


def test_kinds_are_preferred_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mosquitto when it is there, else amqtt, else nothing."""
    monkeypatch.setattr(mosquitto, "executable", lambda: "/usr/sbin/mosquitto")
    assert "mosquitto" == supervisor.choose("auto")
    monkeypatch.setattr(mosquitto, "executable", lambda: None)
    assert "amqtt" == supervisor.choose("auto")
    assert "" == supervisor.choose("mosquitto")


def test_mosquitto_serves_this_machine_alone() -> None:
    """The generated configuration binds loopback and bounds what it holds."""
    lines = mosquitto.configuration(1883).splitlines()
    assert "listener 1883 127.0.0.1" in lines
    assert "persistence false" in lines
    assert any(line.startswith("max_queued_messages ") for line in lines)


KILLED = """
import sys, threading
from labctl.events import Mode
from labctl.telemetry import BrokerChoice, Telemetry
from tests.unit.telemetry import runs
telemetry = Telemetry("doomed", Mode.SIMULATED, {}, BrokerChoice(port=int(sys.argv[1])),
                      utc_zero_ns=0)
telemetry.start()
telemetry.publish(runs.LIT)
assert telemetry.wait_ready(10)
print("ready", flush=True)
threading.Event().wait()
"""


@pytest.fixture
def subscriber() -> Iterator[list[Subscriber]]:
    made: list[Subscriber] = []
    yield made
    for one in made:
        one.close()


def test_the_broker_outlives_a_killed_run(subscriber: list[Subscriber]) -> None:
    """After kill -9 the embedded broker still publishes the will, and is gone soon after."""
    process = child(KILLED, str(free_port()))
    try:
        assert process.stdout is not None
        assert "ready\n" == process.stdout.readline()
        announced = Announcement.read()
        assert announced is not None
        subscriber.append(Subscriber(announced.port))
    finally:
        process.kill()
        process.communicate()

    lost = subscriber[0].wait("/$state", timeout_s=3, state="lost")
    assert "unknown" == lost["laser"]["emission"]
    assert until(lambda: gone(announced.supervisor) and gone(announced.broker), 6)


def test_two_runs_of_one_bench_do_not_quarrel(subscriber: list[Subscriber]) -> None:
    """The second run shares the broker, publishes under a name of its own, and says so."""
    sentences: list[str] = []
    broker = BrokerChoice(port=free_port())
    first = Telemetry("bench", Mode.SIMULATED, {}, broker, utc_zero_ns=0)
    second = Telemetry("bench", Mode.SIMULATED, {}, broker, utc_zero_ns=0, say=sentences.append)
    first.start()
    try:
        assert first.wait_ready(10)
        second.start()
        assert second.wait_ready(10)
        assert first.address == second.address
        assert ("labctl/v1/bench", "labctl/v1/bench-2") == (first.topic, second.topic)
        assert any("'bench-2'" in sentence for sentence in sentences)
    finally:
        # The one that started the broker leaves first: it stays for the other.
        assert first.close()
        assert Announcement.read() is not None
        assert second.close()
    assert until(lambda: _embedded._still_running[-1].poll() is not None)


async def test_watch_started_first_waits_and_finds_the_run() -> None:
    """Watch says that it waits, finds the run's broker by itself, and tells of the beam."""
    told: list[str] = []
    watching = asyncio.ensure_future(watch(told.append))
    waited = asyncio.to_thread(until, lambda: any("waiting" in line for line in told))
    assert await waited
    telemetry = Telemetry(
        "bench", Mode.SIMULATED, {}, BrokerChoice(port=free_port()), utc_zero_ns=0
    )
    telemetry.start()
    try:
        for event in runs.run():
            telemetry.publish(event)
        assert await asyncio.to_thread(until, lambda: any("read back OFF" in x for x in told))
    finally:
        assert await asyncio.to_thread(telemetry.close)
    assert await asyncio.to_thread(until, lambda: any("BEAM UNKNOWN" in x for x in told[-3:]))
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    assert any(line.startswith("SIMULATED bench") for line in told)


async def test_serve_broker_keeps_it_up_between_runs() -> None:
    """A served broker is there before a run and after it, and ends with whoever serves it."""
    told: list[str] = []
    serving = asyncio.ensure_future(serve_broker(told.append, port=free_port()))
    assert await asyncio.to_thread(until, lambda: told)
    telemetry = Telemetry("bench", Mode.SIMULATED, {}, BrokerChoice(), utc_zero_ns=0)
    telemetry.start()
    assert await asyncio.to_thread(telemetry.wait_ready, 5)
    assert await asyncio.to_thread(telemetry.close)
    announced = Announcement.read()
    assert announced is not None and listens(announced.port)
    assert "mosquitto_sub" in told[0] and str(announced.port) in told[0]

    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert not listens(announced.port)
