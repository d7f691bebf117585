"""The vocabulary of a run: what happened, when, in integer nanoseconds of the run's clock.

Events are slotted, frozen dataclasses of plain values. The journal writes them, the monitor and
telemetry read them; `to_dict` and `from_dict` are the only mapping between an event and JSON.
Nothing here is NaN or infinite: what could not be read is an `Invalid` with its reason.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, TypeAlias

Plain: TypeAlias = Mapping[str, Any]
"""JSON-able mapping."""


class Mode(StrEnum):
    """Where the readings come from. Found, never declared."""

    SIMULATED = "SIMULATED"
    REAL = "REAL"
    REPLAY = "REPLAY"


class Beam(StrEnum):
    """What is known of the emission. There is no word for 'safe'."""

    OFF = "off"
    ON = "on"
    UNKNOWN = "unknown"


LASER, HEATER = "laser", "heater"
"""The sources of energy that a run may light, by the role that each has on its bench."""


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
class PriorsFixed(Event):
    """What the check starts from, computed once. Replay reads only this."""

    kind: ClassVar[str] = "priors-fixed"
    priors: Plain
    assumptions: tuple[str, ...]
    """In words, for the result to repeat."""


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
    """`laser` or `heater`: which source is about to be lit."""


@dataclass(frozen=True, slots=True)
class Emission(Event):
    """What is known of a source after a command or an edge. The calibration resistor is a source
    as the laser is; ON is what it is while power flows through it."""

    kind: ClassVar[str] = "emission"
    beam: Beam
    how: str
    """`read back`, `commanded, not confirmed`, `power meter`, `manual`, ..."""
    power_w: float | None = None
    """Power at the sample asked for; of the resistor, electrical power."""
    why: str = ""
    source: str = LASER
    """`laser` or `heater`."""


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


@dataclass(frozen=True, slots=True)
class Alarm(Event):
    """The check found something; `cause` is a class of causes unless a monitor splits it."""

    kind: ClassVar[str] = "alarm"
    name: str
    """Short stable name, e.g. `step`, `bead-light`, `power-monitor`."""
    fault_class: int
    """Number of the fault class in the table of faults (docs/reference/faults.md)."""
    causes: tuple[str, ...]
    """The causes that the data cannot tell apart."""
    onset_ns: int
    size: str
    """In words with a unit, e.g. `-10.2 % of the absorbed power`."""
    split_by: str
    """The instrument that would tell the causes apart, or ''."""
    refines: str = ""
    """Name of an earlier alarm of which this one says more, now that more is known; '' for a new
    one."""


@dataclass(frozen=True, slots=True)
class Assessment(Event):
    """The check's view after one reading. Temperatures in degC, one standard deviation each."""

    kind: ClassVar[str] = "assessment"
    phase: str
    """`dark`, `heating`, `cooling`."""
    predicted_degc: float
    predicted_sd_k: float
    """Of the reading to come, so that mean +- 2 sd is the band."""
    residual_sd: float
    """Standardised innovation of this reading."""
    efficiency: float | None
    """None while nothing can be said, always None for a blank."""
    efficiency_sd_statistical: float | None
    efficiency_sd_total: float | None
    time_constant_s: float | None
    time_constant_sd_s: float | None
    heat_loss_w_per_k: float | None
    heat_loss_sd_w_per_k: float | None
    steady: bool
    """The probe has met the step's own steadiness condition's inputs (slope small); see engine."""
    slope_k_per_s: float


@dataclass(frozen=True, slots=True)
class DoseBasis(Event):
    """How the dose of this run is worked out, fixed before the first reading. Whoever reads the
    journal again reads only this."""

    kind: ClassVar[str] = "dose-basis"
    sample: str
    lot: str
    """With the sample's name what makes two runs those of one sample."""
    probe_tolerance_k: float
    """Bound either way."""
    lag_s: float
    """Of the bead behind the liquid."""
    lag_sd_s: float
    convention: str
    """Of CEM43, by name."""
    pair: str
    """Arrhenius parameters, by name."""
    power_relative_sd: float
    """Of the power at the sample, from its calibration."""
    sampling_s: float
    """Time between two samples as planned."""
    wavelength_m: float | None
    spot_area_m2: float | None
    """None where the bench does not state it: then there is no fluence."""
    spot_area_sd_m2: float
    assumptions: tuple[str, ...] = ()
    """In words."""


