"""CNI PSU-SR / MDL-III laser supply, 9600 8N1: takes frames, tells nothing.

From the protocol card: `55 AA CMD DATA... CS` with CS the low byte of the sum of CMD and DATA; on
and off are command 03, power in mW command 05 with a sub byte that differs between models; no query
exists; a command that comes sooner than 0.5 s after the last one taken (or after the port was
opened) is dropped without a word, as are a power before ON and a frame with a wrong sum; a
redundant ON is not acknowledged. Three dialects of acknowledgement: an echo, a `41 07 ... 0D`
packet, or none.
"""

from __future__ import annotations

from labctl_simulators.wire._personality import MS, Reply, Upsets
from labctl_simulators.world import World

_START = b"\x55\xaa"
_SWITCH, _POWER = 0x03, 0x05
_LENGTHS = {_SWITCH: 5, _POWER: 7}
_BUSY_NS = 500 * MS
_LATENCY_NS = 4 * MS
ACKNOWLEDGEMENTS = ("echo", "0x41", "none")


class CniSupply:
    """A constant-power supply; wakes up off, with no power set."""

    def __init__(
        self,
        world: World,
        *,
        acknowledge: str = "echo",
        sub: int = 0x01,
        baud: int = 9600,
        emission_delay_s: float = 0.1,
        most_mw: int = 10_000,
    ) -> None:
        self.upsets = Upsets()
        self.baud: int | None = baud
        self._world = world
        self._laser = world.laser
        self._acknowledge = acknowledge
        self._sub = sub
        self._delay_ns = round(emission_delay_s * 1e9)
        self._most_mw = most_mw
        self._buffer = b""
        self._busy_until_ns = 0
        self._switchings = 0

    def opened(self, t_ns: int) -> None:
        """Opening the port toggles its lines: the supply is deaf for half a second."""
        self._busy_until_ns = max(self._busy_until_ns, t_ns + _BUSY_NS)

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        replies: list[Reply] = []
        self._buffer += data
        while (frame := self._next_frame()) is not None:
            if t_ns < self._busy_until_ns:
                continue
            if self._obey(frame, t_ns):
                self._busy_until_ns = t_ns + _BUSY_NS
                replies += self._acknowledgement(frame)
        return replies

    def _next_frame(self) -> bytes | None:
        """The next whole frame with a right sum; rubbish before it is dropped."""
        while True:
            start = self._buffer.find(_START)
            if start < 0:
                self._buffer = self._buffer[-1:] if self._buffer.endswith(b"\x55") else b""
                return None
            self._buffer = self._buffer[start:]
            if len(self._buffer) < 3:
                return None
            length = _LENGTHS.get(self._buffer[2])
            if length is None:
                self._buffer = self._buffer[2:]
                continue
            if len(self._buffer) < length:
                return None
            frame = self._buffer[:length]
            if sum(frame[2:-1]) & 0xFF == frame[-1]:
                self._buffer = self._buffer[length:]
                return frame
            self._buffer = self._buffer[2:]

    def _obey(self, frame: bytes, t_ns: int) -> bool:
        """Do what the frame says; False when the supply keeps silent about it."""
        if frame[2] == _SWITCH:
            return self._switch(frame[3], t_ns)
        sub, milliwatts = frame[3], int.from_bytes(frame[4:6], "big")
        if sub != self._sub or not self._laser.output_on or milliwatts > self._most_mw:
            return False
        self._laser.drive(milliwatts / 1e3)
        self._world.settle()
        return True

    def _switch(self, wanted: int, t_ns: int) -> bool:
        laser = self._laser
        if wanted == 0:
            self._switchings += 1
            laser.switch_off()
            self._world.settle()
            return True
        if wanted != 1 or laser.output_on or not (laser.interlock_closed and laser.key_on):
            return False
        self._switchings += 1
        laser.output_on = True
        switching = self._switchings

        def ignite() -> None:
            if laser.output_on and self._switchings == switching:
                laser.lit = True

        self._world.schedule(t_ns + self._delay_ns, ignite)
        return True

    def _acknowledgement(self, frame: bytes) -> list[Reply]:
        if self._acknowledge == "none":
            return []
        if self._acknowledge == "echo":
            return [(frame, _LATENCY_NS)]
        said = frame[2:-1].ljust(4, b"\x00")[:4]
        return [(b"\x41\x07" + said + b"\x0d", _LATENCY_NS)]
