"""What `Instrument` needs of a port beyond what a driver sees: opening, closing, being in step."""

from __future__ import annotations

from typing import Protocol

from labctl.errors import DeviceRefusedError
from labctl.instruments._port import Port


class RawPort(Port, Protocol):
    """A port before resynchronising is put on top.

    It never repeats an exchange by itself; `retry` only tells it that this one is a query.
    """

    in_step: bool
    """False after a timeout, a garbled frame or an urgent write, until `drain` and a good
    identification; whoever did those sets it to True."""

    urgents: int
    """How many urgent writes there were. A command that waited meanwhile is not sent: what was
    asked before an off must not be done after it."""

    async def open(self) -> None:
        """Raises PortDisconnectedError when there is nothing to open."""
        ...

    async def drain(self, quiet_s: float) -> bytes:
        """Drop what has come and what still comes, until nothing has for `quiet_s`."""
        ...

    async def close(self) -> None:
        """Release the port; again, or before `open`, changes nothing."""
        ...


def not_sent(where: str) -> DeviceRefusedError:
    """The error for a command that an urgent write overtook."""
    return DeviceRefusedError("not sent: the source was switched off meanwhile", where=where)
