"""What the SCPI instruments here share: asking, telling, and reading the error queue."""

from __future__ import annotations

from labctl.instruments import (
    DeviceRefusedError,
    IdentityError,
    Line,
    Port,
    PortProtocolError,
    Silent,
)
from labctl_drivers._ascii import ascii_text

_LINE = Line(b"\n")
_SILENT = Silent()
_QUEUE_AT_MOST = 20

NO_NUMBER = 1e30
"""SCPI's 9.9E+37 and its relatives: a number this large is none."""


async def ask(port: Port, query: bytes, timeout_s: float) -> str:
    """A query's reply without its terminator (LF, or CR LF over RS-232)."""
    reply = await port.exchange(query + b"\n", _LINE, timeout_s=timeout_s, retry=True)
    return ascii_text(reply)


async def number(port: Port, query: bytes, timeout_s: float) -> float:
    """A query's reply as a number; PortProtocolError for none, and for SCPI's way to say none."""
    text = await ask(port, query, timeout_s)
    try:
        value = float(text)
    except ValueError:
        value = NO_NUMBER
    if not abs(value) < NO_NUMBER:
        raise PortProtocolError(f"{query!r} was answered with no number", seen=repr(text[:40]))
    return value


async def tell(port: Port, command: bytes) -> None:
    """A command, which SCPI answers with nothing."""
    await port.exchange(command + b"\n", _SILENT, timeout_s=1.0)


async def refuse_errors(port: Port, doing: str, timeout_s: float) -> None:
    """Empty the error queue and raise DeviceRefusedError when there was anything in it.

    The query is not repeated after a timeout: reading an error removes it, so that the repetition
    could say that all is well when it is not.
    """
    seen = []
    for _ in range(_QUEUE_AT_MOST):
        reply = await port.exchange(b"SYST:ERR?\n", _LINE, timeout_s=timeout_s)
        text = reply.decode("ascii", "replace").strip()
        code = text.partition(",")[0]
        try:
            if int(code) == 0:
                break
        except ValueError as error:
            raise PortProtocolError("no entry of an error queue", seen=repr(text)) from error
        seen.append(text)
    if seen:
        raise DeviceRefusedError(
            f"refused while {doing}",
            seen="; ".join(seen),
            fix="Look at this instrument's settings in the bench file.",
        )


async def idn(port: Port, timeout_s: float) -> list[str]:
    """The fields of `*IDN?`; IdentityError when they are not four."""
    text = await ask(port, b"*IDN?", timeout_s)
    fields = [field.strip().strip('"') for field in text.split(",")]
    if len(fields) < 4:
        raise IdentityError("no identification", seen=repr(text[:80]))
    return fields
