"""The one room that can put energy into a sample: arming, leases, latched faults."""

from labctl.guard._act import Acts
from labctl.guard._decide import RULES, Rule, decide
from labctl.guard._guards import Guards
from labctl.guard._host import Guard
from labctl.guard._state import LIT, GateSeen, GuardState, SourceSeen
from labctl.instruments import GuardedGate, GuardedMeter, GuardedSource
from labctl.talk import (
    STOP,
    Act,
    Adjust,
    Arm,
    Emit,
    GuardReadings,
    GuardSpec,
    Heartbeat,
    OffReport,
    Phase,
    Trip,
    not_confirmed,
)

__all__ = [
    "LIT",
    "RULES",
    "STOP",
    "Act",
    "Acts",
    "Adjust",
    "Arm",
    "Emit",
    "GateSeen",
    "Guard",
    "GuardReadings",
    "GuardSpec",
    "GuardState",
    "GuardedGate",
    "GuardedMeter",
    "GuardedSource",
    "Guards",
    "Heartbeat",
    "OffReport",
    "Phase",
    "Rule",
    "SourceSeen",
    "Trip",
    "decide",
    "not_confirmed",
]
