"""Pico TC-08: eight thermocouples on USB, through the maker's library.

No hardware was touched. The maker publishes no wire protocol, only the library `usbtc08`. The
driver speaks a few lines of labctl's own to `Tc08Library`, which calls the library, so that the
instrument has a port as any other has, with a worker, deadlines and a wire log. Facts, and where
they come from:

- verified in the maker's header and in its own Python wrapper: the functions called here and their
  arguments; a handle above 0 from `usb_tc08_open_unit`, 0 when there is no further unit, -1 for an
  error; 0 from the others for an error; `usb_tc08_get_unit_info2` line 4 is batch and serial
  (`A0061/752`), line 0 the driver's version; thermocouples by letter, a blank switches an input
  off; `usb_tc08_get_single` gives nine floats, the cold junction first, and a mask of overflows;
- verified in several public programs: only one program has a unit; an input that is off reads NaN,
  `get_single` while the unit runs on its own is an error (5), 10 is no device, 16 communication
  lost;
- from memory, unverified: about 100 ms an input and as much for the cold junction, 300 ms for two
  inputs; the last digit, 25 mK of a type K thermocouple; a broken one reads as an overflow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from labctl.instruments import (
    DeviceRefusedError,
    DriverSpec,
    Identity,
    IdentityError,
    Invalid,
    Line,
    Port,
    PortDisconnectedError,
    PortProtocolError,
    Reading,
    Settings,
)

_LINE = Line(b"\n", at_most=512)
_ASK_S = 0.5
_INPUT_S = 0.1
_INPUTS = tuple(range(1, 9))
_RANGE_DEGC = {
    "B": (20.0, 1820.0),
    "E": (-270.0, 910.0),
    "J": (-210.0, 1200.0),
    "K": (-270.0, 1370.0),
    "N": (-270.0, 1300.0),
    "R": (-50.0, 1760.0),
    "S": (-50.0, 1760.0),
    "T": (-270.0, 400.0),
}
_SERIAL_LINE, _VERSION_LINE = 4, 0
_TEXT_SIZE = 256
_DEGC = 0


class PicoTc08:
    """Thermometer: one conversion of the stated inputs a poll."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="pico-tc08",
        title="Pico TC-08 thermocouple logger",
        capabilities=frozenset({"thermometer"}),
        sensor="thermocouple",
        transport="library",
        slowest_exchange_s=1.5,
        quantum=0.025,
        settings={
            "channels": "inputs to read, 1 to 8, e.g. [1, 2]; [1] when not given",
            "type": "thermocouple type: B, E, J, K, N, R, S or T; K when not given",
            "mains": "`50 Hz` or `60 Hz`, to be filtered out; `50 Hz` when not given",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._port = port
        inputs = given.items("channels") or [1]
        if len(set(inputs)) != len(inputs) or any(i not in _INPUTS for i in inputs):
            raise given.wrong("channels", "inputs from 1 to 8, each once")
        self._inputs = [int(i) for i in inputs]
        self._type = given.choice("type", tuple(_RANGE_DEGC), "K")
        self._low, self._high = _RANGE_DEGC[self._type]
        self._sixty = given.choice("mains", ("50 Hz", "60 Hz"), "50 Hz") == "60 Hz"
        self.poll_at_most_s = 0.4 + _INPUT_S * (len(inputs) + 1)
        """Deadline of one poll of all inputs, s."""

    @property
    def channels(self) -> tuple[str, ...]:
        """The inputs read, in their order."""
        return tuple(str(i) for i in self._inputs)

    async def identify(self) -> Identity:
        """Batch and serial, and the version of the library."""
        words = (await self._ask(b"INFO")).split()
        if len(words) != 3 or words[0] != "TC08":
            raise IdentityError("not a TC-08", seen=" ".join(words)[:80])
        return Identity("Pico", "TC-08", words[1], words[2])

    async def configure(self) -> None:
        """Mains filter, cold junction, the stated inputs on and all others off."""
        await self._tell(b"MAINS %d" % self._sixty)
        await self._tell(b"SET 0 C")
        for number in _INPUTS:
            kind = self._type if number in self._inputs else "-"
            await self._tell(b"SET %d %s" % (number, kind.encode()))
        interval = await self._ask(b"INTERVAL")
        if not interval.isdigit() or not 0 < int(interval) / 1e3 < self.poll_at_most_s:
            raise DeviceRefusedError(
                f"the unit does not read {len(self._inputs)} inputs in {self.poll_at_most_s:g} s",
                seen=f"minimum interval {interval} ms"[:60],
            )

    async def read_temperatures(self) -> tuple[Reading | Invalid, ...]:
        """One conversion; all inputs carry the time at which it ended."""
        port = self._port
        reply = await port.exchange(b"GET\n", _LINE, timeout_s=self.poll_at_most_s, retry=True)
        t_ns = port.arrived_ns
        text = reply.decode("latin-1").strip()
        if text.startswith("ERROR"):
            return tuple(
                Invalid(channel, "device", f"the library says {text}"[:80], t_ns)
                for channel in self.channels
            )
        fields = text.split(",")
        try:
            flags, values = int(fields[0]), [float(field) for field in fields[1:]]
        except ValueError as error:
            raise PortProtocolError("no conversion", seen=repr(text[:80])) from error
        if len(values) != 1 + len(_INPUTS):
            raise PortProtocolError("not nine temperatures", seen=repr(text[:80]))
        return tuple(self._reading(number, flags, values[number], t_ns) for number in self._inputs)

    def _reading(self, number: int, flags: int, value: float, t_ns: int) -> Reading | Invalid:
        channel = str(number)
        if flags >> number & 1:
            return Invalid(channel, "open", f"input {channel} overflows", t_ns)
        if not math.isfinite(value):
            return Invalid(channel, "open", f"input {channel} reads {value}", t_ns)
        if not self._low <= value <= self._high:
            return Invalid(channel, "range", f"{value:g} degC is outside type {self._type}", t_ns)
        return Reading(channel, value, "degC", t_ns)

    async def _tell(self, command: bytes) -> None:
        said = await self._ask(command)
        if said != "OK":
            raise DeviceRefusedError(
                f"the library refuses {command.decode()}",
                seen=said[:60],
                fix="Close every other program that uses the TC-08, and look at its settings.",
            )

    async def _ask(self, command: bytes) -> str:
        reply = await self._port.exchange(command + b"\n", _LINE, timeout_s=_ASK_S, retry=True)
        return reply.decode("latin-1").strip()


class Tc08Library:
    """The other end of the lines: calls the maker's library. Fulfils `BlockingTransport`.

    `INFO` -> `TC08 SERIAL VERSION`; `MAINS 0|1`, `SET n LETTER` (`-` for off) -> `OK`; `INTERVAL`
    -> milliseconds; `GET` -> `FLAGS,cold junction,1,...,8`; `ERROR code` where it gave one.
    """

    writes_alongside = False
    stream = True

    def __init__(self, serial: str, where: str, library: Any = None) -> None:
        """`serial`: batch and serial of the unit, or empty for the first that is free. `library`:
        an object with the maker's functions; the installed one is looked for when it is opened."""
        self._serial = serial
        self._where = where
        # Any: a ctypes library, or whatever stands in for one.
        self._library: Any = library
        self._handle = 0
        self._replies = b""

    def open(self) -> None:
        """Find the unit and take it; PortDisconnectedError when it is not there or taken."""
        if self._library is None:
            self._library = _installed(self._where)
        others = []
        try:
            while (handle := int(self._library.usb_tc08_open_unit())) > 0:
                if not self._serial or self._text(handle, _SERIAL_LINE) == self._serial:
                    self._handle = handle
                    return
                others.append(handle)
        finally:
            for other in others:
                self._library.usb_tc08_close_unit(other)
        raise PortDisconnectedError(
            "no TC-08 that is free",
            where=self._where,
            seen=f"error {self._library.usb_tc08_get_last_error(0)}",
            fix="Plug it in, close every other program that uses it, and look at its serial "
            "number on the back.",
        )

    def close(self) -> None:
        """Give the unit back; again changes nothing."""
        handle, self._handle = self._handle, 0
        self._replies = b""
        if handle:
            self._library.usb_tc08_close_unit(handle)

    def write(self, data: bytes) -> None:
        """Carry out each line; waits for a conversion."""
        if not self._handle:
            raise PortDisconnectedError("the port is not open", where=self._where)
        for line in data.decode("latin-1").split("\n"):
            if line:
                self._replies += self._obey(line.split()).encode() + b"\n"

    def read(self, at_most: int, timeout_s: float) -> bytes:
        """What was answered; never waits."""
        got, self._replies = self._replies[:at_most], self._replies[at_most:]
        return got

    def clear(self) -> None:
        """Drop what was answered."""
        self._replies = b""

    def _obey(self, words: list[str]) -> str:
        library, handle = self._library, self._handle
        match words:
            case ["INFO"]:
                serial, version = (self._text(handle, n) for n in (_SERIAL_LINE, _VERSION_LINE))
                return f"TC08 {serial or '?'} {version or '?'}"
            case ["MAINS", sixty]:
                return self._said(library.usb_tc08_set_mains(handle, int(sixty)))
            case ["SET", number, letter]:
                kind = ord(" " if letter == "-" else letter)
                return self._said(library.usb_tc08_set_channel(handle, int(number), kind))
            case ["INTERVAL"]:
                interval_ms = int(library.usb_tc08_get_minimum_interval_ms(handle))
                return str(interval_ms) if interval_ms > 0 else self._said(0)
            case ["GET"]:
                return self._get()
        return "ERROR 3"

    def _get(self) -> str:
        from ctypes import c_float, c_int16

        values, flags = (c_float * 9)(), (c_int16 * 1)()
        done = self._library.usb_tc08_get_single(self._handle, values, flags, _DEGC)
        if not done:
            return self._said(0)
        return ",".join((str(flags[0] & 0xFFFF), *(f"{value:.4f}" for value in values)))

    def _said(self, done: int) -> str:
        return "OK" if done else f"ERROR {self._library.usb_tc08_get_last_error(self._handle)}"

    def _text(self, handle: int, line: int) -> str:
        from ctypes import create_string_buffer

        text = create_string_buffer(_TEXT_SIZE)
        self._library.usb_tc08_get_unit_info2(handle, text, _TEXT_SIZE, line)
        return "".join(text.value.decode("latin-1").split())


_RESULTS_ARE_SHORT = ("open_unit", "close_unit", "set_mains", "set_channel", "get_single",
                      "get_last_error", "get_unit_info2")  # fmt: skip


def _installed(where: str, find: Callable[[str], str | None] | None = None) -> Any:
    import ctypes
    from ctypes.util import find_library

    path = (find or find_library)("usbtc08")
    if path is None:
        raise PortDisconnectedError(
            "the library usbtc08 is not installed",
            where=where,
            fix="Install the maker's PicoSDK, which has it.",
        )
    library = ctypes.CDLL(path)
    for name in _RESULTS_ARE_SHORT:
        getattr(library, f"usb_tc08_{name}").restype = ctypes.c_int16
    return library
