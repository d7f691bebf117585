"""Numato USB relay modules (1 to 16 relays): one relay that opens a shutter against its spring.

No hardware was touched. Wire facts, and where they come from:

- verified in two or more public programs: USB virtual port, whose line speed does not matter; a
  command ends CR and comes back as an echo, then its answer if it has one, then the prompt `>`
  without an end of line; lines end LF CR; `relay on 0` and `relay off 0` have no answer, `relay
  read 0` has `on` or `off`; relays count from 0, and from the tenth on by letter (`A`); `ver`;
  `gpio read 0` -> `1` or `0`; a tenth of a second for a relay to settle; a carriage return before
  a command is taken for an empty line, and prompted for;
- verified in one: `id get`, eight characters that a user can set;
- not agreed on: how relays beyond the sixteenth are called (letters as far as V, or two decimal
  digits), so that they are refused;
- from memory, unverified: what an unknown command gives; that an input needs a resistor to the
  supply; that a command which comes before the last one's prompt is kept, and obeyed after it.

`relay read` tells what the coil was told. What stands in the beam is told by `sense`, an input that
the shutter's end switch pulls to ground while it is closed: a broken wire reads open. There is no
watchdog: if the host dies the relay stays as it is, so that this is a shutter and no dead-man. Were
an off lost, the guard would find the shutter open where it should block, trip, and write it again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from labctl.instruments import (
    DeviceRefusedError,
    DriverSpec,
    Gatekeeper,
    GateState,
    Identity,
    IdentityError,
    Packet,
    Port,
    PortProtocolError,
    Question,
    Seal,
    SerialSettings,
    Settings,
)

_REPLY_S = 0.2
_LOOK_S, _LOOKS = 0.02, 6
"""A shutter and its relay are given a tenth of a second to move."""
_LAST_RELAY, _LAST_INPUT = 15, 9
_PROMPT = b">"
_DIGITS = "0123456789ABCDEF"


class NumatoRelay:
    """Gate in the beam: a shutter that is open while its relay is on."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="numato-relay",
        title="Numato USB relay module",
        capabilities=frozenset({"gate"}),
        transport="serial",
        serial=SerialSettings(baud=115200),
        slowest_exchange_s=_REPLY_S,
        # Before the first try another driver's question may still stand in its line.
        question=Question(
            b"relay read 0\r",
            r"relay read 0\s+(on|off)\s+>",
            Packet(b"relay read 0", _PROMPT),
            tries=2,
        ),
        settings={
            "relay": "the relay that opens the shutter, 0 to 15; 0 when not given",
            "sense": "the module's input that the shutter's end switch pulls to ground while it is "
            "closed, 0 to 9",
        },
    )
    drops_after_s: float | None = None
    """It stays as it is, whoever dies."""

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        self._relay = _DIGITS[given.integer("relay", 0, _LAST_RELAY, 0)]
        # It has no default: a relay alone says what it was told, not what stands in the beam.
        self._sense = given.integer("sense", 0, _LAST_INPUT, -1)
        # False from any block to the next letting through: only then may the relay read off.
        self._through = False
        # From a block until somebody has looked.
        self._moving = False

    async def identify(self) -> Identity:
        """Firmware, and the name that a user may have given it; it does not say its model."""
        said = await self._ask(f"relay read {self._relay}")
        if said not in ("on", "off"):
            raise IdentityError(
                f"not a Numato relay module, or one without relay {self._relay}",
                seen=repr(said[:80]),
            )
        return Identity("Numato", "relay module", await self._ask("id get"), await self._ask("ver"))

    async def configure(self) -> None:
        """The relay off, and the shutter closed as sensed."""
        self._through = False
        await self._port.exchange(
            self._off(), Packet(self._off().strip(), _PROMPT, at_most=200), timeout_s=_REPLY_S
        )
        if (await self._moved(closed=True)).blocks is not True:
            raise DeviceRefusedError(
                "the shutter does not read closed though its relay was switched off",
                fix="Look at the shutter, at its end switch and at `sense` in the bench file.",
            )

    # -- gate --------------------------------------------------------------------------------

    async def block(self) -> None:
        """Write off at once."""
        self._through, self._moving = False, True
        await self._port.urgent(self._off())

    async def read_gate(self) -> GateState:
        """Two exchanges; the first after a block waits for the shutter to move."""
        if self._moving:
            return await self._moved(closed=True)
        return await self._state()

    def gatekeeper(self, seal: Seal) -> Gatekeeper:
        """For the guard alone."""
        if not isinstance(seal, Seal):
            raise TypeError("only the guard may let energy through, and this is not its seal")
        return _RelayKeeper(self)

    # -- for the gatekeeper ------------------------------------------------------------------

    async def open_shutter(self) -> None:
        """The relay on, and the shutter as sensed once it has moved."""
        command = f"relay on {self._relay}"
        # Before it is written: a block that comes meanwhile has the last word.
        self._through, self._moving = True, False
        said = await self._exchange(command, again=False)
        if said:
            raise DeviceRefusedError(f"refused {command!r}", seen=said[:80])
        state = await self._moved(closed=False)
        if state.dropped or state.blocks is not False:
            raise DeviceRefusedError("the shutter does not open", fix="Look at its supply.")

    # -- inside ------------------------------------------------------------------------------

    async def _state(self) -> GateState:
        relay = await self._ask(f"relay read {self._relay}")
        if relay not in ("on", "off"):
            raise PortProtocolError("a relay that is neither on nor off", seen=repr(relay[:40]))
        level = await self._ask(f"gpio read {self._sense}")
        if level not in ("0", "1"):
            raise PortProtocolError("an input that is neither 0 nor 1", seen=repr(level[:40]))
        return GateState(blocks=level == "0", dropped=self._through and relay == "off")

    async def _moved(self, *, closed: bool) -> GateState:
        """As it is once it has moved, or has had its time to."""
        for _ in range(_LOOKS):
            state = await self._state()
            if state.blocks is closed:
                break
            await self._port.pause(_LOOK_S)
        self._moving = False
        return state

    def _off(self) -> bytes:
        """Behind an empty line, which ends what somebody left in the module's line."""
        return b"\rrelay off %s\r" % self._relay.encode()

    async def _ask(self, query: str) -> str:
        return await self._exchange(query, again=True)

    async def _exchange(self, text: str, *, again: bool) -> str:
        """What stands between the echo and the prompt."""
        data = text.encode()
        reply = await self._port.exchange(
            data + b"\r", Packet(data, _PROMPT, at_most=200), timeout_s=_REPLY_S, retry=again
        )
        try:
            said = reply[len(data) : -1].decode("ascii")
        except UnicodeDecodeError as error:
            raise PortProtocolError("a reply that is not ASCII", seen=repr(reply[:40])) from error
        if not re.fullmatch(r"[\r\n]+(?:[ -~]+[\r\n]+)?", said):
            raise PortProtocolError(f"{text!r} was echoed wrongly", seen=repr(reply[:40]))
        return said.strip()


class _RelayKeeper:
    """What the guard holds."""

    def __init__(self, relay: NumatoRelay) -> None:
        self._relay = relay

    async def let_through(self) -> None:
        await self._relay.open_shutter()

    async def feed(self) -> GateState:
        return await self._relay.read_gate()
