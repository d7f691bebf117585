"""IPG Photonics YAR fibre amplifiers and YLM-SF fibre lasers, by RS-232.

No hardware was touched. Wire facts, and where they come from:

- verified in a public program and its tests, which quote the maker's manual: 8N1; a command is
  three or four letters and ends CR; an answer ends CR and is the command's letters, `: ` and the
  value (`ROP: 3.45`), the letters alone where there is none (`EMON`), or `ERR: ` and words; `RMN`
  model, `RFV` firmware; `SPS x` sets the power in W, `RPS` reads it back, `RNP` and `RMP` the least
  and the most; `ROP` the measured power, or `Off`, or `Low`; `STA` a number whose bits are 0
  emission, 1 the start-up delay of 3 s, 16 too hot, 17 back-reflection, 19 unexpected emission, 20
  seed; `RERR` forgets errors;
- verified in two or more public programs: `EMON`, `EMOFF`, `ROP`, `STA` and the form of answers are
  the same on IPG's YLR lasers, whose `STA` has other bits (emission is bit 2, start-up 15, the key
  21) and whose power is set in percent of current (`SDC`) at 57600 baud;
- from memory, unverified: the line speeds; that `SPS` keeps hundredths of a watt; that an open
  interlock or a key that is off ends in `ERR` at `EMON`; that a YLM without SF is not as a YAR; an
  answer within 0.2 s, and light out within a tenth of a second of `EMOFF`.

A YLR is refused by name, because a status word read by the wrong table would tell a lit laser as
dark. No bit is known here that tells interlock or key. Errors are not reset by the driver: a person
looks first. There is no watchdog on the wire: if the host dies the laser stays lit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from labctl.instruments import (
    Beam,
    DeviceRefusedError,
    DriverSpec,
    Emitter,
    Identity,
    IdentityError,
    Invalid,
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

_REPLY = Line(b"\r", at_most=200)
_REPLY_S = 0.2
_OFF = b"EMOFF\r"
_BAUDS = (9600, 57600, 115200)
_MOST_W = 50.0
_DARK_W = 0.005
"""More than this while it is said to be off is a contradiction."""
_STEP_W = 0.006
"""Half of what a set point in hundredths may be off, and a little."""
_MODELS = r"YAR-|YLM-.*\bSF\b"
_EMISSION, _STARTING = 1 << 0, 1 << 1
_FAULTS = {
    1 << 16: "too hot",
    1 << 17: "back-reflection",
    1 << 19: "unexpected emission",
    1 << 20: "seed fault",
}


class IpgLaser:
    """Source driven by power, W here and on the wire."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="ipg-laser",
        title="IPG YAR or YLM-SF fibre laser",
        capabilities=frozenset({"source"}),
        transport="serial",
        serial=SerialSettings(baud=57600),
        confirms_emission=True,
        drive="power",
        slowest_exchange_s=_REPLY_S,
        # Its own 3 s before light, and what it takes to see that they are over.
        starts_within_s=5.0,
        # Before the first try a question of another driver may still stand in its line.
        question=Question(b"RMN\r", rf"^RMN: *({_MODELS})", _REPLY, bauds=_BAUDS, tries=2),
        settings={
            "max_power": "highest power that it may be asked for, e.g. 2 W",
            "baud": "9600, 57600 or 115200, as its manual says; 57600 when not given",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        self._max_w = given.quantity("max_power", "power", 1e-3, _MOST_W) or _MOST_W
        given.number("baud", _BAUDS, 57600)
        self._ready = False
        self._set_w: float | None = None

    async def identify(self) -> Identity:
        """Model and firmware; it has no word for its serial number. A YLR is a stranger."""
        model = await self._ask("RMN")
        if re.match(_MODELS, model) is None:
            raise IdentityError(
                "not an IPG YAR or YLM-SF",
                seen=repr(model[:80]),
                fix="IPG's other lasers tell emission by other bits; this driver reads none of "
                "them.",
            )
        return Identity("IPG", model, "", await self._ask("RFV"))

    async def configure(self) -> None:
        """Off, confirmed; the least power that it gives."""
        self._ready = False
        await self._tell("EMOFF", "switching off")
        await self._set(await self._number("RNP"))
        if (await self.read()).beam is not Beam.OFF:
            raise DeviceRefusedError(
                "the laser does not read off after it was switched off",
                fix="Switch it off by its key.",
            )

    # -- source ------------------------------------------------------------------------------

    async def off(self) -> None:
        """Write `EMOFF` at once; its answer is dropped. Ends the start-up delay as well."""
        self._ready = False
        await self._port.urgent(_OFF)

    async def read(self) -> SourceState:
        """Two exchanges: status and measured power."""
        status = await self._status()
        said = await self._ask("ROP")
        t_ns = self._port.arrived_ns
        starting = bool(status & _STARTING)
        lit = starting or bool(status & _EMISSION)
        beam = Beam.ON if lit else Beam.OFF
        faults = tuple(words for bit, words in _FAULTS.items() if status & bit)
        power_w: float | None = None
        reading: Reading | Invalid
        if said in ("Off", "Low"):
            reading = Invalid("power", "device" if said == "Off" else "range", said, t_ns)
        else:
            power_w = _value("ROP", said)
            reading = Reading("power", power_w, "W", t_ns)
        if not lit and said != "Off" and (power_w is None or power_w > _DARK_W):
            beam = Beam.UNKNOWN
            faults = (*faults, f"it measures {said} though it is said to be off")
        return SourceState(
            beam=beam,
            level=power_w,
            set_level=self._set_w,
            interlock_closed=None,
            key_on=None,
            faults=faults,
            starting=starting,
            readings=(reading,),
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
        await self._set(level_w)
        self._ready = True

    async def light(self) -> None:
        """On. Whatever goes wrong after the write, the guard switches off."""
        if not self._ready:
            raise DeviceRefusedError("no level was set since it was last switched off")
        await self._tell("EMON", "switching on")

    # -- inside ------------------------------------------------------------------------------

    async def _set(self, level_w: float) -> None:
        await self._tell(f"SPS {level_w:.3f}", f"setting {level_w:g} W")
        self._set_w = await self._number("RPS")
        if not abs(self._set_w - level_w) <= max(_STEP_W, 1e-3 * level_w):
            raise DeviceRefusedError(
                f"the power was not taken: asked {level_w:.3f} W", seen=f"{self._set_w:.3f} W"
            )

    async def _tell(self, command: str, doing: str) -> None:
        await self._answer(command, f"refused while {doing}", retry=False)

    async def _ask(self, query: str) -> str:
        value = await self._answer(query, f"does not answer {query}", retry=True)
        if not value:
            raise PortProtocolError(f"{query} was answered with no value")
        return value

    async def _answer(self, command: str, refused: str, *, retry: bool) -> str:
        """What stands behind the command's own letters."""
        written = command.encode() + b"\r"
        said = ascii_text(
            await self._port.exchange(written, _REPLY, timeout_s=_REPLY_S, retry=retry)
        )
        letters, _, value = said.partition(":")
        if letters.upper() == "ERR":
            raise DeviceRefusedError(
                refused,
                seen=said[:80],
                fix="Look at key, interlock and the laser's own panel; `RERR` forgets its errors.",
            )
        if letters.strip().upper() != command.partition(" ")[0]:
            raise PortProtocolError(f"an answer to something else than {command}", seen=said[:40])
        return value.strip()

    async def _status(self) -> int:
        said = await self._ask("STA")
        if not re.fullmatch(r"[0-9]{1,10}", said):
            raise PortProtocolError("STA was answered with no number", seen=repr(said[:40]))
        return int(said)

    async def _number(self, query: str) -> float:
        return _value(query, await self._ask(query))


def _value(query: str, said: str) -> float:
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", said, re.ASCII):
        raise PortProtocolError(f"{query} was answered with no power", seen=repr(said[:40]))
    return float(said)
