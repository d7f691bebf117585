"""The calibration resistor: what its supply drives through it, and how its heat reaches the liquid.

It hangs in the liquid on two thin wires. What is measured at its terminals is turned into heat in
the resistor but for a small share in the wires between; from there heat goes into the liquid, and
a little up the wires into the room.
"""

from __future__ import annotations

from math import exp

from labctl_simulators.world._truth import Resistor


class Heater:
    """Volts in, watts into the liquid out. The controller that drives it is in `wire`."""

    __slots__ = (
        "_keep",
        "_lead_part",
        "_tau_s",
        "broken",
        "ignores_off",
        "level_v",
        "lied_to_off",
        "output_on",
        "step_s",
        "temperature",
        "true",
    )

    def __init__(self, true: Resistor, step_s: float, start_degc: float) -> None:
        self.true = true
        self.step_s = step_s
        self.level_v = 0.0
        """As the supply regulates it at the sense wires."""
        self.output_on = False
        self.ignores_off = False
        """A fault: the output relay no longer obeys off, and the supply knows."""
        self.lied_to_off = False
        """A fault: the output stays on, and the supply says that it is off."""
        self.broken = False
        """A fault: the resistor is open."""
        self.temperature = start_degc
        both = true.to_liquid_w_per_k + true.lead_w_per_k
        self._tau_s = true.heat_capacity_j_per_k / both
        self._lead_part = true.lead_w_per_k / both
        self._keep = exp(-step_s / self._tau_s)

    @property
    def voltage_v(self) -> float:
        """At the resistor."""
        return self.level_v if self.output_on else 0.0

    @property
    def current_a(self) -> float:
        return 0.0 if self.broken else self.voltage_v / self.true.resistance_ohm

    @property
    def loss_w_per_k(self) -> float:
        """From the liquid through the resistor up the wires, at rest."""
        return self.true.to_liquid_w_per_k * self._lead_part

    def power_w(self) -> float:
        """Electrical power between the sense wires."""
        return self.voltage_v * self.current_a

    def drive(self, level_v: float) -> None:
        """Take a new level; an output that is stuck on keeps the one it has."""
        if not (self.output_on and (self.ignores_off or self.lied_to_off)):
            self.level_v = level_v

    def switch_off(self) -> bool:
        """Off as commanded; False when a fault holds it on."""
        if self.ignores_off or self.lied_to_off:
            return False
        self.output_on = False
        return True

    def rest(self, liquid_degc: float, room_degc: float) -> None:
        """Long without power: where liquid and wires hold it."""
        self.temperature = liquid_degc + self._lead_part * (room_degc - liquid_degc)

    def step(self, power_w: float, liquid_degc: float, room_degc: float) -> tuple[float, float]:
        """One step at this mean electrical power: joules into the liquid and into the room."""
        true, h = self.true, self.step_s
        heat_w = power_w * (1.0 - true.lead_share)
        rest = (
            liquid_degc
            + self._lead_part * (room_degc - liquid_degc)
            + heat_w * self._tau_s / true.heat_capacity_j_per_k
        )
        begin = self.temperature
        self.temperature = rest + (begin - rest) * self._keep
        mean = rest + (begin - rest) * (1.0 - self._keep) * self._tau_s / h
        to_room_j = true.lead_w_per_k * (mean - room_degc) * h + power_w * true.lead_share * h
        return true.to_liquid_w_per_k * (mean - liquid_degc) * h, to_room_j
