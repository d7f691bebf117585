"""A broker that is not there, for the simulated hour: killed, standing still, refusing, slow.

Standing still, it leaves what it is given in its sockets: all of it comes out when it goes on, with
the wills of those who gave up meanwhile, as the kernel would have kept it.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from labctl.telemetry import Address, Connect, LinkError, Message

TIMEOUT_S = 2.0
"""A client's, for an acknowledgement and for a connection."""


class Broker:
    """Serves, stands still, or is dead; keeps what is retained until it is killed."""

    def __init__(self, chance: random.Random) -> None:
        self.state = "up"
        self.retained: dict[str, bytes] = {}
        self.clients: list[Client] = []
        self._chance = chance
        self._changed = asyncio.Event()

    def kill(self) -> None:
        """Dead, with all that it kept."""
        self.state = "down"
        self.retained.clear()
        for client in self.clients:
            client.cut()
        self.clients.clear()

    def go_on(self) -> None:
        """From dead or standing still."""
        stood, self.state = self.state == "stopped", "up"
        if not stood:
            return
        for client in list(self.clients):
            waiting, client.unread = client.unread, []
            for message in waiting:
                self.take(message)
            if client.gone:
                self._bury(client)

    def take(self, message: Message) -> None:
        """A message that has reached it."""
        if message.retain:
            self.retained[message.topic] = message.payload
        for client in self.clients:
            if not client.gone and any(_matches(asked, message.topic) for asked in client.asked):
                client.put(Message(message.topic, message.payload, message.qos))

    def left(self, client: Client, *, orderly: bool) -> None:
        """A client's connection is closed; heard of by a broker that goes on."""
        client.gone = True
        if orderly:
            client.will = None
        if self.state == "up" and client in self.clients:
            self._bury(client)

    def silent(self, client: Client) -> None:
        """A client of which nothing was heard for too long."""
        if client in self.clients and self.state == "up":
            client.cut()
            self._bury(client)

    def _bury(self, client: Client) -> None:
        self.clients.remove(client)
        if client.will is not None:
            self.take(client.will)

    def delay_s(self) -> float:
        """From one computer to the other."""
        return self._chance.choice((0.001, 0.002, 0.005, 0.02, 0.1))


@dataclass(eq=False)
class Client:
    """One connection, from both its ends."""

    broker: Broker
    will: Message | None
    asked: list[str] = field(default_factory=list)
    unread: list[Message] = field(default_factory=list)
    """What the broker has not read yet."""
    inbox: asyncio.Queue[Message | None] = field(default_factory=asyncio.Queue)
    gone: bool = False
    dead: bool = False
    killed: bool = False
    """Its process is no more: nothing orderly was said."""

    def put(self, message: Message) -> None:
        self.inbox.put_nowait(message)

    def cut(self) -> None:
        """The other end is no more."""
        self.dead = True
        self.inbox.put_nowait(None)

    async def publish(self, message: Message) -> None:
        await asyncio.sleep(self.broker.delay_s())
        if self.dead or self.broker.state == "down":
            raise LinkError("publishing failed: the connection is lost")
        if self.broker.state == "stopped":
            self.unread.append(message)
            if message.qos:
                await asyncio.sleep(TIMEOUT_S)
                raise LinkError("publishing failed: no acknowledgement")
            return
        self.broker.take(message)

    async def subscribe(self, topic: str, qos: int = 1) -> None:
        if self.dead or self.broker.state != "up":
            await asyncio.sleep(TIMEOUT_S)
            raise LinkError("subscribing failed")
        self.asked.append(topic)
        for kept, payload in self.broker.retained.items():
            if _matches(topic, kept):
                self.put(Message(kept, payload, 1, True))

    async def messages(self) -> AsyncIterator[Message]:
        while True:
            message = await self.inbox.get()
            if message is None:
                raise LinkError("connection lost")
            yield message


def connecting(broker: Broker) -> Connect:
    """As `labctl.telemetry.Connect` has it, to this broker."""

    @contextlib.asynccontextmanager
    async def connect(
        address: Address, identifier: str, *, will: Message | None = None
    ) -> AsyncIterator[Client]:
        if broker.state == "down":
            raise LinkError("nothing answers")
        client = Client(broker, will)
        broker.clients.append(client)
        if broker.state == "stopped":
            # The kernel accepts for it; it will read the connection, and its end, when it goes on.
            await asyncio.sleep(TIMEOUT_S)
            client.gone = True
            raise LinkError("no answer in time")
        orderly = False
        try:
            yield client
            orderly = True
        except asyncio.CancelledError:
            orderly = True
            raise
        finally:
            broker.left(client, orderly=orderly and not client.killed)

    return connect


def _matches(asked: str, topic: str) -> bool:
    head, _, last = asked.rpartition("/")
    return topic.startswith(head) if last == "#" else (
        topic == asked or (last == "+" and topic.rpartition("/")[0] == head)
    )  # fmt: skip
