"""LabJack T7: a relay in the interlock loop on a digital line, held by the device's own watchdog.

No hardware was touched. Wire facts, and where they come from:

- from the maker's published table of registers, and verified in other public sources: Modbus TCP,
  port 502, 32-bit values in two registers, high word first; 55100 reads 0x00112233, 60000 is the
  product (7), 60028 the serial number, 60004 the firmware; 2000 + n writes one digital line, makes
  it an output, and *reading it makes it an input*; 2800 and 2850 read level and direction of all
  lines and change nothing, and the level of an output is that of its terminal; the watchdog at
  61600 enable, 61604 timeout in whole seconds, 61610 and 61612 strict mode and its key, 61614 the
  clear register, 61620 reset, 61630, 61632, 61634 and 61636 lines to set, their state, direction
  and inhibit mask; all but the clear register can be written only while it is disabled;
- verified in one public source: the watchdog's settings are in flash, which wears, so that they are
  written only where they differ; without the reset action it goes on and fires again and again; in
  strict mode nothing clears it but the key, so that another program that reads the same device does
  not keep the relay closed;
- from memory, unverified: unit number 1; a line is a pulled-up input until it is written, so that
  the relay's driver must need a real high level, not a pull-up.

The T7 has no latch: what the watchdog has opened can be closed by a write. The latch is the
guard's, which reads the line as dropped. The watchdog counts in whole seconds; a microcontroller
with labctl's sketch drops in a tenth of the time.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, ClassVar

from labctl.instruments import (
    Counted,
    DeviceRefusedError,
    DriverSpec,
    Gatekeeper,
    GateState,
    Identity,
    IdentityError,
    Port,
    PortProtocolError,
    PortTimeoutError,
    Question,
    Seal,
    Settings,
)
from labctl_drivers._modbus import Modbus

_REPLY_S = 0.2
_UNIT = 1
_LINES = 22
_TEST, _PRODUCT, _FIRMWARE, _SERIAL = 55100, 60000, 60004, 60028
_LINE, _LEVELS, _DIRECTIONS = 2000, 2800, 2850
_ENABLE, _CLEAR = 61600, 61614
_KEY = 0x6C616274
"""Written to the clear register; any number that nobody else writes."""
_ALL = (1 << 23) - 1
_LOW, _HIGH = b"\x00\x00", b"\x00\x01"
_MOVES_S = 0.03


class LabJackT7:
    """Gate in the laser's interlock loop."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="labjack-t7",
        title="LabJack T7 with a relay held by its watchdog",
        capabilities=frozenset({"gate"}),
        transport="serial",
        slowest_exchange_s=_REPLY_S,
        slowest_off_s=0.05,
        question=Question(
            # The product number is 7, as a float; the frame's own number is one nobody else uses.
            b"\x7f\x37\x00\x00\x00\x06\x01\x03\xea\x60\x00\x02",
            r"^\x7f\x37.{5}\x03\x04\x40\xe0\x00\x00$",
            Counted(4),
        ),
        settings={
            "line": "digital line that drives the relay, 0 to 22 (0 is FIO0); 0 when not given",
            "sense": "digital line that a second contact pulls to ground while the relay is closed",
            "timeout": "it drops when it has not been fed for so many whole seconds, 1 to 10; 2 "
            "when not given",
        },
        fails_safe="hardware_watchdog",
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        self._modbus = Modbus(port, _UNIT, _REPLY_S)
        self._line = given.integer("line", 0, _LINES, 0)
        sense = given.integer("sense", 0, _LINES, -1) if "sense" in settings else None
        if sense == self._line:
            raise given.wrong("sense", "another line than `line`")
        self._sense = sense
        self._timeout_s = given.integer("timeout", 1, 10, 2)
        # False from any block to the next letting through: only then may it read low.
        self._through = False

    @property
    def drops_after_s(self) -> float | None:
        """As set; read back when connecting."""
        return float(self._timeout_s)

    async def identify(self) -> Identity:
        """The device's test register, its product number, serial number and firmware."""
        try:
            test = await self._word(_TEST)
            (product,) = struct.unpack(">f", await self._modbus.read(_PRODUCT, 2))
            (firmware,) = struct.unpack(">f", await self._modbus.read(_FIRMWARE, 2))
            serial = await self._word(_SERIAL)
        except (PortTimeoutError, PortProtocolError, DeviceRefusedError) as error:
            raise IdentityError("not a LabJack T7", seen=error.seen or error.what) from error
        if test != 0x00112233 or round(product) != 7:
            raise IdentityError("not a LabJack T7", seen=f"product {product:g}, test {test:#x}")
        return Identity("LabJack", "T7", str(serial), f"{firmware:.4f}")

    async def configure(self) -> None:
        """The line low; the watchdog as it must be, written only where it is not, and read back."""
        await self._drive(_LOW)
        wanted = self._watchdog()
        if any([await self._word(at) != value for at, value in wanted]):
            await self._write_word(_ENABLE, 0)
            for at, value in wanted:
                await self._write_word(at, value)
        for at, value in wanted:
            held = await self._word(at)
            if held != value:
                raise DeviceRefusedError(
                    f"the watchdog was not taken: register {at}, asked {value}", seen=str(held)
                )
        if self._sense is not None:
            # This read makes it an input.
            await self._modbus.read(_LINE + self._sense, 1)

    # -- gate --------------------------------------------------------------------------------

    async def block(self) -> None:
        """Write the line low at once; the answer is drained away."""
        self._through = False
        await self._port.urgent(self._modbus.write_frame(_LINE + self._line, _LOW))

    async def read_gate(self) -> GateState:
        """Two exchanges. Levels and directions are read for all lines: that changes none."""
        levels, directions = await self._word(_LEVELS), await self._word(_DIRECTIONS)
        high = bool(levels & directions & (1 << self._line))
        contact = None if self._sense is None else not levels & (1 << self._sense)
        return GateState(
            blocks=None if contact is None else not contact,
            dropped=self._through and not high,
        )

    def gatekeeper(self, seal: Seal) -> Gatekeeper:
        """For the guard alone."""
        if not isinstance(seal, Seal):
            raise TypeError("only the guard may let energy through, and this is not its seal")
        return _RelayKeeper(self)

    # -- for the gatekeeper ------------------------------------------------------------------

    async def close_relay(self) -> None:
        """Fed once, the line high, and the contact as sensed once it has moved."""
        if await self._word(_ENABLE) != 1:
            raise DeviceRefusedError("the watchdog is not enabled")
        await self._write_word(_CLEAR, _KEY)
        await self._drive(_HIGH)
        self._through = True
        await self._port.pause(_MOVES_S)
        state = await self.read_gate()
        if state.dropped or state.blocks is True:
            raise DeviceRefusedError("the relay does not close")

    async def feed(self) -> GateState:
        """Clear the watchdog with its key, and read."""
        await self._write_word(_CLEAR, _KEY)
        return await self.read_gate()

    # -- inside ------------------------------------------------------------------------------

    def _watchdog(self) -> tuple[tuple[int, int], ...]:
        """Registers and values in the order in which they are written; enabled last."""
        bit = 1 << self._line
        return (
            (61604, self._timeout_s),
            (61610, 1),
            (61612, _KEY),
            (61620, 0),
            (61630, 1),
            (61636, _ALL & ~bit),
            (61634, bit),
            (61632, 0),
            (_ENABLE, 1),
        )

    async def _drive(self, level: bytes) -> None:
        await self._modbus.write(_LINE + self._line, level)

    async def _word(self, address: int) -> int:
        return int.from_bytes(await self._modbus.read(address, 2), "big")

    async def _write_word(self, address: int, value: int) -> None:
        await self._modbus.write(address, value.to_bytes(4, "big"))


class _RelayKeeper:
    """What the guard holds."""

    def __init__(self, relay: LabJackT7) -> None:
        self._relay = relay

    async def let_through(self) -> None:
        await self._relay.close_relay()

    async def feed(self) -> GateState:
        return await self._relay.feed()
