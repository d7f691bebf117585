"""A thermostat and the chamber around the cell that it keeps warm.

Fluid with a heater (and, in a circulator that has it, cooling), a controller of its own with its
own sensor, and the air and the block of the chamber, which follow the fluid. While a bath is
fitted the cell stands in the chamber: what it loses heat to is `chamber_degc`, no longer the room.
The thermocouple for the surroundings of the cell hangs there with it, which is what a bench means
by `ambient`; `World.place_ambient(in_chamber=False)` leaves it in the room.

For a wire personality: `World.fit_bath()` once; then `set_degc`, `start()`, `stop()`, `sensor_degc`
(what the instrument's own sensor shows), `fluid_degc`, `on`, `tripped`, `safety_degc`. What an
instrument refuses, clips or forgets is the personality's.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp


@dataclass(frozen=True, slots=True)
class Circulator:
    """A bath as it is."""

    heat_capacity_j_per_k: float
    """Of the fluid."""
    power_w: float
    """Most that the heater gives."""
    cooling_w: float
    """Most that it takes away; 0 for one that only heats."""
    loss_w_per_k: float
    """To the room."""
    gain_w_per_k: float
    """Of the controller; with its time below it overshoots by tenths of a kelvin."""
    integral_s: float
    sensor_lag_s: float
    sensor_offset_k: float
    """What the instrument shows over what the fluid has."""
    chamber_lag_s: float
    grip: float
    """Excess of the chamber over the room, over the fluid's."""


class Bath:
    """Advanced with the heat network."""

    __slots__ = (
        "_goal",
        "_integral_k_s",
        "chamber_degc",
        "cold",
        "fluid_degc",
        "heat_w",
        "offset_k",
        "on",
        "runs_away",
        "safety_degc",
        "seen_degc",
        "sticks",
        "tripped",
        "true",
    )

    def __init__(self, true: Circulator, room_degc: float) -> None:
        self.true = true
        self.on = False
        """It regulates."""
        self.safety_degc: float | None = None
        """Where its own protection, a second sensor in the fluid, cuts the heater off for good."""
        self.tripped = False
        """The protection has cut it off; `reset` closes it again."""
        self.runs_away = False
        """A fault: the heater is on, whatever controller and stop say. Only the protection ends
        it."""
        self.sticks = False
        """A fault: the heater keeps the power that it has, whatever the controller says."""
        self.cold = False
        """A fault: the heater is broken."""
        self.offset_k = 0.0
        """A fault: the sensor shows so much more than before; the controller follows it."""
        self.heat_w = 0.0
        """That goes into the fluid now."""
        self.fluid_degc = self.seen_degc = self.chamber_degc = room_degc
        self._goal = room_degc
        self._integral_k_s = 0.0

    @property
    def set_degc(self) -> float:
        """Set point of the controller."""
        return self._goal

    @set_degc.setter
    def set_degc(self, degc: float) -> None:
        if degc != self._goal:
            self._goal = degc
            self._integral_k_s = 0.0

    @property
    def sensor_degc(self) -> float:
        """What the instrument's own sensor shows."""
        return self.seen_degc + self.true.sensor_offset_k + self.offset_k

    def start(self) -> None:
        """Regulate."""
        if not self.on:
            self.on = True
            self._integral_k_s = 0.0

    def stop(self) -> None:
        """Heat and cool no longer; a heater that runs away does not care."""
        self.on = False

    def reset(self) -> None:
        """What a person does after the protection has tripped."""
        self.tripped = False

    def step(self, h_s: float, room_degc: float) -> float:
        """So many seconds; returns the chamber's temperature at their middle."""
        true = self.true
        self.heat_w = heat_w = self._asked(h_s)
        if self.safety_degc is not None and self.fluid_degc >= self.safety_degc:
            self.tripped = True
        # The exact course under constant heat: no step is too long for it.
        rest = room_degc + heat_w / true.loss_w_per_k
        keep = exp(-h_s * true.loss_w_per_k / true.heat_capacity_j_per_k)
        self.fluid_degc = fluid = rest + (self.fluid_degc - rest) * keep
        self.seen_degc = fluid + (self.seen_degc - fluid) * exp(-h_s / true.sensor_lag_s)
        goal = room_degc + true.grip * (fluid - room_degc)
        before = self.chamber_degc
        self.chamber_degc = goal + (before - goal) * exp(-h_s / true.chamber_lag_s)
        return 0.5 * (before + self.chamber_degc)

    def _asked(self, h_s: float) -> float:
        true = self.true
        if self.tripped:
            return 0.0
        if self.runs_away:
            return true.power_w
        if self.sticks:
            return self.heat_w
        if not self.on:
            return 0.0
        off_k = self._goal - self.sensor_degc
        asked = true.gain_w_per_k * (off_k + self._integral_k_s / true.integral_s)
        most = 0.0 if self.cold else true.power_w
        given = min(most, max(-true.cooling_w, asked))
        if given == asked:
            # Wound up no further while the heater is at its end.
            self._integral_k_s += off_k * h_s
        return given
