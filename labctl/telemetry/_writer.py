"""The publishing task: connects, says everything that is retained, then empties the queues.

It runs on the telemetry thread's loop in real time. A lost connection is made again after 0.1 s,
0.2 s, ... 5 s, each shortened by chance so that many benches do not come back in step; at every
connection the will is set and all retained topics are published anew, because the broker may have
forgotten them. Between two looks at the queues at most a fixed number of readings is sent: a
simulated run at full speed must not spend its processor on watching.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from labctl import clock
from labctl.events import Beam, Event, RunBegun, RunEnded
from labctl.telemetry import _payloads as payloads
from labctl.telemetry._choice import Find, Found
from labctl.telemetry._fold import BenchState
from labctl.telemetry._link import Link, LinkError, Message, connect
from labctl.telemetry._names import channel_topic, name
from labctl.telemetry._payloads import Author
from labctl.telemetry._queues import Numbered, Queues

TICK_S = 0.05
"""Between two looks at the queues."""
PER_TICK = 10
"""Readings, and assessments, sent at each look: 200 a second, twenty times a bench's rate."""
FIRST_DELAY_S = 0.1
LAST_DELAY_S = 5.0
FAREWELL_S = 1.0
"""How long the last words may take."""


@dataclass(slots=True)
class Counters:
    """What the telemetry has done, for its own messages and for whoever asks."""

    sent: int = 0
    dropped: int = 0
    """Readings and assessments that were forgotten before they could be sent."""
    spilled: int = 0
    """Events that were."""
    reconnects: int = 0
    depth: int = 0
    """What waits now."""


