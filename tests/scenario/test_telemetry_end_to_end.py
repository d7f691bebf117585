"""A run seen from outside, by Debian's mosquitto_sub, until it ends or is killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from labctl import clock

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
SUBSCRIBER = shutil.which("mosquitto_sub")
PATIENCE_S = 30.0
LOST_WITHIN_S = 10.0

pytestmark = pytest.mark.skipif(
    MOSQUITTO is None or SUBSCRIBER is None, reason="needs mosquitto and mosquitto_sub"
)

BRIEF = (
    "--speed",
    "300",
    "--no-figure",
    "-p",
    "baseline=30s",
    "-p",
    "heat=2min",
    "-p",
    "cool=1min",
)

Message = tuple[str, dict[str, Any]]
"""A topic below `labctl/v1/`, and its payload."""


def environment(folder: Path) -> dict[str, str]:
    """A user without settings, whose brokers and runs nobody else sees."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LABCTL_")}
    return {
        **kept,
        "LABCTL_NO_BOOTSTRAP": "1",
        "LABCTL_RUNTIME_DIR": str(folder / "runtime"),
        "PYTHONUNBUFFERED": "1",
    }


def until(holds: Callable[[], bool], within_s: float = PATIENCE_S) -> float:
    """Seconds until something holds; a failure when it never does."""
    begun_ns = clock.real_ns()
    while not holds():
        if clock.real_ns() - begun_ns > clock.ns(within_s):
            pytest.fail(f"did not come about within {within_s:g} s")
        clock.real_sleep(0.05)
    return (clock.real_ns() - begun_ns) / clock.NS


@contextmanager
def child(folder: Path, name: str, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process whose output goes into a file NAME; gone at the end."""
    with (folder / name).open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(folder), stdin=subprocess.DEVNULL,
            stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def labctl(*args: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "labctl", *args)


def listens(port: int) -> bool:
    """Whether something takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What it holds is ended in reverse order."""
    with ExitStack() as held:
        yield held


@pytest.fixture
def port(tmp_path: Path, stack: ExitStack) -> int:
    """Port of a mosquitto that was started by hand."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = int(free.getsockname()[1])
    (tmp_path / "mosquitto.conf").write_text(f"listener {number} 127.0.0.1\nallow_anonymous true\n")
    stack.enter_context(child(tmp_path, "broker.out", str(MOSQUITTO), "-c", "mosquitto.conf"))
    until(lambda: listens(number))
    return number


def subscribe(folder: Path, stack: ExitStack, port: int) -> Callable[[], list[Message]]:
    """Start mosquitto_sub, as `labctl run` prints it; returns what it has received so far."""
    line = (str(SUBSCRIBER), "-h", "127.0.0.1", "-p", str(port), "-v", "-t", "labctl/v1/#")
    # A retained message of its own shows that the subscription stands.
    subprocess.run(
        (str(SUBSCRIBER).replace("_sub", "_pub"), "-h", "127.0.0.1", "-p", str(port),
         "-r", "-t", "labctl/v1/here", "-m", "{}"),
        check=True, timeout=PATIENCE_S,
    )  # fmt: skip
    stack.enter_context(child(folder, "received.txt", *line))

    def received() -> list[Message]:
        lines = (folder / "received.txt").read_text().split("\n")[:-1]
        parts = (line.partition(" ") for line in lines)
        return [(topic.removeprefix("labctl/v1/"), json.loads(text)) for topic, _, text in parts]

    until(lambda: ("here", {}) in received())
    return lambda: [message for message in received() if message[0] != "here"]


def check_a_whole_run(messages: list[Message]) -> None:
    """What a subscriber who was there before the run has seen of it."""
    topics = {topic.removeprefix("simulated/") for topic, _ in messages}
    assert {"$state", "$desc", "data", "assessment", "event", "last/probe/temperature"} <= topics
    assert {"SIMULATED"} == {payload["mode"] for _, payload in messages}
    assert 1 == len({payload["session"] for _, payload in messages})
    states = [payload for topic, payload in messages if topic == "simulated/$state"]
    assert {"off", "on"} <= {state["laser"]["emission"] for state in states}
    last = states[-1]["laser"]
    assert "offline" == states[-1]["state"]
    # Nobody looks at the laser while the check sums up. Where that takes longer than off is
    # believed for, on a machine that is busy, it is unknown, and says why.
    assert "off" == last["emission"] or "OFF by read back, longer ago" in last["how"]
    numbers = [payload["seq"] for topic, payload in messages if topic == "simulated/data"]
    assert sorted(set(numbers)) == numbers
    assert any(topic.startswith("simulated/run/") and topic.endswith("/stop")
               for topic, _ in messages)  # fmt: skip


def ended(messages: list[Message]) -> bool:
    """Whether the run has taken its leave."""
    return any(t == "simulated/$state" and p["state"] == "offline" for t, p in messages)


def test_a_broker_started_by_hand_tells_a_whole_run(
    tmp_path: Path, stack: ExitStack, port: int
) -> None:
    """A subscriber that was there first sees the run from its state to its result."""
    received = subscribe(tmp_path, stack, port)
    run = stack.enter_context(child(
        tmp_path, "run.out",
        *labctl("run", "heating-curve", *BRIEF, "--broker", f"mqtt://127.0.0.1:{port}"),
    ))  # fmt: skip
    until(lambda: run.poll() is not None)
    until(lambda: ended(received()))
    check_a_whole_run(received())
    assert f"mosquitto_sub -h 127.0.0.1 -p {port}" in (tmp_path / "run.out").read_text()


def test_the_embedded_broker_tells_a_whole_run(tmp_path: Path, stack: ExitStack) -> None:
    """`labctl broker`, a subscriber, then a run that finds the broker by itself."""
    stack.enter_context(child(tmp_path, "broker.out", *labctl("broker")))
    place = tmp_path / "runtime" / "broker.json"
    until(place.exists)
    at = int(json.loads(place.read_text())["port"])
    until(lambda: listens(at))
    received = subscribe(tmp_path, stack, at)
    run = stack.enter_context(child(
        tmp_path, "run.out", *labctl("run", "heating-curve", *BRIEF)
    ))  # fmt: skip
    until(lambda: run.poll() is not None)
    until(lambda: ended(received()))
    check_a_whole_run(received())


def test_a_killed_run_is_lost_and_its_beam_unknown(
    tmp_path: Path, stack: ExitStack, port: int
) -> None:
    """After kill -9 in the light a subscriber learns within ten seconds that the bench is lost
    and what it emits unknown."""
    received = subscribe(tmp_path, stack, port)
    run = stack.enter_context(child(
        tmp_path, "run.out",
        *labctl("run", "heating-curve", "--speed", "60", "--no-figure", "-p", "baseline=5s",
                "--broker", f"mqtt://127.0.0.1:{port}"),
    ))  # fmt: skip

    def newest() -> tuple[str, str]:
        states = [payload for topic, payload in received() if topic == "simulated/$state"]
        return (states[-1]["state"], states[-1]["laser"]["emission"]) if states else ("", "")

    until(lambda: "on" == newest()[1])
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert until(lambda: ("lost", "unknown") == newest()) < LOST_WITHIN_S
