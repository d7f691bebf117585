"""A port that knows beforehand what will be said: every byte out and every reply, in order.

Leftovers on either side fail the test, and the message says what was probably forgotten.
"""

from __future__ import annotations

from typing import Any, TypeVar

from labctl.clock import gather_blocking
from labctl.instruments import Frame, Framer, PortTimeoutError, Silent

T = TypeVar("T")

Step = tuple[bytes, bytes | None]
"""What is written, and the reply; None for a command that is answered with nothing."""


class TranscriptPort:
    """Fulfils `Port`; nothing ever waits, so a driver can be run without any loop."""

    address = "transcript"

    def __init__(self, *steps: Step) -> None:
        self._steps: list[Step] = list(steps)
        self.arrived_ns = 0
        self.paused_s = 0.0

    async def exchange(
        self, data: bytes, reply: Frame, *, timeout_s: float, retry: bool = False
    ) -> bytes:
        said = self._next(data)
        self.arrived_ns += 1_000_000
        if isinstance(reply, Silent):
            assert said is None, f"{data!r} has a reply that the driver did not read"
            return b""
        if said is None:
            raise PortTimeoutError(f"{data!r} is answered with nothing")
        whole = Framer(reply).feed(said)
        assert whole == said, f"the driver reads {whole!r} of {said!r}"
        return whole

    async def urgent(self, data: bytes) -> None:
        self._next(data)

    async def pause(self, duration_s: float) -> None:
        self.paused_s += duration_s

    def _next(self, data: bytes) -> bytes | None:
        assert self._steps, f"the driver wrote {data!r} after the end of the transcript"
        expected, reply = self._steps.pop(0)
        assert expected == data, f"the driver wrote {data!r} where {expected!r} stands"
        return reply

    def run(self, work: Any) -> Any:
        """Run one of the driver's methods to its end and see that all was said."""
        result = gather_blocking(work)
        assert not self._steps, f"the driver never wrote {self._steps[0][0]!r}"
        return result

    def then(self, *steps: Step) -> TranscriptPort:
        """Go on with these."""
        assert not self._steps, f"the driver never wrote {self._steps[0][0]!r}"
        self._steps = list(steps)
        return self
