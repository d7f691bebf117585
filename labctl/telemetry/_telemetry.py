"""Telemetry of a run, or of a bench's service for all its life: a thread that publishes what it is
given, in real time, beside the run."""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from labctl import clock
from labctl.errors import LabctlError
from labctl.events import Event, Mode
from labctl.telemetry import _names as names
from labctl.telemetry._address import Address
from labctl.telemetry._choice import BrokerChoice, Find, Found, configured
from labctl.telemetry._claim import BenchName, claim
from labctl.telemetry._embedded import EmbeddedBroker
from labctl.telemetry._home_assistant import discovery, nothing
from labctl.telemetry._link import Connect, LinkError, connect
from labctl.telemetry._payloads import Author, Service
from labctl.telemetry._queues import Queues
from labctl.telemetry._writer import PER_TICK, Counters, Writer

_log = logging.getLogger("labctl.telemetry")

Say = Callable[[str], None]
"""Called on the telemetry's thread with one sentence."""


class Telemetry:
    """Publishes the events of one process over MQTT.

    `publish` may be called from the engine's thread at any rate: it leaves the event in a bounded
    queue and returns. Nothing here can delay or end a run; what could not be sent is counted and
    the count is published.

    Of one run, it is told the run when it is made. Of a service it is not: `between`, `begin` and
    the run's events follow each other, all on the thread that carries out the runs, and the
    heartbeat goes on from `start` to `close`.
    """

    def __init__(
        self,
        bench_name: str,
        mode: Mode,
        desc: Mapping[str, Any],
        broker: BrokerChoice,
        *,
        run_uid: str = "",
        utc_zero_ns: int | None = None,
        stale_after_s: float = 5.0,
        say: Say | None = None,
        home_assistant: bool = False,
        replay_root: str | None = None,
    ) -> None:
        """`utc_zero_ns` is what the run's clock calls UTC at its beginning, None for a service; a
        run that tells nothing for `stale_after_s` of real time is published with its emission
        unknown; `say` hears each change of the connection in one sentence; `home_assistant`: its
        discovery is published too; `replay_root`: of a replay, another root than the usual one,
        never one of benches."""
        if replay_root is not None and mode is not Mode.REPLAY:
            raise ValueError("only a replay has a root of its own")
        self._root = (
            names.root(mode) if replay_root is None else names.check_replay_root(replay_root)
        )
        self.session = names.new_session()
        """New for every process: what is retained from a former one shows another."""
        self._bench_name = bench_name
        self._mode = mode
        self._desc = desc
        self._broker = broker
        self._stale_after_s = stale_after_s
        self._say = say
        self._home_assistant = home_assistant
        now_ns = clock.wall_utc_ns()
        service = Service(clock.real_ns(), now_ns) if utc_zero_ns is None else None
        self._queues = Queues(
            Author(
                mode,
                self.session,
                names.name(bench_name),
                run_uid,
                now_ns if utc_zero_ns is None else utc_zero_ns,
                service,
            )
        )
        self._claimed: BenchName | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._writer: Writer | None = None
        self._ready = threading.Event()
        self._found: Found | None = None
        self._status = "telemetry not started"

    # -- for the engine --------------------------------------------------------------------------

    def publish(self, event: Event) -> None:
        """Leave an event to be sent. Never waits; O(1)."""
        self._queues.put(event)

    # -- for a service, on the thread that carries out its runs ---------------------------------

    def begin(self, run_uid: str, mode: Mode, utc_zero_ns: int) -> None:
        """A run's record is open; what `publish` is given from now on is of it."""
        author = self._queues.now.author
        service = None if author.service is None else replace(author.service, idle=False)
        self._queues.begin(
            replace(author, run=run_uid, mode=mode, utc_zero_ns=utc_zero_ns, service=service)
        )

    def between(self) -> None:
        """No run is on: the bench is `ready`, or `fault` after a run that ended so or was cut off,
        and the beam is unknown within seconds, since nobody looks at it."""
        self._queues.between()

    def ending(self) -> None:
        """The service is `stopping`: every run is closed, and `close` follows."""
        self._queues.word("stopping")

    def latch(self, facts: Mapping[str, Any] | None) -> None:
        """Somebody's STOP LASER stands, by whom and why; None: no more. Published as `latched`,
        state `fault` and the alarm `stop-laser`."""
        self._queues.latch(facts)

    # -- for whoever runs the run, or the service ----------------------------------------------

    def start(self) -> None:
        """Begin to look for the broker and to publish; returns at once."""
        if self._broker.off:
            self._tell(None, "telemetry is off")
            return
        self._claimed = claim(self._realm(), self._bench_name)
        self._queues.name(self._claimed.name)
        if self._claimed.taken:
            self._tell(
                None,
                f"another run publishes as {self._claimed.taken!r}: this one is "
                f"{self._claimed.name!r}",
            )
        self._thread = threading.Thread(target=self._run, name="labctl-telemetry", daemon=True)
        self._thread.start()

    def wait_ready(self, timeout_s: float) -> bool:
        """Wait in real time until the first connection stands; False when it does not by then."""
        return self._ready.wait(timeout_s)

    def close(self, timeout_s: float = 2.0) -> bool:
        """Send what is left and the last word, bounded; False when it could not all be sent
        in time. A second call does nothing."""
        thread = self._thread
        if thread is None:
            return True
        loop, writer = self._loop, self._writer
        if loop is not None and writer is not None:
            try:
                loop.call_soon_threadsafe(writer.stop)
            except RuntimeError:
                # The thread has ended by itself; its status says why.
                pass
        thread.join(timeout_s)
        ended = not thread.is_alive()
        if ended:
            self._thread = None
            if self._claimed is not None:
                self._claimed.release()
        return ended

    @property
    def over(self) -> bool:
        """Nothing is published any more: it was closed, or ended by itself; `status` says why."""
        return self._thread is None or not self._thread.is_alive()

    @property
    def depth(self) -> int:
        """How many events wait to be sent."""
        return self._queues.depth

    @property
    def topic(self) -> str:
        """Everything of this bench is published under it, e.g. `labctl/v1/bench-1`."""
        claimed = self._claimed.name if self._claimed else names.name(self._bench_name)
        return f"{self._root}/{claimed}"

    @property
    def address(self) -> str | None:
        """The broker's address without password; None until the first connection."""
        return None if self._found is None else str(self._found.address)

    def mosquitto_sub_line(self) -> str | None:
        """The shell line that shows this bench's telemetry; None until the first connection."""
        if self._found is None:
            return None
        return self._found.address.mosquitto_sub(f"{self.topic}/#")

    @property
    def status(self) -> str:
        """One sentence on the connection, as last told."""
        return self._status

    def counters(self) -> Counters:
        """What was sent, dropped, spilled; zeros before the start."""
        return self._writer.counters if self._writer is not None else Counters()

    def _realm(self) -> str:
        """Of the lock on the name: those who publish under one root share it."""
        usual = self._root == names.root(self._mode)
        return self._root.partition("/")[0] if usual else self._root.replace("/", "-")

    # -- on the telemetry's thread -------------------------------------------------------------

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except LabctlError as error:
            self._tell(None, f"telemetry ended: {error}")
        except Exception:
            # The run goes on without telemetry; a fault here must be seen, and not end it.
            _log.exception("telemetry ended by a fault in labctl")
            self._tell(None, "telemetry ended by a fault in labctl; the run is not affected")

    async def _main(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_quiet_about_lost_links)
        address = self._broker.address
        embedded = EmbeddedBroker(port=self._broker.port)
        self._writer = self._make_writer(
            embedded.find if address is None else configured(address), connect
        )
        self._loop = loop
        try:
            await self._writer.run()
        finally:
            embedded.release()

    async def speak(self, over: Connect) -> None:
        """Publish until cancelled on the loop that runs, in its time, over what `over` opens:
        for a trial of what a broker may do. It takes the place of `start`."""
        self._writer = self._make_writer(configured(Address("trial")), over)
        await self._writer.run()

    def _make_writer(self, find: Find, over: Connect) -> Writer:
        return Writer(
            self.topic,
            self._desc,
            self._queues,
            find,
            stale_after_s=self._stale_after_s,
            tell=self._tell,
            connect=over,
            # A replay waits for its readers, and is read whole.
            per_tick=None if self._mode is Mode.REPLAY else PER_TICK,
            also=functools.partial(discovery, self.topic) if self._home_assistant else nothing,
        )

    def _tell(self, found: Found | None, sentence: str) -> None:
        if found is not None:
            self._found = found
            self._ready.set()
        if sentence != self._status:
            self._status = sentence
            if self._say is not None:
                self._say(sentence)


def _quiet_about_lost_links(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """aiomqtt leaves futures behind whose exceptions the link has already raised once."""
    error = context.get("exception")
    kind = type(error)
    if isinstance(error, LinkError) or kind.__module__.startswith("aiomqtt"):
        return
    loop.default_exception_handler(context)
