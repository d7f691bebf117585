"""Keeps the embedded broker up between runs: what `labctl broker` does."""

from __future__ import annotations

import asyncio

from labctl import clock
from labctl.telemetry._address import PORT
from labctl.telemetry._embedded import EmbeddedBroker
from labctl.telemetry._link import LinkError
from labctl.telemetry._names import ROOT
from labctl.telemetry._telemetry import Say

LOOK_S = 1.0


async def serve_broker(say: Say, *, port: int = PORT, kind: str = "auto") -> None:
    """Hold the embedded broker until cancelled; says where it is, and when that changes.

    Raises NoBrokerError when neither mosquitto nor amqtt is installed. Runs that find it use it;
    `port` is preferred, `kind` is `auto`, `mosquitto` or `amqtt`.
    """
    broker = EmbeddedBroker(port=port, kind=kind)
    said = ""
    try:
        while True:
            try:
                found = await broker.find()
                words = f"{found.words}\n{found.address.mosquitto_sub(f'{ROOT}/#')}"
            except LinkError as error:
                words = str(error)
            if words != said:
                say(words)
                said = words
            await clock.real_pause(LOOK_S)
    except asyncio.CancelledError:
        say("broker ends unless a run still uses it")
        raise
    finally:
        broker.release()
