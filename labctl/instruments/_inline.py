"""A port without socket, thread or waiting: the exchange is computed, then the clock goes there.

This is the hot path of a simulated run: a point of the curve costs several exchanges.
"""

from __future__ import annotations

from collections.abc import Callable

from labctl.clock import NS, Clock
from labctl.errors import PortDisconnectedError, PortTimeoutError
from labctl.instruments._frames import Framer, is_one_line
from labctl.instruments._link import Link
from labctl.instruments._port import Frame, Line, Silent
from labctl.instruments._raw import not_sent


class InlinePort:
    """The host's end of a simulated cable."""

    __slots__ = ("_clock", "_free_ns", "_link", "_plug", "_rest", "address", "arrived_ns",
                 "in_step", "urgents", "where")  # fmt: skip

    def __init__(self, plug: Callable[[], Link], clock: Clock, address: str, where: str) -> None:
        """`plug` gives the link each time the port is opened; `where` stands in errors."""
        self._plug = plug
        self._clock = clock
        self._link: Link | None = None
        self._rest = b""
        # No exchange begins before: the last one, though cancelled, still holds the wire.
        self._free_ns = 0
        self.address = address
        self.where = where
        self.arrived_ns = 0
        self.in_step = True
        self.urgents = 0

    async def open(self) -> None:
        """Plug in."""
        if self._link is None:
            self._link = self._plug()
            self._rest = b""
            self.in_step = True

    async def close(self) -> None:
        """Unplug; again changes nothing."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    async def exchange(
        self, data: bytes, reply: Frame, *, timeout_s: float, retry: bool = False
    ) -> bytes:
        """As `RawPort.exchange`."""
        clock = self._clock
        link = self._link
        if link is None:
            raise self._closed()
        now_ns = clock.now_ns()
        urgents = self.urgents
        while now_ns < self._free_ns:
            await clock.sleep_until(self._free_ns)
            now_ns = clock.now_ns()
            if urgents != self.urgents and not retry:
                raise not_sent(self.where)
        if data:
            # Nothing is owed to us now: what lies there would be taken for the answer.
            while link.next_chunk(now_ns) is not None:
                pass
            self._rest = b""
            link.write(data, now_ns)
        deadline_ns = now_ns + round(timeout_s * NS)
        if isinstance(reply, Silent):
            return b""
        got = self._rest
        if not got:
            arrived = link.next_chunk(deadline_ns)
            if arrived is not None:
                t_ns, got = arrived
                if type(reply) is Line and is_one_line(reply, got):
                    # One whole line in one piece, as nearly always.
                    self.arrived_ns = self._free_ns = t_ns
                    await clock.sleep_until(t_ns)
                    return got
                self.arrived_ns = t_ns
        return await self._collect(link, Framer(reply), got, deadline_ns)

    async def _collect(self, link: Link, framer: Framer, chunk: bytes, deadline_ns: int) -> bytes:
        """The general way: pieces, frames of other kinds, or nothing at all."""
        try:
            whole = framer.feed(chunk) if chunk else None
            while whole is None:
                arrived = link.next_chunk(deadline_ns)
                if arrived is None:
                    self._free_ns = deadline_ns
                    self.in_step = False
                    await self._clock.sleep_until(deadline_ns)
                    raise self._timeout(framer.rest)
                self.arrived_ns, chunk = arrived
                whole = framer.feed(chunk)
        except Exception:
            self.in_step = False
            raise
        self._rest = framer.rest
        self._free_ns = self.arrived_ns
        await self._clock.sleep_until(self.arrived_ns)
        return whole

    async def urgent(self, data: bytes) -> None:
        """As `Port.urgent`: in the very turn of the loop that asks for it."""
        if self._link is None:
            raise self._closed()
        self.in_step = False
        self.urgents += 1
        self._link.write(data, self._clock.now_ns())

    async def pause(self, duration_s: float) -> None:
        """As `Port.pause`; holds for the next exchange even when this wait is cancelled."""
        self._free_ns = max(self._free_ns, self._clock.now_ns() + round(duration_s * NS))
        await self._clock.sleep_until(self._free_ns)

    async def drain(self, quiet_s: float) -> bytes:
        """As `RawPort.drain`."""
        if self._link is None:
            raise self._closed()
        dropped = self._rest
        self._rest = b""
        quiet_ns = self._clock.now_ns() + round(quiet_s * NS)
        while (arrived := self._link.next_chunk(quiet_ns)) is not None:
            t_ns, chunk = arrived
            dropped += chunk
            quiet_ns = max(quiet_ns, t_ns + round(quiet_s * NS))
        await self._clock.sleep_until(quiet_ns)
        return dropped

    def _timeout(self, rest: bytes) -> PortTimeoutError:
        return PortTimeoutError("no complete reply in time", where=self.where, seen=repr(rest))

    def _closed(self) -> PortDisconnectedError:
        return PortDisconnectedError("the port is not open", where=self.where)
