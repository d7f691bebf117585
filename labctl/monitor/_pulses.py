"""Pulses of one source folded from a run's events: how far each has warmed the probe, and how fast.

What is taken of a pulse is the probe over its surroundings as they are read beside it, or, where
nobody reads them, over the probe before the first pulse.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from statistics import fmean

from labctl.clock import NS
from labctl.events import Beam, Emission, Event, Reading, Sample

WINDOW_S = 30.0
"""Before an edge, over which readings are averaged."""
EARLY_S = (45.0, 75.0)
"""After light came on, when the loss has taken little yet: what has been gained by then is by the
power and by what becomes heat of it."""
_SETTLE_S = 3.0
"""A meter still rises until then, and may fall as long before the off is told."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """From light on to light off. Temperatures in K over the surroundings."""

    asked_w: float | None
    """The power that was asked for."""
    metered_w: float | None
    """Mean over the pulse; None without a meter."""
    on_at_s: float
    """When the light came on."""
    on_s: float
    """How long it was on."""
    before_k: float
    """As the light came on."""
    early_k: float | None
    """Mean of `EARLY_S`; None for a shorter pulse."""
    end_k: float
    """Mean of the last `WINDOW_S`."""
    readings: tuple[int, int, int]
    """How many are in each of these."""
    steady: bool
    """The power was left as it was asked for."""

    @property
    def power_w(self) -> float | None:
        """As metered, or else as asked for."""
        return self.asked_w if self.metered_w is None else self.metered_w


class Pulses:
    """Feed it every event of the run, in order. `done` has the pulses that are over."""

    def __init__(self, source: str, power_channel: str) -> None:
        self._source = source
        self._power_channel = power_channel
        self.done: list[Pulse] = []
        self._ground: float | None = None
        self._last: deque[tuple[float, float]] = deque()
        self._on_s: float | None = None
        self._asked_w: float | None = None
        self._before: list[float] = []
        self._early: list[float] = []
        self._metered: list[tuple[float, float]] = []
        self._steady = True

    def feed(self, event: Event) -> None:
        """Take the run's next event."""
        if isinstance(event, Sample):
            self._sample(event)
        elif isinstance(event, Emission) and event.source == self._source:
            self._emission(event)

    def _sample(self, sample: Sample) -> None:
        read = {r.channel: r for r in sample.readings if isinstance(r, Reading)}
        probe, room = read.get("probe.temperature"), read.get("ambient.temperature")
        if probe is None or not math.isfinite(probe.value):
            return
        t_s = probe.t_ns / NS
        if self._ground is None and room is None:
            self._ground = probe.value
        ground = room.value if room is not None else self._ground
        if ground is None:
            return
        over_k = probe.value - ground
        self._last.append((t_s, over_k))
        while self._last[0][0] < t_s - WINDOW_S:
            self._last.popleft()
        if self._on_s is None:
            return
        since_s = t_s - self._on_s
        if EARLY_S[0] <= since_s <= EARLY_S[1]:
            self._early.append(over_k)
        power = read.get(self._power_channel)
        if power is not None and since_s >= _SETTLE_S:
            self._metered.append((t_s, power.value))

    def _emission(self, event: Emission) -> None:
        t_s = event.t_ns / NS
        if event.beam is Beam.ON:
            if self._on_s is None:
                self._on_s, self._asked_w, self._steady = t_s, event.power_w, True
                self._before = [k for at_s, k in self._last if at_s >= t_s - WINDOW_S]
                self._early, self._metered = [], []
            elif event.power_w is not None and event.power_w != self._asked_w:
                self._steady = False
        elif self._on_s is not None:
            self._close(self._on_s, t_s)
            self._on_s = None

    def _close(self, on_s: float, t_s: float) -> None:
        end = [k for at_s, k in self._last if max(on_s, t_s - WINDOW_S) <= at_s <= t_s]
        metered = [power_w for at_s, power_w in self._metered if at_s <= t_s - _SETTLE_S]
        if not self._before or not end:
            return
        early = self._early if t_s - on_s >= EARLY_S[1] else []
        self.done.append(
            Pulse(
                self._asked_w,
                fmean(metered) if metered and fmean(metered) > 0.0 else None,
                on_s,
                t_s - on_s,
                fmean(self._before),
                fmean(early) if early else None,
                fmean(end),
                (len(self._before), len(early), len(end)),
                self._steady,
            )
        )
