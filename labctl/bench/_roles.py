"""Thermometers in their roles; what the guard holds is in `labctl.instruments`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from labctl.errors import PortTimeoutError
from labctl.events import Invalid, Reading
from labctl.instruments import Instrument, Thermometer, renamed


@dataclass(frozen=True, slots=True)
class ThermometerRole:
    """One thermometer with the roles of its channels."""

    instrument: Instrument
    driver: Thermometer
    names: Mapping[str, str]
    """Instrument's channel -> channel of the record, e.g. `101` -> `probe.temperature`."""
    now_ns: Callable[[], int]
    offsets_k: Mapping[str, float] = field(default_factory=dict)
    """Channel of the record -> what it reads too high, taken off before anybody sees it."""

    async def read(self) -> tuple[Reading | Invalid, ...]:
        """All channels that have a role; those that did not answer in time are invalid."""
        try:
            given = await self.instrument.job(self.driver.read_temperatures)
        except PortTimeoutError as error:
            now_ns = self.now_ns()
            return tuple(Invalid(n, "timeout", error.what, now_ns) for n in self.names.values())
        names = self.names
        readings = [renamed(r, names[r.channel]) for r in given if r.channel in names]
        if self.offsets_k:
            readings = [self._corrected(reading) for reading in readings]
        return tuple(readings)

    def _corrected(self, reading: Reading | Invalid) -> Reading | Invalid:
        offset_k = self.offsets_k.get(reading.channel, 0.0)
        if isinstance(reading, Invalid) or not offset_k:
            return reading
        return Reading(reading.channel, reading.value - offset_k, reading.unit, reading.t_ns)
