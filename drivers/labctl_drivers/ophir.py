"""Ophir Nova II, Vega, StarBright, StarLite and Juno laser power meters, over RS-232 or a USB port.

No hardware was touched. Wire facts, and where they come from:

- verified in two public sources, one of which quotes the maker's guide to programmers: 9600 baud
  8N1, CR LF both ways (LF alone over USB); a command is `$` and two letters, and is always
  answered, `*` and a value or `?` and what is wrong; `$II` -> `* USBD 113217 SH2USB` (kind, serial,
  name); `$VE` version; `$HI` -> `* TH 12345 03AP 00000183` (type, serial, name, capabilities in
  hex, bit 0 power), type XX without a head; `$SP` -> `*1.300E-5` in W, `*OVER` over range; `$AR` ->
  `* 3 AUTO 30.0mW ...` and `$WNn`, -1 for AUTO; `$AW` -> `*CONTINUOUS 350 1100 1 633 488 978 NONE`
  or `*DISCRETE 1 NAME ...`, counted from one, `$WIn` takes one of them and `$WLn` sets the taken
  one to n nm; `$FQ` -> `*1 OUT IN`, `$FQ2` filter in; `$SI` -> `* W`;
- verified in one public source: `$FP` measures power; `$ZE`, `$ZQ`, `$ZA` start zeroing, ask for it
  and end it; full duplex and streaming break question and answer, and are not used;
- from memory, unverified: the words that `$ZQ` answers; that every answer comes within 200 ms; the
  words of an error. An old Nova (its `$SP` waits) and a Pulsar are refused.

A head behind its filter that the meter takes for a bare one reads low by a large factor: the bench
file has to say which it is wherever the head has a filter.
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
    Question,
    Reading,
    SerialSettings,
    Settings,
)

_LINE = Line(b"\n", at_most=1024)
_ASK_S = 0.2
_NM = 1e9
_BAUDS = (9600, 19200, 38400)
_HAS_POWER = 1
_NO_HEAD = "XX"
_UNSUITED = ("NOVA", "PULSAR")
_WORDS = re.compile(r"[A-Za-z][A-Za-z ]*")
_ZERO_AT_MOST_S = 60.0
_ZERO_POLL_S = 0.5


class OphirMeter:
    """Power meter: W on the head, at the wavelength of the bench's laser."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="ophir-meter",
        title="Ophir Nova II, Vega, StarBright, StarLite or Juno power meter",
        capabilities=frozenset({"power_meter"}),
        transport="serial",
        serial=SerialSettings(baud=9600),
        slowest_exchange_s=_ASK_S,
        question=Question(b"$II\r\n", r"^\*\s*\S+ +\d+ +\S+", bauds=_BAUDS),
        settings={
            "wavelength": "of the light on the head, e.g. 808 nm; 808 nm when not given",
            "laser": "the head's name for it, e.g. NIR, for a head that has names in place of "
            "wavelengths",
            "filter": "`in` or `out`: whether the head's filter is on it; for a head that has one",
            "baud": "9600, 19200 or 38400, as set on the meter; 9600 when not given",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        wavelength_m = given.quantity("wavelength", "length", 1.8e-7, 2.5e-5)
        self._nm = 808 if wavelength_m is None else round(wavelength_m * _NM)
        self.wavelength_m = self._nm / _NM
        """Of the light that it is set up for, m."""
        self._laser = str(settings.get("laser", "")).upper()
        self._filter = given.choice("filter", ("in", "out"), "in") if "filter" in settings else ""
        given.number("baud", _BAUDS, 9600)

    async def identify(self) -> Identity:
        """Make, model, serial and version."""
        words = (await self._ask("II", IdentityError)).split()
        if len(words) < 3 or not words[1].isdigit():
            raise IdentityError("not an Ophir power meter", seen=repr(" ".join(words)[:80]))
        kind, serial, name = words[0], words[1], " ".join(words[2:])
        if kind.upper() in _UNSUITED or name.upper() in _UNSUITED:
            raise IdentityError(
                f"an Ophir {name} has another set of commands",
                fix="Use a Nova II, Vega, StarBright, StarLite or Juno.",
            )
        return Identity("Ophir", name, serial, await self._ask("VE", IdentityError))

    async def configure(self) -> None:
        """Power in W, automatic range, filter and wavelength set and read back."""
        if not await self._measures_power():
            raise DeviceRefusedError(
                "the meter has no head that measures power",
                fix="Plug the head in and start again.",
            )
        await self._ask("FP")
        await self._set_filter()
        await self._set_wavelength()
        await self._set_range()
        unit = await self._ask("SI")
        if unit.upper() != "W":
            raise DeviceRefusedError("the meter does not read in W", seen=unit)

    async def read_power(self) -> Reading | Invalid:
        """The latest measurement, W on the head (not at the sample)."""
        port = self._port
        good, text = await self._exchange("SP")
        t_ns = port.arrived_ns
        if good and text.upper() == "OVER":
            return Invalid("power", "range", "the meter says OVER", t_ns)
        if good and not _WORDS.fullmatch(text):
            try:
                power_w = float(text)
            except ValueError as error:
                raise PortProtocolError("a reading that is no number", seen=repr(text)) from error
            if abs(power_w) < 1e6:
                return Reading("power", power_w, "W", t_ns)
            return Invalid("power", "range", f"the meter reads {power_w:.1E}", t_ns)
        # A word or an error: no head, or something else that is worth its words.
        if not await self._measures_power():
            return Invalid("power", "no-sensor", "the meter has no head", t_ns)
        return Invalid("power", "device", f"the meter says {text[:60]!r}", t_ns)

    async def zero(self) -> None:
        """Zero the meter; the head must be in the dark. Takes up to a minute.

        Nothing in a run calls it: only who stands at the bench knows that it is dark.
        DeviceRefusedError when the meter says that it failed or does not end.
        """
        await self._ask("ZE")
        said = ""
        for _ in range(round(_ZERO_AT_MOST_S / _ZERO_POLL_S)):
            await self._port.pause(_ZERO_POLL_S)
            said = (await self._ask("ZQ")).upper()
            if "COMPLETE" in said:
                return
            if "FAIL" in said or "NOT STARTED" in said:
                break
        await self._ask("ZA")
        raise DeviceRefusedError("the meter could not be zeroed", seen=said)

    # -- inside ------------------------------------------------------------------------------

    async def _measures_power(self) -> bool:
        good, text = await self._exchange("HI")
        words = text.split()
        if not good or not words or words[0].upper() == _NO_HEAD:
            return False
        try:
            return bool(int(words[-1], 16) & _HAS_POWER)
        except ValueError as error:
            raise PortProtocolError("no description of a head", seen=repr(text[:80])) from error

    async def _set_filter(self) -> None:
        good, text = await self._exchange("FQ")
        words = text.upper().split()
        if not good or {"IN", "OUT"} - set(words):
            if self._filter:
                raise DeviceRefusedError(
                    f"the head has no filter to be {self._filter}",
                    seen=text,
                    fix="Take `filter` out of this instrument's settings, or plug the right head.",
                )
            return
        if not self._filter:
            raise DeviceRefusedError(
                "the head has a filter, and the bench does not say whether it is on it",
                seen=text,
                fix="Look at the head, and add `filter: in` or `filter: out` to its settings.",
            )
        wanted = words.index(self._filter.upper())
        if await self._choice("FQ", f"FQ{wanted}") != wanted:
            raise DeviceRefusedError(f"the meter does not take the filter as {self._filter}")

    async def _set_wavelength(self) -> None:
        kind, *words = (await self._ask("AW")).upper().split() or [""]
        if kind == "DISCRETE":
            names = words[1:]
            if self._laser not in names and len(names) != 1:
                raise DeviceRefusedError(
                    f"the head knows its light by name, and {self._laser or 'none'!r} is not one",
                    seen=" ".join(names),
                    fix="Add `laser:` with one of these names to its settings.",
                )
            wanted = 1 + (names.index(self._laser) if self._laser in names else 0)
            if await self._choice("AW", f"WI{wanted}", at=1) != wanted:
                raise DeviceRefusedError(f"the meter does not take the laser {self._laser}")
            return
        if kind != "CONTINUOUS" or len(words) < 4 or not all(w.isdigit() for w in words[:3]):
            raise PortProtocolError("no list of wavelengths", seen=repr(f"{kind} {words}"[:80]))
        low, high, held = int(words[0]), int(words[1]), words[3:]
        if not low <= self._nm <= high:
            raise DeviceRefusedError(
                f"the head is calibrated from {low} to {high} nm, not at {self._nm} nm",
                fix="Use a head for this light, or mend `wavelength` in the bench file.",
            )
        known = [i for i, word in enumerate(held) if word == str(self._nm)]
        await self._ask(f"WI{known[0] + 1}" if known else f"WL{self._nm}")
        back = (await self._ask("AW")).upper().split()
        taken = int(back[3]) if len(back) > 4 and back[3].isdigit() else 0
        seen = back[3 + taken] if 1 <= taken < len(back) - 3 else ""
        if seen != str(self._nm):
            raise DeviceRefusedError(
                f"the wavelength was not taken: asked {self._nm} nm", seen=" ".join(back)
            )

    async def _set_range(self) -> None:
        """Automatic; the highest range of a head that has no such thing."""
        words = (await self._ask("AR")).upper().split()
        wanted = -1 if "AUTO" in words else 0
        if await self._choice("AR", f"WN{wanted}") != wanted:
            raise DeviceRefusedError("the meter does not take its range", seen=" ".join(words))

    async def _choice(self, ask: str, tell: str, *, at: int = 0) -> int:
        """Make a choice and read back which one holds."""
        await self._ask(tell)
        words = (await self._ask(ask)).split()
        try:
            return int(words[at])
        except (ValueError, IndexError) as error:
            raise PortProtocolError("no choice in a reply", seen=repr(words)) from error

    async def _ask(
        self,
        command: str,
        refusal: type[DeviceRefusedError | IdentityError] = DeviceRefusedError,
    ) -> str:
        good, text = await self._exchange(command)
        if not good:
            raise refusal(
                f"the meter refuses ${command}",
                seen=text,
                fix="Look at this instrument's settings in the bench file, and at its head.",
            )
        return text

    async def _exchange(self, command: str) -> tuple[bool, str]:
        """True with the value, or False with what is wrong."""
        reply = await self._port.exchange(
            b"$%s\r\n" % command.encode(), _LINE, timeout_s=_ASK_S, retry=_repeatable(command)
        )
        text = reply.decode("latin-1").strip()
        if text[:1] not in ("*", "?") or not text.isascii():
            raise PortProtocolError("a reply that is none", seen=repr(reply[:40]))
        return text[0] == "*", text[1:].strip()


def _repeatable(command: str) -> bool:
    """Questions only; none of them carries a digit, and no zeroing is begun twice."""
    return command.isalpha() and command not in ("FP", "ZE", "ZA")
