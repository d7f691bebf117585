"""A reply as text, where an instrument speaks ASCII."""

from __future__ import annotations

from labctl.instruments import PortProtocolError


def ascii_text(reply: bytes) -> str:
    """Without blanks and line ends around it; PortProtocolError for what is not ASCII."""
    try:
        return reply.decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise PortProtocolError("a reply that is not ASCII", seen=repr(reply[:40])) from error
