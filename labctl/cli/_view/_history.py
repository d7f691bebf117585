"""The run so far as a curve to draw: everything from the first reading on, thinned as it grows."""

from __future__ import annotations

from dataclasses import dataclass

from labctl.events import LASER, Assessment, Beam, Emission, Event, Reading, Sample

_CAPACITY = 2000
"""More points than a wide terminal has dots across."""


@dataclass(slots=True)
class Point:
    """One moment of the curve. Temperatures in degC, None where there is none."""

    t_ns: int
    measured: float | None
    ambient: float | None = None
    predicted: float | None = None
    predicted_sd: float | None = None


class History:
    """Points of the probe's curve and the times at which the beam changed.

    When there are too many points every second one goes, and from then on every second sample is
    taken: old points stay as dense as new ones.
    """

    def __init__(self) -> None:
        self.points: list[Point] = []
        self.beam: list[tuple[int, Beam]] = []
        """When, and what is known from then on."""
        self.heater: list[tuple[int, Beam]] = []
        """The same of the calibration resistor."""
        self._stride = 1
        self._samples = 0
        self._newest_is_in = False

    def add(self, event: Event) -> None:
        """Take in what the curve shows of an event."""
        match event:
            case Sample():
                self._newest_is_in = self._samples % self._stride == 0
                self._samples += 1
                if self._newest_is_in:
                    self._add_sample(event)
            case Assessment():
                # It follows the sample that it speaks of.
                if self._newest_is_in and self.points:
                    self.points[-1].predicted = event.predicted_degc
                    self.points[-1].predicted_sd = event.predicted_sd_k
            case Emission() if event.source != LASER:
                self.heater.append((event.t_ns, event.beam))
            case Emission():
                self.beam.append((event.t_ns, event.beam))
            case _:
                pass

    def _add_sample(self, sample: Sample) -> None:
        values = {r.channel: r.value for r in sample.readings if isinstance(r, Reading)}
        self.points.append(
            Point(sample.t_ns, values.get("probe.temperature"), values.get("ambient.temperature"))
        )
        if len(self.points) >= _CAPACITY:
            # The newest goes too; its assessment must not land on the one before.
            del self.points[1::2]
            self._stride *= 2
            self._newest_is_in = False
