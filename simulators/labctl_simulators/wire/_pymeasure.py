"""The lines in front of an instrument of PyMeasure's: a power meter and a thermometer.

PyMeasure itself is not simulated below its calls: what a property asks on the wire is its class's.
Here are the answers of the calls: `WHO`, `SET name value`, `GET name`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from labctl_simulators.wire._personality import MS, Reply, Upsets
from labctl_simulators.world import Stream, World

_LATENCY_NS = 5 * MS


class PyMeasureCalls:
    """Properties by name, each a function of the world; what is set is kept and has no effect."""

    baud: int | None = None

    def __init__(self, world: World, properties: Mapping[str, Callable[[], float]]) -> None:
        self.upsets = Upsets()
        self._properties = dict(properties)
        self._noise = Stream(world.truth.seed, "pymeasure").normal
        self._set: dict[str, str] = {}
        self._partial = b""

    def opened(self, t_ns: int) -> None:
        """A library does not notice."""

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        *lines, self._partial = (self._partial + data).split(b"\n")
        return [
            (self._obey(line.decode("latin-1")).encode("latin-1") + b"\n", _LATENCY_NS)
            for line in lines
            if line.strip()
        ]

    def _obey(self, line: str) -> str:
        verb, _, rest = line.partition(" ")
        name, _, value = rest.partition(" ")
        if verb == "WHO":
            return "OK PyMeasure|simulated.Anything|Simulated,Anything,0001,1.0"
        if verb == "SET" and value:
            self._set[name] = value
            return "OK"
        found = self._properties.get(name)
        if verb == "GET" and found is not None:
            return f"OK {found() * (1.0 + 1e-4 * self._noise())!r}"
        return f"ERROR AttributeError: there is no property {name!r}"
