"""What is left of the heating after several cycles of light, from the journal of such a run.

Science behind it: the rise at the end of a cycle is heat over loss, so with the same loss and the
same power its fall from cycle to cycle is that of the absorbed light that becomes heat. What fades,
fades by a part of what is left: a straight line through the logarithms of the rises of all cycles
says what the last one is of the first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import NormalDist, fmean

from labctl.batch._combine import Measurement
from labctl.clock import NS
from labctl.events import LASER, Beam, Emission, Event, Reading, Sample
from labctl.photothermal import two_sided

NAME = "retention"
WINDOW_S = 30.0
"""Before the light goes off, over which readings are averaged."""
FEWEST = 3
"""Cycles: with two there is a line through any of them, and nothing is known of its deviation."""
_CONFIDENCE = 0.95


def retention(events: Iterable[Event]) -> Measurement | None:
    """Rise of the last cycle over that of the first, by one fall a cycle through all; None for
    fewer than `FEWEST` whole cycles, cycles asked for at different powers, or one without a rise.

    The rise is that of the probe over the ambient probe; where there is none, over the probe at the
    first light. Where a meter reads the power, each rise is taken per watt of it.
    """
    rises = _Rises()
    for event in events:
        rises.take(event)
    cycles = rises.done
    if len(cycles) < FEWEST or len({power for power, _ in cycles}) > 1:
        return None
    values = [rise for _, rise in cycles]
    if min(values) <= 0:
        return None
    return _line([math.log(value) for value in values])


def _line(logs: list[float]) -> Measurement:
    """Its end over its beginning, from the logarithms of the rises."""
    number = len(logs)
    middle = (number - 1) / 2.0
    squares = sum((k - middle) ** 2 for k in range(number))
    slope = sum((k - middle) * value for k, value in enumerate(logs)) / squares
    mean = fmean(logs)
    left = sum((v - mean - slope * (k - middle)) ** 2 for k, v in enumerate(logs))
    freedom = number - 2
    sd = math.sqrt(left / freedom / squares) * (number - 1)
    # Few cycles have heavy tails, which a wider normal deviation stands for.
    widening = two_sided(_CONFIDENCE, freedom) / NormalDist().inv_cdf(0.5 + _CONFIDENCE / 2.0)
    kept = math.exp(slope * (number - 1))
    return Measurement(kept, widening * sd * kept, 0.0)


@dataclass
class _Rises:
    """Folds events to one rise a cycle."""

    done: list[tuple[float | None, float]] = field(default_factory=list)
    """Power asked for, and rise [K, or K/W of a metered watt]."""
    _lit: float | None = None
    _on: bool = False
    _start: float | None = None
    _last: float | None = None
    _ticks: list[tuple[int, dict[str, float]]] = field(default_factory=list)

    def take(self, event: Event) -> None:
        if isinstance(event, Sample):
            now = {r.channel: r.value for r in event.readings if isinstance(r, Reading)}
            self._last = now.get("probe.temperature", self._last)
            if self._on:
                self._ticks.append((event.t_ns, now))
        elif isinstance(event, Emission) and event.source == LASER:
            if event.beam is Beam.ON and not self._on:
                self._on, self._lit, self._ticks = True, event.power_w, []
                self._start = self._last if self._start is None else self._start
            elif event.beam is not Beam.ON and self._on:
                self._on = False
                self._close()

    def _close(self) -> None:
        end_ns = self._ticks[-1][0] if self._ticks else 0
        last = [now for t_ns, now in self._ticks if t_ns >= end_ns - WINDOW_S * NS]
        probe = [now["probe.temperature"] for now in last if "probe.temperature" in now]
        room = [now["ambient.temperature"] for now in last if "ambient.temperature" in now]
        power = [now["meter.power"] for now in last if "meter.power" in now]
        ground = fmean(room) if room else self._start
        if not probe or ground is None:
            return
        rise = fmean(probe) - ground
        if power and fmean(power) > 0:
            rise /= fmean(power)
        self.done.append((self._lit, rise))
