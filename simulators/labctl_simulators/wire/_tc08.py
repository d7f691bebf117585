"""Pico TC-08, simulated at its library's calls: the maker publishes no wire protocol.

`UsbTc08` stands in for the maker's library: handles, one program a unit, NaN for an input that is
off, a bit in the mask for one that overflows, an error code kept until the next. `Tc08` puts the
lines in front of it that labctl speaks to such a library. From memory of such units: 100 ms an
input and as much for the cold junction, a last digit of 25 mK.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import nan
from typing import Any

from labctl_simulators.wire._personality import MS, Reply, Upsets
from labctl_simulators.world import Stream, World

_INPUTS = tuple(range(1, 9))
_OFF = ord(" ")
_LETTERS = frozenset(b"BEJKNRSTX ")
_INPUT_MS = 100
_QUANTUM_K = 0.025
_NO_CHANNELS, _BAD_ARGUMENT, _WRONG_MODE, _NOT_FOUND, _LOST = 2, 3, 5, 10, 16
_LINES = {0: "2.0.40.2131", 2: "1", 3: "8", 4: "A0061/752", 5: "14Mar26"}


class UsbTc08:
    """The functions of the maker's library over one simulated unit; buffers are as ctypes has them.

    Nothing waits: `took_ns` says how long the last call would have.
    """

    def __init__(self, world: World, sensors: Mapping[int, Callable[[], float]]) -> None:
        self.upsets = Upsets()
        self.took_ns = 0
        self.running = False
        """The unit runs on its own, as another call had it do."""
        self._world = world
        self._sensors = dict(sensors)
        self._noise = {n: Stream(world.truth.seed, f"tc08/{n}").normal for n in _INPUTS}
        self._offset_k = {n: 0.2 * self._noise[n]() for n in _INPUTS}
        self._last: dict[int, float] = {}
        self._types = dict.fromkeys((0, *_INPUTS), _OFF)
        self._open = False
        self._error = 0

    def usb_tc08_open_unit(self) -> int:
        if self.upsets.unplugged or self._open:
            self._error = _NOT_FOUND
            return 0
        self._open = True
        return 1

    def usb_tc08_close_unit(self, handle: int) -> int:
        was, self._open = self._open, False
        return int(was)

    def usb_tc08_get_last_error(self, handle: int) -> int:
        return self._error

    def usb_tc08_get_unit_info2(self, handle: int, text: Any, size: int, line: int) -> int:
        said = _LINES.get(line, "")[: size - 1].encode()
        text.value = said
        return len(said)

    def usb_tc08_set_mains(self, handle: int, sixty: int) -> int:
        return self._good(sixty in (0, 1), _BAD_ARGUMENT)

    def usb_tc08_set_channel(self, handle: int, channel: int, kind: int) -> int:
        good = channel in self._types and (kind in _LETTERS or channel == 0)
        if good:
            self._types[channel] = kind
        return self._good(good, _BAD_ARGUMENT)

    def usb_tc08_get_minimum_interval_ms(self, handle: int) -> int:
        return _INPUT_MS * (1 + sum(self._types[n] != _OFF for n in _INPUTS))

    def usb_tc08_get_single(self, handle: int, values: Any, flags: Any, units: int) -> int:
        if all(self._types[n] == _OFF for n in _INPUTS):
            return self._good(False, _NO_CHANNELS)
        if self.running or self.upsets.unplugged:
            return self._good(False, _WRONG_MODE if self.running else _LOST)
        self.took_ns = self.usb_tc08_get_minimum_interval_ms(handle) * MS
        values[0], mask = self._world.truth.room.temperature_degc, 0
        for n in _INPUTS:
            values[n] = nan
            if self._types[n] == _OFF:
                continue
            noise_k = 0.02 * self._noise[n]()
            sensor = self._sensors.get(n)
            if sensor is None or n in self.upsets.open_channels:
                mask |= 1 << n
                continue
            if not (self.upsets.holds(n) and n in self._last):
                value = sensor() + self._offset_k[n] + noise_k
                self._last[n] = round(value / _QUANTUM_K) * _QUANTUM_K
            values[n] = self._last[n]
        flags[0] = mask
        return 1

    def _good(self, good: bool, error: int) -> int:
        if not good:
            self._error = error
        return int(good)


class Tc08:
    """Lines in front of the library: what a host of the simulated bench speaks to."""

    def __init__(self, world: World, sensors: Mapping[int, Callable[[], float]]) -> None:
        self.library = UsbTc08(world, sensors)
        self.upsets = self.library.upsets
        self.baud: int | None = None
        self._partial = b""

    def opened(self, t_ns: int) -> None:
        """Whoever had the unit before has given it back."""
        self.library.usb_tc08_close_unit(1)
        self.library.usb_tc08_open_unit()

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        *lines, self._partial = (self._partial + data).split(b"\n")
        replies: list[Reply] = []
        for line in lines:
            words = line.decode("latin-1").split()
            if words:
                self.library.took_ns = MS
                said = self._obey(words)
                replies.append((said.encode() + b"\n", self.library.took_ns))
        return replies

    def _obey(self, words: list[str]) -> str:
        library = self.library
        if words == ["INFO"]:
            return f"TC08 {_LINES[4]} {_LINES[0]}"
        if words == ["INTERVAL"]:
            return str(library.usb_tc08_get_minimum_interval_ms(1))
        if words == ["GET"]:
            values, flags = [nan] * 9, [0]
            if library.usb_tc08_get_single(1, values, flags, 0):
                return ",".join((str(flags[0]), *(f"{value:.4f}" for value in values)))
            return f"ERROR {library.usb_tc08_get_last_error(1)}"
        done = 0
        if words[0] == "MAINS" and words[1:] in (["0"], ["1"]):
            done = library.usb_tc08_set_mains(1, int(words[1]))
        elif words[0] == "SET" and len(words) == 3 and words[1].isdigit() and len(words[2]) == 1:
            kind = _OFF if words[2] == "-" else ord(words[2])
            done = library.usb_tc08_set_channel(1, int(words[1]), kind)
        else:
            return f"ERROR {_BAD_ARGUMENT}"
        return "OK" if done else f"ERROR {library.usb_tc08_get_last_error(1)}"
