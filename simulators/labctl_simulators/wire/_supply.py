"""Keysight E36312A bench supply with a calibration resistor, or the inverter of a coil, on one
output (replies end LF).

From the card: a channel list ends every command and query that concerns an output, `OUTP?` is what
the supply thinks, `MEAS` is what is at the sense terminals whatever it thinks. Latencies, noise and
the current that over-current protection needs to trip are of the simulator.
"""

from __future__ import annotations

import re

from labctl_simulators.wire._personality import MS
from labctl_simulators.wire._text import ScpiInstrument, command, number
from labctl_simulators.world import Inverter, Stream, World

_MEASURE_NS = 20 * MS
_HIGHEST = {1: (6.18, 5.15), 2: (25.75, 1.03), 3: (25.75, 1.03)}
"""Volts and amperes of each output."""
_VOLTAGE_NOISE_V, _CURRENT_NOISE_A = 1.0e-4, 5.0e-6
_CHANNELS = re.compile(r"^(?P<value>[^(]*?),?\s*\(@(?P<output>[123])\)$")


class KeysightSupply(ScpiInstrument):
    """An E36312A. The outputs without the resistor keep what they are told, and drive nothing."""

    identity = "Keysight Technologies,E36312A,MY59002391,2.1.0-1.0.4-1.12"
    latency_ns = 2 * MS

    def __init__(self, world: World, output: int = 2, coil: Inverter | None = None) -> None:
        """`coil`: it feeds that, and not the resistor."""
        super().__init__()
        self._world = world
        self._output = output
        self._heater = world.heater if coil is None else coil
        seed = world.truth.seed
        self._voltage_noise = Stream(seed, "supply/voltage").normal
        self._current_noise = Stream(seed, "supply/current").normal
        self._set_v = dict.fromkeys(_HIGHEST, 0.0)
        self._set_a = {key: most for key, (_, most) in _HIGHEST.items()}
        self._limit_v = {key: 1.1 * most for key, (most, _) in _HIGHEST.items()}
        self._protects = dict.fromkeys(_HIGHEST, False)
        self._sense = dict.fromkeys(_HIGHEST, "INT")
        self._on = dict.fromkeys(_HIGHEST, False)
        self._tripped = {key: {"V": False, "A": False} for key in _HIGHEST}
        self._frozen: dict[str, str] = {}

    def _read(self, text: str) -> tuple[str, int]:
        """Value and output of an argument; the first output where none is named."""
        match = _CHANNELS.match(text)
        return (text, 1) if match is None else (match["value"].strip(), int(match["output"]))

    def _is_resistor(self, output: int) -> bool:
        return output == self._output and self._heater is not None

    def _drive(self, output: int) -> None:
        heater = self._heater
        if heater is None or output != self._output:
            return
        heater.drive(self._set_v[output])
        if self._on[output]:
            heater.output_on = True
        elif not heater.switch_off():
            # Stuck: it knows, unless it lies.
            self._on[output] = heater.ignores_off
        self._world.settle()

    def _set(self, text: str, of: dict[int, float], most: dict[int, float]) -> int | None:
        value, output = self._read(text)
        asked = number(value)
        if asked is None:
            self.error(-104, "Data type error")
            return None
        if not 0.0 <= asked <= most[output]:
            self.error(-222, "Data out of range")
            return None
        of[output] = asked
        return output

    # -- output --------------------------------------------------------------------------------

    @command("OUTPut", "OUTPut:STATe")
    def _set_output(self, text: str) -> None:
        value, output = self._read(text)
        if value.upper() not in ("0", "1", "OFF", "ON"):
            self.error(-104, "Data type error")
            return
        self._on[output] = value.upper() in ("1", "ON") and not any(self._tripped[output].values())
        self._drive(output)
        self._protect(output)

    @command("OUTPut?", "OUTPut:STATe?")
    def _get_output(self, text: str) -> str:
        _, output = self._read(text)
        heater = self._heater
        if heater is not None and output == self._output:
            # A relay that a fault has closed, or holds, is seen; one that it lies about is not.
            return "1" if heater.output_on and not heater.lied_to_off else "0"
        return "1" if self._on[output] else "0"

    @command("OUTPut:PROTection:CLEar")
    def _clear_protection(self, text: str) -> None:
        _, output = self._read(text)
        self._tripped[output] = {"V": False, "A": False}

    def _protect(self, output: int) -> None:
        """Over-voltage and over-current switch the output off by themselves."""
        heater = self._heater
        if heater is None or not self._is_resistor(output) or not self._on[output]:
            return
        over_v = heater.voltage_v > self._limit_v[output]
        over_a = self._protects[output] and heater.current_a > self._set_a[output]
        if over_v or over_a:
            self._tripped[output] = {"V": over_v, "A": over_a}
            self._on[output] = False
            self._drive(output)

    # -- set points ----------------------------------------------------------------------------

    @command("VOLTage", "SOURce:VOLTage")
    def _set_voltage(self, text: str) -> None:
        output = self._set(text, self._set_v, {key: most for key, (most, _) in _HIGHEST.items()})
        if output is not None:
            self._set_v[output] = round(self._set_v[output], 4)
            self._drive(output)
            self._protect(output)

    @command("VOLTage?", "SOURce:VOLTage?")
    def _get_voltage(self, text: str) -> str:
        return f"{self._set_v[self._read(text)[1]]:+.8E}"

    @command("CURRent", "SOURce:CURRent")
    def _set_current(self, text: str) -> None:
        self._set(text, self._set_a, {key: most for key, (_, most) in _HIGHEST.items()})

    @command("CURRent?", "SOURce:CURRent?")
    def _get_current(self, text: str) -> str:
        return f"{self._set_a[self._read(text)[1]]:+.8E}"

    @command("VOLTage:PROTection", "SOURce:VOLTage:PROTection")
    def _set_limit(self, text: str) -> None:
        self._set(text, self._limit_v, {key: 1.1 * most for key, (most, _) in _HIGHEST.items()})

    @command("VOLTage:PROTection?", "SOURce:VOLTage:PROTection?")
    def _get_limit(self, text: str) -> str:
        return f"{self._limit_v[self._read(text)[1]]:+.8E}"

    @command("VOLTage:PROTection:STATe")
    def _protect_voltage(self, _: str) -> None:
        """Over-voltage protection cannot be switched off here."""

    @command("CURRent:PROTection:STATe")
    def _protect_current(self, text: str) -> None:
        value, output = self._read(text)
        self._protects[output] = value.upper() in ("1", "ON")

    @command("VOLTage:PROTection:TRIPped?")
    def _over_voltage(self, text: str) -> str:
        return str(int(self._tripped[self._read(text)[1]]["V"]))

    @command("CURRent:PROTection:TRIPped?")
    def _over_current(self, text: str) -> str:
        return str(int(self._tripped[self._read(text)[1]]["A"]))

    @command("VOLTage:SENSe:SOURce")
    def _set_sense(self, text: str) -> None:
        value, output = self._read(text)
        if value.upper()[:3] not in ("INT", "EXT"):
            self.error(-224, "Illegal parameter value")
        else:
            self._sense[output] = value.upper()[:3]

    @command("VOLTage:SENSe:SOURce?")
    def _get_sense(self, text: str) -> str:
        return self._sense[self._read(text)[1]]

    # -- measurement ---------------------------------------------------------------------------

    def _measured(self, what: str, value: float) -> str:
        self.duration_ns += _MEASURE_NS
        told = f"{value:+.8E}"
        if self.upsets.frozen:
            return self._frozen.setdefault(what, told)
        self._frozen[what] = told
        return told

    @command("MEASure:VOLTage?", "MEASure:VOLTage:DC?", "MEASure:SCALar:VOLTage:DC?")
    def _measure_voltage(self, text: str) -> str:
        noise_v = _VOLTAGE_NOISE_V * self._voltage_noise()
        heater = self._heater
        if heater is None or not self._is_resistor(self._read(text)[1]):
            return self._measured("V", noise_v)
        return self._measured("V", heater.voltage_v * heater.true.voltage_gain + noise_v)

    @command("MEASure:CURRent?", "MEASure:CURRent:DC?", "MEASure:SCALar:CURRent:DC?")
    def _measure_current(self, text: str) -> str:
        noise_a = _CURRENT_NOISE_A * self._current_noise()
        heater = self._heater
        if heater is None or not self._is_resistor(self._read(text)[1]):
            return self._measured("A", noise_a)
        return self._measured("A", heater.current_a * heater.true.current_gain + noise_a)
