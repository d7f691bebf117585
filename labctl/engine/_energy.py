"""How much energy a source has given, as the record will say it."""

from __future__ import annotations

from collections.abc import Mapping

from labctl.clock import NS
from labctl.events import Beam, Emission, Reading


class Energy:
    """Integrates the measured power of one source while it is lit, by the trapezoidal rule; the
    commanded power where nothing measures it."""

    def __init__(self, channel: str) -> None:
        """`channel` is where its power is measured."""
        self._channel = channel
        self._last_w = 0.0
        self._last_ns = 0
        self.emission: Emission | None = None
        """The newest word on the source."""
        self.joules = 0.0

    def count(self, now_ns: int, latest: Mapping[str, Reading]) -> None:
        """Take in one tick's newest valid readings."""
        emission = self.emission
        lit = emission is not None and emission.beam is not Beam.OFF
        measured = latest.get(self._channel)
        if measured is not None:
            power_w = measured.value
        elif emission is not None and lit:
            power_w = emission.power_w or 0.0
        else:
            power_w = 0.0
        if lit and self._last_ns:
            mean_w = max(0.0, (power_w + self._last_w) / 2)
            self.joules += mean_w * (now_ns - self._last_ns) / NS
        self._last_w = power_w
        self._last_ns = now_ns
