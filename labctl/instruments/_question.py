"""How a driver's instrument is found on a port of which nothing is known.

A driver declares its own question for who is there, in bytes, and what a right answer looks like.
It is put to every port that might be the driver's, so it must change nothing: not in the instrument
that it is meant for and not in any other that hears it. A driver whose instrument has no such
question (a laser supply that only knows commands) declares none and is never found by a scan.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from labctl.instruments._port import Frame, Line


@dataclass(frozen=True, slots=True)
class Question:
    """Who is there?"""

    ask: bytes
    """Sent as it is."""
    knows: str
    """Regular expression that a right answer matches somewhere (as latin-1, case does not
    count)."""
    reply: Frame = Line(b"\n")  # noqa: RUF009 - frozen
    timeout_s: float = 0.2
    """An instrument that has not answered by then is not there, or not this one."""
    bauds: tuple[int, ...] = ()
    """Line speeds to try where the driver's setting `baud` allows several; its own when empty."""
    tries: int = 1
    """2 where the first command after opening is known to fail."""
    starts_s: float = 0.0
    """Opening the port starts the instrument anew and takes this long: on a USB device it is asked
    once more at the end."""

    def known(self, reply: bytes) -> bool:
        """Whether this is the answer of an instrument of this driver."""
        return re.search(self.knows, reply.decode("latin-1"), re.IGNORECASE) is not None
