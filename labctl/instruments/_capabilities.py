"""What an instrument can do: small protocols that a driver class fulfils.

Driver methods are `async def` and await only the port's `exchange`, `urgent` and `pause`, so that
the engine's event loop and a plain blocking runner drive the same code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable

from labctl.events import Beam, Invalid, Reading
from labctl.instruments._port import Port
from labctl.instruments._question import Question
from labctl.instruments._seal import Seal


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answered."""

    make: str
    model: str
    serial: str = ""
    """Empty where the instrument cannot say."""
    firmware: str = ""

    def __str__(self) -> str:
        parts = [self.make, self.model]
        if self.serial:
            parts.append(f"serial {self.serial}")
        if self.firmware:
            parts.append(f"firmware {self.firmware}")
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """Line settings that the instrument's manual gives."""

    baud: int = 9600
    bits: int = 8
    parity: str = "N"
    stop_bits: float = 1


@dataclass(frozen=True, slots=True)
class DriverSpec:
    """What a driver declares about itself."""

    name: str
    """As in a bench file, e.g. `arroyo-laser`."""
    title: str
    """For people: make and models."""
    capabilities: frozenset[str]
    """Of `source`, `thermometer`, `power_meter`, `gate`, `thermostat`, `doser`, `assay`."""
    transport: str
    """`serial` or `visa`: which library reaches it on a real bench; `library`: the maker's own."""
    serial: SerialSettings | None = None
    confirms_emission: bool = True
    """False: 'commanded, not confirmed'; only a power meter can confirm."""
    drive: str = ""
    """For a source: what its level is, `current` (A), `power` (W) or `voltage` (V)."""
    slowest_exchange_s: float = 0.2
    """No exchange of this driver lasts longer; at most 0.2 on ports that the guard owns."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Key -> help, for the keys that `settings:` in a bench file may carry."""
    fails_safe: str = "none"
    """`hardware_watchdog`, `modulation_gate` or `none`: what drops the beam if the host dies."""
    sets_power_before_on: bool = True
    """False for a source that takes its power only once it is on: it is lit behind a closed shutter
    until the power is set and measured."""
    takes_power_lit: bool = True
    """False for a source whose `set_level` does nothing to the light that is on; else it changes
    the power then, and reads it back as ever."""
    asks_before_block: bool = False
    """For a gate: it can only be toggled, so that nothing may be written blindly."""
    slowest_off_s: float = 0.25
    """From the moment off (or block) is asked for to the energy gone, at the worst that the
    instrument's own protocol allows; over 0.5 a gate must be the way off."""
    starts_within_s: float = 2.0
    """So long a source may say after ON that it is `starting`, at the worst that it can be set up
    to; at most 10. Longer is a fault that ends the emission."""
    connections: int = 1
    """How many hosts the instrument serves at once; over 1, several entries of a bench file may
    hang on one of it, each by a connection of its own (`socket://host:port#name`)."""
    quantum: float | None = None
    """The step between two neighbouring readings of a sensor, in their unit: the largest that it
    may have; None where it is not known. See `quantum`, which knows the settings too."""
    renews_s: float = 0.0
    """A sensor's own pace: asked again sooner it says the same again, which a check would take for
    a second reading. A bench must give it a `min_period` of no less."""
    sensor: str = ""
    """Of a thermometer: `thermocouple`, `fibre` (nothing of metal in the sample), ...; empty where
    the driver cannot know."""
    question: Question | None = None
    """What finds it among ports of which nothing is known; None where nothing can be asked without
    doing something."""


class Driver(Protocol):
    """What every driver has. Constructing one does no I/O."""

    spec: ClassVar[DriverSpec]

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        """`settings` is what the bench file says for it; unknown or bad ones raise InputError."""
        ...

    async def identify(self) -> Identity:
        """Ask who is there; raise IdentityError for a stranger. Never changes an output."""
        ...

    async def configure(self) -> None:
        """Bring the instrument into the mode that `read` needs. A source is forced off here."""
        ...


def quantum(driver: Driver) -> float | None:
    """The step between two neighbouring readings of this sensor as it is set up, degC or W: its own
    `quantum` where a setting decides, else its spec's. None where it is not known."""
    own = getattr(driver, "quantum", None)
    return own if isinstance(own, float) else driver.spec.quantum


def wavelength(driver: Driver) -> float | None:
    """For which light this power meter is set up, m: its `wavelength_m`. None where it has none."""
    own = getattr(driver, "wavelength_m", None)
    return own if isinstance(own, float) else None


