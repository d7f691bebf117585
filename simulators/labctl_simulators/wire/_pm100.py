"""Thorlabs PM100D power meter with a silicon head, over USBTMC or a socket (replies end LF).

From the protocol card: a reading is in the current unit, a wavelength the head was not set to
scales it, about 3 ms a sample of the average, over-range is 9.9E+37, `MEAS:POW?` configures anew
while `CONF:POW` once and `READ?` is the fast way. Ranges and the responsivity curve are of the
simulator.
"""

from __future__ import annotations

from math import log10, sqrt

from labctl_simulators.wire._personality import MS
from labctl_simulators.wire._text import ScpiInstrument, command, number
from labctl_simulators.world import Stream, World

OVER_RANGE = "9.90000000E+37"
_SAMPLE_NS = 3 * MS
_RANGES_W = (5.0e-4, 5.0e-3, 5.0e-2, 5.0e-1)
_DIGITS = 25_000
_LOW_NM, _HIGH_NM = 400.0, 1100.0
_LASER_NM = 808.0


def responsivity(nm: float) -> float:
    """Of a silicon photodiode, A/W: rises with wavelength up to 960 nm and falls beyond."""
    return 0.62 * nm / 960.0 if nm <= 960.0 else 0.62 * max(0.1, 1.0 - (nm - 960.0) / 200.0)


