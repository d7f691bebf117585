"""What engine and guard say to each other when the guard has a process of its own.

Frozen values; nothing else crosses the wire. The engine says `Setup` first, then `LogTo`,
`Heartbeat`, `Asked`, `Dropped`, `Disarm` and `Close`; the guard `Ready` or `Refused`, then `News`,
`Answer`, `Commanded` and `Trouble`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labctl.errors import LabctlError
from labctl.events import Beam
from labctl.talk._asked import Act, Adjust, Arm, Emit, GuardReadings, OffReport, Phase, Trip
from labctl.talk._latched import Latch
from labctl.talk._spec import GuardSpec

TICK_S = 0.04
"""So often a guard's process looks at every rule, and says that it lives."""
READ_S = 0.2
"""So often it reads its instruments when nobody asks it to."""


@dataclass(frozen=True, slots=True)
class OwnedInstrument:
    """One instrument whose port the guard holds alone."""

    key: str
    driver: str
    address: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OwnedSource:
    """A source, its limits and its calibration in plain numbers."""

    name: str
    instrument: str
    spec: GuardSpec
    threshold: float = 0.0
    slope: float = 1.0
    """Watts at the sample = slope (level - threshold)."""
    resistance_ohm: float | None = None
    """For a resistor the level is a voltage ..."""
    by_current: bool = False
    """... or, of an induction heater's coil, a current."""

    def level(self, power_w: float) -> float:
        """Drive level for a power."""
        if self.resistance_ohm is not None:
            ohm = self.resistance_ohm
            return math.sqrt(power_w / ohm if self.by_current else power_w * ohm)
        return self.threshold + power_w / self.slope

    def measured_w(self, level: float) -> float | None:
        """The power by a measured current; None where the source tells it itself, or a meter."""
        ohm = self.resistance_ohm
        return ohm * level**2 if self.by_current and ohm is not None else None


@dataclass(frozen=True, slots=True)
class Setup:
    """The first message: what the guard holds, and by which limits."""

    bench: str
    zero_ns: int
    """The engine's clock began here, on the machine's boot-time clock."""
    instruments: tuple[OwnedInstrument, ...]
    sources: tuple[OwnedSource, ...]
    gates: Mapping[str, str]
    """Role -> instrument."""
    meter: str
    """Instrument, or empty."""
    pick_off: float
    """Watts on the meter's head per watt at the sample."""
    control: str
    """Where anybody of this user may ask for off."""
    latch: Latch | None = None
    """Where a trip is kept across processes; None keeps none."""
    act_hold_s: float = 600.0
    """So long an act at the bench holds, where anything REAL is to be lit."""
    unattended_by: str = ""
    """The laser safety officer who allows this run to light with nobody at the bench."""


@dataclass(frozen=True, slots=True)
class Found:
    """An instrument that answered the guard."""

    key: str
    make: str
    model: str
    serial: str
    firmware: str
    simulated: bool


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything answered, every source was forced off."""

    found: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Something is missing; every port is released."""

    causes: tuple[LabctlError, ...]


@dataclass(frozen=True, slots=True)
class LogTo:
    """The file for the guard's own log."""

    path: str


@dataclass(frozen=True, slots=True)
class Read:
    """Read everything now."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be typed at the bench?"""

    ahead_ns: int = 0


@dataclass(frozen=True, slots=True)
class Off:
    """Every source off, until confirmed or given up."""

    why: str


@dataclass(frozen=True, slots=True)
class Close:
    """The run is over: off, ports released, gone."""


@dataclass(frozen=True, slots=True)
class Disarm:
    """Every right to light goes back."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with a number of its own, for its answer."""

    number: int
    what: Read | Wanted | Act | Arm | Emit | Adjust | Off


@dataclass(frozen=True, slots=True)
class Dropped:
    """Nobody waits for the answer any more; what was begun ends."""

    number: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request."""

    number: int
    error: LabctlError | None = None
    reports: Mapping[str, OffReport] = field(default_factory=dict)
    readings: Mapping[str, GuardReadings] = field(default_factory=dict)
    wanted: str = ""
    set_ns: int = 0
    """When the power was set."""


@dataclass(frozen=True, slots=True)
class Commanded:
    """On is written now, for this request."""

    number: int
    t_ns: int


@dataclass(frozen=True, slots=True)
class SourceNews:
    """What the guard knows of one source."""

    name: str
    phase: Phase
    beam: Beam
    how: str
    lit_ns: int
    can_confirm: bool
    ever_lit: bool
    meter_saw_it: bool


@dataclass(frozen=True, slots=True)
class News:
    """Told at every tick, and before every answer: the guard lives, and this is how things are."""

    sources: tuple[SourceNews, ...]
    trip: Trip | None
    """The first cause, once off has been written."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A port misbehaves."""

    key: str
    what: str
    detail: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """What came of an off that was asked for at the control socket."""

    bench: str
    reports: Mapping[str, OffReport]
    """None from a guard that was still connecting: it leaves, and lights nothing."""
