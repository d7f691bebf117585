"""What the check has to say: what it starts from, its view, its alarms, its last word, the dose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from labctl.events._base import Event, Plain


@dataclass(frozen=True, slots=True)
class Criterion:
    """One declared test of the verdict."""

    name: str
    value: float | None
    threshold: str
    """In words, e.g. `>= 0.01`."""
    outcome: str
    """`pass`, `fail`, `cannot tell`, `not applicable`; `declared` before the run."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class PriorsFixed(Event):
    """What the check starts from, computed once. Replay reads only this."""

    kind: ClassVar[str] = "priors-fixed"
    priors: Plain
    assumptions: tuple[str, ...]
    """In words, for the result to repeat."""
    declared: tuple[Criterion, ...] = ()
    """The criteria of the verdict with their thresholds; nothing else goes into it."""


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
    """The name under which an earlier alarm was first told, of which this one says more, now that
    more is known; '' for a new one. It stands in that one's place."""


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
    improve: str = ""
    """In words: which input to better first, and what that would bring."""


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
