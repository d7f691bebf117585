"""Thorlabs SC10 controller with one shutter blade (SH05, SH1).

No hardware was touched. Wire facts, and where they come from:

- verified in two or more public sources: RS-232 9600 8N1 (or 115200); a command ends with CR, comes
  back as an echo, then its answer, then the prompt `> ` without an end of line; the first command
  after opening may fail; `id?`; `mode=1` is manual; `ens` TOGGLES and `ens?` says what was
  commanded; `closed?` -> 1 when the blade is closed, which is what counts; `interlock?` -> 1 when
  its own interlock has tripped; an unknown command is answered `Command error CMD_NOT_DEFINED`;
- verified in one public source: a millisecond for an answer;
- from memory, unverified: what `id?` answers beside the letters SC10; about 10 ms for the blade.

Because of the toggle nothing may be written blindly: `block` asks first, in one job of the port,
and a toggle is never repeated without asking. Not every blade stands a beam of several watts: take
one that does, because the laser may stay lit behind it.
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
    Question,
    Seal,
    SerialSettings,
    Settings,
)

_PROMPT = Line(b">", at_most=200)
"""The blank behind it comes with, or before, the next answer."""
_REPLY_S = 0.15
_MOVES_S = 0.015
_TRIES = 4
_LOOK_EVERY = 10
"""The shutter's own interlock is asked for on every so many reads."""


class ThorlabsSc10:
    """Gate in the beam."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="thorlabs-sc10",
        title="Thorlabs SC10 shutter controller",
        capabilities=frozenset({"gate"}),
        transport="serial",
        serial=SerialSettings(baud=9600),
        slowest_exchange_s=_REPLY_S,
        asks_before_block=True,
        slowest_off_s=0.4,
        question=Question(b"id?\r", "SC10", _PROMPT, bauds=(9600, 115200), tries=2),
        settings={"baud": "9600 or 115200, as the controller is set; 9600 when not given"},
    )
    drops_after_s: float | None = None
    """It stays as it is, whoever dies."""

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        given.number("baud", (9600, 115200), 9600)
        self._until_look = 0
        self._tripped = False

    async def identify(self) -> Identity:
        """Make, model and firmware as far as it says them; it says no serial number."""
        text = await self._ask("id?")
        if "SC10" not in text.upper():
            raise IdentityError("not a Thorlabs SC10", seen=repr(text[:80]))
        return Identity("Thorlabs", "SC10", "", text.upper().partition("VERSION")[2].strip())

    async def configure(self) -> None:
        """Manual mode, the blade closed as sensed."""
        await self._tell("mode=1")
        if await self._ask("mode?") != "1":
            raise DeviceRefusedError("the controller does not go into manual mode")
        self._until_look = 0
        await self.block()

    # -- gate --------------------------------------------------------------------------------

    async def block(self) -> None:
        """Ask, toggle only what is open, and look at the blade: three exchanges as a rule.
        DeviceRefusedError for a blade that does not close."""
        if await self._number("ens?"):
            await self._tell("ens")
        await self._moved(closed=True)

    async def read_gate(self) -> GateState:
        """One exchange; two now and then."""
        closed = await self._number("closed?") == 1
        if self._until_look <= 0:
            self._tripped = await self._number("interlock?") == 1
            self._until_look = _LOOK_EVERY
        self._until_look -= 1
        return GateState(
            blocks=closed, faults=("its own interlock has tripped",) if self._tripped else ()
        )

    def gatekeeper(self, seal: Seal) -> Gatekeeper:
        """For the guard alone."""
        if not isinstance(seal, Seal):
            raise TypeError("only the guard may let energy through, and this is not its seal")
        return _ShutterKeeper(self)

    # -- for the gatekeeper ------------------------------------------------------------------

    async def open_blade(self) -> None:
        """Ask, toggle only what is shut, and look at the blade."""
        if await self._number("interlock?") == 1:
            raise DeviceRefusedError("the shutter's own interlock has tripped")
        if not await self._number("ens?"):
            await self._tell("ens")
        await self._moved(closed=False)

    # -- inside ------------------------------------------------------------------------------

    async def _moved(self, *, closed: bool) -> None:
        for _ in range(_TRIES):
            if (await self._number("closed?") == 1) == closed:
                return
            await self._port.pause(_MOVES_S)
        raise DeviceRefusedError(
            f"the blade does not {'close' if closed else 'open'}",
            seen=f"closed? says {int(not closed)}",
            fix="Look at the shutter and its cable.",
        )

    async def _number(self, query: str) -> int:
        text = await self._ask(query)
        if text not in ("0", "1"):
            raise PortProtocolError(f"{query!r} was answered with neither 0 nor 1", seen=repr(text))
        return int(text)

    async def _ask(self, query: str) -> str:
        return await self._exchange(query, again=True)

    async def _tell(self, command: str) -> None:
        said = await self._exchange(command, again=False)
        if said:
            raise DeviceRefusedError(f"refused {command!r}", seen=said[:80])

    async def _exchange(self, text: str, *, again: bool) -> str:
        reply = await self._port.exchange(
            text.encode() + b"\r", _PROMPT, timeout_s=_REPLY_S, retry=again
        )
        try:
            lines = reply[:-1].decode("ascii").strip().split("\r")
        except UnicodeDecodeError as error:
            raise PortProtocolError("a reply that is not ASCII", seen=repr(reply[:40])) from error
        if lines[0].strip() != text:
            raise PortProtocolError(f"{text!r} was echoed wrongly", seen=repr(reply[:40]))
        return " ".join(line.strip() for line in lines[1:]).strip()


class _ShutterKeeper:
    """What the guard holds."""

    def __init__(self, shutter: ThorlabsSc10) -> None:
        self._shutter = shutter

    async def let_through(self) -> None:
        await self._shutter.open_blade()

    async def feed(self) -> GateState:
        return await self._shutter.read_gate()
