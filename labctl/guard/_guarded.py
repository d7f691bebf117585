"""What the guard needs of the instruments that it owns; a bench provides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from labctl.errors import LabctlError
from labctl.events import Invalid, Reading
from labctl.instruments import Emitter, Seal, SourceState


class GuardedSource(Protocol):
    """The source as the guard needs it; a bench gives one, over whatever port it hangs on."""

    @property
    def confirms(self) -> bool:
        """Whether emission can be read back from the source itself."""
        ...

    async def off(self) -> None: ...

    async def read(self) -> SourceState: ...

    async def emitter(self, seal: Seal) -> Emitter: ...

    async def reopen(self) -> None:
        """Open the port again and force off: the path left when the port is gone."""
        ...

    def level(self, power_w: float) -> float:
        """Drive level for a power at the sample; raises RefusedError outside the calibration."""
        ...


class GuardedMeter(Protocol):
    """The power meter, already converted to watts at the sample."""

    async def read_power_at_sample(self) -> Reading | Invalid: ...


@dataclass(frozen=True, slots=True)
class GuardReadings:
    """What the guard read from the instruments it owns, for the record."""

    source: SourceState | None
    power: Reading | Invalid | None
    lost: LabctlError | None = None
    """Set when the source or the meter could not be read at all."""
