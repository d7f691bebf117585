"""LabJack T7 over Modbus TCP: its registers, whatever hangs on its terminals.

From the maker's table of registers: 32-bit values stand in two registers, high word first. Reading
the register of a single line makes that line an input. The watchdog's settings are in flash and can
be written only while it is disabled; in strict mode nothing but its key in the clear register keeps
it from firing, and when it fires it sets the lines that it does not inhibit, and the analog outputs
that it was told to, again and again. The device does one thing at a time: who asks while an analog
input is converted waits. Conversion times are from memory.
"""

from __future__ import annotations

import struct
from typing import Protocol

from labctl.clock import NS
from labctl_simulators.wire._personality import MS, Reply, Upsets
from labctl_simulators.world import World

LINES = 23
INPUTS = 14
_LATENCY_NS = MS
_ENABLE, _TIMEOUT, _STRICT, _KEY, _CLEAR = 61600, 61604, 61610, 61612, 61614
_DIO_ENABLE, _STATE, _DIRECTION, _INHIBIT = 61630, 61632, 61634, 61636
_DAC_ACTIONS = (61640, 61650)
_WATCHDOG = (_ENABLE, 61602, _TIMEOUT, 61606, _STRICT, _KEY, 61620, _DIO_ENABLE, _STATE, _DIRECTION,
             _INHIBIT, 61640, 61642, 61650, 61652)  # fmt: skip
_DAC = 1000
_MOST_V = 5.0
_READ, _WRITE = 3, 16
_NO_FUNCTION, _NO_ADDRESS, _NO_VALUE = 1, 2, 3
_CONVERSION_NS = {**dict.fromkeys(range(9), 5 * MS), 9: 4 * MS, 10: 14 * MS, 11: 67 * MS,
                  12: 160 * MS}  # fmt: skip


class Refused(Exception):
    """A Modbus exception, by its code."""


class Terminals(Protocol):
    """What hangs on the device."""

    def driven(self, high: int, volts: tuple[float, float], t_ns: int) -> None:
        """These lines are driven high, and the analog outputs have so many volts."""
        ...

    def pulled_down(self) -> int:
        """Lines that something outside holds at ground."""
        ...

    def volts(self, n: int) -> float | None:
        """What is on an analog input; None where nothing is wired."""
        ...

    def degc(self, n: int, setup: Setup) -> float:
        """What the extended feature of an input makes of it; -9999 for what is no temperature."""
        ...


class Setup:
    """How one analog input is set up; as the device wakes up."""

    __slots__ = ("cjc", "feature", "negative", "offset", "range_v", "resolution", "slope", "unit")

    def __init__(self) -> None:
        self.range_v = 10.0
        self.negative = 199
        self.resolution = 0
        self.clear_feature(0)

    def clear_feature(self, feature: int) -> None:
        """Choosing a feature puts its settings back."""
        self.feature = feature
        self.unit = 0
        self.cjc = 60052
        self.slope, self.offset = 1.0, 0.0


