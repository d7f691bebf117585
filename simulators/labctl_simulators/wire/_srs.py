"""Stanford Research Systems LDC502 laser-diode controller: RS-232 at 9600 8N1, GPIB or Ethernet.

From the manufacturer's manual and the protocol card: four letters a command, CR or LF ends it; a
64-byte input buffer that forgets everything when it overflows; replies that end and look as
somebody last chose (`TERM`, `TOKN`); an Ethernet port that is locked until `ULOC 1`; errors that
appear 15 ms after their command and are forgotten when read; a limit that drags the set point. The
numbers of the execution errors and of the tokens, and latencies, are of the simulator.
"""

from __future__ import annotations

import re
from typing import ClassVar

from labctl_simulators.wire._personality import MS, Reply
from labctl_simulators.wire._text import Handler, TextInstrument, command, number
from labctl_simulators.world import Stream, World

_BUFFER = 64
_ERROR_NS = 15 * MS
_UNDEFINED, _BAD_NUMBER, _UNKNOWN_TOKEN = 2, 9, 14
_OUT_OF_RANGE, _NOT_NOW = 1, 3
_ENDINGS = {"NONE": b"", "CR": b"\r", "LF": b"\n", "CRLF": b"\r\n", "LFCR": b"\n\r"}
_HIGHEST_MA = {"HIGH": 2000.0, "LOW": 1000.0}
_NOISE = 2e-5
_NS = 1_000_000_000


