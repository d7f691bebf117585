"""What every role of a LabJack T7 has in common: who it is, its registers, its watchdog.

Registers and their types are those of the maker's published table. 32-bit values stand in two
registers, high word first. The watchdog's settings are in flash, which wears: they are written only
where they differ.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from labctl.instruments import (
    DeviceRefusedError,
    Identity,
    IdentityError,
    Port,
    PortProtocolError,
    PortTimeoutError,
)
from labctl_drivers._modbus import Modbus

REPLY_S = 0.2
LAST_LINE = 22
LINE = 2000
LOW, HIGH = b"\x00\x00", b"\x00\x01"
WATCHDOG = 61600
"""Enables the watchdog; while it does, nothing else of it can be written but what clears it."""
_UNIT = 1
_TEST, _PRODUCT, _FIRMWARE, _SERIAL = 55100, 60000, 60004, 60028
_LEVELS, _DIRECTIONS = 2800, 2850
_CLEAR = 61614
_KEY = 0x6C616274
"""Written to the clear register; any number that nobody else writes."""
_ALL = (1 << 23) - 1


class T7:
    """One device behind one connection."""

    def __init__(self, port: Port) -> None:
        self.modbus = Modbus(port, _UNIT, REPLY_S)

    async def identify(self) -> Identity:
        """The device's test register, its product number, serial number and firmware."""
        try:
            test = await self.word(_TEST)
            product = await self.number(_PRODUCT)
            firmware = await self.number(_FIRMWARE)
            serial = await self.word(_SERIAL)
        except (PortTimeoutError, PortProtocolError, DeviceRefusedError) as error:
            raise IdentityError("not a LabJack T7", seen=error.seen or error.what) from error
        if test != 0x00112233 or not 6.5 < product < 7.5:
            raise IdentityError("not a LabJack T7", seen=f"product {product:g}, test {test:#x}")
        return Identity("LabJack", "T7", str(serial), f"{firmware:.4f}")

    # -- registers ---------------------------------------------------------------------------

    async def word(self, address: int) -> int:
        """An unsigned 32-bit value."""
        return int.from_bytes(await self.modbus.read(address, 2), "big")

    async def write_word(self, address: int, value: int) -> None:
        await self.modbus.write(address, value.to_bytes(4, "big"))

    async def number(self, address: int) -> float:
        """A 32-bit float; it may be no number at all."""
        (value,) = struct.unpack(">f", await self.modbus.read(address, 2))
        return float(value)

    async def write_number(self, address: int, value: float) -> None:
        await self.modbus.write(address, struct.pack(">f", value))

    async def short(self, address: int) -> int:
        """An unsigned 16-bit value."""
        return int.from_bytes(await self.modbus.read(address, 1), "big")

    async def write_short(self, address: int, value: int) -> None:
        """A 16-bit value, in one register."""
        await self.modbus.write(address, value.to_bytes(2, "big"))

    async def outputs_and_levels(self) -> tuple[int, int]:
        """Levels of the lines that are outputs, as their terminals have them, and of all. Two
        exchanges; levels and directions are read for all lines: that changes none."""
        levels, directions = await self.word(_LEVELS), await self.word(_DIRECTIONS)
        return levels & directions, levels

    async def drive(self, line: int, level: bytes) -> None:
        """Write a line, which makes it an output."""
        await self.modbus.write(LINE + line, level)

    async def make_input(self, line: int) -> None:
        """Reading one line does that."""
        await self.modbus.read(LINE + line, 1)

    # -- watchdog ----------------------------------------------------------------------------

    async def feed(self) -> None:
        """Clear the watchdog with its key."""
        await self.write_word(_CLEAR, _KEY)

    async def watch(self, line: int, timeout_s: int, more: Iterable[tuple[int, int]] = ()) -> None:
        """Have the watchdog set a line low when it was not fed for so long, and do `more`
        (registers and words); written only where it is not so, and read back."""
        bit = 1 << line
        wanted = (
            (61604, timeout_s),
            (61610, 1),
            (61612, _KEY),
            (61620, 0),
            (61630, 1),
            (61636, _ALL & ~bit),
            (61634, bit),
            (61632, 0),
            *more,
            # Enabled last.
            (WATCHDOG, 1),
        )
        if any([await self.word(at) != value for at, value in wanted]):
            await self.write_word(WATCHDOG, 0)
            for at, value in wanted:
                await self.write_word(at, value)
        for at, value in wanted:
            held = await self.word(at)
            if held != value:
                raise DeviceRefusedError(
                    f"the watchdog was not taken: register {at}, asked {value}", seen=str(held)
                )
