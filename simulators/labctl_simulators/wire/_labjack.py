"""LabJack T7 over Modbus TCP: the registers of its digital lines and of its watchdog.

From the maker's table of registers: 32-bit values stand in two registers, high word first. Reading
the register of a single line makes that line an input. The watchdog's settings are in flash and can
be written only while it is disabled; in strict mode nothing but its key in the clear register keeps
it from firing, and when it fires it sets the lines that it does not inhibit, again and again.
"""

from __future__ import annotations

import struct

from labctl.clock import NS
from labctl_simulators.wire._personality import MS, Reply, Upsets
from labctl_simulators.world import World

_LATENCY_NS = MS
_LINES = 23
_ENABLE, _TIMEOUT, _STRICT, _KEY, _CLEAR = 61600, 61604, 61610, 61612, 61614
_DIO_ENABLE, _STATE, _DIRECTION, _INHIBIT = 61630, 61632, 61634, 61636
_WATCHDOG = (_ENABLE, 61602, _TIMEOUT, 61606, _STRICT, _KEY, 61620, _DIO_ENABLE, _STATE, _DIRECTION,
             _INHIBIT)  # fmt: skip
_READ, _WRITE = 3, 16
_NO_FUNCTION, _NO_ADDRESS, _NO_VALUE = 1, 2, 3


class Refused(Exception):
    """A Modbus exception, by its code."""


class LabJackT7:
    """The device with a relay on one line and, where wired, a second contact on another."""

    baud: int | None = None

    def __init__(self, world: World, *, line: int = 0, sense: int | None = None) -> None:
        self.upsets = Upsets()
        self.stays = False
        """A fault: the watchdog never fires."""
        self.flash_writes = 0
        self._world = world
        self._relay = world.fit_relay()
        self._line = line
        self._sense = sense
        self._output = 0
        self._direction = 0
        self._inhibit = 0
        self._watchdog = dict.fromkeys(_WATCHDOG, 0)
        self._cleared = 0
        self._partial = b""

    def opened(self, t_ns: int) -> None:
        """A new connection is no communication."""
        self._partial = b""

    def drop(self, t_ns: int) -> None:
        """A fault: the watchdog fires though it was cleared."""
        self._fire()

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        self._partial += data
        replies: list[Reply] = []
        while len(self._partial) >= 8:
            size = 6 + int.from_bytes(self._partial[4:6], "big")
            if len(self._partial) < size:
                break
            frame, self._partial = self._partial[:size], self._partial[size:]
            function, body = frame[7], frame[8:]
            try:
                said = bytes((function,)) + self._serve(function, body, t_ns)
            except Refused as refused:
                said = bytes((function | 0x80, refused.args[0]))
            head = frame[:4] + (len(said) + 1).to_bytes(2, "big") + frame[6:7]
            replies.append((head + said, _LATENCY_NS))
            if not self._watchdog[_STRICT]:
                self._clear(t_ns)
        return replies

    def _serve(self, function: int, body: bytes, t_ns: int) -> bytes:
        if function not in (_READ, _WRITE) or len(body) < 4:
            raise Refused(_NO_FUNCTION)
        address, count = struct.unpack(">HH", body[:4])
        if function == _READ:
            words = b"".join(self._read(address, count))
            return bytes((len(words),)) + words
        self._write(address, body[5 : 5 + 2 * count], t_ns)
        self._turn(t_ns)
        return body[:4]

    # -- registers ---------------------------------------------------------------------------

    def _read(self, address: int, count: int) -> list[bytes]:
        known: dict[int, bytes] = {
            55100: struct.pack(">I", 0x00112233),
            60000: struct.pack(">f", 7.0),
            60004: struct.pack(">f", 1.0307),
            60028: struct.pack(">I", 470012345),
            2800: struct.pack(">I", self._levels()),
            2850: struct.pack(">I", self._direction),
            2900: struct.pack(">I", self._inhibit),
            **{at: struct.pack(">I", value) for at, value in self._watchdog.items()},
        }
        if 2000 <= address < 2000 + _LINES and count == 1:
            # As on the device: asking for one line turns it into an input.
            self._direction &= ~(1 << (address - 2000))
            return [struct.pack(">H", self._levels() >> (address - 2000) & 1)]
        if address not in known or count != len(known[address]) // 2:
            raise Refused(_NO_ADDRESS)
        return [known[address]]

    def _write(self, address: int, data: bytes, t_ns: int) -> None:
        value = int.from_bytes(data, "big")
        if 2000 <= address < 2000 + _LINES and len(data) == 2:
            bit = 1 << (address - 2000)
            self._direction |= bit
            self._output = self._output | bit if value else self._output & ~bit
        elif address == _CLEAR and len(data) == 4:
            if value == self._watchdog[_KEY]:
                self._clear(t_ns)
        elif address in self._watchdog and len(data) == 4:
            if self._watchdog[_ENABLE] and address != _ENABLE:
                raise Refused(_NO_VALUE)
            self.flash_writes += 1
            self._watchdog[address] = value
            self._clear(t_ns)
        elif address == 2900 and len(data) == 4:
            self._inhibit = value
        else:
            raise Refused(_NO_ADDRESS)

    def _levels(self) -> int:
        """What the terminals have: outputs as driven, inputs pulled up unless something pulls."""
        levels = (self._output & self._direction) | (~self._direction & ((1 << _LINES) - 1))
        if self._sense is not None and self._relay.closed:
            levels &= ~(1 << self._sense)
        return levels

    # -- relay and watchdog ------------------------------------------------------------------

    def _turn(self, t_ns: int) -> None:
        bit = 1 << self._line
        self._relay.drive(bool(self._output & self._direction & bit), t_ns)

    def _clear(self, t_ns: int) -> None:
        self._cleared += 1
        turn = self._cleared
        timeout_ns = self._watchdog[_TIMEOUT] * NS
        if not (self._watchdog[_ENABLE] and timeout_ns):
            return

        def due() -> None:
            if turn == self._cleared and not self.stays:
                self._fire()

        self._world.schedule(t_ns + timeout_ns, due)

    def _fire(self) -> None:
        """Set the lines that are not inhibited, and count anew."""
        now_ns = self._world.now_ns
        if self._watchdog[_DIO_ENABLE]:
            free = ~self._watchdog[_INHIBIT]
            self._output = self._output & ~free | self._watchdog[_STATE] & free
            self._direction = self._direction & ~free | self._watchdog[_DIRECTION] & free
            self._turn(now_ns)
        self._clear(now_ns)
