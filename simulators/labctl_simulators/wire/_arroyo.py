"""Arroyo 4300/6300 laser-diode controller (ILX/Newport command tree), 38400 8N1.

From the protocol card: currents in mA; `LAS:LDI?` is the measured current and `LAS:SET:LDI?` the
set point; set commands are silent, what went wrong is asked with `ERR?`; an open interlock refuses
the output (E-202), a value out of range E-508, an unknown path E-123 and nothing else; the event
register is latched until it is read. It is not SCPI. Latencies are from memory of such boxes.
"""

from __future__ import annotations

from typing import ClassVar

from labctl_simulators.wire._personality import MS
from labctl_simulators.wire._text import TextInstrument, command, number
from labctl_simulators.world import Stream, World

_CURRENT_LIMIT, _INTERLOCK, _OUTPUT_ON = 1 << 0, 1 << 4, 1 << 10
_ERRORS = {
    123: "Path not found",
    126: "Too few or too many program data elements",
    202: "Laser output cannot be enabled (interlock)",
    508: "Value out of range",
}
_MODEL = "6310"
_SERIAL = "1000432"
_FIRMWARE = "v3.12"


class ArroyoController(TextInstrument):
    """A combined laser and TEC controller; the TEC holds 25 degC and is always on."""

    ending: ClassVar[bytes] = b"\r\n"
    latency_ns: ClassVar[int] = 2 * MS

    def __init__(
        self,
        world: World,
        *,
        baud: int = 38400,
        emission_delay_s: float = 0.02,
        most_ma: float = 5000.0,
    ) -> None:
        super().__init__()
        self.baud = baud
        self._world = world
        self._laser = world.laser
        self._delay_ns = round(emission_delay_s * 1e9)
        self._most_ma = most_ma
        self._limit_ma = most_ma
        self._set_ma = 0.0
        self._errors: list[int] = []
        self._events = 0
        self._switchings = 0
        self._tec_set_degc = 25.0
        self._tec_on = True
        self._noise = Stream(world.truth.seed, "laser/current").normal

    def unknown(self, text: str) -> None:
        self._error(123)

    def _error(self, code: int) -> None:
        if len(self._errors) < 10:
            self._errors.append(code)

    # -- output --------------------------------------------------------------------------------

    @command("LASer:OUTput")
    def _set_output(self, text: str) -> None:
        wanted = text.upper()
        if wanted in ("0", "OFF"):
            self._switchings += 1
            self._laser.switch_off()
            self._world.settle()
        elif wanted in ("1", "ON"):
            self._switch_on()
        else:
            self._error(126)

    def _switch_on(self) -> None:
        laser = self._laser
        if laser.output_on:
            return
        if not (laser.interlock_closed and laser.key_on):
            self._error(202)
            return
        self._switchings += 1
        laser.output_on = True
        self._events |= _OUTPUT_ON
        self._drive()
        switching = self._switchings

        def ignite() -> None:
            # An off, or an interlock, in the meantime wins.
            if laser.output_on and self._switchings == switching:
                laser.lit = True

        self._world.schedule(self.t_ns + self._delay_ns, ignite)

    @command("LASer:OUTput?")
    def _get_output(self, _: str) -> str:
        return "1" if self._laser.output_on else "0"

    # -- current -------------------------------------------------------------------------------

    def _drive(self) -> None:
        self._laser.drive(self._set_ma / 1e3)
        self._world.settle()

    @command("LASer:LDI", "LASer:SET:LDI")
    def _set_current(self, text: str) -> None:
        ma = number(text)
        if ma is None:
            self._error(126)
        elif not 0.0 <= ma <= self._limit_ma:
            self._error(508)
        else:
            self._set_ma = round(ma, 2)
            self._drive()

    @command("LASer:LDI?")
    def _measured_current(self, _: str) -> str:
        laser = self._laser
        noise = self._noise()
        if not laser.lit or not laser.output_on:
            return "0.0"
        ma = laser.level * 1e3 * laser.readback_factor
        return f"{ma * (1.0 + 2e-4 * noise):.1f}"

    @command("LASer:SET:LDI?")
    def _get_set_current(self, _: str) -> str:
        return f"{self._set_ma:.2f}"

    @command("LASer:LIMit:LDI")
    def _set_limit(self, text: str) -> None:
        ma = number(text)
        if ma is None:
            self._error(126)
        elif not 0.0 < ma <= self._most_ma:
            self._error(508)
        else:
            self._limit_ma = round(ma, 1)
            # The set point cannot stay above the limit.
            self._set_ma = min(self._set_ma, self._limit_ma)
            self._drive()

    @command("LASer:LIMit:LDI?")
    def _get_limit(self, _: str) -> str:
        return f"{self._limit_ma:.1f}"

    @command("LASer:LDV?")
    def _voltage(self, _: str) -> str:
        return f"{1.6 + 0.12 * self._laser.level:.3f}" if self._laser.lit else "0.000"

    @command("LASer:MDI?")
    def _monitor_current(self, _: str) -> str:
        return f"{250.0 * self._world.power_w():.1f}"

    @command("LASer:MDP?")
    def _monitor_power(self, _: str) -> str:
        return f"{1e3 * self._world.power_w():.1f}"

    @command("LASer:MODE?")
    def _mode(self, _: str) -> str:
        return "ILBW"

    # -- status --------------------------------------------------------------------------------

    def _condition(self) -> int:
        laser = self._laser
        bits = 0 if laser.interlock_closed else _INTERLOCK
        if laser.output_on:
            bits |= _OUTPUT_ON
            if self._set_ma >= self._limit_ma:
                bits |= _CURRENT_LIMIT
        self._events |= bits
        return bits

    @command("LASer:CONDition?")
    def _get_condition(self, _: str) -> str:
        return str(self._condition())

    @command("LASer:EVEnt?")
    def _get_events(self, _: str) -> str:
        self._condition()
        events, self._events = self._events, 0
        return str(events)

    @command("KEY?")
    def _key(self, _: str) -> str:
        return "1" if self._laser.key_on else "0"

    @command("DIO:IN?")
    def _digital_in(self, text: str) -> str:
        return "1" if text == "0" and self._laser.interlock_closed else "0"

    @command("ERRor?")
    def _get_errors(self, _: str) -> str:
        told = ",".join(str(code) for code in self._errors) or "0"
        self._errors.clear()
        return told

    @command("ERRSTR?")
    def _get_error_texts(self, _: str) -> str:
        told = ",".join(f'{code},"{_ERRORS[code]}"' for code in self._errors) or '0,"No error"'
        self._errors.clear()
        return told

    @command("*CLS")
    def _clear(self, _: str) -> None:
        self._errors.clear()
        self._events = 0

    @command("*RST")
    def _reset(self, _: str) -> None:
        self._set_output("0")
        self._set_ma = 0.0
        self._drive()

    @command("*IDN?")
    def _idn(self, _: str) -> str:
        return f"Arroyo {_MODEL} {_SERIAL} {_FIRMWARE}"

    @command("VER?")
    def _version(self, _: str) -> str:
        return _FIRMWARE

    @command("SN?")
    def _serial(self, _: str) -> str:
        return _SERIAL

    @command("*OPC?")
    def _done(self, _: str) -> str:
        return "1"

    @command("LOCAL", "REMOTE", "BEEP", "LASer:ENABle:OUTOFF", "LASer:MODE:ILBW", "LASer:MODE:I")
    def _taken(self, _: str) -> None:
        """Taken and without effect on what is simulated."""

    # -- TEC -----------------------------------------------------------------------------------

    @command("TEC:T")
    def _set_tec(self, text: str) -> None:
        degc = number(text)
        if degc is None:
            self._error(126)
        elif not 5.0 <= degc <= 50.0:
            self._error(508)
        else:
            self._tec_set_degc = degc

    @command("TEC:T?", "TEC:SET:T?")
    def _get_tec(self, _: str) -> str:
        return f"{self._tec_set_degc:.3f}"

    @command("TEC:OUTput")
    def _set_tec_output(self, text: str) -> None:
        self._tec_on = text.upper() in ("1", "ON")

    @command("TEC:OUTput?")
    def _get_tec_output(self, _: str) -> str:
        return "1" if self._tec_on else "0"

    @command("TEC:CONDition?")
    def _get_tec_condition(self, _: str) -> str:
        return str(_OUTPUT_ON if self._tec_on else 0)
