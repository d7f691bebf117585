"""What a run asks of its guards, wherever they live: in this process, or in one of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from labctl.events import LASER
from labctl.talk._asked import Act, Arm, Emit, GuardReadings, Heartbeat, OffReport, Trip
from labctl.talk._process import SourceNews
from labctl.talk._spec import GuardSpec

OnTrip = Callable[[Trip], None]
Commanding = Callable[[int], None]
"""Told the time at which on is written."""


class AnyGuard(Protocol):
    """The guard of one source; see `labctl.guard.Guard`."""

    @property
    def spec(self) -> GuardSpec: ...

    @property
    def news(self) -> SourceNews: ...


class AnyGuards(Protocol):
    """The guards of a run's sources; see `labctl.guard.Guards`."""

    def of(self, source: str) -> AnyGuard: ...

    async def readings(self) -> Mapping[str, GuardReadings]: ...

    def heartbeat(self, beat: Heartbeat) -> None: ...

    async def wanted(self, ahead_ns: int = 0) -> str: ...

    async def act(self, act: Act) -> None: ...

    async def arm(self, request: Arm) -> None: ...

    def disarm(self) -> None: ...

    async def emit(self, request: Emit, *, commanded: Commanding | None = None) -> None: ...

    async def adjust(self, power_w: float, source: str = LASER) -> int: ...

    async def beam_off(self, why: str) -> Mapping[str, OffReport]: ...

    async def close(self) -> None: ...


class Held(AnyGuards, Protocol):
    """Guards in the process that serves them."""

    def latch(self, cause: Trip) -> object: ...
