"""What a guard asks of the instruments that it owns, over whatever ports they hang on."""

from __future__ import annotations

from typing import Protocol

from labctl.events import Invalid, Reading
from labctl.instruments._capabilities import Emitter, Gatekeeper, GateState, SourceState
from labctl.instruments._seal import Seal


class GuardedSource(Protocol):
    """The source as the guard needs it; a bench gives one, over whatever port it hangs on."""

    @property
    def confirms(self) -> bool:
        """Whether emission can be read back from the source itself."""
        ...

    @property
    def sets_power_before_on(self) -> bool:
        """False: it is lit behind a closed shutter until its power is set and measured."""
        ...

    @property
    def takes_power_lit(self) -> bool:
        """False: its power cannot be changed while it is on."""
        ...

    @property
    def needs_shutter(self) -> bool:
        """Without a shutter it may not be armed."""
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


class GuardedGate(Protocol):
    """A shutter in the beam, or a dead-man relay in the laser's interlock loop."""

    @property
    def name(self) -> str:
        """Its role on the bench: `shutter`, `deadman`."""
        ...

    @property
    def in_beam(self) -> bool:
        """True for a shutter: that it reads closed says that no light reaches the sample. An open
        contact in an interlock loop says nothing of the light."""
        ...

    @property
    def drops_after_s(self) -> float | None:
        """It blocks by itself when not fed for so long; None for one that stays as it is."""
        ...

    async def block(self) -> None: ...

    async def read(self) -> GateState: ...

    async def gatekeeper(self, seal: Seal) -> Gatekeeper: ...


class GuardedMeter(Protocol):
    """The power meter, already converted to watts at the sample. On a bench with a shutter it sees
    the beam before the shutter."""

    async def read_power_at_sample(self) -> Reading | Invalid: ...
