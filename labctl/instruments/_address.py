"""Addresses as a bench file writes them: which library reaches it, and whether it claims to be
simulated.

Behind `#` stands a name of one's own for one of several connections to the same instrument: it is
part of the address and nothing that a library sees.

`sim://NAME` is simulated by what it is. `sim+ADDRESS` only claims it: the claim holds when the
server answers the simulator's own handshake (see `_handshake`). Everything else is real.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from labctl.errors import InputError


class Transport(StrEnum):
    """Which way the bytes go."""

    SIM = "sim"
    """In-process, no socket and no thread."""
    SERIAL = "serial"
    """pyserial's `serial_for_url`."""
    VISA = "visa"
    """PyVISA."""
    LIBRARY = "library"
    """A maker's own library, through a transport that somebody registered."""


_SERIAL = re.compile(r"(/dev/\S+|COM\d+|(socket|rfc2217)://[^\s:/]+:\d+\S*)", re.IGNORECASE)
_VISA = re.compile(r"(TCPIP|USB|GPIB|ASRL|VXI|PXI)[^\s:]*::\S+", re.IGNORECASE)
_LIBRARY = re.compile(r"library\+[a-z0-9-]+://[A-Za-z0-9./_:-]*")
_SIM = re.compile(r"sim://[A-Za-z0-9_-]+(#[A-Za-z0-9_-]+)?")
_NAMED = re.compile(r"(socket://[^\s#]+|sim://[^\s#]+)#[A-Za-z0-9_-]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """One parsed address; obtain it from `parse`."""

    text: str
    """As written."""
    transport: Transport
    target: str
    """What the library is given: `text` without `sim+` and without a connection's name."""
    claims_simulated: bool
    """Written `sim+...`: refused unless the far end answers the simulator's handshake."""

    @property
    def simulated(self) -> bool:
        """True when nothing real can be behind it, by what it is; False for a mere claim."""
        return self.transport is Transport.SIM

    def __str__(self) -> str:
        return self.text

    @classmethod
    def parse(cls, text: str) -> Address:
        """Raises InputError that says which forms there are."""
        if _SIM.fullmatch(text):
            return cls(text, Transport.SIM, place_of(text), claims_simulated=False)
        if _LIBRARY.fullmatch(text):
            return cls(text, Transport.LIBRARY, text.removeprefix("library+"), False)
        claims = text.startswith("sim+")
        target = place_of(text).removeprefix("sim+")
        if _SERIAL.fullmatch(target):
            return cls(text, Transport.SERIAL, target, claims)
        if _VISA.fullmatch(target):
            return cls(text, Transport.VISA, target, claims)
        raise InputError(
            f"{text!r} is no address of an instrument",
            fix="Write /dev/ttyUSB0 (better: /dev/serial/by-id/...), COM3, socket://host:port, "
            "rfc2217://host:port, a VISA address such as TCPIP0::host::5025::SOCKET or "
            "USB0::0x1313::0x8078::P0000001::INSTR, library+usbtc08:// for what only its maker's "
            "library reaches, sim://name for a simulated instrument, or "
            "sim+ before any of them for a simulator served elsewhere.",
        )


def place_of(address: str) -> str:
    """Where an address leads to: without the name of a connection."""
    plain = address.removeprefix("sim+")
    return address.rpartition("#")[0] if _NAMED.fullmatch(plain) else address