class T7Registers:
    """The device."""

    baud: int | None = None

    def __init__(self, world: World) -> None:
        self.upsets = Upsets()
        self.stays = False
        """A fault: the watchdog never fires."""
        self.flash_writes = 0
        self.world = world
        self.parts: list[Terminals] = []
        self._output = 0
        self._direction = 0
        self._inhibit = 0
        self._volts = [0.0, 0.0]
        self._inputs = [Setup() for _ in range(INPUTS)]
        self._watchdog = dict.fromkeys(_WATCHDOG, 0)
        self._cleared = 0
        self._partial = b""
        self._free_ns = 0
        self._busy_ns = 0

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
            if size < 8:
                continue
            self._busy_ns = _LATENCY_NS
            function, body = frame[7], frame[8:]
            try:
                said = bytes((function,)) + self._serve(function, body, t_ns)
            except Refused as refused:
                said = bytes((function | 0x80, refused.args[0]))
            head = frame[:4] + (len(said) + 1).to_bytes(2, "big") + frame[6:7]
            # One after the other, whichever connection asks.
            self._free_ns = max(self._free_ns, t_ns) + self._busy_ns
            replies.append((head + said, self._free_ns - t_ns))
            if not self._watchdog[_STRICT]:
                self._clear(t_ns)
        return replies

    def _serve(self, function: int, body: bytes, t_ns: int) -> bytes:
        if function not in (_READ, _WRITE) or len(body) < 4:
            raise Refused(_NO_FUNCTION)
        address, count = struct.unpack(">HH", body[:4])
        if function == _READ:
            words = self._read(address, count)
            return bytes((len(words),)) + words
        self._write(address, body[5 : 5 + 2 * count], t_ns)
        self._turn(t_ns)
        return body[:4]

    # -- reading -----------------------------------------------------------------------------

    def _read(self, address: int, count: int) -> bytes:
        if 2000 <= address < 2000 + LINES and count == 1:
            # As on the device: asking for one line turns it into an input.
            self._direction &= ~(1 << (address - 2000))
            return struct.pack(">H", self._levels() >> (address - 2000) & 1)
        known = self._fixed(address)
        if known is None:
            known = self._read_analog(address)
        if known is None or count != len(known) // 2:
            raise Refused(_NO_ADDRESS)
        return known

    def _fixed(self, address: int) -> bytes | None:
        if address in self._watchdog:
            return struct.pack(">I", self._watchdog[address])
        if address in (_DAC, _DAC + 2):
            return struct.pack(">f", self._volts[(address - _DAC) // 2])
        return {
            55100: struct.pack(">I", 0x00112233),
            60000: struct.pack(">f", 7.0),
            60004: struct.pack(">f", 1.0307),
            60028: struct.pack(">I", 470012345),
            60052: struct.pack(">f", self.world.truth.room.temperature_degc + 273.15 + 2.5),
            2800: struct.pack(">I", self._levels()),
            2850: struct.pack(">I", self._direction),
            2900: struct.pack(">I", self._inhibit),
        }.get(address)

    def _read_analog(self, address: int) -> bytes | None:
        block, n = _input(address)
        if n is None:
            return None
        setup = self._inputs[n]
        if block in (0, 7000):
            self._busy_ns += _CONVERSION_NS.get(setup.resolution, 5 * MS)
        match block:
            case 0:
                return struct.pack(">f", self._input_volts(n))
            case 7000:
                # The cold junction is converted too.
                self._busy_ns += 5 * MS
                return struct.pack(">f", self._temperature(n))
            case 9000:
                return struct.pack(">I", setup.feature)
            case 9300:
                return struct.pack(">I", setup.unit)
            case 9600:
                return struct.pack(">I", setup.cjc)
            case 10200:
                return struct.pack(">f", setup.slope)
            case 10500:
                return struct.pack(">f", setup.offset)
            case 40000:
                return struct.pack(">f", setup.range_v)
            case 41000:
                return struct.pack(">H", setup.negative)
            case 41500:
                return struct.pack(">H", setup.resolution)
        return None

    def _input_volts(self, n: int) -> float:
        found = (part.volts(n) for part in self.parts)
        # An input with nothing on it is anywhere.
        volts = next((v for v in found if v is not None), 0.3)
        return max(-self._inputs[n].range_v, min(self._inputs[n].range_v, volts))

    def _temperature(self, n: int) -> float:
        setup = self._inputs[n]
        told = [t for part in self.parts if (t := part.degc(n, setup)) > -9999.0]
        if not told:
            return -9999.0
        return {0: told[0] + 273.15, 1: told[0], 2: 1.8 * told[0] + 32.0}.get(setup.unit, -9999.0)

    def _levels(self) -> int:
        """What the terminals have: outputs as driven, inputs pulled up unless something pulls."""
        levels = (self._output & self._direction) | (~self._direction & ((1 << LINES) - 1))
        for part in self.parts:
            levels &= ~(part.pulled_down() & ~self._direction)
        return levels

    # -- writing -----------------------------------------------------------------------------

    def _write(self, address: int, data: bytes, t_ns: int) -> None:
        value = int.from_bytes(data, "big")
        if 2000 <= address < 2000 + LINES and len(data) == 2:
            bit = 1 << (address - 2000)
            self._direction |= bit
            self._output = self._output | bit if value else self._output & ~bit
        elif address in (_DAC, _DAC + 2) and len(data) == 4:
            (volts,) = struct.unpack(">f", data)
            # Clipped without a word, in steps of twelve bits.
            volts = max(0.0, min(_MOST_V, volts)) if volts == volts else 0.0
            self._volts[(address - _DAC) // 2] = round(volts / _MOST_V * 4095) / 4095 * _MOST_V
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
            self._write_analog(address, data, value)

    def _write_analog(self, address: int, data: bytes, value: int) -> None:
        block, n = _input(address)
        if n is None or len(data) != (2 if block in (41000, 41500) else 4):
            raise Refused(_NO_ADDRESS)
        setup = self._inputs[n]
        number = struct.unpack(">f", data)[0] if len(data) == 4 else 0.0
        match block:
            case 9000:
                setup.clear_feature(value)
            case 9300:
                setup.unit = value
            case 9600:
                setup.cjc = value
            case 10200:
                setup.slope = number
            case 10500:
                setup.offset = number
            case 40000:
                if not any(abs(number - it) < 1e-6 for it in (0.0, 10.0, 1.0, 0.1, 0.01)):
                    raise Refused(_NO_VALUE)
                setup.range_v = number or 10.0
            case 41000:
                if value not in (199, n + 1) or (value != 199 and n % 2):
                    raise Refused(_NO_VALUE)
                setup.negative = value
            case 41500:
                if value > 12:
                    raise Refused(_NO_VALUE)
                setup.resolution = value
            case _:
                raise Refused(_NO_ADDRESS)

    # -- outputs and watchdog ----------------------------------------------------------------

    def _turn(self, t_ns: int) -> None:
        high = self._output & self._direction
        for part in self.parts:
            part.driven(high, (self._volts[0], self._volts[1]), t_ns)

    def _clear(self, t_ns: int) -> None:
        self._cleared += 1
        turn = self._cleared
        timeout_ns = self._watchdog[_TIMEOUT] * NS
        if not (self._watchdog[_ENABLE] and timeout_ns):
            return

        def due() -> None:
            if turn == self._cleared and not self.stays:
                self._fire()

        self.world.schedule(t_ns + timeout_ns, due)

    def _fire(self) -> None:
        """Set the lines that are not inhibited and the outputs that it acts on; count anew."""
        now_ns = self.world.now_ns
        if self._watchdog[_DIO_ENABLE]:
            free = ~self._watchdog[_INHIBIT]
            self._output = self._output & ~free | self._watchdog[_STATE] & free
            self._direction = self._direction & ~free | self._watchdog[_DIRECTION] & free
        for output, action in enumerate(_DAC_ACTIONS):
            if self._watchdog[action]:
                raw = self._watchdog[action + 2].to_bytes(4, "big")
                self._volts[output] = struct.unpack(">f", raw)[0]
        self._turn(now_ns)
        self._clear(now_ns)


def _input(address: int) -> tuple[int, int | None]:
    """Block and analog input of a register; None where there is none."""
    for block, step in ((0, 2), (7000, 2), (9000, 2), (9300, 2), (9600, 2), (10200, 2), (10500, 2),
                        (40000, 2), (41000, 1), (41500, 1)):  # fmt: skip
        n, left = divmod(address - block, step)
        if 0 <= n < INPUTS and not left:
            return block, n
    return -1, None
