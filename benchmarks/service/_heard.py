"""A broker that may be stopped and killed, those who listen to it, and what they heard."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import struct
import subprocess
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

from benchmarks.service._kept import ROOT, environment, wait
from labctl.clock import NS
from labctl.telemetry import BeamState, Seen, schemas

LOOK_NS = NS // 100


class Broker:
    """mosquitto or amqtt, on a port of loopback that it keeps."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.port = _free_port()
        self._folder = folder
        self._start()

    def _start(self) -> None:
        command = [sys.executable, "-P", "-m", "labctl.telemetry._amqtt", str(self.port)]
        if self.kind == "mosquitto":
            file = self._folder / "mosquitto.conf"
            file.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"
                            "max_queued_messages 1000\nlog_dest none\n")  # fmt: skip
            command = [str(mosquitto()), "-c", str(file)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait(self._listens)

    def stop(self) -> None:
        """Stand still."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """After `stop`."""
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """With everything that it kept."""
        self.process.kill()
        self.process.wait()

    def again(self) -> None:
        """After `kill`."""
        self._start()

    @property
    def url(self) -> str:
        """For `--broker`."""
        return f"mqtt://127.0.0.1:{self.port}"

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def mosquitto() -> str | None:
    """Where Debian has it."""
    return shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")


@contextmanager
def broker(kind: str, folder: Path) -> Iterator[Broker]:
    """One that ends with the `with`."""
    made = Broker(kind, folder)
    try:
        yield made
    finally:
        made.go_on()
        made.kill()


@contextmanager
def reader(port: int, file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """One who writes down what it hears."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "benchmarks.service._reader", str(port), str(file)],
        cwd=ROOT, env=environment(file.parent), stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait(file.exists)
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


@contextmanager
def mosquitto_sub(port: int, file: Path) -> Iterator[None]:
    """The same by libmosquitto, which shares no line with labctl's client."""
    path = shutil.which("mosquitto_sub")
    if path is None:
        yield
        return
    with file.open("wb") as out:
        process = subprocess.Popen(
            [path, "-h", "127.0.0.1", "-p", str(port), "-q", "1", "-t", "labctl/v1/#",
             "-F", "0\t%r\t%t\t%p"],
            stdout=out, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield
        finally:
            process.terminate()
            process.wait()


@contextmanager
def slow_subscriber(port: int) -> Iterator[None]:
    """One who asks for everything and reads nothing."""

    def text(value: str) -> bytes:
        return struct.pack(">H", len(value)) + value.encode()

    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        hello = text("MQTT") + bytes([4, 2]) + struct.pack(">H", 0) + text("slow")
        asked = struct.pack(">H", 1) + text("labctl/v1/#") + b"\0"
        slow.sendall(bytes([0x10, len(hello)]) + hello)
        slow.sendall(bytes([0x82, len(asked)]) + asked)
        yield


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as somebody had it."""

    at_ns: int
    retained: bool
    topic: str
    payload: dict[str, Any]


def heard(file: Path) -> list[Heard]:
    """All of a file; what was cut off at its end is left out."""
    out = []
    for line in file.read_bytes().split(b"\n")[:-1]:
        at, retained, topic, payload = line.split(b"\t", 3)
        out.append(Heard(int(at), retained == b"1", topic.decode(), json.loads(payload)))
    return out


def invalid(messages: Sequence[Heard]) -> int:
    """How many are not valid against the schema that they name."""
    known = {
        name: jsonschema.Draft202012Validator(schema) for name, schema in schemas()["$defs"].items()
    }
    wrong = 0
    for message in messages:
        schema = known.get(str(message.payload.get("schema")))
        wrong += schema is None or not schema.is_valid(message.payload)
        wrong += message.payload.get("mode") != "SIMULATED"
    return wrong


def missing_events(messages: Sequence[Heard]) -> tuple[int, int]:
    """Events, and gaps in their numbers."""
    found: dict[str, set[int]] = {}
    for message in messages:
        if message.topic.endswith("/event"):
            found.setdefault(message.payload["session"], set()).add(message.payload["eseq"])
    count = sum(len(numbers) for numbers in found.values())
    return count, sum(max(numbers) + 1 - len(numbers) for numbers in found.values())


@dataclass(frozen=True, slots=True)
class Judged:
    """What a reader said by the rule, beside the world's own log of its light."""

    worst_s: float
    """The longest for which OFF was said after the light had come on."""
    retained_s: float
    """The same for a reader of `$state` alone."""
    times: int
    """Times that the light came on while there was somebody to be told."""
    off_dark: float
    """Part of the dark time between the first and the last light in which OFF was said."""


def judged(messages: Sequence[Heard], lit: Sequence[int], dark: Sequence[int]) -> Judged:
    """Every hundredth of a second; `lit` and `dark` are the edges, on the reader's clock."""
    beam, emission = BeamState(), ""
    worst_ns = retained_ns = looks_dark = off_dark = 0
    if not messages or not lit:
        return Judged(0.0, 0.0, 0, 0.0)
    left = iter(messages)
    message: Heard | None = next(left)
    now_ns, end_ns = messages[0].at_ns, messages[-1].at_ns + 5 * NS
    while now_ns < end_ns:
        while message is not None and message.at_ns <= now_ns:
            beam.feed(message.topic, message.payload, message.at_ns)
            if message.topic.endswith("/$state"):
                emission = message.payload["laser"]["emission"]
            message = next(left, None)
        off = beam.view(now_ns).seen is Seen.OFF
        on_at = bisect_right(lit, now_ns)
        if on_at > bisect_right(dark, now_ns):
            since_ns = now_ns - lit[on_at - 1]
            worst_ns = max(worst_ns, since_ns if off else 0)
            retained_ns = max(retained_ns, since_ns if emission == "off" else 0)
        elif lit[0] < now_ns < lit[-1]:
            looks_dark += 1
            off_dark += off
        now_ns += LOOK_NS
    times = sum(messages[0].at_ns < at_ns < end_ns for at_ns in lit)
    return Judged(worst_ns / NS, retained_ns / NS, times, off_dark / max(1, looks_dark))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
