"""The port as a driver has it: back in step before it serves, and a query repeated once.

Late replies are the trap: after a timeout the next query would be answered by the previous one.
So nothing is exchanged over a port that is out of step until its owner has drained it and heard the
right identity again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from labctl.errors import InstrumentError, PortProtocolError, PortTimeoutError
from labctl.instruments._port import Frame
from labctl.instruments._raw import RawPort, not_sent


class SteadyPort:
    """Wraps a raw port for one driver."""

    __slots__ = ("_job_urgents", "_lost_step", "_raw", "_resynchronise", "resynchronising")

    def __init__(
        self,
        raw: RawPort,
        lost_step: Callable[[InstrumentError], Awaitable[None]],
        resynchronise: Callable[[], Awaitable[None]],
    ) -> None:
        """`lost_step` is told when the port falls out of step; `resynchronise` brings it back or
        raises."""
        self._raw = raw
        self._lost_step = lost_step
        self._resynchronise = resynchronise
        self._job_urgents = 0
        self.resynchronising = False

    @property
    def urgents(self) -> int:
        """How many urgent writes there have been."""
        return self._raw.urgents

    def begin_job(self, urgents: int) -> None:
        """From here to the next call is one job: an urgent write since there were `urgents` of
        them ends its commands."""
        self._job_urgents = urgents

    @property
    def address(self) -> str:
        return self._raw.address

    @property
    def arrived_ns(self) -> int:
        return self._raw.arrived_ns

    async def exchange(
        self, data: bytes, reply: Frame, *, timeout_s: float, retry: bool = False
    ) -> bytes:
        """As `Port.exchange`."""
        raw = self._raw
        if not raw.in_step and not self.resynchronising:
            await self._resynchronise()
        if raw.urgents != self._job_urgents and not (retry or self.resynchronising):
            raise not_sent("")
        try:
            return await raw.exchange(data, reply, timeout_s=timeout_s, retry=retry)
        except (PortTimeoutError, PortProtocolError) as error:
            if self.resynchronising:
                raise
            await self._lost_step(error)
            if not retry:
                raise
        await self._resynchronise()
        try:
            return await raw.exchange(data, reply, timeout_s=timeout_s, retry=True)
        except (PortTimeoutError, PortProtocolError) as error:
            await self._lost_step(error)
            raise

    async def urgent(self, data: bytes) -> None:
        """As `Port.urgent`."""
        await self._raw.urgent(data)

    async def pause(self, duration_s: float) -> None:
        """As `Port.pause`."""
        await self._raw.pause(duration_s)
