"""A dead-man relay on a microcontroller, with the sketch in drivers/sketches/deadman.

No hardware was touched. The protocol is ours (deadman.ino says it in full, and a test holds the
sketch, compiled for a computer, against the simulated board, line by line):

- 115200 8N1, lines end LF, every line is answered by one line; `STATE`, `CLOSE`, `FEED n`, `OPEN`,
  `RESET`, `TIMEOUT ms` by `STATE,<OPEN|CLOSED|DROPPED>,<contact>,<ms left>,<next n>,<drops>` or by
  `ERROR,<why>`, `ID?` by `LABCTL-DEADMAN,1,<serial>,<timeout ms>`;
- the relay is closed only while it is fed in time, each time with the next number, so that a line
  that repeats itself in some buffer feeds nothing; what has dropped stays so until RESET, and RESET
  does not close;
- from memory, unverified: opening the port of many boards starts them anew, for about 2 s. The
  relay is open then, which is why that does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from labctl.instruments import (
    DeviceRefusedError,
    DriverSpec,
    Gatekeeper,
    GateState,
    Identity,
    IdentityError,
    Line,
    Port,
    PortProtocolError,
    PortTimeoutError,
    Question,
    Seal,
    SerialSettings,
    Settings,
)
from labctl_drivers._ascii import ascii_text

_LINE = Line(b"\n", at_most=80)
_REPLY_S = 0.1
_STARTS_S = 2.2
_MOVES_S = 0.03
"""A contact needs so long to close."""
_STATES = ("OPEN", "CLOSED", "DROPPED")


class McuDeadMan:
    """Gate in the laser's interlock loop."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="mcu-deadman",
        title="Dead-man relay on a microcontroller (labctl's sketch)",
        capabilities=frozenset({"gate"}),
        transport="serial",
        serial=SerialSettings(baud=115200),
        slowest_exchange_s=_REPLY_S,
        slowest_off_s=0.05,
        question=Question(b"ID?\n", "LABCTL-DEADMAN,1,", starts_s=_STARTS_S),
        settings={
            "timeout": "it drops when it has not been fed for so long, 0.1 s to 5 s; 1 s when not "
            "given",
        },
        fails_safe="hardware_watchdog",
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        timeout_s = given.quantity("timeout", "time", 0.1, 5.0)
        self._timeout_ms = 1000 if timeout_s is None else round(timeout_s * 1000)
        self._next = 0

    @property
    def drops_after_s(self) -> float | None:
        """As set; read back when connecting."""
        return self._timeout_ms / 1000

    async def identify(self) -> Identity:
        """The board's own word for itself; it may just be starting."""
        try:
            text = await self._ask("ID?")
        except PortTimeoutError:
            await self._port.pause(_STARTS_S)
            text = await self._ask("ID?")
        fields = text.split(",")
        if len(fields) != 4 or fields[:2] != ["LABCTL-DEADMAN", "1"]:
            raise IdentityError("not a dead-man with labctl's sketch", seen=repr(text[:80]))
        return Identity("labctl", "dead-man", fields[2], f"sketch {fields[1]}")

    async def configure(self) -> None:
        """Open the relay, set the timeout and read it back. What has dropped stays latched."""
        await self._state("OPEN")
        await self._state(f"TIMEOUT {self._timeout_ms}")
        held = (await self._ask("ID?")).rpartition(",")[2]
        if held != str(self._timeout_ms):
            raise DeviceRefusedError(
                f"the timeout was not taken: asked {self._timeout_ms} ms", seen=held
            )

    # -- gate --------------------------------------------------------------------------------

    async def block(self) -> None:
        """Write OPEN at once; its answer is drained away."""
        await self._port.urgent(b"OPEN\n")

    async def read_gate(self) -> GateState:
        """One exchange."""
        return await self._state("STATE")

    def gatekeeper(self, seal: Seal) -> Gatekeeper:
        """For the guard alone."""
        if not isinstance(seal, Seal):
            raise TypeError("only the guard may let energy through, and this is not its seal")
        return _DeadManKeeper(self)

    # -- for the gatekeeper ------------------------------------------------------------------

    async def close_relay(self) -> None:
        """RESET where it has dropped, CLOSE, and the contact as sensed once it has moved."""
        if (await self._state("STATE")).dropped:
            await self._state("RESET", again=False)
        await self._state("CLOSE", again=False)
        await self._port.pause(_MOVES_S)
        state = await self.feed()
        if state.dropped or state.blocks is True:
            raise DeviceRefusedError("the relay does not close", seen="; ".join(state.faults))

    async def feed(self) -> GateState:
        """The next number; a number that it had already is no harm, and the right one is told by
        every answer."""
        try:
            return await self._state(f"FEED {self._next}", again=False)
        except DeviceRefusedError:
            # A lost answer leaves the two out of step: ask which number is next.
            await self._state("STATE")
            return await self._state(f"FEED {self._next}", again=False)

    # -- inside ------------------------------------------------------------------------------

    async def _ask(self, text: str, *, again: bool = True) -> str:
        reply = await self._port.exchange(
            text.encode() + b"\n", _LINE, timeout_s=_REPLY_S, retry=again
        )
        return ascii_text(reply)

    async def _state(self, text: str, *, again: bool = True) -> GateState:
        reply = await self._ask(text, again=again)
        head, *fields = reply.split(",")
        if head == "ERROR":
            raise DeviceRefusedError(f"refused {text!r}", seen=reply)
        if head != "STATE" or len(fields) != 5 or fields[0] not in _STATES:
            raise PortProtocolError(f"{text!r} was answered with no state", seen=repr(reply[:40]))
        name, contact, _, following, _ = fields
        if contact not in ("0", "1", "-") or not following.isdigit():
            raise PortProtocolError(f"{text!r} was answered with no state", seen=repr(reply[:40]))
        self._next = int(following)
        closed = None if contact == "-" else contact == "1"
        return GateState(blocks=None if closed is None else not closed, dropped=name == "DROPPED")


class _DeadManKeeper:
    """What the guard holds."""

    def __init__(self, relay: McuDeadMan) -> None:
        self._relay = relay

    async def let_through(self) -> None:
        await self._relay.close_relay()

    async def feed(self) -> GateState:
        return await self._relay.feed()
