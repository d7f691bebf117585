"""Real brokers, an independent subscriber, and a runtime folder of the test's own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from labctl.telemetry import _mosquitto as mosquitto
from labctl.telemetry._supervisor import free_port, listens

KINDS = ["amqtt", "mosquitto"]
ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Locks and announcements apart from those of other tests and of the user."""
    folder = tmp_path / "runtime"
    monkeypatch.setenv("LABCTL_RUNTIME_DIR", str(folder))
    return folder


def until(true: Callable[[], object], timeout_s: float = 10.0) -> bool:
    """Whether it comes true in time; looked at every few milliseconds."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.005)
    return bool(true())


@dataclass(frozen=True)
class Got:
    """A message as the subscriber got it."""

    topic: str
    payload: dict[str, Any]
    retained: bool


class Subscriber:
    """Plain paho, so that what labctl sends is not read by labctl's own code."""

    def __init__(self, port: int, topic: str = "#") -> None:
        self.got: list[Got] = []
        self._changed = threading.Condition()
        self._subscribed = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda *_: self._client.subscribe(topic, 1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._take
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._subscribed.wait(5)

    def _take(self, client: object, userdata: object, message: paho.MQTTMessage) -> None:
        with self._changed:
            self.got.append(Got(message.topic, json.loads(message.payload), bool(message.retain)))
            self._changed.notify_all()

    def wait(self, topic: str, timeout_s: float = 10.0, **members: object) -> dict[str, Any]:
        """The first payload on a topic that ends so and has these members."""

        def found() -> dict[str, Any] | None:
            for got in self.got:
                if got.topic.endswith(topic) and members.items() <= got.payload.items():
                    return got.payload
            return None

        with self._changed:
            if self._changed.wait_for(found, timeout_s):
                payload = found()
                assert payload is not None
                return payload
        raise AssertionError(f"no {topic} with {members} in {timeout_s} s")

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        # paho keeps a pair of sockets for as long as it lives.
        self._client._reset_sockets()


@pytest.fixture
def subscribe() -> Iterator[Callable[..., Subscriber]]:
    """Make subscribers that end with the test."""
    made: list[Subscriber] = []

    def make(port: int, topic: str = "#") -> Subscriber:
        made.append(Subscriber(port, topic))
        return made[-1]

    yield make
    for subscriber in made:
        subscriber.close()


class RealBroker:
    """A broker's process that can be stopped, killed and started again."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.port = free_port()
        self._folder = folder
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        path = mosquitto.executable()
        if self.kind == "amqtt":
            command = [sys.executable, "-m", "labctl.telemetry._amqtt", str(self.port)]
        else:
            assert path is not None
            command = mosquitto.command(path, self._folder, self.port)
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        assert until(lambda: listens(self.port))
        return process

    def signal(self, what: int) -> None:
        self.process.send_signal(what)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def again(self) -> None:
        self.process = self._start()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def silence(self) -> contextlib.AbstractContextManager[None]:
        """Stopped within: it reads nothing and answers nothing."""

        @contextlib.contextmanager
        def stopped() -> Iterator[None]:
            self.signal(signal.SIGSTOP)
            try:
                yield
            finally:
                self.signal(signal.SIGCONT)

        return stopped()


def real_broker(kind: str, folder: Path) -> Iterator[RealBroker]:
    if kind == "mosquitto" and mosquitto.executable() is None:
        pytest.skip("no mosquitto on this machine")
    broker = RealBroker(kind, folder)
    yield broker
    broker.kill()


@pytest.fixture(scope="module", params=KINDS)
def broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealBroker]:
    """One of each kind for all tests of a module that do it no harm."""
    yield from real_broker(request.param, tmp_path_factory.mktemp("broker"))


@pytest.fixture(params=KINDS)
def mortal_broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RealBroker]:
    """One of each kind for a test that kills it."""
    yield from real_broker(request.param, tmp_path)


def child(code: str, *arguments: str) -> subprocess.Popen[str]:
    """A Python process of its own that runs `code`, with a pipe from its stdout."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which something listens that is no broker."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
