"""The one room that can put energy into a sample: arming, leases, latched faults."""

from labctl.guard._decide import LIT, RULES, GuardState, Phase, Rule, decide
from labctl.guard._guarded import GuardedMeter, GuardedSource, GuardReadings
from labctl.guard._guards import Guards
from labctl.guard._host import Guard, not_confirmed
from labctl.guard._messages import Arm, Emit, Heartbeat, OffReport, SourceSeen, Trip
from labctl.guard._spec import GuardSpec

__all__ = [
    "LIT",
    "RULES",
    "Arm",
    "Emit",
    "Guard",
    "GuardReadings",
    "GuardSpec",
    "GuardState",
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
