"""CNI (Changchun New Industries) PSU-SR, PSU-III and MDL-III laser supplies, 808/980/1064 nm.

No hardware was touched. Wire facts, and where they come from:

- verified in two or more public sources, of which two quote the vendor's document: RS-232 9600 8N1;
  frames `55 AA CMD DATA... CS`, CS the low byte of the sum of CMD and DATA; on `55 AA 03 01 04`,
  off `55 AA 03 00 03`; power in mW, big endian, `55 AA 05 SUB HI LO CS`, with SUB 01 on a PSU-SR
  and an MSL-U; there is no query at all: no identification, no read-back of power, state or
  interlock;
- verified in one public source each: SUB is 03 on an MDL-III; three dialects of acknowledgement, an
  exact echo, `41 07 ... 0D` of at least 7 bytes, or none; 0.5 s must pass after every command and
  after opening the port, else the next is dropped without a word (another program waits 10 ms after
  ON and nowhere else: the longer is kept here); a redundant ON is not acknowledged; a power before
  ON is not accepted; a power above what the label says is clipped by the supply without a word.

So the level is remembered and sent after ON: until then, for half a second, the laser has whatever
power the supply was left with. All that labctl knows of the emission is what it commanded
(`confirms_emission` is False); only a power meter can confirm it. There is no watchdog on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from labctl.instruments import (
    Beam,
    DeviceRefusedError,
    DriverSpec,
    Emitter,
    Exactly,
    Frame,
    Identity,
    IdentityError,
    Packet,
    Port,
    PortProtocolError,
    PortTimeoutError,
    Seal,
    SerialSettings,
    Settings,
    Silent,
    SourceState,
)

_PACE_S = 0.5
_REPLY_S = 0.2
_MOST_W = 65.535
"""Two bytes of milliwatts."""


def frame(command: int, *data: int) -> bytes:
    """One frame with its sum."""
    body = bytes((command, *data))
    return b"\x55\xaa" + body + bytes((sum(body) & 0xFF,))


_ON = frame(0x03, 0x01)
_OFF = frame(0x03, 0x00)
_ECHO, _MARK, _NONE = "echo", "0x41", "none"


class CniLaser:
    """Source driven by power: W here, mW on the wire; commanded, never confirmed."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="cni-laser",
        title="CNI PSU/MDL-III laser supply",
        capabilities=frozenset({"source"}),
        transport="serial",
        serial=SerialSettings(baud=9600),
        confirms_emission=False,
        drive="power",
        slowest_exchange_s=_REPLY_S,
        sets_power_before_on=False,
        # A power that is set is sent after the next ON.
        takes_power_lit=False,
        # The first OFF is dropped within half a second of another command; the second is not.
        slowest_off_s=0.6,
        settings={
            "acknowledge": "how the supply answers: echo, '0x41' or none; echo when not given",
            "sub": "sub byte of the power command: 1 (PSU-SR) or 3 (MDL-III); 1 when not given",
            "max_power": "highest power that the supply may be asked for, e.g. 2 W",
            "model": "what the label says, for the record",
            "serial": "serial number on the label, for the record",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        if settings.get("acknowledge") == 0x41:
            # Without quotes YAML reads a number.
            settings = {**settings, "acknowledge": _MARK}
        given = Settings(self.spec, settings)
        self._port = port
        self._acknowledge = given.choice("acknowledge", (_ECHO, _MARK, _NONE), _ECHO)
        self._sub = int(given.number("sub", (1, 3), 1))
        self._max_w = given.quantity("max_power", "power", 1e-3, _MOST_W) or _MOST_W
        self._model = str(settings.get("model", "PSU/MDL-III"))
        self._serial = str(settings.get("serial", ""))
        self._level_w: float | None = None

    async def identify(self) -> Identity:
        """As far as it goes: OFF, the one frame that does no harm, must be acknowledged.

        A supply that acknowledges nothing cannot be told from any other, or from none.
        """
        await self._port.pause(_PACE_S)
        try:
            await self._command(_OFF, again=True)
        except (PortTimeoutError, PortProtocolError) as error:
            raise IdentityError(
                f"no CNI supply that acknowledges by {self._acknowledge}",
                seen=error.seen,
                fix="Look at the cable, and at `acknowledge` in the bench file.",
            ) from error
        return Identity("CNI", self._model, self._serial)

    async def configure(self) -> None:
        """Off once more; the level is unknown until it is set."""
        self._level_w = None
        await self._command(_OFF, again=True)

    # -- source ------------------------------------------------------------------------------

    async def off(self) -> None:
        """Write OFF at once, and again when the supply surely listens.

        The first is dropped when it comes within half a second of another command. The level is
        forgotten: what was set before an off is not lit after it.
        """
        self._level_w = None
        await self._port.urgent(_OFF)
        await self._port.pause(_PACE_S)
        await self._port.urgent(_OFF)

    async def read(self) -> SourceState:
        """What was commanded last; the supply cannot be asked."""
        return SourceState(
            beam=Beam.UNKNOWN,
            level=None,
            set_level=self._level_w,
            interlock_closed=None,
            key_on=None,
        )

    def emitter(self, seal: Seal) -> Emitter:
        """For the guard alone."""
        if not isinstance(seal, Seal):
            raise TypeError("only the guard may light a source, and this is not its seal")
        return _CniEmitter(self)

    # -- for the emitter ---------------------------------------------------------------------

    async def set_power(self, level_w: float) -> None:
        """Remember the power to send after ON; DeviceRefusedError for one outside the limits.

        0 is sent at once instead: it is what is left when a laser does not obey OFF.
        """
        if not 0.0 <= level_w <= self._max_w:
            raise DeviceRefusedError(
                f"{level_w:g} W is outside 0 to {self._max_w:g} W",
                fix="`max_power` in the bench file is the limit; it is never clipped.",
            )
        milliwatts = round(level_w * 1000.0)
        self._level_w = level_w if milliwatts else None
        if not milliwatts:
            await self._command(self._power(0))

    async def light(self) -> None:
        """ON, then the power; a frame that is not acknowledged may have been dropped."""
        if self._level_w is None:
            raise DeviceRefusedError("no level was set since it was last switched off")
        power = self._power(round(self._level_w * 1000.0))
        await self._command(_ON)
        await self._command(power)

    # -- inside ------------------------------------------------------------------------------

    def _power(self, milliwatts: int) -> bytes:
        return frame(0x05, self._sub, milliwatts >> 8, milliwatts & 0xFF)

    async def _command(self, data: bytes, *, again: bool = False) -> None:
        reply: Frame = Silent()
        if self._acknowledge == _ECHO:
            reply = Exactly(len(data))
        elif self._acknowledge == _MARK:
            reply = Packet(b"\x41\x07", b"\x0d", at_least=7)
        answer = await self._port.exchange(data, reply, timeout_s=_REPLY_S, retry=again)
        await self._port.pause(_PACE_S)
        if self._acknowledge == _ECHO and answer != data:
            raise PortProtocolError(
                f"frame {data.hex(' ')} was echoed wrongly", seen=answer.hex(" ")
            )


class _CniEmitter:
    """What the guard holds."""

    def __init__(self, laser: CniLaser) -> None:
        self._laser = laser

    async def set_level(self, level: float) -> None:
        await self._laser.set_power(level)

    async def limit_level(self, level: float) -> None:
        """The supply has no limit of its own to set."""

    async def on(self) -> None:
        await self._laser.light()