@dataclass(frozen=True, slots=True)
class Dose(Event):
    """What the run added up to, in light and in heat."""

    kind: ClassVar[str] = "dose"
    energy_j: float
    """At the sample."""
    results: Plain
    """Name -> {value, low, high, unit, ...}."""
    words: tuple[str, ...]
    """The same in sentences, each with what it is and what it is not."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One declared test of the verdict."""

    name: str
    value: float | None
    threshold: str
    """In words, e.g. `>= 0.01`."""
    outcome: str
    """`pass`, `fail`, `cannot tell`, `not applicable`."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Verdict(Event):
    """The check's last word."""

    kind: ClassVar[str] = "verdict"
    verdict: str
    """`pass`, `fail`, `cannot tell`, or `none` where there was nothing to check."""
    reasons: tuple[str, ...]
    criteria: tuple[Criterion, ...]
    results: Plain
    """Names in the field's terms -> {value, sd_statistical, sd_inputs, low, high, unit}."""
    assumptions: tuple[str, ...]
    budget: Plain = field(default_factory=dict)
    """Input -> relative standard deviation it contributes to the efficiency."""


@dataclass(frozen=True, slots=True)
class RunEnded(Event):
    """Last event of every run that was not cut off."""

    kind: ClassVar[str] = "run-ended"
    outcome: str
    """`completed`, `stopped`, `tripped`, `instrument-lost`, `data-fault`, `fault`."""
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


KINDS: dict[str, type[Event]] = {
    cls.kind: cls
    for cls in (
        RunBegun, InstrumentFound, PriorsFixed, StateChanged, StepBegun, StepEnded, Sample,
        EmissionIntent, Emission, Tripped, PortTrouble, Note, PromptAsked, PromptAnswered,
        Alarm, Assessment, DoseBasis, Dose, Verdict, RunEnded,
    )
}  # fmt: skip
"""Every kind of event, by its name in the journal."""

_FIELDS: dict[type[Event], tuple[str, ...]] = {
    cls: tuple(f.name for f in dataclasses.fields(cls) if f.name != "t_ns")
    for cls in KINDS.values()
}


_ADDED: dict[str, Any] = {"source": LASER, "electrical_j": 0.0}
"""Fields that came after the first version, with the value that they had until then: not written
while they have it, so that the same run has the same journal as ever."""


def to_dict(event: Event) -> dict[str, Any]:
    """The event as a JSON-able dict: `{"t": t_ns, "k": kind, ...}`."""
    out: dict[str, Any] = {"t": event.t_ns, "k": event.kind}
    if isinstance(event, Sample):
        # The one event that comes ten times a second: written flat, by hand.
        out["s"] = event.scheduled_ns
        out["r"] = [
            [r.channel, r.value, r.unit, r.t_ns]
            if isinstance(r, Reading)
            else [r.channel, None, r.reason, r.t_ns, r.detail]
            for r in event.readings
        ]
        return out
    for name in _FIELDS[type(event)]:
        value = getattr(event, name)
        if name in _ADDED and value == _ADDED[name]:
            continue
        if name == "criteria":
            value = [dataclasses.asdict(c) for c in value]
        elif isinstance(value, tuple):
            value = list(value)
        elif isinstance(value, StrEnum):
            value = value.value
        out[name] = value
    return out


def from_dict(data: Mapping[str, Any]) -> Event:
    """The event that `to_dict` wrote; ValueError for a kind that this version does not know."""
    cls = KINDS.get(data["k"])
    if cls is None:
        raise ValueError(f"unknown kind of event {data['k']!r}")
    t_ns = int(data["t"])
    if cls is Sample:
        readings = tuple(
            Reading(r[0], r[1], r[2], r[3]) if r[1] is not None else Invalid(r[0], r[2], r[4], r[3])
            for r in data["r"]
        )
        return Sample(t_ns=t_ns, scheduled_ns=data["s"], readings=readings)
    values: dict[str, Any] = {}
    for name in _FIELDS[cls]:
        if name not in data:
            continue
        value = data[name]
        if name == "mode":
            value = Mode(value)
        elif name == "beam":
            value = Beam(value)
        elif name == "criteria":
            value = tuple(Criterion(**c) for c in value)
        elif isinstance(value, list):
            value = tuple(value)
        values[name] = value
    return cls(t_ns=t_ns, **values)
