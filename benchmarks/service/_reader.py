"""`python -m benchmarks.service._reader PORT FILE`: an MQTT client that is not labctl's writes down
what it gets and when it had it, on the machine's boot-time clock. It may be stopped and go on."""

from __future__ import annotations

import sys
import time

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion


def main(port: int, path: str) -> None:
    """Until it is ended."""
    with open(path, "wb", buffering=0) as file:

        def take(client: Client, userdata: object, message: MQTTMessage) -> None:
            now_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
            head = f"{now_ns}\t{int(message.retain)}\t{message.topic}\t".encode()
            file.write(head + message.payload + b"\n")

        def subscribe(client: Client, *given: object) -> None:
            client.subscribe("labctl/v1/#", 1)

        client = Client(CallbackAPIVersion.VERSION2)
        client.on_message = take
        client.on_connect = subscribe
        client.reconnect_delay_set(1, 1)
        client.connect("127.0.0.1", port, keepalive=5)
        client.loop_forever(retry_first_connection=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
