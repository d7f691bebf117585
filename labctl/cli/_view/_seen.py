"""What a run's events so far amount to; every view reads this and none keeps its own."""

from __future__ import annotations

from dataclasses import dataclass, field

from labctl.errors import Exit
from labctl.events import (
    COIL,
    HEATER,
    LASER,
    SOURCES,
    Alarm,
    Assessment,
    Beam,
    Dose,
    Emission,
    EmissionIntent,
    Event,
    InstrumentFound,
    Invalid,
    PriorsFixed,
    PromptAnswered,
    PromptAsked,
    Reading,
    ReleaseAssessed,
    RunBegun,
    RunEnded,
    Sample,
    StateChanged,
    StepBegun,
    Tripped,
    Verdict,
)

BEAM_NOT_CONFIRMED_OFF = "beam-not-confirmed-off"
HEATER_NOT_CONFIRMED_OFF = "heater-not-confirmed-off"
COIL_NOT_CONFIRMED_OFF = "coil-not-confirmed-off"
"""The rules by which the engine says so while the run is being closed."""


EMISSION, INTERLOCK = "laser.emission", "laser.interlock"
"""Channels of what the source reads back: 1 is ON or closed, 0 is OFF or open. Views say them in
words; they are no numbers to look at."""

MANUAL = "manual"
"""How an emission is known that a person has switched; more may follow after a colon."""


@dataclass(slots=True)
class Seen:
    """The newest of everything. Fed in order by one thread; not for sharing between threads."""

    t_ns: int = 0
    begun: RunBegun | None = None
    state: str = ""
    step: StepBegun | None = None
    """The newest; it may have ended."""
    instruments: dict[str, InstrumentFound] = field(default_factory=dict)
    readings: dict[str, Reading | Invalid] = field(default_factory=dict)
    samples: int = 0
    emission: Emission | None = None
    intended: bool = False
    """An emission was about to be lit."""
    assessment: Assessment | None = None
    alarms: list[Alarm] = field(default_factory=list)
    tripped: Tripped | None = None
    """The first trip of a run is its cause."""
    unconfirmed: bool = False
    """Off was commanded and is not confirmed: the loudest thing there is."""
    heater: Emission | None = None
    """The newest word on the calibration resistor."""
    heater_unconfirmed: bool = False
    coil: Emission | None = None
    """The newest word on the coil around the cell."""
    coil_unconfirmed: bool = False
    prompt: str = ""
    assumptions: tuple[str, ...] = ()
    verdict: Verdict | None = None
    dose: Dose | None = None
    release: ReleaseAssessed | None = None
    """What is known of a release, as of the newest measurement."""
    ended: RunEnded | None = None

    @property
    def mode(self) -> str:
        return self.begun.mode.value if self.begun else ""

    @property
    def power_asked_w(self) -> float | None:
        """Power at the sample that was commanded, while the laser is lit."""
        return self.asked_w(LASER)

    def told(self, source: str) -> Emission | None:
        """The newest word on a source."""
        return {LASER: self.emission, HEATER: self.heater, COIL: self.coil}.get(source)

    def asked_w(self, source: str) -> float | None:
        """Power that was commanded of a source, while it is lit."""
        told = self.told(source)
        return told.power_w if told is not None and told.beam is not Beam.OFF else None

    @property
    def fed(self) -> tuple[str, ...]:
        """What a supply feeds in this run, as far as it has shown: heater, coil."""
        return tuple(
            name
            for name in SOURCES
            if name != LASER and (self.told(name) or f"{name}.emission" in self.readings)
        )

    def value(self, channel: str) -> float | None:
        """The newest reading of a channel; None where there is none or it is no reading."""
        reading = self.readings.get(channel)
        return reading.value if isinstance(reading, Reading) else None

    def read_back(self, source: str) -> Reading | None:
        """What a source read back since the last word on it: 1 is ON; None where nothing was."""
        reading = self.readings.get(f"{source}.emission")
        return reading if isinstance(reading, Reading) else None

    @property
    def controls_laser(self) -> bool:
        """Whether this run has shown a laser that labctl switches; one switched by hand is none."""
        if self.emission is not None:
            return self.emission.how != MANUAL and not self.emission.how.startswith(f"{MANUAL}:")
        return self.intended or any(channel.startswith("laser.") for channel in self.readings)

    @property
    def interlock(self) -> str:
        """`closed` or `open`, as the newest sample says; '' where it does not."""
        closed = self.value(INTERLOCK)
        if closed is None:
            return ""
        return "closed" if closed else "open"

    def apply(self, event: Event) -> None:
        """Take one event in."""
        self.t_ns = max(self.t_ns, event.t_ns)
        match event:
            case Sample():
                self.samples += 1
                # Unlike the emission, which is shown with its age, it has no meaning when old.
                self.readings.pop(INTERLOCK, None)
                for reading in event.readings:
                    self.readings[reading.channel] = reading
            case Assessment():
                self.assessment = event
            case EmissionIntent():
                self.intended |= event.source == LASER
            case RunBegun():
                self.begun = event
            case InstrumentFound():
                self.instruments[event.instrument] = event
            case PriorsFixed():
                self.assumptions = event.assumptions
            case StateChanged():
                self.state = event.new
            case StepBegun():
                self.step = event
            case Emission() if event.source != LASER:
                if event.source == COIL:
                    self.coil = event
                else:
                    self.heater = event
                self.readings.pop(f"{event.source}.emission", None)
            case Emission():
                self.emission = event
                self.readings.pop(EMISSION, None)
            case Tripped():
                self.tripped = self.tripped or event
                self.unconfirmed |= event.rule == BEAM_NOT_CONFIRMED_OFF
                self.heater_unconfirmed |= event.rule == HEATER_NOT_CONFIRMED_OFF
                self.coil_unconfirmed |= event.rule == COIL_NOT_CONFIRMED_OFF
            case Alarm():
                self.alarms = [a for a in self.alarms if (a.refines or a.name) != event.refines]
                self.alarms.append(event)
            case PromptAsked():
                self.prompt = event.text
            case PromptAnswered():
                self.prompt = ""
            case Verdict():
                self.verdict = event
            case Dose():
                self.dose = event
            case ReleaseAssessed():
                self.release = event
            case RunEnded():
                self.ended = event
                if not (self.heater_unconfirmed or self.coil_unconfirmed):
                    self.unconfirmed |= event.exit_code == Exit.BEAM_NOT_CONFIRMED_OFF
            case _:
                pass
