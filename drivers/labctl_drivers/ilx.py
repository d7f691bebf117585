"""ILX Lightwave (now Newport) LDX-3200 laser-diode current sources, over GPIB.

No hardware was touched. The commands are those of `labctl_drivers.arroyo`; what differs here:

- verified in the manufacturer's manuals (LDX-3232, with LDC-3700 and LDC-3900 for what it shares
  with them): GPIB, replies end CR LF, a CR is white space; `*IDN?` -> `ILX Lightwave,LDX-3232,
  32321111,2.00`, comma-separated; currents in mA; `LAS:LDI x`, `LAS:SET:LDI?`, measured `LAS:LDI?`,
  `LAS:LIM:LDI`; `LAS:MODE:ILBW` constant current of low bandwidth; `RADIX DEC|HEX|BIN|OCT` decides
  how `LAS:COND?` and `LAS:EVE?` answer (`#H410`), so that it is set at connecting; their bits, with
  6 the compliance voltage; the measured current is up to 0.6 s old;
- from the same family, unverified on an LDX-3200: the limit's command on the LDX-3207B, 3210 and
  3220 (whatever is not taken is refused by its read-back), and that the age of the measured current
  is that of an LDC-3926;
- from memory: the numbers of the errors. Any number but 0 refuses, whatever it means.

The key cannot be asked. For 0.6 s after off the measured current is still that of before: it is
held against the output bit only from then on. An LDX-36000 counts in amperes where these count in
milliamperes, and an LDC-3706 speaks SCPI: both are refused. There is no watchdog on the wire: if
the host dies the diode stays lit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from labctl.instruments import (
    DriverSpec,
    Identity,
    IdentityError,
    Line,
    Question,
)
from labctl_drivers.arroyo import FAULTS, ArroyoLaser

_ASK_S = 0.2
_MODELS = ("LDX-3207", "LDX-3210", "LDX-3220", "LDX-3232")


class IlxLaser(ArroyoLaser):
    """Source driven by current: A here, mA on the wire."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="ilx-laser",
        title="ILX Lightwave LDX-3200 current source",
        capabilities=frozenset({"source"}),
        transport="visa",
        confirms_emission=True,
        drive="current",
        slowest_exchange_s=_ASK_S,
        question=Question(b"*IDN?\n", r"(ilx|newport).*LDX-32\d\d"),
        settings={"max_current": "highest current the diode may ever get, e.g. 2.5 A"},
    )

    _end: ClassVar[Line] = Line(b"\n")
    _has_key: ClassVar[bool] = False
    _first: ClassVar[tuple[bytes, ...]] = (b"RADIX DEC\r\n", b"LAS:MODE:ILBW\r\n")
    _faults: ClassVar[Mapping[int, str]] = FAULTS | {1 << 6: "compliance voltage reached"}
    _measures_every_s: ClassVar[float] = 0.65

    async def identify(self) -> Identity:
        """`*IDN?`; a box of the same make with other units or another language is a stranger."""
        text = await self._ask(b"*IDN?\r\n")
        make, model, serial, firmware = ([f.strip() for f in text.split(",")] + [""] * 4)[:4]
        known = make.upper().startswith(("ILX", "NEWPORT"))
        if not known or not model.upper().startswith(_MODELS):
            raise IdentityError(
                f"not one of {', '.join(_MODELS)}",
                seen=repr(text[:80]),
                fix="An LDX-36000 or an LDC-3700 has other units or limits: no driver here for it.",
            )
        return Identity("ILX Lightwave", model.upper(), serial, firmware)
