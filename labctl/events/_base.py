"""What every event rests on: modes, beams, readings, the base class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, TypeAlias

Plain: TypeAlias = Mapping[str, Any]
"""JSON-able mapping."""


class Mode(StrEnum):
    """Where the readings come from. Found, never declared."""

    SIMULATED = "SIMULATED"
    REAL = "REAL"
    REPLAY = "REPLAY"
    IMPORTED = "IMPORTED"
    """From a file that somebody else's instruments wrote; no run of labctl."""


class Beam(StrEnum):
    """What is known of the emission. There is no word for 'safe'."""

    OFF = "off"
    ON = "on"
    UNKNOWN = "unknown"


LASER, HEATER, COIL = "laser", "heater", "coil"
SOURCES = (LASER, HEATER, COIL)
"""The sources of energy that a run may light, by the role that each has on its bench: light, a
resistor in the cell, an alternating magnetic field around it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One number that an instrument gave, in SI units (temperatures in degC are the exception
    that the field insists on; the unit says so)."""

    channel: str
    """`role.quantity`, e.g. `probe.temperature`, `meter.power`, `laser.current`."""
    value: float
    unit: str
    t_ns: int
    """When the instrument took it, as well as we can know."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """A reading that is none: why, and in words what the instrument said."""

    channel: str
    reason: str
    """One of `open`, `range`, `timeout`, `disconnected`, `protocol`, `device`, `no-sensor`."""
    detail: str
    t_ns: int


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events."""

    kind: ClassVar[str] = "event"
    t_ns: int
    """Nanoseconds since the run began."""
