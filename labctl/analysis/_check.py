"""The check of a run, over a record: the same events in, the same verdict out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labctl.clock import NS
from labctl.events import Alarm, Assessment, Beam, Emission, Reading, Sample, Verdict
from labctl.monitor import EDGE_SPREAD_S, Monitor, Priors
from labctl.photothermal import Record, edges

Floats = NDArray[np.float64]
_BESIDE_S = 1200.0
_TIME_CONSTANTS = 8.0


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check of a run said of a record. Times in the record's own, but that of one that
    begins below zero, where a run's clock never is: they count from its first row."""

    verdict: Verdict
    alarms: tuple[Alarm, ...]
    assessed: tuple[Assessment, ...]
    """One a row at most, at the row's time."""
    priors: Priors
    zero_s: float
    """What the record's clock says at the zero of these times."""


def checked(record: Record, priors: Priors, assumptions: tuple[str, ...]) -> Checked:
    """Feed a usable record with known light to the check of a run, edges at their own times."""
    zero_s = min(0.0, float(record.time_s[0]))
    monitor = Monitor(priors, assumptions)
    waiting = [(_ns(edge.time_s - zero_s), edge) for edge in edges(record)]
    alarms: list[Alarm] = []
    assessed: list[Assessment] = []
    t_ns = 0
    for i, time_s in enumerate(record.time_s):
        t_ns = _ns(float(time_s) - zero_s)
        while waiting and waiting[0][0] <= t_ns:
            at_ns, edge = waiting.pop(0)
            beam = Beam.ON if edge.on else Beam.OFF
            power_w = priors.nominal_power_w if edge.on else None
            monitor.edge_spread_s = max(EDGE_SPREAD_S, edge.spread_s)
            monitor.feed(Emission(at_ns, beam, "record", power_w))
        for event in monitor.feed(Sample(t_ns, t_ns, _readings(record, i, t_ns))):
            if isinstance(event, Alarm):
                alarms.append(event)
            elif isinstance(event, Assessment):
                assessed.append(event)
    return Checked(monitor.verdict(t_ns), tuple(alarms), tuple(assessed), priors, zero_s)


def _ns(time_s: float) -> int:
    return round(time_s * NS)


def _readings(record: Record, row: int, t_ns: int) -> tuple[Reading, ...]:
    found = [Reading("probe.temperature", float(record.temperature_degc[row]), "degC", t_ns)]
    if record.ambient_degc is not None and np.isfinite(record.ambient_degc[row]):
        ambient = float(record.ambient_degc[row])
        found.insert(0, Reading("ambient.temperature", ambient, "degC", t_ns))
    if record.power_w is not None and np.isfinite(record.power_w[row]):
        found.append(Reading("meter.power", float(record.power_w[row]), "W", t_ns))
    return tuple(found)


def around_the_light(record: Record, tau_s: float) -> tuple[Record, str]:
    """What the light has to do with: from 20 min before it first came on to 8 time constants, or
    20 min, after it last went off; and in words what was left out. What lies further off says
    nothing of the cell, and its drift is not that of one run. A usable record with known light."""
    found = edges(record)
    t = record.time_s
    begin_s = found[0].time_s - _BESIDE_S
    end_s = float(t[-1])
    if not found[-1].on:
        end_s = found[-1].time_s + max(_BESIDE_S, _TIME_CONSTANTS * tau_s)
    near = (t >= begin_s) & (t <= end_s)
    if bool(near.all()):
        return record, ""
    kept = t[near]
    return record.rows(near), (
        f"check and batch fit take the readings from {kept[0]:.0f} to {kept[-1]:.0f} s, around the "
        "light"
    )


def thinned(record: Record, most: int) -> tuple[Record, int]:
    """Means of so many neighbours that at most about `most` rows are left, none of them across an
    edge of the light; and how many neighbours. A usable record."""
    n = len(record)
    if n <= most:
        return record, 1
    several = -(-n // most)
    light = record.light
    starts = np.zeros(n, dtype=bool)
    if light is not None:
        starts[1:] = light[1:] != light[:-1]
    begin = np.flatnonzero(starts)
    borders = np.unique(
        np.concatenate(
            [
                np.arange(low, high, several)
                for low, high in zip(
                    np.r_[0, begin].tolist(), np.r_[begin, n].tolist(), strict=True
                )
            ]
        )
    )
    count = np.diff(np.r_[borders, n])

    def mean(values: Floats) -> Floats:
        means: Floats = np.add.reduceat(values, borders) / count
        return means

    return Record(
        mean(record.time_s),
        mean(record.temperature_degc),
        None if record.laser_on is None else record.laser_on[borders],
        None if record.power_w is None else mean(np.nan_to_num(record.power_w)),
        None if record.ambient_degc is None else mean(_filled(record.ambient_degc)),
    ), several


def _filled(values: Floats) -> Floats:
    """Without gaps: the mean of the rest stands in."""
    return np.where(np.isfinite(values), values, np.nanmean(values))
