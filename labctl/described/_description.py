"""What a file says of an instrument, as plain values in SI units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from labctl.instruments import SerialSettings


@dataclass(frozen=True, slots=True)
class Scale:
    """From the number on the wire to the SI unit (degC for a temperature)."""

    factor: float = 1.0
    offset: float = 0.0

    def si(self, wire: float) -> float:
        return wire * self.factor + self.offset

    def wire(self, si: float) -> float:
        return (si - self.offset) / self.factor


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the pattern that its whole answer must match."""

    ask: bytes
    reply: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class State:
    """A question that is answered in one of two ways."""

    ask: bytes
    yes: re.Pattern[str]
    no: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Measured:
    """A reading: how it is asked for, and what is none."""

    channel: str
    asked: Asked
    scale: Scale
    low: float
    high: float
    invalid: Mapping[str, re.Pattern[str]]
    """Reason -> pattern."""


@dataclass(frozen=True, slots=True)
class Output:
    """What lights or heats."""

    drive: str
    """`current`, `power` or `voltage`."""
    scale: Scale
    most: float
    decimals: int
    set_level: str
    """With `{value}` in it."""
    set_point: Asked | None
    measured: Asked | None
    on: bytes
    off: bytes
    safe: float
    state: State | None
    interlock: State | None


@dataclass(frozen=True, slots=True)
class Barrier:
    """What stands in the way of the energy."""

    block: bytes
    let_through: bytes
    position: State


@dataclass(frozen=True, slots=True)
class Description:
    """One instrument."""

    name: str
    title: str
    identity: Asked
    serial: SerialSettings
    transport: str
    ends: bytes
    reply_ends: bytes
    reply_s: float
    pause_s: float
    acknowledge: re.Pattern[str] | None
    errors: Asked | None
    """Answered so when there is no error."""
    start: tuple[bytes, ...]
    thermometer: tuple[Measured, ...] = ()
    power_meter: Measured | None = None
    output: Output | None = None
    gate: Barrier | None = None
    source_file: str = field(default="", compare=False)
