"""New Era syringe pumps (NE-1000 series, also sold as Aladdin): Basic mode of their RS-232 network.

No hardware was touched. Wire facts, and where they come from:

- verified in the maker's manuals (NE-1000, NE-500, NE-1600, NE-4000, of 2014): 19200 8N1 as
  delivered; a command is the pump's address, 0 to 99, the command and CR, blanks are dropped;
  every answer is STX, two digits of address, a status, data, ETX; the status is I infusing, W
  withdrawing, S stopped, P paused, T, U, X, or `A?` with R reset, S stalled, T, E, O; an alarm is
  told once, with the answer to the next command, and that acknowledges it; `?` is not understood,
  `?NA` not now, `?OOR` out of range; a command without data asks, an address alone asks for the
  status; a number has at most four digits and a point, at most three of them behind it; `DIA` mm,
  `RAT` with UM, MM, UH or MH, `VOL`, `VOL UL` and `VOL ML` for its unit, `DIR INF`, `RUN`, `STP`,
  `CLD INF`, `DIS`, `VER`; everything that is set is kept in memory that wears out;
- verified in public programs: `DIS` is answered `I0.500W0.000ML`, `VER` `NE1000V3.928`; the first
  `STP` pauses, the second stops, and one to a stopped pump is `?NA`;
- from memory, unverified: an answer within 0.1 s; what a volume of the wrong range is answered.

One syringe a pump, one pump a channel; several pumps share a line by their addresses. It has no
watchdog: a volume that was begun is delivered to its end, and no more than it, when the computer
dies, because a pump stops by itself at its volume.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from labctl.instruments import (
    DeviceRefusedError,
    DoserState,
    DriverSpec,
    Identity,
    IdentityError,
    InstrumentError,
    Packet,
    Port,
    PortProtocolError,
    SerialSettings,
    Settings,
)
from labctl_drivers._ascii import ascii_text

_REPLY = Packet(b"\x02", b"\x03", at_least=5, at_most=40)
_ASK_S = 0.2
_ALARMS = {
    "R": "it was without power",
    "S": "stalled",
    "T": "its communication timed out",
    "E": "its program has an error",
    "O": "its program is out of range",
}
_REFUSALS = {
    "": "not understood", "NA": "not now", "OOR": "out of range", "COM": "a bad packet",
    "IGN": "ignored",
}  # fmt: skip
_UL = 1e-9
_MOST_UL = 9999.0


class NewEraPump:
    """Doser; its channels are the addresses of its pumps."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="new-era-pump",
        title="New Era NE-1000 syringe pumps",
        capabilities=frozenset({"doser"}),
        transport="serial",
        serial=SerialSettings(baud=19200),
        slowest_exchange_s=_ASK_S,
        settings={
            "syringes": "address of a pump -> inner diameter of its syringe, e.g. {0: 14.4 mm}",
            "rate": "in uL/min, 1 to 5000; 500 when not given",
            "most": "largest volume of one dose, e.g. 1 mL; 1 mL when not given",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        self._diameters_mm = _syringes(given, settings.get("syringes", {0: "14.4 mm"}))
        self._ul_per_min = given.integer("rate", 1, 5000, 500)
        most = given.quantity("most", "volume", _UL, _MOST_UL * _UL)
        self._most_m3 = 1e-6 if most is None else most
        self._running: int | None = None
        self._alarms: dict[int, str] = {}
        """Told once by the pump: kept until the next delivery."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Addresses, as the bench file has them."""
        return tuple(str(address) for address in self._diameters_mm)

    async def identify(self) -> Identity:
        """Model and firmware of all pumps; they tell no serial number."""
        found: list[str] = []
        for address in self._diameters_mm:
            # What was told of a power cut is acknowledged by having been told.
            await self._ask(address, "")
            _, text = await self._ask(address, "VER")
            version = re.fullmatch(r"(NE[0-9A-Z-]+?)V([0-9.]+)", text)
            if version is None:
                raise IdentityError("not a New Era pump", seen=repr(text[:40]))
            found.append(f"{version[1]} V{version[2]}")
        model, _, firmware = found[0].partition(" V")
        others = f" and {len(found) - 1} more" if len(found) > 1 else ""
        return Identity("New Era", model + others, "", firmware)

    async def configure(self) -> None:
        """Stopped, its syringe's diameter, rate, direction and unit set and read back."""
        self._alarms.clear()
        await self.halt()
        for address, diameter_mm in self._diameters_mm.items():
            await self._set(address, "DIA", f"{diameter_mm:.2f}")
            await self._set(address, "RAT", f"{self._ul_per_min / 1000:.3f}", "MM")
            await self._told(address, "DIR INF")
        self._alarms.clear()

    async def deliver(self, channel: str, volume_m3: float) -> None:
        """Volume set and read back, then run: once, never again."""
        address = self._address(channel)
        if not 0.0 < volume_m3 <= self._most_m3:
            raise DeviceRefusedError(
                f"{volume_m3 / _UL:g} uL is outside 0 to {self._most_m3 / _UL:g} uL",
                fix="`most` in the bench file is the limit; it is never clipped.",
            )
        if self._running is not None and (await self.read_doser()).busy:
            raise DeviceRefusedError("it still delivers", fix="Wait, or halt it.")
        text = _number(volume_m3 / _UL)
        await self._told(address, "CLD INF")
        await self._told(address, "VOL UL")
        await self._set(address, "VOL", text, held_in="UL")
        self._alarms.clear()
        self._running = address
        status, _ = await self._told(address, "RUN")
        if status != "I":
            raise DeviceRefusedError("it did not begin to deliver", seen=status)

    async def halt(self) -> None:
        """Stop, every pump: the first word pauses, the second stops."""
        first: InstrumentError | None = None
        for address in self._diameters_mm:
            try:
                await self._halt(address)
            except InstrumentError as error:
                # The others are stopped all the same.
                first = first or error
        if first is not None:
            raise first

    async def read_doser(self) -> DoserState:
        """Of the pump that was begun last."""
        address = next(iter(self._diameters_mm)) if self._running is None else self._running
        status, _ = await self._ask(address, "")
        _, text = await self._ask(address, "DIS")
        found = re.fullmatch(r"I([0-9.]+)W[0-9.]+(UL|ML)", text)
        if found is None or found[1].count(".") > 1 or found[1] == ".":
            raise PortProtocolError("DIS was answered with no volume", seen=repr(text[:40]))
        volume_m3 = float(found[1]) * (_UL if found[2] == "UL" else 1000.0 * _UL)
        faults = tuple(f"pump {n}: {why}" for n, why in sorted(self._alarms.items()))
        delivered = None if self._running is None else volume_m3
        return DoserState(status == "I" and address not in self._alarms, delivered, faults)

    # -- inside ------------------------------------------------------------------------------

    async def _halt(self, address: int) -> None:
        for _ in range(2):
            status, _ = await self._ask(address, "STP", again=False)
        if status not in ("S", "A?"):
            raise DeviceRefusedError(f"pump {address} did not stop", seen=status)

    def _address(self, channel: str) -> int:
        if channel not in self.channels:
            raise DeviceRefusedError(
                f"there is no pump {channel!r}", seen=f"it has {', '.join(self.channels)}"
            )
        return int(channel)

    async def _set(
        self, address: int, name: str, value: str, unit: str = "", *, held_in: str = ""
    ) -> None:
        """A number, and what the pump has taken of it: the same, in the unit that was meant."""
        await self._told(address, f"{name} {value}{unit}")
        _, text = await self._ask(address, name)
        found = re.fullmatch(r"([0-9]+\.?[0-9]*|\.[0-9]+)([A-Z]*)", text)
        if found is None or found[2] != (held_in or unit) or float(found[1]) != float(value):
            raise DeviceRefusedError(
                f"pump {address} has not taken {name} {value}{unit}", seen=text[:40]
            )

    async def _told(self, address: int, command: str) -> tuple[str, str]:
        status, text = await self._ask(address, command, again=False)
        if text.startswith("?"):
            why = _REFUSALS.get(text[1:], text)
            raise DeviceRefusedError(f"pump {address} refused {command!r}: {why}", seen=text)
        if status == "A?":
            raise DeviceRefusedError(f"pump {address}: {self._alarms.get(address, 'alarm')}")
        return status, text

    async def _ask(self, address: int, command: str, *, again: bool = True) -> tuple[str, str]:
        """Status, `A?` for an alarm, and data."""
        data = f"{address}{command}".encode() + b"\r"
        reply = await self._port.exchange(data, _REPLY, timeout_s=_ASK_S, retry=again)
        text = ascii_text(reply.strip(b"\x02\x03"))
        found = re.fullmatch(r"([0-9]{2})(?:([IWSPTUX])|A\?([RSTEO]))(.*)", text)
        if found is None or int(found[1]) != address:
            raise PortProtocolError(
                f"pump {address} was asked, and the answer is not its own", seen=repr(text[:40])
            )
        if found[3]:
            self._alarms[address] = _ALARMS[found[3]]
        return found[2] or "A?", found[4]


def _number(ul: float) -> str:
    """At most four digits and three of them behind the point."""
    for behind in (3, 2, 1, 0):
        text = f"{ul:.{behind}f}"
        if len(text.replace(".", "")) <= 4:
            return text
    raise DeviceRefusedError(f"{ul:g} uL has too many digits for the pump")


def _syringes(given: Settings, said: Any) -> dict[int, float]:
    allowed = "addresses from 0 to 99 with diameters from 0.1 mm to 50 mm, e.g. {0: 14.4 mm}"
    if not isinstance(said, Mapping) or not said:
        raise given.wrong("syringes", allowed)
    out: dict[int, float] = {}
    for key, value in said.items():
        found = re.fullmatch(r"([0-9]{1,2}(?:\.[0-9]{1,2})?) ?mm", str(value).strip())
        diameter_mm = float(found[1]) if found else 0.0
        if not re.fullmatch(r"[0-9]{1,2}", str(key)) or not 0.1 <= diameter_mm <= 50.0:
            raise given.wrong("syringes", allowed)
        out[int(key)] = diameter_mm
    return out
