"""Keithley DAQ6510 thermocouple scanner with a 7700, 7706, 7708 or 2000-SCAN card.

No hardware was touched. Wire facts, and where they come from:

- verified in two or more public programs: LAN port 5025 or USBTMC, lines end LF; `*IDN?` ->
  `KEITHLEY INSTRUMENTS,MODEL DAQ6510,04591126,1.7.12b`; `*LANG SCPI`, without which it speaks
  another language; `FUNC 'TEMP', (@101)`, `TEMP:TRAN TC`, `TEMP:TC:TYPE K`, `TEMP:UNIT CELS`;
  `TEMP:NPLC`; `TEMP:TC:RJUN:RSEL INT` for a card with a sensor at its terminals, else `SIM` and
  `TEMP:TC:RJUN:SIM 23`; `TEMP:ODET ON`; `ROUT:SCAN:CRE (@101,102)`, `ROUT:SCAN:COUN:SCAN 1`,
  `ROUT:SCAN:COUN:STEP?` says how many channels it scans; `TRAC:CLE`, `INIT`, `TRAC:ACT?
  "defbuffer1"` says how many readings there are, `TRAC:DATA? 1, n, "defbuffer1", READ, CHAN` gives
  them; readings pile up in the buffer until it is cleared; `SYST:CARD1:IDN?` begins `7700,20Ch Mux
  w/CJC` for that card; `ROUT:TERM?` is `FRON` or `REAR`, as the switch at the front is;
- verified in one public program each: an overflow reads `9.900000E+37`; `SYST:ERR?` -> `0,"No
  error;0;0 0"`; a reading's channel is sometimes given as `Rear`; half a second a channel is
  enough;
- from memory, unverified: that an open thermocouple reads as an overflow; what `*LANG?` and
  `TEMP:ODET?` answer (`SCPI`, `1`); how an empty slot names itself; that `ABOR` with nothing under
  way does no harm; the integration times;
- from the standard IEC 60584: the ranges of the thermocouples.

A thermocouple measures from its terminals on: without a sensor there, a reading is wrong by as much
as `reference` is, and labctl cannot see it. The instrument's clock is not used.
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
    Port,
    PortProtocolError,
    PortTimeoutError,
    Question,
    Reading,
    Settings,
)
from labctl_drivers._scpi import NO_NUMBER, ask, idn, refuse_errors, tell

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
_NPLC = (0.1, 0.2, 0.5, 1, 2, 5, 10)
_CYCLE_S = 0.02
_ASK_S = 1.0
_SHORT_S = 0.2
"""No exchange of a poll lasts longer: a scan is begun, asked for, and fetched."""
_LOOK_S = 0.01
_BUFFER = b'"defbuffer1"'


class KeithleyDaq6510:
    """Thermometer: a scan list that is configured once, and one scan a poll."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="keithley-daq6510",
        title="Keithley DAQ6510",
        capabilities=frozenset({"thermometer"}),
        sensor="thermocouple",
        transport="visa",
        slowest_exchange_s=_ASK_S,
        question=Question(b"*IDN?\n", r"\bMODEL DAQ6510\b"),
        settings={
            "channels": "scanner channels in the order to scan, e.g. [101, 102]",
            "type": "thermocouple type: B, E, J, K, N, R, S or T; K when not given",
            "nplc": "integration time in power-line cycles; 1 when not given",
            "reference": "`internal`, for a card with a sensor at its terminals, or the "
            "temperature of the terminals, e.g. 23 degC; internal when not given",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        self._channels = _channels(given)
        self._type = given.choice("type", tuple(_RANGE_DEGC), "K")
        self._nplc = given.number("nplc", _NPLC, 1)
        self._low, self._high = _RANGE_DEGC[self._type]
        self._reference_degc: float | None = None
        if settings.get("reference", "internal") != "internal":
            self._reference_degc = given.quantity("reference", "temperature", 0.0, 60.0)
        count = len(self._channels)
        self._soonest_s = count * self._nplc * _CYCLE_S
        self.poll_at_most_s = 0.5 + count * (self._nplc * _CYCLE_S * 4 + 0.15)
        """Deadline of one poll of all channels, s."""
        # True from the beginning of a scan until it was fetched.
        self._scanning = False

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels scanned, in their order."""
        return self._channels

    async def identify(self) -> Identity:
        """Make, model, serial number and firmware."""
        make, model, serial, firmware = (await idn(self._port, _ASK_S))[:4]
        if "KEITHLEY" not in make.upper() or model.upper() != "MODEL DAQ6510":
            raise IdentityError("not a Keithley DAQ6510", seen=f"{make},{model}"[:80])
        return Identity("Keithley", "DAQ6510", serial, firmware)

    async def configure(self) -> None:
        """Set the scan list with its open check; refuses another language, the front terminals, an
        empty slot, and a card without a sensor where that would be needed."""
        port = self._port
        language = await ask(port, b"*LANG?", _ASK_S)
        if language.upper() != "SCPI":
            raise DeviceRefusedError(
                "it is set to another language than SCPI",
                seen=language[:40],
                fix="Choose SCPI under Settings, System, Command Set, and restart it.",
            )
        # A scan that somebody left running would refuse what follows.
        await tell(port, b"ABOR")
        await tell(port, b"*CLS")
        self._scanning = False
        terminals = await ask(port, b"ROUT:TERM?", _ASK_S)
        if not terminals.upper().startswith("REAR"):
            raise DeviceRefusedError(
                "it measures at its front terminals, not at its scanner card",
                seen=terminals[:40],
                fix="Press the TERMINALS switch at its front.",
            )
        for slot in sorted({channel[0] for channel in self._channels}):
            await self._check_card(slot)
        scan = b"(@%s)" % ",".join(self._channels).encode()
        for command in (
            b"FUNC 'TEMP', %s",
            b"TEMP:TRAN TC, %s",
            b"TEMP:TC:TYPE %s, %%s" % self._type.encode(),
            b"TEMP:UNIT CELS, %s",
            b"TEMP:ODET ON, %s",
            b"TEMP:NPLC %s, %%s" % f"{self._nplc:g}".encode(),
            *self._junction(),
            b"ROUT:SCAN:CRE %s",
        ):
            await tell(port, command % scan)
        await tell(port, b"ROUT:SCAN:COUN:SCAN 1")
        await tell(port, b"FORM:DATA ASC")
        await refuse_errors(port, "configuring the scan", _ASK_S)
        await self._look_back()

    async def read_temperatures(self) -> tuple[Reading | Invalid, ...]:
        """One scan; all channels carry the time at which its reply was complete."""
        await self._scanned()
        count = len(self._channels)
        text = await ask(
            self._port, b"TRAC:DATA? 1, %d, %s, READ, CHAN" % (count, _BUFFER), _SHORT_S
        )
        t_ns = self._port.arrived_ns
        self._scanning = False
        fields = [field.strip() for field in text.split(",")]
        said = fields[1::2]
        pairs = zip(self._channels, said, strict=False)
        if len(fields) != 2 * count or any(c != s and s.upper() != "REAR" for c, s in pairs):
            raise PortProtocolError(
                f"a scan of {', '.join(self._channels)} gave other channels", seen=repr(text[:80])
            )
        try:
            # Python reads 1_0 as a number.
            values = [float(field.replace("_", "?")) for field in fields[::2]]
        except ValueError as error:
            raise PortProtocolError("a reading that is no number", seen=repr(text[:80])) from error
        return tuple(
            Reading(channel, value, "degC", t_ns)
            if self._low <= value <= self._high
            else self._invalid(channel, value, t_ns)
            for channel, value in zip(self._channels, values, strict=True)
        )

    # -- inside ------------------------------------------------------------------------------

    async def _scanned(self) -> None:
        """Begin a scan and wait for its end; PortTimeoutError when there is none in time."""
        port = self._port
        if self._scanning:
            # One that was not seen to its end would go on between the readings of this one.
            await tell(port, b"ABOR")
            await tell(port, b"*CLS")
        # After a restart it has no scan list, and would measure volts at its terminals.
        if await self._count(b"ROUT:SCAN:COUN:STEP?") != len(self._channels):
            raise DeviceRefusedError(
                "it has lost its scan list", fix="It was restarted, or set at its panel."
            )
        await tell(port, b"TRAC:CLE " + _BUFFER)
        self._scanning = True
        await tell(port, b"INIT")
        await port.pause(self._soonest_s)
        waited_s = self._soonest_s
        while await self._count(b"TRAC:ACT? " + _BUFFER) < len(self._channels):
            if waited_s >= self.poll_at_most_s:
                said = await ask(port, b"SYST:ERR?", _SHORT_S)
                raise PortTimeoutError("a scan that did not end in time", seen=said[:80])
            look_s = max(_LOOK_S, waited_s / 20)
            await port.pause(look_s)
            waited_s += look_s

    async def _check_card(self, slot: str) -> None:
        card = await ask(self._port, b"SYST:CARD%s:IDN?" % slot.encode(), _ASK_S)
        if not re.match(r"\d{4}", card):
            raise DeviceRefusedError(
                f"slot {slot} is empty, but its channels are to be scanned",
                seen=card[:40],
                fix="Plug the card in, or mend `channels` in the bench file.",
            )
        if self._reference_degc is None and "CJC" not in card.upper():
            raise DeviceRefusedError(
                "this card has no sensor at its terminals",
                seen=card[:40],
                fix="Measure there, and write it into its settings, e.g. `reference: 23 degC`.",
            )

    def _junction(self) -> tuple[bytes, ...]:
        if self._reference_degc is None:
            return (b"TEMP:TC:RJUN:RSEL INT, %s",)
        degc = f"{self._reference_degc:.1f}".encode()
        return b"TEMP:TC:RJUN:RSEL SIM, %s", b"TEMP:TC:RJUN:SIM %s, %%s" % degc

    async def _look_back(self) -> None:
        """The scan list and the open check as it has them: without either, a broken thermocouple
        reads as a temperature."""
        size = await self._count(b"ROUT:SCAN:COUN:STEP?")
        checks = [
            await ask(self._port, b"TEMP:ODET? (@%s)" % channel.encode(), _ASK_S)
            for channel in self._channels
        ]
        if size != len(self._channels) or any(c.upper() not in ("1", "ON") for c in checks):
            raise DeviceRefusedError(
                f"it does not scan {len(self._channels)} channels with the open check on",
                seen=f"{size} channels, checks {','.join(checks)}"[:80],
                fix="Look at `channels` in the bench file and at the card in the slot.",
            )

    async def _count(self, query: bytes) -> int:
        text = await ask(self._port, query, _SHORT_S)
        if not (text.isascii() and text.isdigit() and len(text) < 8):
            raise PortProtocolError("a count that is none", seen=repr(text[:40]))
        return int(text)

    def _invalid(self, channel: str, value: float, t_ns: int) -> Invalid:
        if not abs(value) < NO_NUMBER:
            return Invalid(channel, "open", f"the scanner reads {value:+.6E}: open", t_ns)
        return Invalid(
            channel, "range", f"{value:g} degC is outside a type {self._type} thermocouple", t_ns
        )


def _channels(given: Settings) -> tuple[str, ...]:
    texts = tuple(str(item) for item in given.items("channels") or [101])
    good = all(re.fullmatch(r"[12](0[1-9]|1\d|20)", text) for text in texts)
    if not good or len(set(texts)) != len(texts):
        raise given.wrong("channels", "channels from 101 to 120 or 201 to 220, each once")
    return texts
