"""The one door to aiomqtt: a connection that ends in `LinkError` and in nothing else.

What aiomqtt 2.5 needs help with is done here: it does not reconnect (the writer does), a broker
that has stopped leaves its socket open (closed by force), and a connection attempt to a host that
swallows packets would block a thread for the keep-alive time (tried with a plain socket before).
aiomqtt and paho are imported when a connection is made, never when labctl.telemetry is.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from labctl.errors import LabctlError
from labctl.telemetry._address import Address

if TYPE_CHECKING:
    import ssl

    import aiomqtt

TIMEOUT_S = 2.0
"""How long a broker may take to answer anything."""
KEEPALIVE_S = 5
"""A broker that hears nothing for one and a half times as long publishes the will."""


_QUIET = logging.getLogger("labctl.telemetry.aiomqtt")
"""Whatever is wrong with a connection is raised as LinkError; this adds nothing to it."""
_QUIET.setLevel(logging.CRITICAL)


class LinkError(LabctlError):
    """There is no connection to the broker, or it was lost."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is published, or arrives."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False


class Connection(Protocol):
    """What can be done with an open connection."""

    async def publish(self, message: Message) -> None:
        """Hand it over; with QoS 1, return when it was acknowledged. LinkError."""

    async def subscribe(self, topic: str, qos: int = 1) -> None:
        """Ask for a topic. LinkError."""

    def messages(self) -> AsyncIterator[Message]:
        """What comes, until the connection is lost: LinkError."""


class Connect(Protocol):
    """How a connection is made: `connect`, or what stands in for a broker in a trial."""

    def __call__(
        self, address: Address, identifier: str, *, will: Message | None = None
    ) -> contextlib.AbstractAsyncContextManager[Connection]: ...


class Link:
    """An open connection. Obtain it from `connect`."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client

    async def publish(self, message: Message) -> None:
        """Hand a message to the broker; with QoS 1, return when it has acknowledged."""
        import aiomqtt

        try:
            await self._client.publish(
                message.topic, message.payload, qos=message.qos, retain=message.retain
            )
        except (aiomqtt.MqttError, OSError) as error:
            raise LinkError(f"publishing failed: {error}") from error

    async def subscribe(self, topic: str, qos: int = 1) -> None:
        """Ask for a topic; what comes is got from `messages`."""
        import aiomqtt

        try:
            await self._client.subscribe(topic, qos=qos)
        except (aiomqtt.MqttError, OSError) as error:
            raise LinkError(f"subscribing failed: {error}") from error

    async def messages(self) -> AsyncIterator[Message]:
        """Every message that arrives, until the connection is lost (LinkError). `retain` tells
        that it was stored by the broker before we came."""
        import aiomqtt

        try:
            async for message in self._client.messages:
                payload = message.payload
                if isinstance(payload, bytes | bytearray):
                    yield Message(message.topic.value, bytes(payload), message.qos, message.retain)
        except (aiomqtt.MqttError, OSError) as error:
            raise LinkError(f"connection lost: {error}") from error


@contextlib.asynccontextmanager
async def connect(
    address: Address, identifier: str, *, will: Message | None = None
) -> AsyncIterator[Link]:
    """A connection to the broker at `address`, with a will if there is one."""
    await reachable(address)
    import aiomqtt

    client = aiomqtt.Client(
        address.host,
        address.port,
        username=address.user,
        password=address.password,
        tls_context=_tls(address),
        identifier=identifier,
        will=None
        if will is None
        else aiomqtt.Will(will.topic, will.payload, will.qos, will.retain),
        timeout=TIMEOUT_S,
        keepalive=KEEPALIVE_S,
        max_queued_incoming_messages=10_000,
        logger=_QUIET,
    )
    try:
        async with client:
            try:
                yield Link(client)
            except asyncio.CancelledError:
                # Given up before the last word was said: no orderly end, so that the will goes out.
                _let_go(client)
                raise
    except (aiomqtt.MqttError, OSError) as error:
        raise LinkError(f"no connection to {address}: {error}") from error
    finally:
        _let_go(client)


def _tls(address: Address) -> ssl.SSLContext | None:
    """By which the broker must be the one that was named."""
    if not address.tls:
        return None
    import ssl

    try:
        return ssl.create_default_context(cafile=None if address.ca is None else str(address.ca))
    except OSError as error:
        raise LinkError(
            "the certificates for the broker cannot be read",
            where=f"LABCTL_MQTT_CA, {address.ca}",
            seen=str(error),
        ) from error


async def reachable(address: Address) -> None:
    """Return when something listens at `address`, within `TIMEOUT_S`, which with TLS is who it
    should be; else LinkError."""
    tls = _tls(address)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            _, writer = await asyncio.open_connection(address.host, address.port, ssl=tls)
    except (OSError, TimeoutError) as error:
        raise LinkError(
            f"nothing answers at {address}",
            seen=str(error) or "no answer in time",
            fix="See that the broker runs and that the address is right.",
        ) from error
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


def _let_go(client: aiomqtt.Client) -> None:
    """Close what a failed connection leaves open.

    aiomqtt has no way to give up a connection whose peer has stopped reading: it waits for the
    keep-alive to do it. A test holds this to the versions it was written for.
    """
    paho: Any = client._client  # noqa: SLF001
    if paho.socket() is not None:
        paho._sock_close()  # noqa: SLF001
