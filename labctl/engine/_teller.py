"""Where an event goes: journal first, then the check, then everybody who only looks.

The order is the contract: nothing is shown that is not on its way to disk, and nothing downstream
of the journal can slow the sampling (publishers are bounded queues that never wait).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

from labctl.clock import Clock
from labctl.errors import RecordError
from labctl.events import Event


class EventJournal(Protocol):
    """The journal as the engine needs it."""

    def append(self, event: Event) -> int:
        """Take an event; returns its sequence number. Raises RecordError once writing failed."""
        ...

    def durable(self, seq: int) -> concurrent.futures.Future[None]:
        """Done when everything up to `seq` is synced."""
        ...

    @property
    def backlog(self) -> int:
        """Events taken and not yet synced."""
        ...


class EventMonitor(Protocol):
    """The check as the engine needs it."""

    def feed(self, event: Event) -> Sequence[Event]: ...


Publish = Callable[[Event], None]

_PATIENCE_S = 10.0
"""With a disk that hangs."""
_BACKLOG = 4096
"""Events that may wait for the disk before a virtual clock is held."""


class Teller:
    """Tells every event of a run, in order."""

    def __init__(
        self,
        clock: Clock,
        journal: EventJournal,
        monitor: EventMonitor | None,
        publish: Sequence[Publish],
    ) -> None:
        self._clock = clock
        self._journal = journal
        self._monitor = monitor
        self._publish = tuple(publish)
        self.last_seq = 0
        self.closing = False
        """Set when the run is being closed: then whoever fails, be it the journal, the check or one
        who looks, keeps nobody from hearing the rest, and the first fault is kept."""
        self.fault: Exception | None = None

    def tell(self, event: Event) -> None:
        """Journal, check, publish; and the same for what the check has to say about it."""
        self._hand_on(event)
        if self._monitor is None:
            return
        said: Sequence[Event] = ()
        try:
            said = self._monitor.feed(event)
        except Exception as fault:
            self._keep(fault)
        for word in said:
            self._hand_on(word)

    def let_go(self) -> None:
        """The run is over: nothing that is told any more is the check's."""
        self._monitor = None

    def tell_anyway(self, event: Event) -> None:
        """As `tell`, but whatever fails is kept in `fault` and raised to nobody: for what ends a
        run and must not be held up by how it is told."""
        closing, self.closing = self.closing, True
        try:
            self.tell(event)
        finally:
            self.closing = closing

    def _hand_on(self, event: Event) -> None:
        try:
            self.last_seq = self._journal.append(event)
        except Exception as fault:
            self._keep(fault)
        for publish in self._publish:
            try:
                publish(event)
            except Exception as fault:
                self._keep(fault)

    def _keep(self, fault: Exception) -> None:
        """Called where a fault was caught: it goes on, unless the run is being closed."""
        self.fault = self.fault or fault
        if not self.closing:
            raise fault

    async def durable(self) -> None:
        """Return when all that was told is synced to disk. Holds a virtual clock meanwhile; in
        real time a disk that does not answer is a fault, and nobody waits for it for ever."""
        synced = self._clock.settle(self._journal.durable(self.last_seq))
        try:
            if self._clock.virtual:
                await synced
            else:
                await self._in_time(synced)
        except RecordError as fault:
            self.fault = self.fault or fault
            if not self.closing:
                raise

    async def _in_time(self, synced: Coroutine[Any, Any, None]) -> None:
        try:
            # Not wait_for: until Python 3.12 it loses a stop that comes with the answer.
            async with asyncio.timeout(_PATIENCE_S):
                await synced
        except TimeoutError:
            raise RecordError(
                f"the disk has not answered for {_PATIENCE_S:g} s",
                fix="Check the disk, or choose another with --runs.",
            ) from None

    async def breathe(self) -> None:
        """In virtual time the disk may fall behind the clock: wait for it now and then."""
        if self._clock.virtual and self._journal.backlog > _BACKLOG:
            await self.durable()
