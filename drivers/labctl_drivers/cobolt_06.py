"""Cobolt (Hübner Photonics) 06-MLD and 06-DPL lasers with the short commands.

No hardware was touched. Wire facts, and where they come from:

- verified in two or more public programs: USB virtual port or RS-232, 115200 8N1; a command ends
  CR, a reply CR LF; `gsn?` or `sn?` serial number, `glm?` model, `gfv?` firmware; `l1` and `l0`
  switch, `l?` -> 1 or 0; `p x` sets the power in W, `p?` reads it back, `pa?` is the measured
  power; every command is answered by `OK` or by `Syntax error: ...`; `@cobas?` -> 1 where the
  laser starts by itself, and `@cobas 0` ends that; until then `l1` is refused with `not allowed in
  autostart mode`;
- verified in one public program: `cp` constant power; `gom?` -> 0 off, 1 waiting for the key, 2
  continuous, 3 and 4 modulated, 5 fault, 6 aborted; `f?` -> 0 no fault, 1 temperature, 3 interlock,
  4 constant power; `ilk?` -> 1 with the interlock open; `gkses?` key switch. What a firmware
  answers with `Syntax error` is not known of it;
- from memory, unverified: that `l0` ends light within a tenth of a second, and that `pa?` follows.

Newer firmware has other commands (`LASer:CP:POWer:SETPoint`, in mW) and none of these for power: it
is refused at connecting. There is no watchdog on the wire: if the host dies the laser stays lit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from labctl.instruments import (
    Beam,
    DeviceRefusedError,
    DriverSpec,
    Emitter,
    Identity,
    IdentityError,
    Line,
    Port,
    PortProtocolError,
    Question,
    Reading,
    Seal,
    SerialSettings,
    Settings,
    SourceState,
)
from labctl_drivers._ascii import ascii_text
from labctl_drivers._watts import PowerEmitter, refuse_outside

_REPLY = Line(b"\r\n", at_most=200)
_REPLY_S = 0.2
_OFF, _ON = b"l0\r", b"l1\r"
_REFUSED = "SYNTAX ERROR"
_MOST_W = 2.0
_DARK_W = 0.005
"""More than this while it is said to be off is a contradiction."""
_FAULTS = {1: "temperature fault", 3: "interlock fault", 4: "constant-power fault"}
_LOOK_EVERY = 10


class Cobolt06:
    """Source driven by power, W here and on the wire."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="cobolt-laser",
        title="Cobolt 06-MLD or 06-DPL laser",
        capabilities=frozenset({"source"}),
        transport="serial",
        serial=SerialSettings(baud=115200),
        confirms_emission=True,
        drive="power",
        slowest_exchange_s=_REPLY_S,
        # Before the first try a question that ended with LF may still stand in its line.
        question=Question(b"glm?\r", r"^\d{4}-06-", _REPLY, tries=2),
        settings={"max_power": "highest power that it may be asked for, e.g. 150 mW"},
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        self._max_w = given.quantity("max_power", "power", 1e-3, _MOST_W) or _MOST_W
        self._ready = False
        self._set_w: float | None = None
        self._interlock: bool | None = None
        self._key: bool | None = None
        self._fault = ""
        self._until_look = 0

    async def identify(self) -> Identity:
        """Model and serial number; a laser of another series is a stranger."""
        model = await self._ask(b"glm?\r")
        if "-06-" not in model:
            raise IdentityError("not a Cobolt 06 laser", seen=repr(model[:80]))
        return Identity("Cobolt", model, await self._ask(b"gsn?\r"), await self._ask(b"gfv?\r"))

    async def configure(self) -> None:
        """Off, confirmed; no start by itself; constant power, of zero."""
        self._ready = False
        await self._tell(_OFF, "switching off")
        if await self._ask(b"@cobas?\r") != "0":
            await self._tell(b"@cobas 0\r", "ending its start by itself")
        await self._tell(b"cp\r", "choosing constant power")
        await self._tell(b"p 0.0000\r", "setting the power to zero")
        self._set_w = await self._number(b"p?\r")
        self._until_look = 0
        if (await self.read()).beam is not Beam.OFF:
            raise DeviceRefusedError(
                "the laser does not read off after it was switched off",
                fix="Switch it off by its key.",
            )

    # -- source ------------------------------------------------------------------------------

    async def off(self) -> None:
        """Write `l0` at once; its OK is dropped."""
        self._ready = False
        self._until_look = 0
        await self._port.urgent(_OFF)

    async def read(self) -> SourceState:
        """Two exchanges as a rule, five on every tenth read."""
        lit = await self._truth(b"l?\r")
        power_w = await self._number(b"pa?\r")
        t_ns = self._port.arrived_ns
        if self._until_look <= 0:
            await self._look()
        self._until_look -= 1
        beam = Beam.ON if lit else Beam.OFF
        faults = (self._fault,) if self._fault else ()
        if not lit and power_w > _DARK_W:
            beam = Beam.UNKNOWN
            faults = (*faults, f"{power_w:.3f} W are measured though it is said to be off")
        return SourceState(
            beam=beam,
            level=power_w,
            set_level=self._set_w,
            interlock_closed=self._interlock,
            key_on=self._key,
            faults=faults,
            starting=bool(lit and self._set_w and power_w < 0.05 * self._set_w),
            readings=(Reading("power", power_w, "W", t_ns),),
        )

    def emitter(self, seal: Seal) -> Emitter:
        """For the guard alone."""
        if not isinstance(seal, Seal):
            raise TypeError("only the guard may light a source, and this is not its seal")
        return PowerEmitter(self)

    # -- for the emitter ---------------------------------------------------------------------

    async def set_power(self, level_w: float) -> None:
        """Set point, read back; DeviceRefusedError for one outside the limit or not taken."""
        refuse_outside(level_w, self._max_w)
        self._ready = False
        await self._tell(b"p %.4f\r" % level_w, f"setting {level_w:g} W")
        self._set_w = await self._number(b"p?\r")
        if not abs(self._set_w - level_w) <= max(1e-4, 1e-3 * level_w):
            raise DeviceRefusedError(
                f"the power was not taken: asked {level_w:.4f} W", seen=f"{self._set_w:.4f} W"
            )
        self._ready = True

    async def light(self) -> None:
        """On. Whatever goes wrong after the write, the guard switches off."""
        if not self._ready:
            raise DeviceRefusedError("no level was set since it was last switched off")
        self._until_look = 0
        await self._tell(_ON, "switching on")

    # -- inside ------------------------------------------------------------------------------

    async def _look(self) -> None:
        """Interlock, key and fault, as far as this firmware has words for them."""
        opened = await self._maybe(b"ilk?\r")
        self._interlock = None if opened is None else opened == 0
        key = await self._maybe(b"gkses?\r")
        self._key = None if key is None else key == 1
        code = await self._maybe(b"f?\r")
        self._fault = _FAULTS.get(code, f"fault {code}") if code else ""
        self._until_look = _LOOK_EVERY

    async def _tell(self, command: bytes, doing: str) -> None:
        reply = await self._port.exchange(command, _REPLY, timeout_s=_REPLY_S)
        said = ascii_text(reply)
        if said.upper() != "OK":
            raise DeviceRefusedError(f"refused while {doing}", seen=said[:80])

    async def _ask(self, query: bytes) -> str:
        said = ascii_text(await self._port.exchange(query, _REPLY, timeout_s=_REPLY_S, retry=True))
        if said.upper().startswith(_REFUSED):
            raise DeviceRefusedError(
                f"does not know {query!r}",
                seen=said[:80],
                fix="This firmware has other commands, which this driver does not speak.",
            )
        return said

    async def _maybe(self, query: bytes) -> int | None:
        said = ascii_text(await self._port.exchange(query, _REPLY, timeout_s=_REPLY_S, retry=True))
        if said.upper().startswith(_REFUSED):
            return None
        if not (said.isascii() and said.isdigit() and len(said) < 6):
            raise PortProtocolError(f"{query!r} was answered with no number", seen=repr(said[:40]))
        return int(said)

    async def _truth(self, query: bytes) -> bool:
        said = await self._ask(query)
        if said not in ("0", "1"):
            raise PortProtocolError(
                f"{query!r} was answered with neither 0 nor 1", seen=repr(said[:40])
            )
        return said == "1"

    async def _number(self, query: bytes) -> float:
        said = await self._ask(query)
        try:
            value = float(said)
        except ValueError:
            value = math.nan
        if not abs(value) < 1e6:
            raise PortProtocolError(f"{query!r} was answered with no number", seen=repr(said[:40]))
        return value
