"""What is mended in amqtt, against the installed version."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.telemetry.conftest import RealBroker, Subscriber, real_broker, until


@pytest.fixture(scope="module")
def amqtt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealBroker]:
    yield from real_broker("amqtt", Path(tmp_path_factory.mktemp("amqtt")))


def text(value: str) -> bytes:
    """A string as MQTT writes it."""
    raw = value.encode()
    return struct.pack(">H", len(raw)) + raw


def connected(port: int, keepalive_s: int) -> socket.socket:
    """A client, byte by byte, with a will, that will never say anything by itself."""
    client = socket.create_connection(("127.0.0.1", port))
    flags = 0b0000_0110  # a will, QoS 0, clean session
    body = text("MQTT") + bytes([4, flags]) + struct.pack(">H", keepalive_s)
    body += text("silent") + text("will/silent") + text('{"state": "lost"}')
    client.sendall(bytes([0x10, len(body)]) + body)
    assert bytes([0x20, 2, 0, 0]) == client.recv(4)
    return client


def test_a_silent_client_is_given_up(
    amqtt: RealBroker, subscribe: Callable[..., Subscriber]
) -> None:
    """The will of a client that hangs is published after one and a half keep-alive times."""
    seen = subscribe(amqtt.port, "will/#")
    with connected(amqtt.port, 1):
        assert "lost" == seen.wait("will/silent", timeout_s=4)["state"]


def test_a_slow_client_is_dropped(amqtt: RealBroker, subscribe: Callable[..., Subscriber]) -> None:
    """A subscriber that reads nothing is let go before its queue grows without bound."""
    seen = subscribe(amqtt.port, "will/#")
    with connected(amqtt.port, 60) as slow:
        body = struct.pack(">H", 1) + text("flood") + b"\0"
        slow.sendall(bytes([0x82, len(body)]) + body)
        assert 5 == len(slow.recv(5))
        # The broker's own sending buffer holds some megabytes before anything has to wait.
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        payload = b'"' + b"x" * 8000 + b'"'
        assert until(lambda: flooded(seen, payload), 20)


def flooded(seen: Subscriber, payload: bytes) -> bool:
    """Publish some more; whether the slow client's will has come."""
    for _ in range(200):
        seen._client.publish("flood", payload)
    return any(got.topic == "will/silent" for got in seen.got)
