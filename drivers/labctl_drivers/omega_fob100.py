"""Omega FOB101, FOB102 and FOB104 fibre-optic thermometers: nothing of metal is in the sample.

No hardware was touched. Wire facts, and where they come from:

- verified in two public copies of the maker's guide (FOB100) and, for `b`, `t`, `u`, `q` and the
  prompt, in that of a sister model (HHTFO-101): a command is a letter and its argument, ended by
  CR, and is not echoed; when it has succeeded a `*` is sent, otherwise `Err` and a digit in its
  place, and nothing may be sent before either; `t` and the channel's number gives the temperature
  with sign and one decimal, ended by CR (`+24.3`), and all channels line by line without a number;
  a model with one channel takes no number; `b` gives the temperature of the enclosure, `b:32.2`;
  `uc` and `uf` set the unit, `q+` and `q-` quick scanning or the average of the last four;
- verified in one public copy: dashes (`---.-`) stand where there is no temperature to tell;
- from memory, unverified: 9600 baud 8N1; that nothing comes behind the `*`; that a scan of a
  channel takes a quarter of a second, so that asked more often it says the same again; that its
  probes serve from -100 to 300 degC.

The maker's way to know one is `i`, whose answer no public source shows: it is known by the form of
its answer to `b`, and has no serial number to tell. A scan of ports does not ask it: to some other
instrument that letter may be a command.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from labctl.instruments import (
    DriverSpec,
    Identity,
    IdentityError,
    Invalid,
    Line,
    Port,
    PortProtocolError,
    Reading,
    SerialSettings,
    Settings,
)
from labctl_drivers._ascii import ascii_text

_REPLY_S = 0.5
_PROMPT = Line(b"*")
_CHANNELS = {"FOB101": 1, "FOB102": 2, "FOB104": 4}
_ENCLOSURE = re.compile(r"b:\s*[+-]?\d+\.\d", re.IGNORECASE)
_VALUE = re.compile(r"[+-]?\d{1,4}\.\d")
_NONE = re.compile(r"-{2,}\.?-*")
_LOW_DEGC, _HIGH_DEGC = -100.0, 300.0


class OmegaFob100:
    """Thermometer: one exchange for each stated channel."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="omega-fob100",
        title="Omega FOB101, FOB102 or FOB104 fibre-optic thermometer",
        capabilities=frozenset({"thermometer"}),
        transport="serial",
        serial=SerialSettings(baud=9600),
        slowest_exchange_s=_REPLY_S,
        quantum=0.1,
        renews_s=0.25,
        sensor="fibre",
        settings={
            "channels": "channels to read, 1 to 4, e.g. [1, 2]; [1] when not given",
            "model": "FOB101, FOB102 or FOB104; FOB104 when not given",
            "scan": "`quick`, or `slow` for the average of the last four; quick when not given",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        self._model = given.choice("model", tuple(_CHANNELS), "FOB104")
        most = _CHANNELS[self._model]
        listed = given.items("channels") or [1]
        if len(set(listed)) != len(listed) or any(n not in range(1, most + 1) for n in listed):
            raise given.wrong("channels", f"channels of the {self._model}, 1 to {most}, each once")
        self._listed = [int(n) for n in listed]
        self._scan = given.choice("scan", ("quick", "slow"), "quick")

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels read, in their order."""
        return tuple(str(n) for n in self._listed)

    async def identify(self) -> Identity:
        """By the form of what it says of its enclosure; it has no serial number to tell."""
        said = await self._ask("b")
        if not _ENCLOSURE.fullmatch(said):
            raise IdentityError("not an Omega FOB100", seen=repr(said[:40]))
        return Identity("Omega", self._model)

    async def configure(self) -> None:
        """Celsius, and the way of scanning; each command must be taken."""
        await self._tell("uc")
        await self._tell("q+" if self._scan == "quick" else "q-")

    async def read_temperatures(self) -> tuple[Reading | Invalid, ...]:
        """What each channel was last scanned to, degC."""
        return tuple([await self._read(n) for n in self._listed])

    async def _read(self, n: int) -> Reading | Invalid:
        said = await self._ask("t" if _CHANNELS[self._model] == 1 else f"t{n}")
        channel, t_ns = str(n), self._port.arrived_ns
        if _NONE.fullmatch(said):
            return Invalid(
                channel, "open", f"channel {n} shows {said}: no probe, or too little light", t_ns
            )
        if not _VALUE.fullmatch(said):
            raise PortProtocolError("a reading that is no number", seen=repr(said[:40]))
        degc = float(said)
        if not _LOW_DEGC <= degc <= _HIGH_DEGC:
            return Invalid(channel, "range", f"{degc:g} degC is outside its probes' range", t_ns)
        return Reading(channel, degc, "degC", t_ns)

    async def _tell(self, command: str) -> None:
        said = await self._ask(command)
        if said:
            raise PortProtocolError(f"{command!r} was answered", seen=repr(said[:40]))

    async def _ask(self, command: str) -> str:
        """What stands before the prompt. A refusal, `Err1`, has no prompt: it is a timeout."""
        reply = await self._port.exchange(
            command.encode() + b"\r", _PROMPT, timeout_s=_REPLY_S, retry=True
        )
        return ascii_text(reply).removesuffix("*").strip()