@dataclass(frozen=True, slots=True)
class SourceState:
    """What a source says of itself. Fields it cannot read are None."""

    beam: Beam
    """ON or OFF as read back; UNKNOWN where it cannot be read or is only commanded."""
    level: float | None
    """Measured drive level: A for a current-driven diode, W for a power-driven laser, V for a
    supply that drives a resistor."""
    set_level: float | None
    """Set point as read back, or as last commanded where it cannot be read."""
    interlock_closed: bool | None
    key_on: bool | None
    faults: tuple[str, ...] = ()
    """In words; empty when none is reported. One that is told while it is lit ends the emission:
    what is harmless does not belong here."""
    starting: bool = False
    """True during the instrument's own emission delay: it says ON, and gives nothing yet."""
    power_w: float | None = None
    """Power that it gives, where it measures that itself: a supply's voltage times current. None
    for a source whose power only a meter of its own sees."""
    readings: tuple[Reading | Invalid, ...] = ()
    """Channels for the record, named `quantity` without role, e.g. `current`."""


@runtime_checkable
class Source(Protocol):
    """Puts energy into the sample: a laser, a calibration resistor, a field coil.

    `off` and `read` are everybody's. The emitter is handed out only against a seal that nothing
    but the guard makes.
    """

    async def off(self) -> None:
        """Write off at once and blind: waits for no reply and for no other exchange."""
        ...

    async def read(self) -> SourceState:
        """Ask for the state, in at most the exchanges that `spec` declares."""
        ...

    def emitter(self, seal: Seal) -> Emitter:
        """The way to light it; raises when the seal is not the guard's."""
        ...


class Emitter(Protocol):
    """Lights a source. Only the guard holds one."""

    async def set_level(self, level: float) -> None:
        """Set the drive level (A, W or V) and read it back where the instrument can; raises
        DeviceRefusedError when it holds another. Refuses, never clips."""
        ...

    async def limit_level(self, level: float) -> None:
        """Set the instrument's own hard limit and read it back; no-op where it has none."""
        ...

    async def on(self) -> None:
        """Switch emission on at the level set. Never retried."""
        ...


@dataclass(frozen=True, slots=True)
class GateState:
    """What a gate says of itself. Fields it cannot sense are None."""

    blocks: bool | None
    """True when no energy passes, as sensed (a blade's or a contact's position), not as commanded.
    """
    dropped: bool = False
    """It has blocked by itself, because it was not fed, and stays so until it is let through anew.
    """
    faults: tuple[str, ...] = ()
    """In words; empty when none is reported."""


@runtime_checkable
class Gate(Protocol):
    """Stands in the way of the energy: a shutter in the beam, a relay in the interlock loop.

    `block` and `read_gate` are everybody's. What lets through is handed out only against a seal
    that nothing but the guard makes.
    """

    @property
    def drops_after_s(self) -> float | None:
        """It blocks by itself when it has not been fed for so long; None for one that stays."""
        ...

    async def block(self) -> None:
        """Block, by as few exchanges as the instrument allows; where it can, at once and blind."""
        ...

    async def read_gate(self) -> GateState:
        """Ask for the state, in at most the exchanges that `spec` declares. Feeds nothing."""
        ...

    def gatekeeper(self, seal: Seal) -> Gatekeeper:
        """The way to let energy through; raises when the seal is not the guard's."""
        ...


class Gatekeeper(Protocol):
    """Lets energy pass a gate. Only the guard holds one."""

    async def let_through(self) -> None:
        """Open the shutter, close the relay, and read it back; DeviceRefusedError when it does not.
        Never retried. A dead-man that has dropped is reset by this and by nothing else."""
        ...

    async def feed(self) -> GateState:
        """Keep a dead-man from dropping, and read it; nothing but a read for a gate that stays.
        Never lets through what blocks."""
        ...


@runtime_checkable
class Thermometer(Protocol):
    """Reads temperatures. Channel names are those of the bench file (`101`, ...)."""

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that it reads."""
        ...

    async def read_temperatures(self) -> tuple[Reading | Invalid, ...]:
        """One reading a configured channel, degC; open or out of range is Invalid, never a
        number. `Reading.channel` is the instrument's own channel, e.g. `101`."""
        ...


@runtime_checkable
class PowerMeter(Protocol):
    """Reads optical power on its head, W."""

    async def read_power(self) -> Reading | Invalid:
        """`Reading.channel` is `power`; over-range or no sensor is Invalid."""
        ...
