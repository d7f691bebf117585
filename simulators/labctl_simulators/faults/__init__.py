"""What can go wrong, and when: `NAME[:WHERE][=SIZE]@ONSET[+DURATION]`.

`power-step=-10%@120s`, `bead-in-beam=3K@0s`, `late-reply:meter=300ms@150s`,
`unplugged-port@laser+60s`. Times count from the beginning of the simulated world, or from its first
light when they begin with `laser+`. A fault with a duration is taken back at its end.
"""

from labctl_simulators.faults._grammar import describe, parse
from labctl_simulators.faults._inject import inject
from labctl_simulators.faults._kinds import KINDS
from labctl_simulators.faults._scene import Fault, Kind, Scene

__all__ = ["KINDS", "Fault", "Kind", "Scene", "describe", "inject", "parse"]
