"""A fibre fluorimeter on a microcontroller, with the sketch in drivers/sketches/fluorimeter.

No hardware was touched. The protocol is ours (fluorimeter.ino says it in full, and a test holds the
sketch, compiled for a computer, against the simulated board, line by line):

- 115200 8N1, lines end LF, every line is answered by one line; `ID?` by
  `LABCTL-FL,1,<serial>,<channels>`, `BEGIN n` by `BEGUN,<n>,<ms>`, `RESULT?` by `IDLE`, by
  `BUSY,<n>,<ms left>` or by `DONE,<n>,<light>,<dark>,<OK|SATURATED|AMBIENT|EMPTY>`; `STOP` by
  `IDLE`;
- each channel has a light-emitting diode for its excitation, a filter for its emission and a
  photodiode; it is lit and dark in turn for 50 ms each, over 2 s, and `light` and `dark` are the
  means of the converter's counts in both. The signal is their difference, so that room light that
  does not flicker with the 50 ms goes out of it;
- from memory, unverified: opening the port of many boards starts them anew, for about 2 s.

The counts mean nothing until they are calibrated in the medium: inner filter, quench by chloride
(quinidine) or by polydopamine (doxorubicin) are the medium's and not the instrument's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from labctl.instruments import (
    DeviceRefusedError,
    DriverSpec,
    Identity,
    IdentityError,
    Invalid,
    Line,
    Port,
    PortProtocolError,
    PortTimeoutError,
    Question,
    Reading,
    SerialSettings,
    Settings,
)
from labctl_drivers._ascii import ascii_text

_LINE = Line(b"\n", at_most=100)
_REPLY_S = 0.15
_STARTS_S = 2.2
_TAKES_S = 2.0
_MOST = 8
_TROUBLE = {
    "SATURATED": "the detector is saturated",
    "AMBIENT": "light from outside fills half of the detector's range",
    "EMPTY": "the converter gave nothing",
}
_DONE = re.compile(r"DONE,([0-7]),(-?[0-9]{1,6}\.[0-9]{2}),(-?[0-9]{1,6}\.[0-9]{2}),([A-Z]+)")
_BUSY = re.compile(r"BUSY,[0-7],[0-9]{1,5}")


class McuFluorimeter:
    """Assay of one species a channel, in counts."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="mcu-fluorimeter",
        title="Fibre fluorimeter on a microcontroller (labctl's sketch)",
        capabilities=frozenset({"assay"}),
        transport="serial",
        serial=SerialSettings(baud=115200),
        slowest_exchange_s=_REPLY_S,
        question=Question(b"ID?\n", r"^LABCTL-FL,1,", starts_s=_STARTS_S),
        settings={
            "species": "what each channel measures, e.g. {quinidine: 0, doxorubicin: 1}",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        said = settings.get("species", {"quinidine": 0, "doxorubicin": 1})
        good = (
            isinstance(said, Mapping)
            and said
            and all(
                type(n) is int
                and 0 <= n < _MOST
                and re.fullmatch(r"[a-z][a-z0-9_-]{0,31}", str(name))
                for name, n in said.items()
            )
        )
        if not good or len(set(said.values())) != len(said):
            raise given.wrong("species", f"names with channels of their own, from 0 to {_MOST - 1}")
        self._channels = {str(name): int(n) for name, n in said.items()}
        self._species = ""

    @property
    def species(self) -> tuple[str, ...]:
        """In the order of the bench file."""
        return tuple(self._channels)

    @property
    def takes_s(self) -> float:
        """Forty phases of 50 ms."""
        return _TAKES_S

    async def identify(self) -> Identity:
        """The board's own word for itself; it may just be starting."""
        try:
            text = await self._ask("ID?")
        except PortTimeoutError:
            await self._port.pause(_STARTS_S)
            text = await self._ask("ID?")
        found = re.fullmatch(r"LABCTL-FL,1,([^,]{1,32}),([1-8])", text)
        if found is None:
            raise IdentityError("not a fluorimeter with labctl's sketch", seen=repr(text[:80]))
        return Identity("labctl", f"fibre fluorimeter, {found[2]} channels", found[1], "sketch 1")

    async def configure(self) -> None:
        """Dark, and as many channels as are asked for."""
        self._species = ""
        text = await self._ask("STOP", again=False)
        if text != "IDLE":
            raise DeviceRefusedError("it did not stop measuring", seen=text[:80])
        text = await self._ask("ID?")
        last = text.rpartition(",")[2]
        count = int(last) if re.fullmatch("[1-8]", last) else 0
        if max(self._channels.values()) >= count:
            raise DeviceRefusedError(
                f"it has {count} channels, from 0, and {max(self._channels.values())} is asked for",
                fix="Mend `species` in the bench file, or CHANNELS in the sketch.",
            )

    async def begin_assay(self, species: str) -> None:
        """Light its channel, for the time that one measurement takes."""
        channel = self._channels.get(species)
        if channel is None:
            raise DeviceRefusedError(
                f"it has no channel for {species!r}", seen=f"it has {', '.join(self._channels)}"
            )
        text = await self._ask(f"BEGIN {channel}", again=False)
        if not re.fullmatch(rf"BEGUN,{channel},[0-9]{{1,5}}", text):
            raise PortProtocolError("BEGIN was answered with something else", seen=repr(text[:80]))
        self._species = species

    async def read_assay(self) -> Reading | Invalid | None:
        """Light less dark, in counts; None while it measures."""
        if not self._species:
            raise DeviceRefusedError("no measurement was begun")
        text = await self._ask("RESULT?")
        t_ns = self._port.arrived_ns
        if _BUSY.fullmatch(text):
            return None
        if text == "IDLE":
            return Invalid(self._species, "device", "it has started anew meanwhile", t_ns)
        found = _DONE.fullmatch(text)
        if found is None or int(found[1]) != self._channels[self._species]:
            raise PortProtocolError("RESULT? was answered with none", seen=repr(text[:80]))
        if found[4] in _TROUBLE:
            reason = "device" if found[4] == "EMPTY" else "range"
            return Invalid(self._species, reason, _TROUBLE[found[4]], t_ns)
        if found[4] != "OK":
            raise PortProtocolError("a result with a word that there is not", seen=repr(text[:80]))
        return Reading(self._species, float(found[2]) - float(found[3]), "counts", t_ns)

    async def _ask(self, text: str, *, again: bool = True) -> str:
        reply = await self._port.exchange(
            text.encode() + b"\n", _LINE, timeout_s=_REPLY_S, retry=again
        )
        said = ascii_text(reply)
        if said.startswith("ERROR,"):
            raise DeviceRefusedError(f"refused {text!r}", seen=said[:80])
        return said
