"""The one room that can put energy into a sample: arming, leases, latched faults."""

from labctl.guard._guard import Guard
from labctl.guard._guards import Guards
from labctl.guard._rules import decide

__all__ = ["Guard", "Guards", "decide"]
