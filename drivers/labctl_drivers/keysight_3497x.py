"""Keysight (Agilent, HP) 34970A, 34972A and DAQ970A thermocouple scanners.

No hardware was touched. Wire facts, and where they come from:

- verified in two or more public sources: `*IDN?` -> `HEWLETT-PACKARD,34970A,0,13-2-2`; `SYST:CTYP?
  100` names the module in a slot, an empty one has `0` as its model; `CONF:TEMP TC,K,(@101,102)`,
  `UNIT:TEMP C`, `SENS:TEMP:TRAN:TC:RJUN:TYPE INT`, `SENS:TEMP:TRAN:TC:CHECK ON` (open check),
  `SENS:TEMP:NPLC`, `ROUT:SCAN`, `READ?`; a reply `+2.35000000E+01,...`; an open thermocouple or an
  overload reads `+9.90000000E+37`, possibly with the other sign; `SYST:ERR?` -> `+0,"No error"`;
  replies end LF, over RS-232 CR LF; `INIT` begins a scan, `DATA:POINTS?` says how many readings of
  it there are, and `FETCH?` gives them when it is over; `ROUT:MON (@101)`, `ROUT:MON:STATE ON` and
  `ROUT:MON:DATA?` read one channel over and over without a scan; `SYST:REM` first over RS-232;
  `FORM:READ:UNIT`, `:CHAN` and `:TIME` add to a reading; `ABOR`, `TRIG:SOUR` and `ROUT:SCAN:SIZE?`;
- verified in one public source: serial polling locks a 34972A up, so errors are asked for;
- from the manual, from memory: the duration of a scan, 8 power-line cycles and 30 ms a channel at
  most, which is where the deadline of a poll comes from; the resolution by integration time, 3 ppm
  of the 100 mV range at one cycle; `ROUT:SCAN` leaves out a channel that is not configured;
- from the standard IEC 60584: the ranges of the thermocouples, and their sensitivity at 25 degC.

The scanner's clock is not used: readings carry the time at which they came. RS-232 needs DTR/DSR
wiring and 9600 baud 8N1 set at the front panel.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from labctl.instruments import (
    DeviceRefusedError,
    DriverSpec,
    Identity,
    IdentityError,
    Invalid,
    Line,
    Port,
    PortProtocolError,
    PortTimeoutError,
    Question,
    Reading,
    SerialSettings,
    Settings,
)
from labctl_drivers._scpi import NO_NUMBER, ask, idn, refuse_errors, tell

_MAKES = ("HEWLETT-PACKARD", "AGILENT TECHNOLOGIES", "KEYSIGHT TECHNOLOGIES")
_MODELS = ("34970A", "34972A", "DAQ970A", "DAQ973A")
_RANGE_DEGC = {
    "B": (0.0, 1820.0),
    "E": (-270.0, 1000.0),
    "J": (-210.0, 1200.0),
    "K": (-270.0, 1372.0),
    "N": (-270.0, 1300.0),
    "R": (-50.0, 1768.0),
    "S": (-50.0, 1768.0),
    "T": (-270.0, 400.0),
}
_NPLC = (0.02, 0.2, 1, 2, 10, 20, 100, 200)
_CYCLE_S = 0.02
_MICROVOLT_PER_K = {
    "B": 0.08, "E": 60.9, "J": 51.7, "K": 40.5, "N": 26.6, "R": 6.0, "S": 6.0, "T": 40.7,
}  # fmt: skip
_RESOLVES = {
    0.02: 1e-4, 0.2: 1e-5, 1: 3e-6, 2: 2.2e-6, 10: 1e-6, 20: 8e-7, 100: 3e-7, 200: 2.2e-7,
}  # fmt: skip
"""Of the 100 mV range, by integration time."""
_RANGE_MICROVOLT = 1e5
_LINE = Line(b"\n")
_READ, _BEGIN, _FETCH, _MONITORED = b"READ?\n", b"INIT", b"FETC?\n", b"ROUT:MON:DATA?\n"
_ASK_S = 1.0
_CONFIGURE_S = 2.0
_SHORT_S = 0.2
"""No exchange of a scan that is split, or of a monitored channel, lasts longer."""
_WHOLE_S = 0.5
"""A scan that may last longer is split."""
_LOOK_S = 0.01
_SCAN_AT_MOST_S = 60.0


class Keysight3497x:
    """Thermometer: a scan list that is configured once, and one scan a poll.

    A short scan is one `READ?`. A long one is begun, asked for until it is over, and fetched, so
    that nobody waits in one exchange for longer than 200 ms. One channel alone may be monitored:
    no relay moves, and a poll is one short exchange.
    """

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="keysight-3497x",
        title="Keysight 34970A/34972A/DAQ970A",
        capabilities=frozenset({"thermometer"}),
        sensor="thermocouple",
        transport="visa",
        serial=SerialSettings(baud=9600),
        slowest_exchange_s=_CONFIGURE_S,
        question=Question(b"*IDN?\n", r"\b(34970A|34972A|DAQ970A|DAQ973A)\b"),
        settings={
            "channels": "scanner channels in the order to scan, e.g. [101, 102]",
            "type": "thermocouple type: B, E, J, K, N, R, S or T; K when not given",
            "nplc": "integration time in power-line cycles; 1 when not given",
            "scan": "`whole` (one exchange a scan), `split` (begun, asked for, fetched: none takes "
            "200 ms) or `monitor` (one channel alone); by the scan's length when not given",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        self._channels = _channels(given)
        self._type = given.choice("type", tuple(_RANGE_DEGC), "K")
        self._nplc = given.number("nplc", _NPLC, 1)
        self._low, self._high = _RANGE_DEGC[self._type]
        resolves_uv = _RESOLVES[self._nplc] * _RANGE_MICROVOLT
        self.quantum = resolves_uv / _MICROVOLT_PER_K[self._type]
        """The step between two neighbouring readings, K."""
        scan_s = len(self._channels) * (self._nplc * _CYCLE_S * 4 + 0.03)
        self.poll_at_most_s = 0.25 + scan_s
        """Deadline of one poll of all channels, s."""
        by_length = "whole" if self.poll_at_most_s <= _WHOLE_S else "split"
        self._scan = given.choice("scan", ("whole", "split", "monitor"), by_length)
        if self._scan == "whole" and self.poll_at_most_s > self.spec.slowest_exchange_s:
            raise given.wrong("scan", "`split` for so long a scan")
        if self._scan == "monitor" and (len(self._channels) > 1 or scan_s > _SHORT_S):
            raise given.wrong("scan", "`monitor` for one channel alone, at 2 cycles or fewer")
        if self.poll_at_most_s > _SCAN_AT_MOST_S:
            raise given.wrong("nplc", "a shorter integration time, or scan fewer channels")

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels scanned, in their order."""
        return self._channels

    async def identify(self) -> Identity:
        """Make, model and firmware; a 34970A has no serial number to tell."""
        make, model, serial, firmware = (await idn(self._port, _ASK_S))[:4]
        if make.upper() not in _MAKES or model.upper() not in _MODELS:
            raise IdentityError(
                "not a Keysight 34970A, 34972A or DAQ970A", seen=f"{make} {model}"[:80]
            )
        return Identity(make, model, "" if serial == "0" else serial, firmware)

    async def configure(self) -> None:
        """Set the scan list with its open check; refuses an empty slot."""
        port = self._port
        if port.address.startswith(("ASRL", "sim+ASRL")):
            await tell(port, b"SYST:REM")
        # A scan or a monitor that somebody left running would refuse what follows.
        await tell(port, b"ABOR")
        await tell(port, b"*CLS")
        for slot in sorted({channel[0] for channel in self._channels}):
            module = await ask(port, b"SYST:CTYP? %s00" % slot.encode(), _ASK_S)
            fields = module.split(",")
            if len(fields) < 2 or fields[1].strip() == "0":
                raise DeviceRefusedError(
                    f"slot {slot} is empty, but its channels are to be scanned",
                    seen=module,
                    fix="Plug the multiplexer in, or mend `channels` in the bench file.",
                )
        scan = b"(@%s)" % ",".join(self._channels).encode()
        for command in (
            b"CONF:TEMP TC,%s,%s" % (self._type.encode(), scan),
            b"UNIT:TEMP C,%s" % scan,
            b"SENS:TEMP:TRAN:TC:RJUN:TYPE INT,%s" % scan,
            b"SENS:TEMP:TRAN:TC:CHECK ON,%s" % scan,
            b"SENS:TEMP:NPLC %s,%s" % (f"{self._nplc:g}".encode(), scan),
            *(b"FORM:READ:%s OFF" % what for what in (b"UNIT", b"CHAN", b"TIME", b"ALAR")),
            b"TRIG:SOUR IMM",
            b"TRIG:COUN 1",
            b"ROUT:SCAN %s" % scan,
        ):
            await tell(port, command)
        await refuse_errors(port, "configuring the scan", _CONFIGURE_S)
        await self._look_back(scan)
        if self._scan == "monitor":
            await tell(port, b"ROUT:MON %s" % scan)
            await tell(port, b"ROUT:MON:STAT ON")
            await refuse_errors(port, "monitoring", _CONFIGURE_S)

    async def read_temperatures(self) -> tuple[Reading | Invalid, ...]:
        """One scan; all channels carry the time at which its reply was complete.

        A monitored channel gives its latest reading, which is one integration old at most.
        """
        port = self._port
        if self._scan == "whole":
            reply = await port.exchange(_READ, _LINE, timeout_s=self.poll_at_most_s, retry=True)
        elif self._scan == "monitor":
            reply = await port.exchange(_MONITORED, _LINE, timeout_s=_SHORT_S, retry=True)
        else:
            await self._scanned()
            reply = await port.exchange(_FETCH, _LINE, timeout_s=_SHORT_S, retry=True)
        texts = reply.split(b",")
        if len(texts) != len(self._channels):
            raise PortProtocolError(
                f"a scan of {len(self._channels)} channels gave {len(texts)} values",
                seen=repr(reply[:80]),
            )
        t_ns = port.arrived_ns
        try:
            return tuple(
                Reading(channel, value, "degC", t_ns)
                if self._low <= (value := float(text)) <= self._high
                else self._invalid(channel, value, t_ns)
                for channel, text in zip(self._channels, texts, strict=True)
            )
        except ValueError as error:
            raise PortProtocolError("a reading that is no number", seen=repr(reply[:80])) from error

    async def _scanned(self) -> None:
        """Begin a scan and wait for its end; PortTimeoutError when there is none in time."""
        port = self._port
        await tell(port, _BEGIN)
        # Before half of the time it cannot be over, and asking costs the scanner time.
        waited_s = (self.poll_at_most_s - 0.25) / 2
        await port.pause(waited_s)
        while await self._number(b"DATA:POIN?") < len(self._channels):
            if waited_s >= self.poll_at_most_s:
                await tell(port, b"ABOR")
                said = await ask(port, b"SYST:ERR?", _SHORT_S)
                raise PortTimeoutError("a scan that did not end in time", seen=said)
            # Finer looks for short scans; a long one may end a little later.
            look_s = max(_LOOK_S, waited_s / 20)
            await port.pause(look_s)
            waited_s += look_s

    async def _look_back(self, scan: bytes) -> None:
        """The scan list and the open check as the scanner has them: without either, a broken
        thermocouple reads as a temperature."""
        port = self._port
        size = await self._number(b"ROUT:SCAN:SIZE?", _ASK_S)
        checks = await ask(port, b"SENS:TEMP:TRAN:TC:CHECK? %s" % scan, _ASK_S)
        held = [check.strip().lstrip("+") for check in checks.split(",")]
        if size != len(self._channels) or held != ["1"] * len(self._channels):
            raise DeviceRefusedError(
                f"the scanner does not scan {len(self._channels)} channels with the open check on",
                seen=f"{size} channels, checks {checks}"[:80],
                fix="Look at `channels` in the bench file and at the module in the slot.",
            )

    async def _number(self, query: bytes, timeout_s: float = _SHORT_S) -> int:
        text = await ask(self._port, query, timeout_s)
        try:
            return int(text)
        except ValueError as error:
            raise PortProtocolError("a count that is none", seen=repr(text[:40])) from error

    def _invalid(self, channel: str, value: float, t_ns: int) -> Invalid:
        if not abs(value) < NO_NUMBER:
            return Invalid(channel, "open", f"the scanner reads {value:+.8E}: open", t_ns)
        return Invalid(
            channel, "range", f"{value:g} degC is outside a type {self._type} thermocouple", t_ns
        )


def _channels(given: Settings) -> tuple[str, ...]:
    texts = tuple(str(item) for item in given.items("channels") or [101])
    good = all(re.fullmatch(r"[123]\d\d", text) and text[1:] != "00" for text in texts)
    if not good or len(set(texts)) != len(texts):
        raise given.wrong("channels", "channels from 101 to 399, each once")
    return texts
