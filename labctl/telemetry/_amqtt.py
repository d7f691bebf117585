# ruff: noqa: SLF001 - what has to be mended is private to amqtt.
"""amqtt as an embedded broker, hardened: `python -m labctl.telemetry._amqtt PORT`.

amqtt 0.12 never drops a client that has gone silent, so that its will is never published (against
MQTT 3.1.1 section 3.1.2.10), queues without bound for one that has stopped reading, and sends a
new client what is retained on everybody's topics, not only on its own. These are mended here by
overriding names that are private to it; tests hold this to the installed version.
Serves MQTT 3.1.1, on loopback, for this machine alone: not a broker for production.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import sys
import warnings
from typing import Any

from labctl import clock
from labctl.platform import limit_memory

MOST_PENDING = 1000
"""Packets that may wait for one client; one that is slower is dropped."""
MOST_MEMORY = 1 << 30
"""Bytes of address space for the broker's process."""


def harden() -> None:
    """Make amqtt notice dead clients, drop slow ones and send nothing unasked, in this process."""
    from amqtt.broker import Broker
    from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
    from amqtt.mqtt.protocol.handler import ProtocolHandler

    init_session = ProtocolHandler._init_session
    send_packet = ProtocolHandler._send_packet

    send_retained = Broker._publish_retained_messages_for_subscription

    def abort(self: Any) -> None:
        # Not close(): that waits for the peer to read, which it does not do.
        if self.writer is not None:
            self.writer._writer.transport.abort()

    def init(self: Any, session: Any) -> None:
        init_session(self, session)
        if session.keep_alive:
            # One and a half times what the client promised, as the standard has it.
            session.keep_alive = self.keepalive_timeout = math.ceil(1.5 * session.keep_alive)

    async def send(self: Any, packet: Any) -> None:
        pending = self.__dict__.get("_labctl_pending", 0)
        if pending >= MOST_PENDING:
            abort(self)
            return
        self._labctl_pending = pending + 1
        try:
            await send_packet(self, packet)
        finally:
            self._labctl_pending -= 1

    async def retained(self: Any, subscription: tuple[str, int], session: Any) -> None:
        subscribers = self._subscriptions.get(subscription[0], [])
        if any(subscriber.client_id == session.client_id for subscriber, _ in subscribers):
            await send_retained(self, subscription, session)

    Broker._publish_retained_messages_for_subscription = retained
    BrokerProtocolHandler.handle_read_timeout = abort
    ProtocolHandler._init_session = init
    ProtocolHandler._send_packet = send


async def serve(port: int, parent: int) -> None:
    """Serve on loopback until the process `parent`, which started this one, is gone."""
    from amqtt.broker import Broker
    from amqtt.contexts import BrokerConfig

    config = BrokerConfig.from_dict(
        {
            "listeners": {
                "default": {
                    "type": "tcp",
                    "bind": f"127.0.0.1:{port}",
                    "max_connections": 200,
                }
            },
            "plugins": {
                "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
            },
        }
    )
    broker = Broker(config)
    await broker.start()
    while os.getppid() == parent:
        await clock.real_pause(0.5)


def main() -> None:
    """Serve on the port given as the first argument."""
    logging.getLogger("amqtt").setLevel(logging.CRITICAL)
    logging.getLogger("transitions").setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore")
    limit_memory(MOST_MEMORY)
    parent = os.getppid()
    harden()
    asyncio.run(serve(int(sys.argv[1]), parent))


if __name__ == "__main__":
    main()
