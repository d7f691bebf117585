"""Follows benches over MQTT and tells what they say: what `labctl watch` does.

Started first, it waits, and says so; when the broker or a bench goes away it says that too and
goes on looking. What it says of a beam follows `BeamState`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from labctl import clock
from labctl.telemetry import _lines as lines
from labctl.telemetry._address import Address
from labctl.telemetry._announcement import Announcement
from labctl.telemetry._beam import BeamState, BeamView, Seen
from labctl.telemetry._link import Link, LinkError, Message, connect
from labctl.telemetry._names import REPLAY_ROOT, ROOT, matches, name, new_session

LOOK_S = 0.5
"""Between two looks for a broker, and at the age of the last heartbeat."""

Write: TypeAlias = Callable[[str], None]
"""Takes a line."""


@dataclass(slots=True)
class _Bench:
    """What is known of one bench."""

    beam: BeamState = field(default_factory=BeamState)
    shown: tuple[Seen, str] | None = None
    data_ns: int = 0


class Watcher:
    """Turns messages into lines. `text` shows readings once a second, `as_json` everything."""

    def __init__(self, write: Write, *, as_json: bool) -> None:
        self._write = write
        self._as_json = as_json
        self._benches: dict[str, _Bench] = {}

    def say(self, sentence: str) -> None:
        """Something about the watching itself."""
        self._write(_json({"watch": sentence}) if self._as_json else sentence)

    def take(self, message: Message, now_ns: int) -> None:
        """Take a message that has just come."""
        parts = message.topic.split("/", 3)
        try:
            payload = json.loads(message.payload)
        except (ValueError, RecursionError):
            payload = None
        if len(parts) < 4 or not isinstance(payload, dict):
            self.say(f"not labctl's: {message.topic}")
            return
        key, topic = "/".join(parts[:3]), parts[3]
        bench = self._benches.setdefault(key, _Bench())
        bench.beam.feed(topic, payload, now_ns)
        if self._as_json:
            view = bench.beam.view(now_ns)
            self._write(
                _json({"topic": message.topic, "retained": message.retain, "payload": payload,
                       "beam": view.seen.value, "beam_words": str(view)})
            )  # fmt: skip
        elif topic != "data" or now_ns - bench.data_ns >= clock.NS:
            if topic == "data":
                bench.data_ns = now_ns
            words = lines.line(parts[2], topic, payload)
            if words is not None:
                beam = f"  BEAM {bench.beam.view(now_ns)}" if topic == "data" else ""
                self._write(words + beam)
        self._show_beam(parts[2], bench, now_ns)

    def look(self, now_ns: int) -> None:
        """Say what has changed by the mere passing of time."""
        for key, bench in self._benches.items():
            self._show_beam(key.rsplit("/", 1)[-1], bench, now_ns)

    def _show_beam(self, name: str, bench: _Bench, now_ns: int) -> None:
        view: BeamView = bench.beam.view(now_ns)
        # The words of a reason may hold an age: only a change of kind is worth a line.
        shown = (view.seen, view.why.rstrip("0123456789. s"))
        if shown == bench.shown:
            return
        bench.shown = shown
        if self._as_json:
            self._write(_json({"bench": name, "beam": view.seen.value, "beam_words": str(view)}))
        else:
            self._write(f"{name} BEAM {view}")


async def watch(
    write: Write,
    *,
    address: Address | None = None,
    bench: str | None = None,
    as_json: bool = False,
) -> None:
    """Write a line for what the benches at `address` (None: the embedded broker) tell, until
    cancelled; only `bench` when it is given."""
    watcher = Watcher(write, as_json=as_json)
    identifier = f"labctl-watch-{new_session()}"
    said = ""
    while True:
        where, waiting = _where(address)
        try:
            if where is not None:
                async with connect(where, identifier) as link:
                    watcher.say(f"watching {where}")
                    said = ""
                    await _follow(link, watcher, "+" if bench is None else name(bench))
        except LinkError as error:
            waiting = f"waiting for the broker: {error}"
        watcher.look(clock.real_ns())
        if waiting != said:
            watcher.say(waiting)
            said = waiting
        await clock.real_pause(LOOK_S)


def _where(address: Address | None) -> tuple[Address | None, str]:
    """The broker to watch, if any, and what to say while there is none."""
    if address is not None:
        return address, f"waiting for the broker at {address}"
    announced = Announcement.read()
    words = "waiting: no run publishes here yet; start `labctl run`, or `labctl broker`"
    return (None if announced is None else announced.address), words


async def _follow(link: Link, watcher: Watcher, bench: str) -> None:
    """Take messages until the connection is lost (LinkError)."""
    asked = [f"{root}/{bench}/#" for root in (ROOT, REPLAY_ROOT)]
    for topic in asked:
        await link.subscribe(topic)
    ticking = asyncio.ensure_future(_every(LOOK_S, watcher))
    try:
        async for message in link.messages():
            # Some brokers send what nobody asked for.
            if any(matches(topic, message.topic) for topic in asked):
                watcher.take(message, clock.real_ns())
    finally:
        ticking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ticking


async def _every(period_s: float, watcher: Watcher) -> None:
    while True:
        await clock.real_pause(period_s)
        watcher.look(clock.real_ns())


def _json(facts: dict[str, Any]) -> str:
    # In ASCII: whoever publishes there wrote it, and it may be no text that can be printed.
    return json.dumps(facts)
