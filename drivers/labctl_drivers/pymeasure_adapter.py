"""Any thermometer or power meter of PyMeasure, by a mapping in the bench file.

No hardware was touched. The facts of the wire are PyMeasure's, an instrument at a time, and are not
checked here. Verified in PyMeasure 0.16: an instrument class takes a VISA resource name or an
adapter; what it measures and sets are properties, nested for channels; `id` asks `*IDN?` where an
instrument has it; its adapter has `close`.

The address names class and resource: `library+pymeasure://thorlabs.ThorlabsPM100USB/USB0::...::INSTR`.
Its calls block, so they stand behind lines (`WHO`, `SET name value`, `GET name`) on a port of their
own, as every other instrument's. Sources and gates are not reached so: a call that hangs would hold
up an off, and nothing in PyMeasure could be told to write past it.

PyMeasure (MIT) is the optional extra `pymeasure`; none of it is imported before a port is opened.
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from labctl.instruments import (
    DeviceRefusedError,
    DriverSpec,
    Identity,
    IdentityError,
    InputError,
    Invalid,
    Line,
    Port,
    PortDisconnectedError,
    PortProtocolError,
    Reading,
    Settings,
)

_LINE = Line(b"\n", 1000)
_PROPERTY = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*")
_CLASS = re.compile(r"([a-z0-9_]+(?:\.[a-z0-9_]+)*)\.([A-Z][A-Za-z0-9_]*)")
_POWER = {"W": 1.0, "mW": 1e-3, "uW": 1e-6}
_NONE = 1e30
"""So large a number is SCPI's way to say none."""

Settable = float | int | bool | str


class _Mapped:
    """What both drivers share: asking and setting properties by their names."""

    def __init__(self, port: Port, given: Settings, settings: Mapping[str, Any], reply_s: float):
        self.port = port
        self._reply_s = reply_s
        self.setup: dict[str, Settable] = dict(settings.get("setup") or {})
        for name, value in self.setup.items():
            if not isinstance(value, float | int | bool | str) or "\n" in str(value):
                raise given.wrong("setup", "properties with numbers, words or truth values")
            named(given, "setup", name)

    async def identify(self) -> Identity:
        said = await self.ask("WHO")
        make, model, told = ([part.strip() for part in said.split("|")] + [""] * 3)[:3]
        if not make or not model:
            raise IdentityError("PyMeasure does not say what it has", seen=repr(said[:80]))
        fields = [field.strip().strip('"') for field in told.split(",")]
        serial, firmware = (fields[2], fields[3]) if len(fields) == 4 else (told, "")
        return Identity(make, model, serial, firmware)

    async def configure(self) -> None:
        for name, value in self.setup.items():
            await self.ask(f"SET {name} {value!r}", again=False)

    async def number(self, name: str) -> tuple[float, int]:
        """A property's number, and when it came. NaN and numbers too large come as they are."""
        said = await self.ask(f"GET {name}")
        try:
            return float(said), self.port.arrived_ns
        except ValueError as error:
            raise PortProtocolError(f"{name} is no number", seen=repr(said[:40])) from error

    async def ask(self, line: str, *, again: bool = True) -> str:
        reply = await self.port.exchange(
            line.encode() + b"\n", _LINE, timeout_s=self._reply_s, retry=again
        )
        word, _, said = reply.decode("utf-8", "replace").strip().partition(" ")
        if word == "ERROR":
            raise DeviceRefusedError(f"PyMeasure: {line.split()[0]} failed", seen=said[:120])
        if word != "OK":
            raise PortProtocolError("no answer of the adapter's", seen=repr(reply[:40]))
        return said


def named(given: Settings, key: str, name: object) -> str:
    """A property's path; InputError for anything that is none, or private."""
    if not isinstance(name, str) or not _PROPERTY.fullmatch(name):
        raise given.wrong(key, "a property's name, such as power or ch_1.temperature")
    return name


def _reading(channel: str, value: float, unit: str, low: float, high: float, t_ns: int) -> Any:
    if math.isnan(value) or abs(value) >= _NONE:
        return Invalid(channel, "open" if unit == "degC" else "range", f"it says {value:g}", t_ns)
    if not low <= value <= high:
        return Invalid(channel, "range", f"{value:g} {unit} is outside what is stated", t_ns)
    return Reading(channel, value, unit, t_ns)


class PyMeasureMeter:
    """Power meter: one property a reading."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="pymeasure-meter",
        title="a power meter of PyMeasure",
        capabilities=frozenset({"power_meter"}),
        transport="library",
        slowest_exchange_s=0.2,
        settings={
            "read": "the property that is the power; `power` when not given",
            "unit": "what that property is in: W, mW or uW; W when not given",
            "high": "above it is no reading, e.g. 2 W; 1 kW when not given",
            "setup": "properties to set at connecting, e.g. {wavelength: 808}",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._mapped = _Mapped(port, given, settings, self.spec.slowest_exchange_s)
        self._read = named(given, "read", settings.get("read", "power"))
        self._factor = _POWER[given.choice("unit", tuple(_POWER), "W")]
        self._high_w = given.quantity("high", "power", 1e-9, 1e3) or 1e3

    async def identify(self) -> Identity:
        """The class, and what `id` says."""
        return await self._mapped.identify()

    async def configure(self) -> None:
        """The properties under `setup`."""
        await self._mapped.configure()

    async def read_power(self) -> Reading | Invalid:
        """One property, W; below zero as far as a head's zero drifts."""
        value, t_ns = await self._mapped.number(self._read)
        if abs(value) < _NONE:
            value *= self._factor
        found: Reading | Invalid = _reading(
            "power", value, "W", -0.1 * self._high_w, self._high_w, t_ns
        )
        return found


