"""Keysight (Agilent, HP) 34970A, 34972A and DAQ970A thermocouple scanners.

No hardware was touched. Wire facts, and where they come from:

- verified in public sources: `*IDN?` -> `HEWLETT-PACKARD,34970A,0,13-2-2`; `SYST:CTYP? 100` names
  the module in a slot, an empty one has `0` as its model; `CONF:TEMP TC,K,(@101,102)`,
  `UNIT:TEMP C`, `SENS:TEMP:TRAN:TC:RJUN:TYPE INT`, `SENS:TEMP:TRAN:TC:CHECK ON` (open check),
  `SENS:TEMP:NPLC`, `ROUT:SCAN`, `READ?`; a reply `+2.35000000E+01,...`; an open thermocouple or an
  overload reads `+9.90000000E+37`, possibly with the other sign; `SYST:ERR?` -> `+0,"No error"`;
  replies end LF, over RS-232 CR LF; serial polling locks a 34972A up, so errors are asked for;
- from the manual, unverified: the duration of a scan, 8 power-line cycles and 30 ms a channel at
  most, which is where the deadline of a poll comes from;
- from the standard IEC 60584: the ranges of the thermocouples.

RS-232 needs DTR/DSR wiring and 9600 baud 8N1 set at the front panel.
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
_LINE = Line(b"\n")
_READ = b"READ?\n"
_ASK_S = 1.0
_CONFIGURE_S = 2.0


class Keysight3497x:
    """Thermometer: one `READ?` a poll over a scan list that is configured once."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="keysight-3497x",
        title="Keysight 34970A/34972A/DAQ970A",
        capabilities=frozenset({"thermometer"}),
        transport="visa",
        serial=SerialSettings(baud=9600),
        slowest_exchange_s=60.0,
        question=Question(b"*IDN?\n", r"\b(34970A|34972A|DAQ970A|DAQ973A)\b"),
        settings={
            "channels": "scanner channels in the order to scan, e.g. [101, 102]",
            "type": "thermocouple type: B, E, J, K, N, R, S or T; K when not given",
            "nplc": "integration time in power-line cycles; 1 when not given",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        self._channels = _channels(given)
        self._type = given.choice("type", tuple(_RANGE_DEGC), "K")
        self._nplc = given.number("nplc", _NPLC, 1)
        self._low, self._high = _RANGE_DEGC[self._type]
        self.poll_at_most_s = 0.25 + len(self._channels) * (self._nplc * _CYCLE_S * 4 + 0.03)
        """Deadline of one poll of all channels, s."""
        if self.poll_at_most_s > self.spec.slowest_exchange_s:
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
            b"ROUT:SCAN %s" % scan,
        ):
            await tell(port, command)
        await refuse_errors(port, "configuring the scan", _CONFIGURE_S)

    async def read_temperatures(self) -> tuple[Reading | Invalid, ...]:
        """One scan; all channels carry the time at which its reply was complete."""
        port = self._port
        reply = await port.exchange(_READ, _LINE, timeout_s=self.poll_at_most_s, retry=True)
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
