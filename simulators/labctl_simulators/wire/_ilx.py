"""ILX Lightwave LDX-3232 laser-diode current source on GPIB: the command tree of `_arroyo`, older.

From the manufacturer's manuals: status queries answer in the radix that somebody chose last, the
measured current is that of up to 0.6 s ago, a condition bit 6 for the compliance voltage, no key to
ask, no cooler, GPIB. Error numbers other than the parser's are of the simulator.
"""

from __future__ import annotations

from typing import ClassVar

from labctl_simulators.wire._arroyo import ArroyoController
from labctl_simulators.wire._personality import MS, Reply
from labctl_simulators.wire._text import Handler, command
from labctl_simulators.world import World

_MEASURED_EVERY_NS = 600 * MS
_FORMATS = {"DEC": "{}", "HEX": "#H{:X}", "OCT": "#Q{:o}", "BIN": "#B{:b}"}
_NOT_HERE = ("TEC:", "KEY", "DIO:", "SN?", "VER?", "ERRSTR", "LOCAL", "REMOTE", "BEEP")


class IlxController(ArroyoController):
    """An LDX-3232 whose radix was left hexadecimal by whoever used it last."""

    headers: ClassVar[dict[str, Handler]] = {
        header: handler
        for header, handler in ArroyoController.headers.items()
        if not header.startswith(_NOT_HERE)
    }
    latency_ns: ClassVar[int] = 5 * MS
    identity: ClassVar[str] = "ILX Lightwave,LDX-3232,32321111,2.00"

    def __init__(self, world: World, *, emission_delay_s: float = 0.05) -> None:
        super().__init__(world, emission_delay_s=emission_delay_s, most_ma=4000.0)
        self.baud: int | None = None
        self._radix = "HEX"
        self._measured = "0.0"
        self._measured_ns = -_MEASURED_EVERY_NS

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        # What flowed until now is what was measured last, whatever this command changes.
        self.t_ns = t_ns
        self._follow()
        return super().receive(data, t_ns)

    def _follow(self) -> None:
        """The measurement goes round by itself, asked for or not."""
        if self.t_ns - self._measured_ns >= _MEASURED_EVERY_NS:
            self._measured = self._flowing()
            self._measured_ns = self.t_ns - self.t_ns % _MEASURED_EVERY_NS

    def _flowing(self) -> str:
        laser = self._laser
        ma = laser.level * 1e3 * laser.readback_factor if laser.lit and laser.output_on else 0.0
        return f"{ma * (1.0 + 2e-4 * self._noise()):.1f}"

    @command("LASer:LDI?")
    def _old_current(self, _: str) -> str:
        return self._measured

    @command("RADix")
    def _set_radix(self, text: str) -> None:
        if text.upper()[:3] in _FORMATS:
            self._radix = text.upper()[:3]
        else:
            self._error(126)

    @command("RADix?")
    def _get_radix(self, _: str) -> str:
        return self._radix.capitalize()

    @command("LASer:CONDition?")
    def _get_condition(self, _: str) -> str:
        return _FORMATS[self._radix].format(self._condition())

    @command("LASer:EVEnt?")
    def _get_events(self, text: str) -> str:
        return _FORMATS[self._radix].format(int(super()._get_events(text)))

    @command("LASer:MODE:IHBW", "LASer:MODE:MDP")
    def _set_mode(self, _: str) -> None:
        """Taken and without effect on what is simulated."""

    @command("*IDN?")
    def _idn(self, _: str) -> str:
        return self.identity