class PyMeasureThermometer:
    """Thermometer: one property a channel."""

    spec: ClassVar[DriverSpec] = DriverSpec(
        name="pymeasure-thermometer",
        title="a thermometer of PyMeasure",
        capabilities=frozenset({"thermometer"}),
        transport="library",
        slowest_exchange_s=3.0,
        settings={
            "read": "channel -> property, e.g. {1: temperature_A}; {1: temperature} when not given",
            "unit": "what they are in: degC or K; degC when not given",
            "setup": "properties to set at connecting",
        },
    )

    def __init__(self, port: Port, settings: Mapping[str, Any]) -> None:
        given = Settings(self.spec, settings)
        self._mapped = _Mapped(port, given, settings, self.spec.slowest_exchange_s)
        said = settings.get("read", {"1": "temperature"})
        if not isinstance(said, Mapping) or not said:
            raise given.wrong("read", "channels with their properties, {1: temperature}")
        self._read = {str(channel): named(given, "read", name) for channel, name in said.items()}
        self._zero = -273.15 if given.choice("unit", ("degC", "K"), "degC") == "K" else 0.0

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels read, in their order."""
        return tuple(self._read)

    async def identify(self) -> Identity:
        """The class, and what `id` says."""
        return await self._mapped.identify()

    async def configure(self) -> None:
        """The properties under `setup`."""
        await self._mapped.configure()

    async def read_temperatures(self) -> tuple[Reading | Invalid, ...]:
        """One property a channel, degC."""
        found = []
        for channel, name in self._read.items():
            value, t_ns = await self._mapped.number(name)
            if abs(value) < _NONE:
                value += self._zero
            found.append(_reading(channel, value, "degC", -273.0, 3000.0, t_ns))
        return tuple(found)


class PyMeasureLibrary:
    """Fulfils `BlockingTransport`: carries the lines out on an instrument of PyMeasure's."""

    writes_alongside = False
    stream = True

    def __init__(
        self, rest: str, where: str, make: Callable[[str, str], Any] | None = None
    ) -> None:
        """`rest` is `module.Class/RESOURCE`; `make` gives the instrument for both."""
        self._class, _, self._resource = rest.partition("/")
        self._where = where
        self._make = make or _made
        if not _CLASS.fullmatch(self._class) or not self._resource:
            raise InputError(
                f"{rest!r} names no instrument of PyMeasure and where it is",
                where=where,
                fix="Write library+pymeasure://thorlabs.ThorlabsPM100USB/USB0::...::INSTR.",
            )
        # Any: whatever class it is.
        self._instrument: Any = None
        self._replies = b""

    def open(self) -> None:
        """Make the instrument, which opens its resource."""
        try:
            self._instrument = self._make(self._class, self._resource)
        except ImportError as error:
            raise PortDisconnectedError(
                f"PyMeasure, or {self._class} in it, is not installed",
                where=self._where,
                seen=str(error),
                fix="pip install 'labctl[pymeasure]', and look at the class's name in its manual.",
            ) from error
        except Exception as error:
            raise PortDisconnectedError(
                "PyMeasure could not open it", where=self._where, seen=repr(error)[:200]
            ) from error

    def close(self) -> None:
        """Release the resource; `shutdown` is not called, because it may switch things."""
        instrument, self._instrument = self._instrument, None
        self._replies = b""
        adapter = getattr(instrument, "adapter", None)
        if adapter is not None:
            adapter.close()

    def write(self, data: bytes) -> None:
        """Carry out each line; waits for the instrument."""
        if self._instrument is None:
            raise PortDisconnectedError("the port is not open", where=self._where)
        for line in data.decode("utf-8", "replace").split("\n"):
            if line:
                self._replies += self._obey(line).encode() + b"\n"

    def read(self, at_most: int, timeout_s: float) -> bytes:
        """What was answered; never waits."""
        got, self._replies = self._replies[:at_most], self._replies[at_most:]
        return got

    def clear(self) -> None:
        """Drop what was answered."""
        self._replies = b""

    def _obey(self, line: str) -> str:
        verb, _, rest = line.partition(" ")
        try:
            if verb == "WHO":
                return f"OK PyMeasure|{self._class}|{self._told()}"
            name, _, text = rest.partition(" ")
            holder, last = self._holder(name)
            if verb == "SET":
                setattr(holder, last, _value(text))
                return "OK"
            value = getattr(holder, last)
            return f"OK {float(value)!r}"
        except Exception as error:
            # Whatever PyMeasure raises is the instrument's answer to this line.
            return f"ERROR {type(error).__name__}: {error}".replace("\n", " ")[:300]

    def _told(self) -> str:
        try:
            return " ".join(str(self._instrument.id).split()).replace("|", " ")
        except Exception:
            # Not every instrument can be asked; then the class is all that is known.
            return ""

    def _holder(self, path: str) -> tuple[Any, str]:
        if not _PROPERTY.fullmatch(path):
            raise ValueError(f"{path!r} is no property")
        *before, last = path.split(".")
        holder = self._instrument
        for name in before:
            holder = getattr(holder, name)
        if not hasattr(type(holder), last):
            raise AttributeError(f"there is no property {path!r}")
        return holder, last


def _value(text: str) -> Settable:
    from ast import literal_eval

    value = literal_eval(text)
    if not isinstance(value, float | int | bool | str):
        raise ValueError(f"{text!r} is no number, word or truth value")
    return value


def _made(name: str, resource: str) -> Any:
    found = _CLASS.fullmatch(name)
    if found is None:
        raise ImportError(name)
    module = importlib.import_module(f"pymeasure.instruments.{found[1]}")
    if not hasattr(module, found[2]):
        raise ImportError(f"{found[1]} has no {found[2]}")
    return getattr(module, found[2])(resource)
