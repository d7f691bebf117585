"""What a run asks of its guard, wherever that lives: in this process, or in one of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from labctl.events import LASER, Beam
from labctl.guard import Act, Arm, Emit, GuardReadings, GuardSpec, Heartbeat, OffReport, Phase


class AnyGuard(Protocol):
    """The guard of one source; see `Guard`."""

    @property
    def spec(self) -> GuardSpec: ...

    @property
    def phase(self) -> Phase: ...

    @property
    def can_confirm(self) -> bool: ...

    @property
    def lit_ns(self) -> int: ...

    def emission(self) -> tuple[Beam, str]: ...

    async def read(self) -> GuardReadings: ...


class AnyGuards(Protocol):
    """The guards of a run's sources; see `Guards`."""

    def of(self, source: str) -> AnyGuard: ...

    async def readings(self) -> Mapping[str, GuardReadings]: ...

    def heartbeat(self, beat: Heartbeat) -> None: ...

    async def wanted(self, ahead_ns: int = 0) -> str: ...

    async def act(self, act: Act) -> None: ...

    async def arm(self, request: Arm) -> None: ...

    def disarm(self) -> None: ...

    async def emit(
        self, request: Emit, *, commanded: Callable[[int], None] | None = None
    ) -> None: ...

    async def adjust(self, power_w: float, source: str = LASER) -> int: ...

    async def beam_off(self, why: str) -> Mapping[str, OffReport]: ...

    async def close(self) -> None: ...
