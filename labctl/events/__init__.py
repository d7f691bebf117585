"""The vocabulary of a run: what happened, when, in integer nanoseconds of the run's clock.

Events are slotted, frozen dataclasses of plain values. The journal writes them, the monitor and
telemetry read them; `to_dict` and `from_dict` are the only mapping between an event and JSON.
Nothing here is NaN or infinite: what could not be read is an `Invalid` with its reason.
"""

from labctl.events._base import (
    COIL,
    HEATER,
    LASER,
    SOURCES,
    Beam,
    Event,
    Invalid,
    Mode,
    Plain,
    Reading,
)
from labctl.events._check import Alarm, Assessment, Criterion, Dose, DoseBasis, PriorsFixed, Verdict
from labctl.events._imported import Analysed, Imported
from labctl.events._plain import KINDS, from_dict, to_dict
from labctl.events._release import (
    Assayed,
    Dosed,
    GateLooked,
    MediumSet,
    ReleaseAssessed,
    ReleaseBasis,
)
from labctl.events._run import (
    Emission,
    EmissionIntent,
    FilesKept,
    InstrumentFound,
    Note,
    PortTrouble,
    PromptAnswered,
    PromptAsked,
    RunBegun,
    RunEnded,
    Sample,
    StateChanged,
    StepBegun,
    StepEnded,
    Tripped,
)

__all__ = [
    "COIL",
    "HEATER",
    "KINDS",
    "LASER",
    "SOURCES",
    "Alarm",
    "Analysed",
    "Assayed",
    "Assessment",
    "Beam",
    "Criterion",
    "Dose",
    "DoseBasis",
    "Dosed",
    "Emission",
    "EmissionIntent",
    "Event",
    "FilesKept",
    "GateLooked",
    "Imported",
    "InstrumentFound",
    "Invalid",
    "MediumSet",
    "Mode",
    "Note",
    "Plain",
    "PortTrouble",
    "PriorsFixed",
    "PromptAnswered",
    "PromptAsked",
    "Reading",
    "ReleaseAssessed",
    "ReleaseBasis",
    "RunBegun",
    "RunEnded",
    "Sample",
    "StateChanged",
    "StepBegun",
    "StepEnded",
    "Tripped",
    "Verdict",
    "from_dict",
    "to_dict",
]
