"""The physics: laser, sample, wall, holder, beads and the air around them.

Richer than what a checker would fit, and sharing nothing with it: a finer network, losses that
depend on temperature, evaporation, draughts, a diode that warms up.
"""

from labctl_simulators.world._bath import Bath
from labctl_simulators.world._cargo import Cargo
from labctl_simulators.world._coil import Coil
from labctl_simulators.world._draw import draw
from labctl_simulators.world._emission import EmissionLog
from labctl_simulators.world._gates import Blade, Relay
from labctl_simulators.world._heater import Heater
from labctl_simulators.world._inverter import CoilCurrent, Inverter
from labctl_simulators.world._laser import Laser
from labctl_simulators.world._materials import particles
from labctl_simulators.world._medium import Medium
from labctl_simulators.world._noise import Stream
from labctl_simulators.world._thermal import Thermal
from labctl_simulators.world._truth import (
    Beam,
    Liquid,
    Probes,
    Resistor,
    Room,
    Truth,
    Vessel,
)
from labctl_simulators.world._world import World

__all__ = [
    "Bath",
    "Beam",
    "Blade",
    "Cargo",
    "Coil",
    "CoilCurrent",
    "EmissionLog",
    "Heater",
    "Inverter",
    "Laser",
    "Liquid",
    "Medium",
    "Probes",
    "Relay",
    "Resistor",
    "Room",
    "Stream",
    "Thermal",
    "Truth",
    "Vessel",
    "World",
    "draw",
    "particles",
]