class Pm100(ScpiInstrument):
    """A PM100D whose head looks at the pick-off."""

    identity = "Thorlabs,PM100D,P0027168,2.7.0"
    latency_ns = 1 * MS

    def __init__(self, world: World, *, head: bool = True) -> None:
        super().__init__()
        self._world = world
        self.head = head
        self._noise = Stream(world.truth.seed, "meter/power").normal
        self._last: str | None = None
        self._fetched: str | None = None
        self._fetched_ns = 0
        self._zero_until_ns = 0
        self.reset()

    def reset(self) -> None:
        self._unit = "W"
        self._loss_db = 0.0
        self._relative = False
        self._reference_w = 0.0
        self._auto = True
        self._range = _RANGES_W[-1]
        self._zero_w = 0.0
        self._set_average(1)
        self._set_nm(635.0)

    def plug(self) -> None:
        """A head is put on that was off: it comes with a wavelength of its own."""
        self.head = True
        self._set_nm(635.0)

    def _set_average(self, count: int) -> None:
        self._count = count
        self._noise_rel = self._world.truth.probes.meter_noise / sqrt(count)

    def _set_nm(self, nm: float) -> None:
        self._nm = nm
        self._scale = responsivity(_LASER_NM) / responsivity(nm)

    def _measure(self) -> str:
        noise = self._noise()
        if self.upsets.frozen and self._last is not None:
            return self._last
        if not self.head:
            return OVER_RANGE
        dark_w = self._world.truth.probes.meter_dark_w
        power_w = self._world.head_power_w() * self._scale * (1.0 + self._noise_rel * noise)
        power_w += dark_w * (1.0 + 0.2 * noise) - self._zero_w
        limit = self._range
        if self._auto:
            limit = next((r for r in _RANGES_W if power_w <= r), _RANGES_W[-1])
        if power_w > 1.05 * limit:
            self._last = OVER_RANGE
            return OVER_RANGE
        quantum = limit / _DIGITS
        power_w = round(power_w / quantum) * quantum
        power_w *= 10.0 ** (self._loss_db / 10.0)
        if self._relative:
            power_w -= self._reference_w
        if self._unit == "DBM":
            self._last = f"{10.0 * log10(max(power_w, 1e-12) / 1e-3):.8E}"
        else:
            self._last = f"{power_w:.8E}"
        return self._last

    @command("READ?")
    def _read(self, _: str) -> str:
        self.duration_ns += self._count * _SAMPLE_NS
        return self._measure()

    @command("MEASure?", "MEASure:POWer?", "MEASure:SCALar:POWer?")
    def _measure_power(self, text: str) -> str:
        self.duration_ns += 5 * MS  # it configures first
        return self._read(text)

    @command("INITiate", "INITiate:IMMediate")
    def _init(self, _: str) -> None:
        self._fetched = self._measure()
        self._fetched_ns = self.t_ns + self._count * _SAMPLE_NS

    @command("FETCh?")
    def _fetch(self, _: str) -> str | None:
        if self._fetched is None:
            self.error(-230, "Data corrupt or stale")
            return None
        self.duration_ns += max(0, self._fetched_ns - self.t_ns)
        return self._fetched

    @command("ABORt")
    def _abort(self, _: str) -> None:
        self._fetched_ns = self.t_ns

    @command("CONFigure:POWer", "CONFigure:SCALar:POWer", "CONFigure")
    def _configure(self, _: str) -> None:
        """Power is all that this head measures."""

    @command("CONFigure?")
    def _configured(self, _: str) -> str:
        return "POW"

    @command("MEASure:TEMPerature?")
    def _temperature(self, _: str) -> str | None:
        self.error(-241, "Hardware missing")
        return None

    @command("SYSTem:SENSor:IDN?")
    def _sensor(self, _: str) -> str:
        if not self.head:
            return '"no sensor","","",0,0,0'
        return '"S121C","14061812","12-Jan-2026",1,18,33'

    @command("SENSe:CORRection:WAVelength")
    def _set_wavelength(self, text: str) -> None:
        nm = number(text)
        if nm is None:
            self.error(-104, "Data type error")
        elif not _LOW_NM <= nm <= _HIGH_NM:
            self.error(-222, "Data out of range")
        else:
            self._set_nm(nm)

    @command("SENSe:CORRection:WAVelength?")
    def _get_wavelength(self, text: str) -> str:
        nm = {"MIN": _LOW_NM, "MAX": _HIGH_NM}.get(text.upper()[:3], self._nm)
        return f"{nm:.8E}"

    @command("SENSe:AVERage:COUNt", "SENSe:AVERage")
    def _set_count(self, text: str) -> None:
        count = number(text)
        if count is None or not 1 <= count <= 3000:
            self.error(-222, "Data out of range")
        else:
            self._set_average(int(count))

    @command("SENSe:AVERage:COUNt?", "SENSe:AVERage?")
    def _get_count(self, _: str) -> str:
        return str(self._count)

    @command("SENSe:POWer:RANGe:AUTO", "SENSe:POWer:DC:RANGe:AUTO")
    def _set_auto(self, text: str) -> None:
        wanted = text.upper()
        if wanted not in ("1", "0", "ON", "OFF"):
            self.error(-104, "Data type error")
        else:
            self._auto = wanted in ("1", "ON")

    @command("SENSe:POWer:RANGe:AUTO?", "SENSe:POWer:DC:RANGe:AUTO?")
    def _get_auto(self, _: str) -> str:
        return str(int(self._auto))

    @command("SENSe:POWer:RANGe", "SENSe:POWer:RANGe:UPPer", "SENSe:POWer:DC:RANGe:UPPer")
    def _set_range(self, text: str) -> None:
        asked = number(text)
        fitting = [r for r in _RANGES_W if asked is not None and asked <= r * (1.0 + 1e-9)]
        if not fitting:
            self.error(-222, "Data out of range")
            return
        self._auto = False
        self._range = fitting[0]

    @command("SENSe:POWer:RANGe?", "SENSe:POWer:RANGe:UPPer?", "SENSe:POWer:DC:RANGe:UPPer?")
    def _get_range(self, _: str) -> str:
        return f"{self._range:.8E}"

    @command("SENSe:CORRection:LOSS:INPut:MAGNitude")
    def _set_loss(self, text: str) -> None:
        loss_db = number(text)
        if loss_db is None or not -60.0 <= loss_db <= 60.0:
            self.error(-222, "Data out of range")
        else:
            self._loss_db = loss_db

    @command("SENSe:CORRection:LOSS:INPut:MAGNitude?")
    def _get_loss(self, _: str) -> str:
        return f"{self._loss_db:.8E}"

    @command("SENSe:POWer:REFerence")
    def _set_reference(self, text: str) -> None:
        self._reference_w = number(text) or 0.0

    @command("SENSe:POWer:REFerence:STATe")
    def _set_relative(self, text: str) -> None:
        self._relative = text.upper() in ("ON", "1")

    @command("INPut:PDIode:FILTer:LPASs:STATe")
    def _set_low_pass(self, text: str) -> None:
        """Slow or fast: the simulated photodiode is as quiet either way."""
        if text.upper() not in ("ON", "OFF", "1", "0"):
            self.error(-104, "Data type error")

    @command("SENSe:POWer:UNIT", "SENSe:POWer:DC:UNIT")
    def _set_unit(self, text: str) -> None:
        if text.upper() not in ("W", "DBM"):
            self.error(-104, "Data type error")
        else:
            self._unit = text.upper()

    @command("SENSe:POWer:UNIT?", "SENSe:POWer:DC:UNIT?")
    def _get_unit(self, _: str) -> str:
        return self._unit

    @command("SENSe:CORRection:COLLect:ZERO", "SENSe:CORRection:COLLect:ZERO:INITiate")
    def _zero(self, _: str) -> None:
        self._zero_until_ns = self.t_ns + 2_000 * MS
        # A head that is not dark is zeroed wrongly, as on the bench.
        self._zero_w = self._world.head_power_w() + self._world.truth.probes.meter_dark_w

    @command("SENSe:CORRection:COLLect:ZERO:STATe?")
    def _zero_state(self, _: str) -> str:
        return str(int(self.t_ns < self._zero_until_ns))

    @command("SENSe:CORRection:COLLect:ZERO:ABORt")
    def _zero_abort(self, _: str) -> None:
        self._zero_until_ns = self.t_ns
        self._zero_w = 0.0

    @command("SENSe:CORRection:COLLect:ZERO:MAGNitude?")
    def _zero_magnitude(self, _: str) -> str:
        return f"{self._zero_w:.8E}"
