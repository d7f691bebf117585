"""A recorded afternoon with an instrument: replayed to its driver, and held against its simulator.

A transcript is a wire log (`LABCTL_WIRE_LOG`, or `labctl bench record`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labctl.instruments import read_wire_log
from labctl.testing._rig import FarEnd
from labctl.testing._wire import Answer

_NUMBER = re.compile(rb"[-+]?\d+(\.\d*)?([eE][-+]?\d+)?")
_WAIT_NS = 10_000_000_000


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was written, all that came before the next write, and when the last of it came."""

    sent: bytes
    reply: bytes
    took_ns: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a simulator answers in another form than the instrument did."""

    sent: bytes
    real: bytes
    simulated: bytes

    def __str__(self) -> str:
        return f"{self.sent!r}: the instrument said {self.real!r}, the simulator {self.simulated!r}"


@dataclass(frozen=True, slots=True)
class Transcript:
    """Obtain it from `read`."""

    about: Mapping[str, Any]
    """`instrument`, `driver`, `address`, `settings`."""
    exchanges: Sequence[Exchange]

    @classmethod
    def read(cls, path: Path) -> Transcript:
        """ValueError for a file that is no wire log."""
        about, notes = read_wire_log(path)
        exchanges: list[Exchange] = []
        begun_ns = 0
        for t_ns, what, data in notes:
            if what == "write":
                begun_ns = t_ns
                exchanges.append(Exchange(data, b"", 0))
            elif what == "read" and exchanges:
                last = exchanges[-1]
                exchanges[-1] = Exchange(last.sent, last.reply + data, t_ns - begun_ns)
        return cls(about, exchanges)

    def answer(self) -> Answer:
        """An instrument that says again what was said: to the n-th time that something is written
        what came the n-th time, and the last of it from then on. KeyError for what was never
        written in the afternoon."""
        said: dict[bytes, list[bytes]] = {}
        for one in self.exchanges:
            said.setdefault(one.sent, []).append(one.reply)
        times: dict[bytes, int] = {}

        def answer(data: bytes) -> bytes | None:
            replies = said[data]
            number = times.get(data, 0)
            times[data] = number + 1
            return replies[min(number, len(replies) - 1)] or None

        return answer

    def held_against(self, simulated: FarEnd) -> list[Difference]:
        """Write the same to the simulator, and compare the forms of the answers: text but for its
        numbers, which may be others; of what is no text the length."""
        link = simulated(self.about.get("settings", {}))()
        found: dict[tuple[bytes, bytes, bytes], Difference] = {}
        now_ns = 0
        for one in self.exchanges:
            while link.next_chunk(now_ns) is not None:
                pass
            link.write(one.sent, now_ns)
            reply = b""
            until_ns = now_ns + _WAIT_NS
            while (arrived := link.next_chunk(until_ns)) is not None:
                now_ns = max(now_ns, arrived[0])
                reply += arrived[1]
            now_ns += 100_000_000
            if _form(reply) != _form(one.reply):
                key = (one.sent, _form(one.reply), _form(reply))
                found.setdefault(key, Difference(one.sent, one.reply, reply))
        link.close()
        return list(found.values())


def _form(reply: bytes) -> bytes:
    """`+2.35000000E+01,1\\r\\n` -> `#,#\\r\\n`; for binary its length."""
    if any(byte > 126 or (byte < 32 and byte not in b"\r\n\t") for byte in reply):
        return b"<%d bytes>" % len(reply)
    return _NUMBER.sub(b"#", reply)
