"""Is this computer fit to run a bench, and how is each thing mended that is not."""

from labctl.doctor._finding import Finding, State
from labctl.doctor._look_over import look_over

__all__ = ["Finding", "State", "look_over"]