class SrsController(TextInstrument):
    """An LDC502 as it leaves the factory: tokens are numbers, replies end CR LF."""

    latency_ns: ClassVar[int] = 3 * MS

    def __init__(
        self,
        world: World,
        *,
        interface: str = "serial",
        baud: int = 9600,
        emission_delay_s: float = 0.02,
    ) -> None:
        super().__init__()
        self.baud: int | None = baud if interface == "serial" else None
        self._world = world
        self._laser = world.laser
        self._locked = self._locks = interface == "ethernet"
        self._delay_s = emission_delay_s
        self._term, self._words = "CRLF", False
        self._mode, self._range, self._modulated = "CC", "HIGH", False
        self._limit_ma = 2000.0
        self._limit_v = 5.0
        self._set_ma = 0.0
        self.cooler_on = True
        self.events = 0
        self._last = {"LCME": (0, 0), "LEXE": (0, 0)}
        self._switchings = 0
        self._noise = Stream(world.truth.seed, "laser/current").normal

    # -- line ----------------------------------------------------------------------------------

    def opened(self, t_ns: int) -> None:
        """A new connection over Ethernet is locked; the buffer of the last one is gone."""
        self._locked = self._locks
        self._partial = b""
        # What was understood while it was unlocked is not, now.
        self._memo.clear()

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        whole = self._partial + data
        kept = [part for part in re.split(rb"(?<=[\r\n])", whole) if len(part) <= _BUFFER]
        if len(b"".join(kept)) < len(whole):
            # All of an overflowing buffer is dropped, with whatever waited in it.
            self._partial = b""
            data = b"".join(kept)
        ending = _ENDINGS[self._term]
        replies = super().receive(data, t_ns)
        return [(text.removesuffix(b"\n") + ending, late_ns) for text, late_ns in replies]

    def _find(self, text: str) -> tuple[Handler, str] | None:
        if self._locked and not text.upper().startswith("ULOC"):
            return None
        return super()._find(text)

    def unknown(self, text: str) -> None:
        self._error("LCME", _UNDEFINED)

    def _error(self, register: str, code: int) -> None:
        self._last[register] = (code, self.t_ns + _ERROR_NS)

    def _tell_error(self, register: str) -> str:
        code, since_ns = self._last[register]
        if self.t_ns < since_ns:
            return "0"
        self._last[register] = (0, 0)
        return str(code)

    def _token(self, word: str, words: tuple[str, ...]) -> str:
        return word if self._words else str(words.index(word))

    def _choice(self, text: str, words: tuple[str, ...], now: str) -> str:
        said = text.upper()
        if said.isdigit() and int(said) < len(words):
            return words[int(said)]
        if said not in words:
            self._error("LCME", _UNKNOWN_TOKEN)
            return now
        return said

    def _within(self, text: str, low: float, high: float) -> float | None:
        asked = number(text)
        if asked is None:
            self._error("LCME", _BAD_NUMBER)
        elif not low <= asked <= high:
            self._error("LEXE", _OUT_OF_RANGE)
        else:
            return asked
        return None

    @command("ULOC")
    def _unlock(self, text: str) -> None:
        self._locked = self._locks and text != "1"

    @command("ULOC?")
    def _unlocked(self, _: str) -> str:
        return str(int(not self._locked))

    @command("TERM")
    def _set_term(self, text: str) -> None:
        self._term = self._choice(text, tuple(_ENDINGS), self._term)

    @command("TOKN")
    def _set_tokens(self, text: str) -> None:
        self._words = self._choice(text, ("OFF", "ON"), "ON" if self._words else "OFF") == "ON"

    @command("LCME?")
    def _command_error(self, _: str) -> str:
        return self._tell_error("LCME")

    @command("LEXE?")
    def _execution_error(self, _: str) -> str:
        return self._tell_error("LEXE")

    @command("*IDN?")
    def _idn(self, _: str) -> str:
        return "Stanford Research Systems,LDC502,s/n098023,ver2.00"

    # -- output --------------------------------------------------------------------------------

    @command("LDON")
    def _set_output(self, text: str) -> None:
        laser = self._laser
        wanted = self._choice(text, ("OFF", "ON"), "ON" if laser.output_on else "OFF")
        if wanted == "OFF":
            self._switchings += 1
            laser.switch_off()
            self._world.settle()
        elif not laser.output_on:
            self._switch_on()

    def _switch_on(self) -> None:
        laser = self._laser
        if not (laser.interlock_closed and laser.key_on):
            self._error("LEXE", _NOT_NOW)
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

    @command("LDON?")
    def _get_output(self, _: str) -> str:
        return self._token("ON" if self._laser.output_on else "OFF", ("OFF", "ON"))

    @command("ILOC?")
    def _interlock(self, _: str) -> str:
        said = "CLOSED" if self._laser.interlock_closed else "OPEN"
        return self._token(said, ("OPEN", "CLOSED"))

    @command("LDEV?")
    def _get_events(self, _: str) -> str:
        events, self.events = self.events, 0
        return str(events)

    @command("TEON")
    def _set_cooler(self, text: str) -> None:
        now = "ON" if self.cooler_on else "OFF"
        self.cooler_on = self._choice(text, ("OFF", "ON"), now) == "ON"

    @command("TEON?")
    def _get_cooler(self, _: str) -> str:
        return self._token("ON" if self.cooler_on else "OFF", ("OFF", "ON"))

    # -- current -------------------------------------------------------------------------------

    def _drive(self) -> None:
        self._laser.drive(self._set_ma / 1e3)
        self._world.settle()

    @command("SILD")
    def _set_current(self, text: str) -> None:
        asked = self._within(text, 0.0, self._limit_ma)
        if asked is not None:
            self._set_ma = round(asked, 2)
            self._drive()

    @command("SILD?")
    def _get_current(self, _: str) -> str:
        return f"{self._set_ma:.3f}"

    @command("RILD?")
    def _measured_current(self, _: str) -> str:
        laser = self._laser
        noise = self._noise()
        if not (laser.lit and laser.output_on):
            return f"{0.02 * noise:.3f}"
        return f"{laser.level * 1e3 * laser.readback_factor * (1.0 + _NOISE * noise):.3f}"

    @command("SILM")
    def _set_limit(self, text: str) -> None:
        asked = self._within(text, 0.0, _HIGHEST_MA[self._range])
        if asked is not None:
            self._limit(round(asked, 2))

    def _limit(self, ma: float) -> None:
        self._limit_ma = ma
        self._set_ma = min(self._set_ma, ma)
        self._drive()

    @command("SILM?")
    def _get_limit(self, _: str) -> str:
        return f"{self._limit_ma:.3f}"

    @command("RNGE")
    def _set_range(self, text: str) -> None:
        if self._laser.output_on:
            self._error("LEXE", _NOT_NOW)
            return
        self._range = self._choice(text, ("LOW", "HIGH"), self._range)
        self._limit(min(self._limit_ma, _HIGHEST_MA[self._range]))

    @command("RNGE?")
    def _get_range(self, _: str) -> str:
        return self._token(self._range, ("LOW", "HIGH"))

    @command("SVLM")
    def _set_voltage_limit(self, text: str) -> None:
        asked = self._within(text, 0.1, 10.0)
        if asked is not None:
            self._limit_v = asked

    @command("SVLM?")
    def _get_voltage_limit(self, _: str) -> str:
        return f"{self._limit_v:.3f}"

    @command("SMOD")
    def _set_mode(self, text: str) -> None:
        self._mode = self._choice(text, ("CC", "CP"), self._mode)

    @command("SMOD?")
    def _get_mode(self, _: str) -> str:
        return self._token(self._mode, ("CC", "CP"))

    @command("MODU")
    def _set_modulation(self, text: str) -> None:
        now = "ON" if self._modulated else "OFF"
        self._modulated = self._choice(text, ("OFF", "ON"), now) == "ON"
