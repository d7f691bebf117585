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
from labctl.events import Beam, Event, Mode, Reading, RunBegun, RunEnded
from labctl.telemetry import _payloads as payloads
from labctl.telemetry._belief import HEARTBEAT_S, believed, of_replay
from labctl.telemetry._choice import Find, Found
from labctl.telemetry._fold import BenchState
from labctl.telemetry._link import Connect, Connection, LinkError, Message, connect
from labctl.telemetry._names import channel_topic, name
from labctl.telemetry._payloads import Author
from labctl.telemetry._queues import Moment, Numbered, Queues

TICK_S = 0.05
"""Between two looks at the queues."""
PER_TICK = 10
"""Readings, and assessments, sent at each look: 200 a second, twenty times a bench's rate."""
EVENTS_PER_TICK = 50
"""Events sent at each look: what waited for a broker must not hold up the readings for long."""
LATCH = "stop-laser"
"""The alarm that stands while STOP LASER does."""
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
        base: str,
        desc: Mapping[str, Any],
        queues: Queues,
        find: Find,
        *,
        stale_after_s: float,
        tell: Callable[[Found | None, str], None],
        connect: Connect = connect,
        also: Callable[[Moment], Mapping[str, bytes]] = lambda moment: {},
        per_tick: int | None = PER_TICK,
    ) -> None:
        """`also`: topics outside `base` that are retained too, as a moment has them. `per_tick`:
        readings sent at each look; None: all that wait."""
        self.counters = Counters()
        self._base = base
        self._desc = desc
        self._queues = queues
        self._find = find
        self._stale_after_ns = clock.ns(stale_after_s)
        self._tell = tell
        self._connect = connect
        self._also = also
        self._per_tick = per_tick
        self._stopping = asyncio.Event()
        self._retained: dict[str, bytes] = {}
        self._dirty: dict[str, None] = {}
        self._unacknowledged: Numbered[Event] | None = None
        self._shown: tuple[BenchState, bool, Any] | None = None
        self._alarms: dict[str, str] = {}
        self._at = ""
        self._channels: dict[str, str | None] = {}
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
                async with self._connect(found.address, identifier, will=will) as link:
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

    async def _speak(self, link: Connection) -> None:
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

    async def _listen(self, link: Connection) -> None:
        """Notice a lost connection while idle, take back alarms of former lives, and the will of a
        former connection of this one, which a broker may find after we are back."""
        await link.subscribe(f"{self._base}/alarm/+")
        await link.subscribe(f"{self._base}/$state")
        async for message in link.messages():
            try:
                left = json.loads(message.payload)
            except ValueError:
                continue
            if not isinstance(left, dict):
                continue
            ours = left.get("session") == self._author.session
            if message.topic == f"{self._base}/$state":
                if ours and left.get("state") == "lost" and not self._stopping.is_set():
                    self._dirty[message.topic] = None
            elif message.retain and not ours:
                self._take_back(message.topic, left)

    def _take_back(self, topic: str, left: Mapping[str, Any]) -> None:
        """An alarm that a former session left."""
        if topic.startswith(f"{self._base}/alarm/") and topic not in self._retained:
            key = topic.rsplit("/", 1)[-1]
            if left.get("active") is True:
                self._clear(key, str(left.get("name", key)), "a new session began")

    def _clear(self, key: str, title: str, why: str) -> None:
        facts = {"name": title, "message": why}
        self._retain(f"alarm/{key}", payloads.alarm(self._author, key, facts, active=False))

    async def _give_birth(self, link: Connection, found: Found) -> None:
        self._at = str(found.address)
        self._describe()
        self._shown = None
        self._look_at_state()
        # State first: it replaces the will of a former life.
        self._dirty = dict.fromkeys((f"{self._base}/$state", *self._retained))
        await self._send_retained(link)
        self._next_beat_ns = 0

    def _describe(self) -> None:
        said = payloads.description(self._author, self._desc, self._at, self._channels)
        self._retain("$desc", said)

    # -- what is said --------------------------------------------------------------------------

    @property
    def _author(self) -> Author:
        return self._queues.now.author

    async def _pump(self, link: Connection) -> None:
        while True:
            await self._say_state(link)
            await self._send_events(link, EVENTS_PER_TICK)
            await self._send_data(link, self._per_tick)
            if self._stopping.is_set():
                return await self._farewell(link)
            # With more that waits, the next look is at once.
            whole = self._per_tick is None
            waiting = self._queues.depth if whole else len(self._queues.events)
            await self._pause(0.0 if waiting else TICK_S)

    async def _say_state(self, link: Connection) -> None:
        """What must not wait for anything else: looked at before each message that may."""
        self._look_at_state()
        await self._send_retained(link)
        await self._beat(link)

    def _look_at_state(self) -> None:
        moment = self._queues.now
        now, stalled = self._believed(moment)
        shown = (now, stalled, moment.latched)
        if self._shown == shown:
            return
        self._shown = shown
        self._retain(
            "$state",
            payloads.state(
                moment.author, now, stalled=stalled, queue=self._queue(), latched=moment.latched
            ),
        )
        author = moment.author.of_run
        alarms = {name(key): facts for key, facts in now.alarms.items()}
        if moment.latched is not None:
            alarms[LATCH] = {"name": LATCH, "message": "STOP LASER stands", **moment.latched}
        for key, facts in alarms.items():
            self._retain(f"alarm/{key}", payloads.alarm(author, key, facts, active=True))
        for key in self._alarms.keys() - alarms.keys():
            why = "it was reset" if key == LATCH else "a new run began"
            self._clear(key, self._alarms[key], why)
        self._alarms = {key: str(facts["name"]) for key, facts in alarms.items()}

    def _believed(self, moment: Moment) -> tuple[BenchState, bool]:
        """What may be said of the bench now, and whether a run under way has told nothing for too
        long to be believed."""
        if moment.author.mode is Mode.REPLAY:
            return of_replay(moment.state), False
        now_ns = clock.real_ns()
        silent = now_ns - moment.heard_ns > self._stale_after_ns
        stalled = silent and moment.under_way
        quiet = "the run tells nothing" if stalled else "no run: nobody looks at it"
        told = moment.state
        if moment.latched is not None and not moment.under_way and told.word == "ready":
            told = replace(told, word="fault")
        return believed(told, now_ns, quiet=quiet if silent else ""), stalled

    def _retain(self, topic: str, payload: bytes) -> None:
        self._retain_at(f"{self._base}/{topic}", payload)

    def _retain_at(self, full: str, payload: bytes) -> None:
        if self._retained.get(full) != payload:
            self._retained[full] = payload
            self._dirty[full] = None

    async def _send_retained(self, link: Connection) -> None:
        while self._dirty:
            topic = next(iter(self._dirty))
            qos = 0 if "/last/" in topic else 1
            # Marked anew while it is sent, it is sent again; a lost link marks everything.
            del self._dirty[topic]
            await self._send(link, Message(topic, self._retained[topic], qos, True))

    async def _send_events(self, link: Connection, at_most: int | None) -> None:
        sent = 0
        while at_most is None or sent < at_most:
            # An event leaves only when it was acknowledged; after a lost connection it is sent
            # again, and its number tells a reader that it is the same.
            waiting = self._unacknowledged or self._queues.events.take()
            if waiting is None:
                return
            self._unacknowledged = waiting
            await self._say_state(link)
            await self._send_event(link, waiting)
            self._unacknowledged = None
            sent += 1

    async def _send_event(self, link: Connection, numbered: Numbered[Event]) -> None:
        what, author = numbered.event, numbered.author
        topic = f"run/{name(author.run)}"
        if isinstance(what, RunBegun) and author.run:
            start = payloads.run_start(author, what)
            await self._send(link, self._message(f"{topic}/start", start, 1))
        if isinstance(what, RunEnded):
            await self._send_data(link, None)
        await self._send(
            link, self._message("event", payloads.event(author, numbered.seq, what), 1)
        )
        if isinstance(what, RunEnded) and author.run:
            stop = payloads.run_stop(author, what, numbered.after or BenchState())
            await self._send(link, self._message(f"{topic}/stop", stop, 1))

    async def _send_data(self, link: Connection, at_most: int | None) -> None:
        """Send readings and assessments as they alternate; all of them when there is no limit."""
        left = at_most
        while left is None or left > 0:
            sample = self._queues.samples.take()
            if sample is not None:
                payload = payloads.data(sample.author, sample.seq, sample.event)
                await self._send(link, self._message("data", payload))
            said = self._queues.assessments.take()
            if said is not None:
                payload = payloads.assessment(said.author, said.seq, said.event)
                await self._send(link, self._message("assessment", payload))
            if sample is None and said is None:
                return
            await self._say_state(link)
            left = None if left is None else left - 1

    async def _beat(self, link: Connection) -> None:
        now_ns = clock.real_ns()
        if now_ns < self._next_beat_ns:
            return
        self._next_beat_ns = now_ns + clock.ns(HEARTBEAT_S)
        moment = self._queues.now
        now, stalled = self._believed(moment)
        payload = payloads.heartbeat(
            moment.author,
            now,
            seq=self._beats,
            t_ns=moment.newest.t_ns if moment.newest is not None else now.t_ns,
            real_ns=now_ns,
            stalled=stalled,
            queue=self._queue(),
        )
        self._beats += 1
        await self._send(link, self._message("hb", payload))
        self._retain_last(moment, stale=stalled or not moment.under_way)
        self._learn_channels(moment)
        for topic, kept in self._also(moment).items():
            self._retain_at(topic, kept)

    def _learn_channels(self, moment: Moment) -> None:
        known = dict(self._channels)
        for reading in moment.newest.readings if moment.newest is not None else ():
            unit = reading.unit if isinstance(reading, Reading) else known.get(reading.channel)
            known[reading.channel] = unit
        if known != self._channels:
            self._channels = known
            self._describe()

    def _retain_last(self, moment: Moment, *, stale: bool) -> None:
        for reading in moment.newest.readings if moment.newest is not None else ():
            said = payloads.last(moment.author.of_run, reading, stale=stale)
            self._retain(channel_topic(reading.channel), said)

    async def _farewell(self, link: Connection) -> None:
        """The last words of an orderly end: everything left, then `offline` with what is known
        of the beam. A run that never told its end is `lost`, whatever it said before."""
        await self._send_events(link, None)
        await self._send_data(link, None)
        moment = self._queues.now
        self._retain_last(moment, stale=True)
        told = replace(moment.state, interlock="unknown")
        if moment.under_way and moment.author.mode is not Mode.REPLAY:
            last = replace(told, word="lost", beam=Beam.UNKNOWN, readback="none", how="run cut off")
        else:
            last = replace(self._believed(moment)[0], word="offline", interlock="unknown")
            if not last.known_off:
                last = replace(last, beam=Beam.UNKNOWN, readback="none")
        self._retain(
            "$state",
            payloads.state(
                moment.author, last, stalled=False, queue=self._queue(), latched=moment.latched
            ),
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

    async def _send(self, link: Connection, message: Message) -> None:
        await link.publish(message)
        self.counters.sent += 1

    async def _pause(self, duration_s: float) -> None:
        """Wait, but no longer than until the end is asked for."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(duration_s):
                await self._stopping.wait()