class Writer:
    """Publishes what is in the queues under `base` until told to stop."""

    def __init__(
        self,
        author: Author,
        base: str,
        desc: Mapping[str, Any],
        queues: Queues,
        find: Find,
        *,
        stale_after_s: float,
        tell: Callable[[Found | None, str], None],
    ) -> None:
        self.counters = Counters()
        self._author = author
        self._base = base
        self._desc = desc
        self._queues = queues
        self._find = find
        self._stale_after_ns = clock.ns(stale_after_s)
        self._tell = tell
        self._stopping = asyncio.Event()
        self._retained: dict[str, bytes] = {}
        self._dirty: dict[str, None] = {}
        self._unacknowledged: Numbered[Event] | None = None
        self._shown: tuple[BenchState, bool] | None = None
        self._beats = 0
        self._next_beat_ns = 0

    def stop(self) -> None:
        """Ask for the end; call it on the loop's own thread."""
        self._stopping.set()

    async def run(self) -> None:
        """Publish until stopped. Raises NoBrokerError when there is none to be had."""
        working = asyncio.ensure_future(self._keep_connected())
        stopped = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                await asyncio.wait({working}, timeout=FAREWELL_S)
        finally:
            stopped.cancel()
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working

    # -- the connection ------------------------------------------------------------------------

    async def _keep_connected(self) -> None:
        delay_s = FIRST_DELAY_S
        while True:
            try:
                found = await self._find()
                will = Message(f"{self._base}/$state", payloads.will(self._author), 1, True)
                # An identifier of its own: two benches on one broker never push each other out.
                identifier = f"labctl-{self._author.session}"
                async with connect(found.address, identifier, will=will) as link:
                    await self._give_birth(link, found)
                    self._tell(found, f"telemetry to {found.words}")
                    delay_s = FIRST_DELAY_S
                    await self._speak(link)
            except LinkError as error:
                self.counters.reconnects += 1
                self._tell(None, f"telemetry interrupted: {error}")
            if self._stopping.is_set():
                return
            await self._pause(delay_s * random.uniform(0.5, 1.0))
            delay_s = min(2 * delay_s, LAST_DELAY_S)

    async def _speak(self, link: Link) -> None:
        """Publish and listen; whichever fails first ends both."""
        pumping = asyncio.ensure_future(self._pump(link))
        listening = asyncio.ensure_future(self._listen(link))
        try:
            done, _ = await asyncio.wait({pumping, listening}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (pumping, listening):
                task.cancel()
            await asyncio.gather(pumping, listening, return_exceptions=True)

    async def _listen(self, link: Link) -> None:
        """Notice a lost connection while idle, and take back alarms of former lives."""
        await link.subscribe(f"{self._base}/alarm/+")
        async for message in link.messages():
            if not message.retain or not message.topic.startswith(f"{self._base}/alarm/"):
                continue
            try:
                left = json.loads(message.payload)
            except ValueError:
                continue
            if not isinstance(left, dict) or left.get("session") == self._author.session:
                continue
            if left.get("active") is True and message.topic not in self._retained:
                key = message.topic.rsplit("/", 1)[-1]
                facts = {"name": str(left.get("name", key)), "message": "a new session began"}
                self._retain(f"alarm/{key}", payloads.alarm(self._author, key, facts, active=False))

    async def _give_birth(self, link: Link, found: Found) -> None:
        self._retain("$desc", payloads.description(self._author, self._desc, str(found.address)))
        self._shown = None
        self._look_at_state()
        # State first: it replaces the will of a former life.
        self._dirty = dict.fromkeys((f"{self._base}/$state", *self._retained))
        await self._send_retained(link)
        self._next_beat_ns = 0

    # -- what is said --------------------------------------------------------------------------

    async def _pump(self, link: Link) -> None:
        while True:
            self._look_at_state()
            await self._send_retained(link)
            await self._send_events(link)
            await self._send_data(link, PER_TICK)
            await self._beat(link)
            if self._stopping.is_set():
                return await self._farewell(link)
            await self._pause(TICK_S)

    def _look_at_state(self) -> None:
        now, stalled = self._queues.state, self._stalled()
        if self._shown == (now, stalled):
            return
        self._shown = (now, stalled)
        self._retain(
            "$state", payloads.state(self._author, now, stalled=stalled, queue=self._queue())
        )
        for key, facts in now.alarms.items():
            topic = f"alarm/{name(key)}"
            self._retain(topic, payloads.alarm(self._author, name(key), facts, active=True))

    def _stalled(self) -> bool:
        """Whether a run under way has told nothing for too long to be believed."""
        run = self._queues.state.run
        under_way = bool(run) and not run.get("ended", False)
        return under_way and clock.real_ns() - self._queues.heard_ns > self._stale_after_ns

    def _retain(self, topic: str, payload: bytes) -> None:
        full = f"{self._base}/{topic}"
        if self._retained.get(full) != payload:
            self._retained[full] = payload
            self._dirty[full] = None

    async def _send_retained(self, link: Link) -> None:
        while self._dirty:
            topic = next(iter(self._dirty))
            qos = 0 if "/last/" in topic else 1
            await self._send(link, Message(topic, self._retained[topic], qos, True))
            del self._dirty[topic]

    async def _send_events(self, link: Link) -> None:
        while True:
            # An event leaves only when it was acknowledged; after a lost connection it is sent
            # again, and its number tells a reader that it is the same.
            waiting = self._unacknowledged or self._queues.events.take()
            if waiting is None:
                return
            self._unacknowledged = waiting
            await self._send_event(link, waiting)
            self._unacknowledged = None

    async def _send_event(self, link: Link, numbered: Numbered[Event]) -> None:
        what, author = numbered.event, self._author
        if isinstance(what, RunBegun) and author.run:
            await self._send(
                link,
                self._message(f"run/{name(author.run)}/start", payloads.run_start(author, what), 1),
            )
        if isinstance(what, RunEnded):
            await self._send_data(link, None)
        await self._send(
            link, self._message("event", payloads.event(author, numbered.seq, what), 1)
        )
        if isinstance(what, RunEnded) and author.run:
            stop = payloads.run_stop(author, what, self._queues.state)
            await self._send(link, self._message(f"run/{name(author.run)}/stop", stop, 1))

    async def _send_data(self, link: Link, at_most: int | None) -> None:
        """Send readings and assessments as they alternate; all of them when there is no limit."""
        left = at_most
        while left is None or left > 0:
            sample = self._queues.samples.take()
            if sample is not None:
                payload = payloads.data(self._author, sample.seq, sample.event)
                await self._send(link, self._message("data", payload))
            said = self._queues.assessments.take()
            if said is not None:
                payload = payloads.assessment(self._author, said.seq, said.event)
                await self._send(link, self._message("assessment", payload))
            if sample is None and said is None:
                return
            left = None if left is None else left - 1

    async def _beat(self, link: Link) -> None:
        now_ns = clock.real_ns()
        if now_ns < self._next_beat_ns:
            return
        self._next_beat_ns = now_ns + clock.ns(payloads.HEARTBEAT_S)
        newest = self._queues.newest
        payload = payloads.heartbeat(
            self._author,
            self._queues.state,
            seq=self._beats,
            t_ns=newest.t_ns if newest is not None else self._queues.state.t_ns,
            real_ns=now_ns,
            stalled=self._stalled(),
            queue=self._queue(),
        )
        self._beats += 1
        await self._send(link, self._message("hb", payload))
        self._retain_last(stale=False)

    def _retain_last(self, *, stale: bool) -> None:
        newest = self._queues.newest
        for reading in newest.readings if newest is not None else ():
            self._retain(
                channel_topic(reading.channel), payloads.last(self._author, reading, stale=stale)
            )

    async def _farewell(self, link: Link) -> None:
        """The last words of an orderly end: everything left, then `offline` with what is known
        of the beam. A run that never told its end is `lost`, whatever it said before."""
        await self._send_events(link)
        await self._send_data(link, None)
        self._retain_last(stale=True)
        now = replace(self._queues.state, interlock="unknown")
        if now.run and not now.run.get("ended", False):
            last = replace(now, word="lost", beam=Beam.UNKNOWN, readback="none", how="run cut off")
        elif now.known_off:
            last = replace(now, word="offline")
        else:
            last = replace(now, word="offline", beam=Beam.UNKNOWN, readback="none")
        self._retain(
            "$state", payloads.state(self._author, last, stalled=False, queue=self._queue())
        )
        await self._send_retained(link)

    # -- small things --------------------------------------------------------------------------

    def _queue(self) -> dict[str, int]:
        counters = self.counters
        counters.dropped = self._queues.dropped
        counters.spilled = self._queues.events.dropped
        counters.depth = self._queues.depth
        return asdict(counters)

    def _message(self, topic: str, payload: bytes, qos: int = 0) -> Message:
        return Message(f"{self._base}/{topic}", payload, qos)

    async def _send(self, link: Link, message: Message) -> None:
        await link.publish(message)
        self.counters.sent += 1

    async def _pause(self, duration_s: float) -> None:
        """Wait, but no longer than until the end is asked for."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(duration_s):
                await self._stopping.wait()
