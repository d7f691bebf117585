"""Thorlabs ITC4005 laser-diode and TEC controller, over USBTMC or a socket (replies end LF).

From the protocol card and the manufacturer's SCPI reference: values in A; the set point is bounded
by the limit; open interlock, key off or a low `LD ENABLE` keep the output off; the output is said
to be on from the command, the current comes `OUTPut1:DELay` and a ramp later; sets are silent and
what went wrong waits in the error queue. The ramp, latencies, noise, the numbers of the errors and
that a limit cannot be changed while the output is on are of the simulator.
"""

from __future__ import annotations

from labctl_simulators.wire._personality import MS
from labctl_simulators.wire._text import ScpiInstrument, command, number
from labctl_simulators.world import Stream, World

_MEASURE_NS = 15 * MS
_MOST_A = 5.0
_NOISE = 1e-4
_NS = 1_000_000_000


class ThorlabsController(ScpiInstrument):
    """An ITC4005 whose cooler holds 25 degC."""

    identity = "Thorlabs,ITC4005,M00404162,1.8.0/1.5.0/2.3.0"
    latency_ns = 2 * MS

    def __init__(self, world: World, *, emission_delay_s: float = 0.5) -> None:
        super().__init__()
        self._world = world
        self._laser = world.laser
        self._delay_s = emission_delay_s
        self._limit_a = _MOST_A
        self._set_a = 0.0
        self._mode, self._shape = "CURR", "DC"
        self._modulated = False
        self._switchings = 0
        self.cooler_on = True
        self.enabled = True
        """What the LD ENABLE input says."""
        self._noise = Stream(world.truth.seed, "laser/current").normal
        self._frozen: str | None = None

    def reset(self) -> None:
        self._switch_off()
        self._set_a = 0.0
        self._mode, self._shape, self._modulated = "CURR", "DC", False
        self._drive()

    # -- output --------------------------------------------------------------------------------

    @command("OUTPut", "OUTPut1", "OUTPut:STATe", "OUTPut1:STATe")
    def _set_output(self, text: str) -> None:
        wanted = _boolean(text)
        if wanted is None:
            self.error(-104, "Data type error")
        elif wanted:
            self._switch_on()
        else:
            self._switch_off()

    def _switch_off(self) -> None:
        self._switchings += 1
        self._laser.switch_off()
        self._world.settle()

    def _switch_on(self) -> None:
        laser = self._laser
        if laser.output_on:
            return
        if not (laser.interlock_closed and laser.key_on and self.enabled):
            self.error(-221, "Settings conflict")
            return
        self._switchings += 1
        laser.output_on = True
        self._drive()
        switching = self._switchings

        def ignite() -> None:
            # An off, or an interlock, in the meantime wins.
            if laser.output_on and self._switchings == switching:
                laser.lit = True

        self._world.schedule(self.t_ns + round(self._delay_s * _NS), ignite)

    @command("OUTPut?", "OUTPut1?", "OUTPut:STATe?", "OUTPut1:STATe?")
    def _get_output(self, _: str) -> str:
        return str(int(self._laser.output_on))

    @command("OUTPut:DELay", "OUTPut1:DELay")
    def _set_delay(self, text: str) -> None:
        asked = number(text)
        if asked is None or not 0.0 <= asked <= 600.0:
            self.error(-222, "Data out of range")
        else:
            self._delay_s = asked

    @command("OUTPut:DELay?", "OUTPut1:DELay?")
    def _get_delay(self, _: str) -> str:
        return f"{self._delay_s:.6E}"

    # -- current -------------------------------------------------------------------------------

    def _drive(self) -> None:
        self._laser.drive(self._set_a)
        self._world.settle()

    @command("SOURce:CURRent", "SOURce1:CURRent", "SOURce1:CURRent:LEVel:AMPLitude")
    def _set_current(self, text: str) -> None:
        asked = number(text)
        if asked is None:
            self.error(-104, "Data type error")
        elif not 0.0 <= asked <= self._limit_a:
            self.error(-222, "Data out of range")
        else:
            self._set_a = round(asked, 5)
            self._drive()

    @command("SOURce:CURRent?", "SOURce1:CURRent?", "SOURce1:CURRent:LEVel:AMPLitude?")
    def _get_current(self, text: str) -> str:
        return _bounded(text, 0.0, self._limit_a, self._set_a)

    @command("SOURce:CURRent:LIMit", "SOURce1:CURRent:LIMit", "SOURce1:CURRent:LIMit:AMPLitude")
    def _set_limit(self, text: str) -> None:
        asked = number(text)
        if asked is None:
            self.error(-104, "Data type error")
        elif self._laser.output_on:
            self.error(-221, "Settings conflict")
        elif not 0.001 <= asked <= _MOST_A:
            self.error(-222, "Data out of range")
        else:
            self._limit_a = round(asked, 5)
            self._set_a = min(self._set_a, self._limit_a)
            self._drive()

    @command("SOURce:CURRent:LIMit?", "SOURce1:CURRent:LIMit?", "SOURce1:CURRent:LIMit:AMPLitude?")
    def _get_limit(self, text: str) -> str:
        return _bounded(text, 0.001, _MOST_A, self._limit_a)

    @command("MEASure:CURRent?", "MEASure:CURRent1?", "MEASure:SCALar:CURRent1:DC?")
    def _measure_current(self, _: str) -> str:
        self.duration_ns += _MEASURE_NS
        laser = self._laser
        noise_a = _NOISE * self._noise()
        flows = laser.lit and laser.output_on
        told = f"{laser.level * laser.readback_factor * flows + noise_a:.6E}"
        if not self.upsets.frozen or self._frozen is None:
            self._frozen = told
        return self._frozen

    @command("MEASure:VOLTage?", "MEASure:VOLTage1?")
    def _measure_voltage(self, _: str) -> str:
        self.duration_ns += _MEASURE_NS
        return f"{1.6 + 0.12 * self._laser.level if self._laser.lit else 0.0:.6E}"

    # -- kind of drive -------------------------------------------------------------------------

    @command("SOURce:FUNCtion:MODE", "SOURce1:FUNCtion:MODE")
    def _set_mode(self, text: str) -> None:
        self._mode = self._word(text, ("CURR", "POW"), self._mode)

    @command("SOURce:FUNCtion:MODE?", "SOURce1:FUNCtion:MODE?")
    def _get_mode(self, _: str) -> str:
        return self._mode

    @command("SOURce:FUNCtion:SHAPe", "SOURce1:FUNCtion:SHAPe")
    def _set_shape(self, text: str) -> None:
        self._shape = self._word(text, ("DC", "PULS"), self._shape)

    @command("SOURce:FUNCtion:SHAPe?", "SOURce1:FUNCtion:SHAPe?")
    def _get_shape(self, _: str) -> str:
        return self._shape

    @command("SOURce:AM", "SOURce1:AM", "SOURce1:AM:STATe")
    def _set_modulation(self, text: str) -> None:
        wanted = _boolean(text)
        if wanted is None:
            self.error(-104, "Data type error")
        else:
            self._modulated = wanted

    @command("SOURce:AM?", "SOURce1:AM?", "SOURce1:AM:STATe?")
    def _get_modulation(self, _: str) -> str:
        return str(int(self._modulated))

    def _word(self, text: str, known: tuple[str, ...], now: str) -> str:
        found = next((word for word in known if text.upper().startswith(word)), None)
        if found is None:
            self.error(-224, "Illegal parameter value")
        elif self._laser.output_on and found != now:
            self.error(-221, "Settings conflict")
            found = None
        return found or now

    # -- protections ---------------------------------------------------------------------------

    @command("OUTPut:PROTection:INTLock:TRIPped?", "OUTPut1:PROTection:INTLock:TRIPped?")
    def _interlock(self, _: str) -> str:
        return str(int(not self._laser.interlock_closed))

    @command("OUTPut:PROTection:KEYLock:TRIPped?", "OUTPut1:PROTection:KEYLock:TRIPped?")
    def _key(self, _: str) -> str:
        return str(int(not self._laser.key_on))

    @command("OUTPut:PROTection:EXTernal:TRIPped?", "OUTPut1:PROTection:EXTernal:TRIPped?")
    def _external(self, _: str) -> str:
        return str(int(not self.enabled))

    @command(
        "OUTPut1:PROTection:VOLTage:TRIPped?",
        "OUTPut1:PROTection:OTEMp:TRIPped?",
        "OUTPut1:PROTection:INTernal:TRIPped?",
        "SOURce1:CURRent:LIMit:TRIPped?",
    )
    def _healthy(self, _: str) -> str:
        return "0"

    # -- cooler --------------------------------------------------------------------------------

    @command("OUTPut2", "OUTPut2:STATe")
    def _set_cooler(self, text: str) -> None:
        wanted = _boolean(text)
        if wanted is None:
            self.error(-104, "Data type error")
        else:
            self.cooler_on = wanted

    @command("OUTPut2?", "OUTPut2:STATe?")
    def _get_cooler(self, _: str) -> str:
        return str(int(self.cooler_on))

    @command("MEASure:TEMPerature?")
    def _temperature(self, _: str) -> str:
        return "2.500000E+01"


def _boolean(text: str) -> bool | None:
    return {"0": False, "OFF": False, "1": True, "ON": True}.get(text.upper())


def _bounded(text: str, least: float, most: float, now: float) -> str:
    return f"{ {'MIN': least, 'MAX': most}.get(text.upper()[:3], now):.6E}"
