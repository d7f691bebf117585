"""What a supply feeds: the resistor in the cell, and the coil around it.

Both are given a voltage, and both take its square over their resistance; the supply measures it.
A coil's power is that of its inverter's input; of an induction heater, which regulates the coil's
current and tells it, the square of that times the resistance that the bench states. Next to nothing
of it reaches the sample: what does goes with the square of the field's amplitude, and so with that
power, which is why the guard and the check can speak of it as of any other source's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labctl.errors import RefusedError
from labctl.events import COIL, HEATER

if TYPE_CHECKING:
    from labctl.bench._model import BenchFile

FIBRE, METAL = "fibre", "thermocouple"
SENSORS = {
    FIBRE: "a fibre-optic probe: nothing in it is metal",
    METAL: "a thermocouple",
    "resistance": "a resistance thermometer or thermistor",
}


@dataclass(frozen=True, slots=True)
class CalibrationHeater:
    """The resistor in the cell, driven by voltage; its power is measured by its supply."""

    resistance_ohm: float
    max_power_w: float
    """Electrical power that may be asked for at most."""
    deviation: float
    """One relative standard deviation of the electrical power as it is read back."""
    date: str
    """When the supply was calibrated, or the resistor measured."""

    def level(self, power_w: float) -> float:
        """Voltage that gives this power."""
        return math.sqrt(power_w * self.resistance_ohm)


@dataclass(frozen=True, slots=True)
class FieldCoil:
    """The coil around the cell, with the resonant inverter that drives it at its own frequency."""

    resistance_ohm: float
    """Of the inverter's input: volts over amperes of its supply; of a coil that is driven by its
    current, the coil's own, as the current feels it."""
    field_a_per_m: float
    """Amplitude at the sample, as measured ..."""
    at_power_w: float
    """... while the supply gave so much."""
    field_deviation: float
    """One relative standard deviation of that amplitude."""
    frequency_hz: float
    max_field_a_per_m: float
    """Amplitude that may be asked for at most."""
    deviation: float
    """One relative standard deviation of the supply's power as it is read back."""
    date: str
    at_current_a: float | None = None
    """Of a coil that is driven by its current: what it was when the field was measured."""

    @property
    def drive(self) -> str:
        """What a driver must set: `voltage` or `current`."""
        return "voltage" if self.at_current_a is None else "current"

    def measured_w(self, level: float) -> float | None:
        """The power by the measured current; None where the supply tells it itself."""
        return None if self.at_current_a is None else self.resistance_ohm * level**2

    @property
    def max_power_w(self) -> float:
        """Of the supply, at the highest field."""
        return self.power_w(self.max_field_a_per_m)

    def power_w(self, field_a_per_m: float) -> float:
        """Of the supply, for this amplitude at the sample."""
        return self.at_power_w * (field_a_per_m / self.field_a_per_m) ** 2

    def amplitude_a_per_m(self, power_w: float) -> float:
        """At the sample, while the supply gives that."""
        return self.field_a_per_m * math.sqrt(power_w / self.at_power_w)

    @property
    def strength_per_w(self) -> float:
        """Square of the amplitude times the frequency, A^2 Hz/m^2, for each watt of the supply."""
        return self.field_a_per_m**2 * self.frequency_hz / self.at_power_w

    def level(self, power_w: float) -> float:
        """Voltage of the supply, or current of the coil, that gives this power."""
        ohm = self.resistance_ohm
        return math.sqrt(power_w * ohm if self.at_current_a is None else power_w / ohm)


Fed = CalibrationHeater | FieldCoil

_LACKS: Mapping[str, tuple[str, str]] = {
    HEATER: (
        "has no calibration heater",
        "Give the role `heater` and describe the resistor under `heater`.",
    ),
    COIL: (
        "has no coil under labctl's control",
        "Give the role `coil` and describe coil and inverter under `coil`.",
    ),
}


def fed(bench: BenchFile, source: str) -> tuple[Fed, float]:
    """Calibration and power limit of what a supply feeds; RefusedError on a bench without it, and
    for a coil whose field the guarded probe would feel."""
    stated: Fed | None = bench.heater if source == HEATER else bench.coil
    if source not in bench.roles or stated is None:
        lacks, fix = _LACKS[source]
        raise RefusedError(f"bench {bench.name} {lacks}", where=bench.source_file, fix=fix)
    if source == COIL and bench.sensor != FIBRE:
        kind = f"a {bench.sensor}" if bench.sensor == METAL else "one with metal in it"
        seen = kind if bench.sensor else "the bench does not say what it is"
        raise RefusedError(
            "the probe beside a coil must be a fibre-optic one: metal in an alternating field "
            "warms by itself, so that its reading is neither the sample's nor a guard",
            where=bench.source_file,
            seen=seen,
            fix="Guard with a fibre-optic probe, and say so: `sensor: fibre` under `probe`.",
        )
    return stated, stated.max_power_w
