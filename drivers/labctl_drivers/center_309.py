"""Center 309, Omega HH309A and Voltcraft K204: hand-held meters for four type K thermocouples.

No hardware was touched. Wire facts, and where they come from:

- verified in three or more public sources, among them a revised copy of the maker's protocol
  sheet: 9600 baud 8N1; the single byte `A` is answered by 45 bytes from 02 to 03; byte 1 is the
  mode (bit 7 Celsius, 6 battery low, 5 hold, 4 relative, 3 T1-T2, 2 and 1 largest and smallest),
  byte 2 bit 7 automatic switch-off; bytes 7 to 14 are T1 to T4, signed, big endian, in tenths; an
  open thermocouple is 7FFF, or 8000, and has its bit in byte 39;
- verified in two public sources: `K` is answered by the model, `309` or `304`; one of the two
  reads a CR behind it, and the protocol sheet does not know the command;
- contradictory: what a bit of byte 43 means. Three sources read that value as whole degrees, two
  others as tenths whose last digit is worth nothing. They are a factor of ten apart, so that such
  a value is invalid here; the meter sets the bit for open channels and, as remembered, above 200
  degC or when it is set to whole degrees;
- from the protocol sheet's example alone: the upper halves of bytes 39 and 43 are zero. There is no
  checksum, so that a packet in which they are not is taken for garbled;
- from memory, unverified: about one new reading a second; that the answer comes within half a
  second.

A scan of ports does not ask this meter: a letter without an end of line would stand before the
next question that another instrument hears.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from labctl.instruments import (
    DeviceRefusedError,
    DriverSpec,
    Exactly,
    Identity,
    IdentityError,
    Invalid,
    Packet,
    Port,
    PortProtocolError,
    Question,
    Reading,
    SerialSettings,
    Settings,
)

_REPLY_S = 0.5
_SIZE = 45
_PACKET = Packet(b"\x02", b"\x03", at_least=_SIZE, at_most=_SIZE)
_MODELS = (b"309", b"304")
_CHANNELS = (1, 2, 3, 4)
_CELSIUS, _LOW_BATTERY, _HOLD, _RELATIVE, _DIFFERENCE, _EXTREME = 0x80, 0x40, 0x20, 0x10, 0x08, 0x06
_AUTO_OFF = 0x80
_UNUSED = 0xF0
_OPEN = (0x7FFF, -0x8000)
_LOW_DEGC, _HIGH_DEGC = -200.0, 1370.0


class Center309:
    """Thermometer: one packet a poll, of which the stated channels are read."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="center-309",
        title="Center 309, Omega HH309A or Voltcraft K204",
        capabilities=frozenset({"thermometer"}),
        sensor="thermocouple",
        transport="serial",
        serial=SerialSettings(baud=9600),
        slowest_exchange_s=_REPLY_S,
        quantum=0.1,
        renews_s=1.0,
        question=Question(b"K", r"^30[49]$", Exactly(3), timeout_s=_REPLY_S),
        settings={
            "channels": "inputs to read, 1 to 4, e.g. [1, 2]; [1] when not given",
            "auto_off": "`refuse` or `accept` a meter that switches itself off after a while; "
            "`refuse` when not given",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        inputs = given.items("channels") or [1]
        if len(set(inputs)) != len(inputs) or any(i not in _CHANNELS for i in inputs):
            raise given.wrong("channels", "inputs from 1 to 4, each once")
        self._inputs = [int(i) for i in inputs]
        self._accepts_auto_off = (
            given.choice("auto_off", ("refuse", "accept"), "refuse") == "accept"
        )

    @property
    def channels(self) -> tuple[str, ...]:
        """The inputs read, in their order."""
        return tuple(str(i) for i in self._inputs)

    async def identify(self) -> Identity:
        """The model; it has no serial number to tell."""
        said = await self._port.exchange(b"K", Exactly(3), timeout_s=_REPLY_S, retry=True)
        if said not in _MODELS:
            raise IdentityError("not a Center 309 or its like", seen=repr(said))
        return Identity("Center", said.decode())

    async def configure(self) -> None:
        """Nothing can be set from here; refuses a meter that does not show what it measures."""
        packet = await self._packet()
        wrong = _not_measuring(packet[1])
        if wrong:
            raise DeviceRefusedError(
                f"the meter {wrong}", fix="Press its keys until it shows the four temperatures."
            )
        if packet[1] & _LOW_BATTERY:
            raise DeviceRefusedError("the meter's battery is low", fix="Change the battery.")
        if packet[2] & _AUTO_OFF and not self._accepts_auto_off:
            raise DeviceRefusedError(
                "the meter will switch itself off in the middle of a run",
                fix="Switch its automatic switch-off off, or add `auto_off: accept` to its "
                "settings.",
            )

    async def read_temperatures(self) -> tuple[Reading | Invalid, ...]:
        """What the meter shows now, degC; its own readings are up to a second old."""
        packet = await self._packet()
        t_ns = self._port.arrived_ns
        wrong = _not_measuring(packet[1])
        if wrong:
            return tuple(
                Invalid(channel, "device", f"the meter {wrong}", t_ns) for channel in self.channels
            )
        return tuple(_read(packet, number, t_ns) for number in self._inputs)

    async def _packet(self) -> bytes:
        packet = await self._port.exchange(b"A", _PACKET, timeout_s=_REPLY_S, retry=True)
        if (packet[39] | packet[43]) & _UNUSED:
            raise PortProtocolError("a packet with bits that are never set", seen=packet.hex(" "))
        return packet


def _not_measuring(mode: int) -> str:
    """What it shows in place of temperatures; empty when it shows these."""
    if mode & _HOLD:
        return "holds its display (HOLD)"
    if mode & (_EXTREME | _RELATIVE | _DIFFERENCE):
        return "shows an extreme or a difference, not what it measures now"
    return ""


def _read(packet: bytes, number: int, t_ns: int) -> Reading | Invalid:
    channel, bit, at = str(number), 1 << (number - 1), 5 + 2 * number
    tenths = int.from_bytes(packet[at : at + 2], "big", signed=True)
    if tenths in _OPEN or packet[39] & bit:
        return Invalid(channel, "open", f"input {channel} shows OL", t_ns)
    if packet[43] & bit:
        return Invalid(channel, "range", f"input {channel} has no tenths: {tenths}", t_ns)
    value = tenths / 10.0
    degc = value if packet[1] & _CELSIUS else (value - 32.0) / 1.8
    if not _LOW_DEGC <= degc <= _HIGH_DEGC:
        return Invalid(channel, "range", f"{degc:g} degC is outside a type K thermocouple", t_ns)
    return Reading(channel, degc, "degC", t_ns)
