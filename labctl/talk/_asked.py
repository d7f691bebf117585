"""What the engine and the guard say to each other: plain, frozen values.

They cross a function call when the guard lives in the engine's process and a socket when it has a
process of its own; neither side may put anything else into them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from labctl.errors import BeamNotConfirmedOffError, LabctlError
from labctl.events import LASER, Beam, Invalid, Reading
from labctl.instruments import SourceState

STOP = "stop"
"""The `rule` of the trip that a person makes who asks the guard itself for off."""


class Phase(StrEnum):
    """Where the guard is. Off works in all of them."""

    DISARMED = "DISARMED"
    ARMING = "ARMING"
    ARMED = "ARMED"
    EMISSION_DELAY = "EMISSION DELAY"
    """Commanded on; the instrument's own delay runs, or the first read-back is awaited."""
    EMITTING = "EMITTING"
    TRIPPED = "TRIPPED"
    """Latched, until a person resets it."""


LIT = frozenset({Phase.EMISSION_DELAY, Phase.EMITTING})
"""Phases in which there may be light."""
LIVE = LIT | {Phase.ARMED}
"""Phases in which there may be light or may be any moment."""


@dataclass(frozen=True, slots=True)
class Arm:
    """Ask for the right to light. `digest` is that of the GuardSpec that the person saw."""

    who: str
    digest: str
    source: str = LASER
    """Which of the bench's sources."""


@dataclass(frozen=True, slots=True)
class Act:
    """A person at the bench has typed what the guard wanted typed. Only then is `Arm` heard on a
    REAL bench."""

    who: str
    terminal: str
    """Where it was typed, `/dev/tty2`."""
    typed: str


@dataclass(frozen=True, slots=True)
class Emit:
    """Ask for emission, after its intent is durable on the record."""

    power_w: float
    """At the sample."""
    at_most_ns: int
    """What the protocol declared; emission never lasts longer."""
    source: str = LASER


@dataclass(frozen=True, slots=True)
class Adjust:
    """Ask for another power while this source emits. It lengthens nothing and relights nothing."""

    power_w: float
    """At the sample."""
    source: str = LASER


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What the control step has just looked at. The only thing that renews a lease."""

    taken_ns: int
    """When the guarded reading was taken."""
    temperature_degc: float | None
    """None when the guarded reading is invalid."""
    invalid: str = ""
    """Its reason then."""


@dataclass(frozen=True, slots=True)
class Trip:
    """A rule that fired: which, in words, with its numbers."""

    rule: str
    message: str
    value: float | None = None
    limit: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class OffReport:
    """What came of a beam off."""

    confirmed: bool
    beam: Beam
    how: str
    """`read back`, `power meter`, `never lit`, `commanded, not confirmed`, or what was tried."""
    took_ns: int
    source: str = LASER


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


def not_confirmed(report: OffReport) -> BeamNotConfirmedOffError:
    """The error for a source that is not confirmed off."""
    if report.source == LASER:
        what, fix = "THE BEAM", "Use the interlock or the key now."
    else:
        what, fix = f"THE {report.source.upper()}", "Pull its plug now."
    return BeamNotConfirmedOffError(f"{what} IS NOT CONFIRMED OFF", seen=report.how, fix=fix)
