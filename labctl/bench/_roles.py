"""Thermometers in their roles; what the guard holds is in `labctl.instruments`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

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

    async def read(self) -> tuple[Reading | Invalid, ...]:
        """All channels that have a role; those that did not answer in time are invalid."""
        try:
            given = await self.instrument.job(self.driver.read_temperatures)
        except PortTimeoutError as error:
            now_ns = self.now_ns()
            return tuple(Invalid(n, "timeout", error.what, now_ns) for n in self.names.values())
        names = self.names
        return tuple(
            [renamed(reading, names[reading.channel]) for reading in given
             if reading.channel in names]
        )  # fmt: skip
