"""What happens in a run: instruments, steps, readings, emission, people, its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from labctl.events._base import LASER, Beam, Event, Invalid, Mode, Plain, Reading


@dataclass(frozen=True, slots=True)
class RunBegun(Event):
    """First event of every run."""

    kind: ClassVar[str] = "run-begun"
    mode: Mode
    protocol: str
    protocol_digest: str
    bench: str
    bench_digest: str
    sample: str
    sample_digest: str
    seed: int | None
    """Seed of the simulated world; None on a real bench."""
    version: str
    parameters: Plain = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    """Faults injected into the simulated world."""


@dataclass(frozen=True, slots=True)
class InstrumentFound(Event):
    """An instrument answered and is the one the bench file names."""

    kind: ClassVar[str] = "instrument-found"
    instrument: str
    driver: str
    identity: str
    address: str
    confirms: bool
    """False for an emitter that cannot be read back: 'commanded, not confirmed'."""


@dataclass(frozen=True, slots=True)
class FilesKept(Event):
    """Files beside the journal as they are at this moment, so that a change to one is found."""

    kind: ClassVar[str] = "files-kept"
    files: Plain
    """By name: `sha256` in hex, and `bytes`; of a log that is still written, of its first ones."""


@dataclass(frozen=True, slots=True)
class StateChanged(Event):
    """The engine went from one state of its table to another."""

    kind: ClassVar[str] = "state-changed"
    old: str
    new: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class StepBegun(Event):
    kind: ClassVar[str] = "step-begun"
    index: int
    of: int
    verb: str
    name: str
    at_most_ns: int
    power_w: float | None = None


@dataclass(frozen=True, slots=True)
class StepEnded(Event):
    kind: ClassVar[str] = "step-ended"
    index: int
    why: str


@dataclass(frozen=True, slots=True)
class Sample(Event):
    """Everything read at one tick of the sampling grid. `t_ns` is when the last reading came in."""

    kind: ClassVar[str] = "sample"
    scheduled_ns: int
    readings: tuple[Reading | Invalid, ...]


@dataclass(frozen=True, slots=True)
class EmissionIntent(Event):
    """Written and synced before the guard may light anything."""

    kind: ClassVar[str] = "emission-intent"
    power_w: float
    at_most_ns: int
    lease_ns: int
    source: str = LASER
    """`laser`, `heater` or `coil`: which source is about to be lit."""


@dataclass(frozen=True, slots=True)
class Emission(Event):
    """What is known of a source after a command or an edge. The calibration resistor is a source
    as the laser is; ON is what it is while power flows through it."""

    kind: ClassVar[str] = "emission"
    beam: Beam
    how: str
    """`read back`, `commanded, not confirmed`, `power meter`, `manual`, ..."""
    power_w: float | None = None
    """Power at the sample asked for; of the resistor and of the coil, electrical power."""
    why: str = ""
    source: str = LASER
    """`laser`, `heater` or `coil`."""


@dataclass(frozen=True, slots=True)
class Tripped(Event):
    """A guard rule fired; latched. The first one of a run is its cause."""

    kind: ClassVar[str] = "tripped"
    rule: str
    message: str
    value: float | None = None
    limit: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class PortTrouble(Event):
    """A port misbehaved and what was done: late reply resynchronised, disconnected, ..."""

    kind: ClassVar[str] = "port-trouble"
    instrument: str
    address: str
    what: str
    """`resynchronised`, `timeout`, `disconnected`, `protocol`."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Note(Event):
    """A person's, or labctl's own, remark on the record."""

    kind: ClassVar[str] = "note"
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class PromptAsked(Event):
    kind: ClassVar[str] = "prompt-asked"
    text: str


@dataclass(frozen=True, slots=True)
class PromptAnswered(Event):
    kind: ClassVar[str] = "prompt-answered"
    answer: str
    by: str = ""
    """Who answered: the account at the terminal, or the role and address of whom a service took it
    from; '' where nobody was named, as of what was answered in advance."""


@dataclass(frozen=True, slots=True)
class RunEnded(Event):
    """Last event of every run that was not cut off."""

    kind: ClassVar[str] = "run-ended"
    outcome: str
    """`completed`, `held`, `stopped`, `tripped`, `instrument-lost`, `data-fault`, `refused`,
    `fault`."""
    why: str
    exit_code: int
    verdict: str
    beam: Beam
    beam_how: str
    samples: int
    energy_j: float
    """Laser energy at the sample, from measured power where there is a meter."""
    electrical_j: float = 0.0
    """Energy of the calibration resistor, from its supply's own voltage and current."""
    heater: Beam | None = None
    """What is known of the calibration resistor then; None in a run that does not use it. `beam`
    is the laser's alone."""
    heater_how: str = ""
    coil: Beam | None = None
    """The same of the coil around the cell."""
    coil_how: str = ""
    coil_j: float = 0.0
    """Electrical energy of the coil, from its supply; most of it never reaches the sample."""
