"""A run's events -> arrays, and what the whole record leaves known of its cell."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labctl.clock import NS
from labctl.events import Emission, Event, Reading, Sample
from labctl.monitor._power import PowerInput
from labctl.monitor._priors import Priors, source_of
from labctl.photothermal import (
    CellKnowledge,
    PowerSteps,
    RecordError,
    know_cell,
    noise_of_record,
)

EDGE_SPREAD_S = 1.0
"""By how many seconds of heating the probed liquid may be ahead of an edge, or behind it."""
_AMBIENT_S = 20.0
"""The ambient probe is averaged over this, as the live check does."""
_EVERY_S = 1.0
"""Readings that come faster are averaged to this: the fit takes its time by the reading."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A run as the estimators take it."""

    times_s: NDArray[np.float64]
    readings_degc: NDArray[np.float64]
    ambients_degc: NDArray[np.float64]
    power: PowerSteps


def curve_of(events: Iterable[Event], priors: Priors) -> Curve:
    """The run's readings, and the power as the live check takes it: when by the edges, how much by
    the meter. Readings no later than the one before are left out; RecordError without any."""
    source, channel = source_of(priors.kind)
    power = PowerInput(priors.nominal_power_w)
    rows: list[tuple[float, float, float]] = []
    steps: dict[float, float] = {}
    now_s, ambient = -math.inf, math.nan
    for event in events:
        if isinstance(event, Emission) and event.source == source:
            power.tell(event.t_ns / NS, event)
        if not isinstance(event, Sample):
            continue
        found = {r.channel: r for r in event.readings if isinstance(r, Reading)}
        probe, beside = found.get("probe.temperature"), found.get("ambient.temperature")
        if probe is None or round(probe.t_ns / NS, 3) <= now_s:
            continue
        t_s = round(probe.t_ns / NS, 3)
        if beside is not None:
            part = 1.0 if not rows else 1.0 - math.exp(-(t_s - now_s) / _AMBIENT_S)
            ambient = beside.value if math.isnan(ambient) else ambient
            ambient += part * (beside.value - ambient)
        measured = found.get(channel)
        if rows:
            power.measured(None if measured is None else measured.value)
        _advance(power, now_s, t_s, steps)
        rows.append((t_s, probe.value, ambient))
        now_s = t_s
    if not rows:
        raise RecordError("the probe gave no reading")
    times, readings, ambients = (np.array(column) for column in zip(*rows, strict=True))
    ambients = np.where(np.isnan(ambients), readings[0], ambients)
    return Curve(
        times, readings, ambients, PowerSteps(np.array([*steps]), np.array([*steps.values()]))
    )


def _advance(power: PowerInput, from_s: float, to_s: float, steps: dict[float, float]) -> None:
    """Note the power of each stretch between two readings, through the edges that lie there."""
    here = from_s
    while (edge_s := power.next_edge_s(to_s)) is not None:
        there = max(here, round(edge_s, 3))
        if there > here > -math.inf:
            steps[here] = power.mean_w(here, there)
        power.pass_edge(there)
        here = there
    if to_s > here > -math.inf:
        steps[here] = power.mean_w(here, to_s)


def thinned(curve: Curve, every_s: float = _EVERY_S) -> tuple[Curve, int]:
    """The curve with readings averaged by so many that they come no faster than `every_s`, and how
    many went into each. A straight piece is left as it is; over a second of a bent one the mean is
    off by thousandths of a kelvin."""
    times = curve.times_s
    if len(times) < 2:
        return curve, 1
    together = max(1, int(every_s / float(np.median(np.diff(times))) + 1e-6))
    n = len(times) // together * together
    times, readings, ambients = (
        column[:n].reshape(-1, together).mean(axis=1)
        for column in (times, curve.readings_degc, curve.ambients_degc)
    )
    return Curve(times, readings, ambients, curve.power), together


def cell_of(events: Iterable[Event], priors: Priors) -> CellKnowledge:
    """What the whole record leaves known of its cell; RecordError where there is none in it."""
    whole = curve_of(events, priors)
    noise_k = noise_of_record(whole.times_s, whole.readings_degc, priors.noise_sd_k)
    curve, together = thinned(whole)
    noise_k /= math.sqrt(together)
    return know_cell(
        priors.bank, curve.times_s, curve.readings_degc, curve.power, curve.ambients_degc,
        noise_sd_k=noise_k, edge_spread_s=EDGE_SPREAD_S,
    )  # fmt: skip
