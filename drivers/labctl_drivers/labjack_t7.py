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

from collections.abc import Mapping
from typing import Any, ClassVar

from labctl.instruments import (
    Counted,
    DeviceRefusedError,
    DriverSpec,
    Gatekeeper,
    GateState,
    Identity,
    Port,
    Question,
    Seal,
    Settings,
)
from labctl_drivers._t7 import HIGH, LAST_LINE, LINE, LOW, REPLY_S, T7, WATCHDOG

_MOVES_S = 0.03


class LabJackT7:
    """Gate in the laser's interlock loop."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="labjack-t7",
        title="LabJack T7 with a relay held by its watchdog",
        capabilities=frozenset({"gate"}),
        transport="serial",
        slowest_exchange_s=REPLY_S,
        connections=2,
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
        self._t7 = T7(port)
        self._line = given.integer("line", 0, LAST_LINE, 0)
        sense = given.integer("sense", 0, LAST_LINE, -1) if "sense" in settings else None
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
        return await self._t7.identify()

    async def configure(self) -> None:
        """The line low; the watchdog as it must be, written only where it is not, and read back."""
        await self._t7.drive(self._line, LOW)
        await self._t7.watch(self._line, self._timeout_s)
        if self._sense is not None:
            await self._t7.make_input(self._sense)

    # -- gate --------------------------------------------------------------------------------

    async def block(self) -> None:
        """Write the line low at once; the answer is drained away."""
        self._through = False
        await self._port.urgent(self._t7.modbus.write_frame(LINE + self._line, LOW))

    async def read_gate(self) -> GateState:
        """Two exchanges."""
        driven, levels = await self._t7.outputs_and_levels()
        high = bool(driven & (1 << self._line))
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
        if await self._t7.word(WATCHDOG) != 1:
            raise DeviceRefusedError("the watchdog is not enabled")
        await self._t7.feed()
        await self._t7.drive(self._line, HIGH)
        self._through = True
        await self._port.pause(_MOVES_S)
        state = await self.read_gate()
        if state.dropped or state.blocks is True:
            raise DeviceRefusedError("the relay does not close")

    async def feed(self) -> GateState:
        """Clear the watchdog with its key, and read."""
        await self._t7.feed()
        return await self.read_gate()


class _RelayKeeper:
    """What the guard holds."""

    def __init__(self, relay: LabJackT7) -> None:
        self._relay = relay

    async def let_through(self) -> None:
        await self._relay.close_relay()

    async def feed(self) -> GateState:
        return await self._relay.feed()
