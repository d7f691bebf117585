"""What stands between a supply and a coil: a resonant inverter, which turns volts into a field.

It runs at the frequency of coil and capacitors and takes a current in proportion to its voltage, as
a resistor does; the field's amplitude is in proportion to both. To the supply it looks as a
calibration resistor does: it has a voltage, a current, and an output relay before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labctl_simulators.world._coil import Coil
from labctl_simulators.world._noise import Stream

_RESISTANCE_SD = 0.01
"""Of the inverter's input against what a bench states: it warms."""
_FREQUENCY_SD = 0.002


class Gains:
    """Of the supply's own voltmeter and ammeter."""

    def __init__(self, voltage: float, current: float) -> None:
        self.voltage_gain = voltage
        self.current_gain = current


class Inverter:
    """Volts in, field out. The controller that drives it is in `wire`."""

    def __init__(self, coil: Coil, said: Mapping[str, Any], seed: int) -> None:
        """`said` is what the bench states: `resistance_ohm`, `field_a_per_m` at `at_power_w` with
        `field_deviation`, `frequency_hz`, and the `deviation` of the power as it is read."""

        def off(what: str, sd: float) -> float:
            return 1.0 + sd * Stream(seed, f"inverter/{what}").normal()

        read_sd = float(said.get("deviation", 0.005))
        stated_ohm = float(said.get("resistance_ohm", 25.0))
        at_w, field = float(said.get("at_power_w", 18.0)), float(said.get("field_a_per_m", 15e3))
        # A supply shows volts and amperes to the same share of its power's deviation.
        self.true = Gains(off("volts", read_sd / 2.0**0.5), off("amperes", read_sd / 2.0**0.5))
        self.resistance_ohm = stated_ohm * off("input", _RESISTANCE_SD)
        field *= off("field", float(said.get("field_deviation", 0.04)))
        self._field_per_v = field / (at_w * self.resistance_ohm) ** 0.5
        self._frequency_hz = float(said.get("frequency_hz", 300e3)) * off("tank", _FREQUENCY_SD)
        self.coil = coil
        coil.feed = self
        self._level_v = 0.0

    @property
    def output_on(self) -> bool:
        return self.coil.output_on

    @output_on.setter
    def output_on(self, on: bool) -> None:
        self.coil.output_on = on

    @property
    def ignores_off(self) -> bool:
        return self.coil.ignores_off

    @property
    def lied_to_off(self) -> bool:
        return self.coil.lied_to_off

    @property
    def voltage_v(self) -> float:
        """At the inverter's input."""
        return self._level_v if self.output_on else 0.0

    @property
    def current_a(self) -> float:
        return 0.0 if self.coil.broken else self.voltage_v / self.resistance_ohm

    def power_w(self) -> float:
        """What the supply gives."""
        return self.voltage_v * self.current_a

    def drive(self, level_v: float) -> None:
        """Take a new level; an output that is stuck on keeps the one it has."""
        if self.output_on and (self.ignores_off or self.lied_to_off):
            return
        self._level_v = level_v
        self.coil.drive(self._field_per_v * level_v, self._frequency_hz)

    def force_w(self, power_w: float) -> None:
        """Let so much flow now, whoever asked for it."""
        self.drive((power_w * self.resistance_ohm) ** 0.5)
        self.output_on = True

    def switch_off(self) -> bool:
        """Off as commanded; False when a fault holds it on."""
        return self.coil.switch_off()


class CoilCurrent:
    """An induction heater's own supply: it regulates the current of the coil, whose field is in
    proportion."""

    def __init__(self, coil: Coil, said: Mapping[str, Any], seed: int) -> None:
        """`said` as of an inverter, with `at_current_a` in place of a power."""

        def off(what: str, sd: float) -> float:
            return 1.0 + sd * Stream(seed, f"induction/{what}").normal()

        at_a, field = float(said.get("at_current_a") or 200.0), float(said["field_a_per_m"])
        self.gain = off("amperes", float(said.get("deviation", 0.005)) / 2.0)
        self._ohm = float(said["resistance_ohm"]) * off("coil", _RESISTANCE_SD)
        field *= off("field", float(said.get("field_deviation", 0.04)))
        # The field was measured at the current that the unit shows.
        self._field_per_a = field * self.gain / at_a
        self.frequency_hz = float(said.get("frequency_hz", 300e3)) * off("tank", _FREQUENCY_SD)
        self.coil = coil
        coil.feed = self
        self._level_a = 0.0

    @property
    def output_on(self) -> bool:
        return self.coil.output_on

    @output_on.setter
    def output_on(self, on: bool) -> None:
        self.coil.output_on = on

    @property
    def lied_to_off(self) -> bool:
        return self.coil.lied_to_off

    @property
    def current_a(self) -> float:
        """In the coil, true."""
        return self._level_a if self.output_on and not self.coil.broken else 0.0

    def power_w(self) -> float:
        """What becomes heat in the coil."""
        return self.current_a**2 * self._ohm

    def drive(self, level_a: float) -> None:
        """Take a new current, as it is shown; an output that is stuck on keeps the one it has."""
        if self.output_on and (self.coil.ignores_off or self.lied_to_off):
            return
        self._level_a = level_a / self.gain
        self.coil.drive(self._field_per_a * self._level_a, self.frequency_hz)

    def force_w(self, power_w: float) -> None:
        """Let so much flow now, whoever asked for it."""
        self.drive((power_w / self._ohm) ** 0.5)
        self.output_on = True

    def switch_off(self) -> bool:
        """Off as commanded; False when a fault holds it on."""
        return self.coil.switch_off()
