"""What the guard needs of the instruments that it owns; a bench provides it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from labctl.errors import InstrumentError, LabctlError
from labctl.events import Invalid, Reading
from labctl.guard._messages import SourceSeen
from labctl.instruments import Emitter, Gatekeeper, GateState, Seal, SourceState


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


@dataclass(frozen=True, slots=True)
class GuardReadings:
    """What the guard read from the instruments it owns, for the record."""

    source: SourceState | None
    power: Reading | Invalid | None
    before_shutter: Reading | None = None
    """What the meter sees on a bench with a shutter; while that holds the light back, `power` is
    zero."""
    gates: tuple[Reading, ...] = ()
    """`shutter.closed`, `deadman.closed`, as sensed: 1 or 0."""
    lost: LabctlError | None = None
    """Set when the source or the meter could not be read at all."""


async def or_error(read: Callable[[], Awaitable[object]]) -> object:
    """The reading, or the error that an instrument made of it, as a value. It is begun here, so
    that one which is ended before it begins leaves nothing behind."""
    try:
        return await read()
    except InstrumentError as error:
        return error


def seen_of(source: SourceState, power: Reading | Invalid | None, now_ns: int) -> SourceSeen:
    """What the rules look at, of what source and meter gave."""
    measured = power if isinstance(power, Reading) else None
    if measured is None and source.power_w is not None:
        # It measures itself what it gives: a supply, its voltage and current.
        measured = Reading("power", source.power_w, "W", now_ns)
    return SourceSeen(
        taken_ns=now_ns,
        beam=source.beam,
        interlock_closed=source.interlock_closed,
        key_on=source.key_on,
        faults=source.faults,
        measured_power_w=measured.value if measured else None,
        meter_ns=measured.t_ns if measured else 0,
        starting=source.starting,
    )
