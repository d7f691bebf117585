"""Coherent OBIS LX laser on an OBIS Remote, over USB or RS-232.

From the protocol card: SCPI words, CR, LF or both end a command; with handshaking on, a value is
followed by a line `OK`, a command is answered by `OK` and an error by `ERR` and its number, while
with handshaking off commands and errors are silent; a prompt, where it is on, comes behind
everything. Errors wait in a queue, too. Watts. Light comes 5 s after it is asked for where CDRH is
on; a laser that is cold takes ON and lights when it is warm; what may not be changed while it is on
is out of order (-200). Status and fault are eight hexadecimal digits; with the key off the
interlock's bit stands whatever the interlock does. What the prompt looks like, which error the key
gives, and latencies are of the simulator.
"""

from __future__ import annotations

import re
from typing import ClassVar

from labctl_simulators.wire._personality import MS, Reply
from labctl_simulators.wire._text import TextInstrument, command, number
from labctl_simulators.world import Stream, World

_NS = 1_000_000_000
_CDRH_S = 5.0
_QUICK_S = 0.02
_UNKNOWN, _OUT_OF_ORDER, _BAD_PARAMETER = -100, -200, -220
_ERRORS_KEPT = 20
_PROMPT = b"OBIS> "


class ObisRemote(TextInstrument):
    """One laser, key on, as somebody left it: it starts by itself and follows a digital input."""

    latency_ns: ClassVar[int] = 5 * MS

    def __init__(
        self,
        world: World,
        *,
        most_w: float = 2.0,
        emission_delay_s: float = _CDRH_S,
        warm_after_s: float = 0.0,
        handshake: bool = True,
        prompt: bool = False,
    ) -> None:
        """`emission_delay_s` of 5 or more is what CDRH being on makes of it."""
        super().__init__()
        self.baud: int | None = 115200
        self.fault = 0
        self._world = world
        self._laser = world.laser
        self._low_w, self._high_w = 0.001, most_w
        self._set_w = self._low_w
        self._quick_s = min(emission_delay_s, _QUICK_S)
        self._delay_s = emission_delay_s
        self._warm_ns = world.now_ns + round(warm_after_s * _NS)
        self._handshake, self._prompt = handshake, prompt
        self._auto, self._mode, self._tec = True, "DIGITAL", True
        self._errors: list[int] = []
        self._failed: int | None = None
        self._switchings = 0
        self._lights_ns: int | None = None
        self._noise = Stream(world.truth.seed, "obis/power").normal

    # -- line --------------------------------------------------------------------------------

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        self.t_ns = t_ns
        *lines, self._partial = re.split(rb"[\r\n]", self._partial + data)
        replies: list[Reply] = []
        for line in filter(None, (line.strip() for line in lines)):
            said = self._answer(line.decode("latin-1"))
            if said:
                replies.append((said, (len(replies) + 1) * self.latency_ns))
        return replies

    def _answer(self, text: str) -> bytes:
        self._failed = None
        found = self._find(text)
        value = found[0](self, found[1]) if found is not None else None
        said = b"" if value is None else value.encode() + b"\r\n"
        if self._handshake:
            said += b"OK\r\n" if self._failed is None else f"ERR{self._failed}\r\n".encode()
        return said + (_PROMPT if self._prompt else b"")

    def unknown(self, text: str) -> None:
        self._fail(_UNKNOWN)

    def _fail(self, code: int) -> None:
        self._failed = code
        if len(self._errors) < _ERRORS_KEPT:
            self._errors.append(code)

    def _switch(self, text: str, now: bool) -> bool:
        if text.upper() not in ("ON", "OFF"):
            self._fail(_BAD_PARAMETER)
            return now
        return text.upper() == "ON"

    @command("SYSTem:COMMunicate:HANDshaking")
    def _set_handshake(self, text: str) -> None:
        self._handshake = self._switch(text, self._handshake)

    @command("SYSTem:COMMunicate:HANDshaking?")
    def _handshakes(self, _: str) -> str:
        return _word(self._handshake)

    @command("SYSTem:COMMunicate:PROMpt")
    def _set_prompt(self, text: str) -> None:
        self._prompt = self._switch(text, self._prompt)

    @command("SYSTem:ERRor:COUNt?")
    def _error_count(self, _: str) -> str:
        return str(len(self._errors))

    @command("SYSTem:ERRor:NEXT?")
    def _next_error(self, _: str) -> str:
        return str(self._errors.pop(0)) if self._errors else "0"

    @command("SYSTem:ERRor:CLEar")
    def _clear_errors(self, _: str) -> None:
        self._errors.clear()

    # -- who ---------------------------------------------------------------------------------

    @command("*IDN?")
    def _idn(self, _: str) -> str:
        return "Coherent, Inc-OBIS 808nm 2000mW C-V2.9-20140321"

    @command("SYSTem:INFormation:MODel?")
    def _model(self, _: str) -> str:
        return "OBIS 808nm 2000mW LX"

    @command("SYSTem:INFormation:SNUMber?")
    def _serial(self, _: str) -> str:
        return "S808-0417"

    @command("SYSTem:INFormation:FVERsion?")
    def _firmware(self, _: str) -> str:
        return "V2.9"

    # -- what it does ------------------------------------------------------------------------

    @command("SYSTem:AUTostart")
    def _set_auto(self, text: str) -> None:
        self._auto = self._switch(text, self._auto)

    @command("SYSTem:AUTostart?")
    def _starts(self, _: str) -> str:
        return _word(self._auto)

    @command("SYSTem:CDRH")
    def _set_cdrh(self, text: str) -> None:
        self._delay_s = _CDRH_S if self._switch(text, self._delay_s >= _CDRH_S) else self._quick_s

    @command("SYSTem:CDRH?")
    def _cdrh(self, _: str) -> str:
        return _word(self._delay_s >= _CDRH_S)

    @command("SOURce:TEMPerature:APRobe")
    def _set_tec(self, text: str) -> None:
        self._tec = self._switch(text, self._tec)

    @command("SOURce:TEMPerature:APRobe?")
    def _tec_on(self, _: str) -> str:
        return _word(self._tec)

    @command("SOURce:AM:INTernal")
    def _set_internal(self, text: str) -> None:
        self._set_mode(text, ("CWP", "CWC"))

    @command("SOURce:AM:EXTernal")
    def _set_external(self, text: str) -> None:
        self._set_mode(text, ("DIGITAL", "ANALOG", "MIXED"))

    def _set_mode(self, text: str, modes: tuple[str, ...]) -> None:
        if self._laser.output_on:
            self._fail(_OUT_OF_ORDER)
        elif text.upper() not in modes:
            self._fail(_BAD_PARAMETER)
        else:
            self._mode = text.upper()

    @command("SOURce:AM:SOURce?")
    def _tell_mode(self, _: str) -> str:
        return self._mode

    @command("SOURce:POWer:LIMit:LOW?")
    def _lowest(self, _: str) -> str:
        return f"{self._low_w:.5f}"

    @command("SOURce:POWer:LIMit:HIGH?")
    def _highest(self, _: str) -> str:
        return f"{self._high_w:.5f}"

    @command("SOURce:POWer:LEVel:IMMediate:AMPLitude")
    def _set_power(self, text: str) -> None:
        watts = number(text)
        if watts is None or not self._low_w <= watts <= self._high_w:
            self._fail(_BAD_PARAMETER)
            return
        self._set_w = watts
        self._laser.drive(watts)
        self._world.settle()

    @command("SOURce:POWer:LEVel:IMMediate:AMPLitude?")
    def _power_set(self, _: str) -> str:
        return f"{self._set_w:.5f}"

    @command("SOURce:POWer:LEVel?")
    def _measured(self, _: str) -> str:
        laser = self._laser
        if not (laser.lit and laser.output_on):
            return "0.00000"
        watts = laser.level * laser.readback_factor * (1 + 1e-3 * self._noise())
        return f"{max(watts, 0.0):.5f}"

    @command("SOURce:AM:STATe")
    def _set_state(self, text: str) -> None:
        laser = self._laser
        if not self._switch(text, laser.output_on):
            if self._failed is None:
                self._switchings += 1
                self._lights_ns = None
                laser.switch_off()
                self._world.settle()
        elif self._failed is None and not laser.output_on:
            self._light()

    def _light(self) -> None:
        laser = self._laser
        if self.fault or not (laser.interlock_closed and laser.key_on and self._tec):
            self._fail(_OUT_OF_ORDER)
            return
        self._switchings += 1
        switching = self._switchings
        laser.output_on = True
        begins_ns = max(self.t_ns, self._warm_ns)
        self._lights_ns = begins_ns + round(self._delay_s * _NS)

        def ignite() -> None:
            if laser.output_on and self._switchings == switching and self._mode == "CWP":
                laser.lit = True

        self._world.schedule(self._lights_ns, ignite)

    @command("SOURce:AM:STATe?")
    def _state(self, _: str) -> str:
        return _word(self._laser.output_on)

    # -- what it says of itself --------------------------------------------------------------

    @command("SYSTem:STATus?")
    def _status(self, _: str) -> str:
        laser = self._laser
        lit = laser.lit and laser.output_on
        cold = self.t_ns < self._warm_ns
        waits = laser.output_on and not lit and not cold and self._delay_s >= _CDRH_S
        bits = 0xC8000000
        for bit, holds in (
            (0x01, self.fault != 0),
            (0x02, lit),
            (0x08, not (lit or cold)),
            (0x10, waits),
            (0x40, bool(self._errors)),
            (0x100, cold),
            (0x400, self._mode not in ("CWP", "CWC")),
            (0x1000, laser.key_on and laser.interlock_closed),
            (0x02000000, not laser.key_on),
            (0x04000000, not (laser.interlock_closed and laser.key_on)),
        ):
            bits |= bit * holds
        return f"{bits:08X}"

    @command("SYSTem:FAULt?")
    def _faults(self, _: str) -> str:
        return f"{self.fault:08X}"

    @command("SYSTem:LOCK?")
    def _lock(self, _: str) -> str:
        return _word(self._laser.interlock_closed)


def _word(on: bool) -> str:
    return "ON" if on else "OFF"
