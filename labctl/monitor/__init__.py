"""The photothermal check as it runs: events in, assessments and alarms out.

Used alike by the engine and by replay. Deterministic: no wall time, no randomness, no threads; what
it starts from is in one `PriorsFixed` event, and it reads nothing else.
"""

from labctl.monitor._alarms import BY_THE_BANK
from labctl.monitor._blank import read_blank
from labctl.monitor._build import build_priors
from labctl.monitor._calibration import (
    OLDEST_DAYS,
    files_in,
    fitting_calibration,
    load_calibration,
    read_calibration,
    store_calibration,
    why_not_used,
)
from labctl.monitor._concentrations import AtConcentration, over_concentrations
from labctl.monitor._criteria import AGREE, NO_ALARM, declared, in_words
from labctl.monitor._dose import DoseWatch
from labctl.monitor._dose_basis import dose_basis
from labctl.monitor._estimates import MOSTLY_ASSUMED
from labctl.monitor._handed_on import (
    calibration_from_plain,
    calibration_of,
    calibration_to_plain,
)
from labctl.monitor._inputs import priors_for
from labctl.monitor._monitor import Monitor
from labctl.monitor._priors import GUESSED_LOSS_SD, Kind, Priors, Thresholds
from labctl.monitor._refit import EDGE_SPREAD_S, cell_of
from labctl.monitor._release import Asked, ReleaseWatch
from labctl.monitor._release_basis import release_basis
from labctl.monitor._release_told import released_only, with_release
from labctl.monitor._room import NAME as ROOM
from labctl.monitor._series import declared_series
from labctl.monitor._verdict import (
    MOSTLY_ASSUMED_WORDS,
    NUMBERS,
    TO_TELL_APART,
    concluded,
    unchecked,
)

__all__ = [
    "AGREE",
    "BY_THE_BANK",
    "EDGE_SPREAD_S",
    "GUESSED_LOSS_SD",
    "MOSTLY_ASSUMED",
    "MOSTLY_ASSUMED_WORDS",
    "NO_ALARM",
    "NUMBERS",
    "OLDEST_DAYS",
    "ROOM",
    "TO_TELL_APART",
    "Asked",
    "AtConcentration",
    "DoseWatch",
    "Kind",
    "Monitor",
    "Priors",
    "ReleaseWatch",
    "Thresholds",
    "build_priors",
    "calibration_from_plain",
    "calibration_of",
    "calibration_to_plain",
    "cell_of",
    "concluded",
    "declared",
    "declared_series",
    "dose_basis",
    "files_in",
    "fitting_calibration",
    "in_words",
    "load_calibration",
    "over_concentrations",
    "priors_for",
    "read_blank",
    "read_calibration",
    "release_basis",
    "released_only",
    "store_calibration",
    "unchecked",
    "why_not_used",
    "with_release",
]
