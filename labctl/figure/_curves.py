"""The curves of a run, picked out of its journal as it streams by."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from pathlib import Path

from labctl.clock import NS
from labctl.events import (
    LASER,
    Alarm,
    Assessment,
    Beam,
    Emission,
    Event,
    Reading,
    RunBegun,
    RunEnded,
    Sample,
    Tripped,
    Verdict,
)
from labctl.record import JournalReader, JournalState

NO_NUMBER = float("nan")
"""Where a reading was none: the line is broken there."""


@dataclass(slots=True)
class Curve:
    """Values against time."""

    t_s: array[float] = field(default_factory=lambda: array("d"))
    value: array[float] = field(default_factory=lambda: array("d"))

    def add(self, t_s: float, value: float) -> None:
        """One point; NaN breaks the line."""
        self.t_s.append(t_s)
        self.value.append(value)

    def thinned(self, points: int) -> tuple[list[float], list[float]]:
        """Times and values of the line through the lowest and highest point of each stretch, at
        most about `points` of them: no peak and no gap is lost."""
        from labctl.figure._thin import thin_line

        t_s, value = thin_line(self.t_s, self.value, points)
        return t_s.tolist(), value.tolist()


@dataclass(frozen=True, slots=True)
class Light:
    """A stretch of time in which the laser, or the calibration resistor, was on, or in which that
    was not known."""

    begin_s: float
    end_s: float
    known: bool
    source: str = LASER


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment worth a line across the picture."""

    t_s: float
    text: str
    trip: bool


@dataclass(slots=True)
class Curves:
    """Everything that the picture of a run shows."""

    begun: RunBegun | None = None
    verdict: Verdict | None = None
    ended: RunEnded | None = None
    state: JournalState = JournalState.CUT_OFF
    head_hash: str = ""
    end_s: float = 0.0
    probe: Curve = field(default_factory=Curve)
    ambient: Curve = field(default_factory=Curve)
    measured_power: Curve = field(default_factory=Curve)
    asked_power: Curve = field(default_factory=Curve)
    predicted: Curve = field(default_factory=Curve)
    predicted_sd: array[float] = field(default_factory=lambda: array("d"))
    residual: Curve = field(default_factory=Curve)
    light: list[Light] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)


_CHANNELS = {
    "probe.temperature": "probe",
    "ambient.temperature": "ambient",
    "meter.power": "measured_power",
}


class CurveTaker:
    """Picks the curves out of a run's events, given one by one in their order."""

    def __init__(self) -> None:
        self.curves = Curves()
        self._lit: dict[str, Emission | None] = {}

    def take(self, event: Event) -> None:
        """The run's next event."""
        curves, lit = self.curves, self._lit
        curves.end_s = max(curves.end_s, event.t_ns / NS)
        match event:
            case Sample():
                _take_sample(curves, event)
            case Assessment():
                _take_assessment(curves, event)
            case Emission():
                lit[event.source] = _take_emission(curves, event, lit.get(event.source))
            case _:
                _take_rare(curves, event)

    def close(self, reader: JournalReader) -> Curves:
        """After the last event that `reader` gave."""
        for emission in self._lit.values():
            if emission is not None:
                _put_out(self.curves, emission, self.curves.end_s)
        self._lit.clear()
        self.curves.state, self.curves.head_hash = reader.state, reader.head_hash
        return self.curves


def read_curves(journal: Path) -> Curves:
    """What is good in a journal, as curves. RecordError when there is none."""
    taker = CurveTaker()
    reader = JournalReader(journal)
    for event in reader:
        taker.take(event)
    return taker.close(reader)


def _take_sample(curves: Curves, sample: Sample) -> None:
    for reading in sample.readings:
        name = _CHANNELS.get(reading.channel)
        if name is not None:
            value = reading.value if isinstance(reading, Reading) else NO_NUMBER
            curve: Curve = getattr(curves, name)
            curve.add(reading.t_ns / NS, value)


def _take_assessment(curves: Curves, assessment: Assessment) -> None:
    t_s = assessment.t_ns / NS
    curves.predicted.add(t_s, assessment.predicted_degc)
    curves.predicted_sd.append(assessment.predicted_sd_k)
    curves.residual.add(t_s, assessment.residual_sd)


def _take_emission(curves: Curves, event: Emission, lit: Emission | None) -> Emission | None:
    """Returns the emission that goes on now, if there is one."""
    if lit is not None:
        _put_out(curves, lit, event.t_ns / NS)
    power_w = event.power_w if event.beam is not Beam.OFF else 0.0
    if power_w is not None and event.source == LASER:
        before = curves.asked_power.value[-1] if curves.asked_power.value else 0.0
        curves.asked_power.add(event.t_ns / NS, before)
        curves.asked_power.add(event.t_ns / NS, power_w)
    return None if event.beam is Beam.OFF else event


def _put_out(curves: Curves, lit: Emission, end_s: float) -> None:
    curves.light.append(Light(lit.t_ns / NS, end_s, lit.beam is Beam.ON, lit.source))


def _take_rare(curves: Curves, event: Event) -> None:
    match event:
        case RunBegun():
            curves.begun = event
        case Verdict():
            curves.verdict = event
        case RunEnded():
            curves.ended = event
        case Tripped():
            curves.marks.append(Mark(event.t_ns / NS, event.rule, trip=True))
        case Alarm():
            text = f"{event.name} (class {event.fault_class})"
            # One that says more of an earlier one has its mark already.
            if not event.refines:
                curves.marks.append(Mark(event.onset_ns / NS, text, trip=False))
        case _:
            pass
