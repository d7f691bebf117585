"""How soon the whole bank of detectors tells of a fault, at the whole bank's threshold.

The table of delays: 1 Hz, flutter 1e-5 K2/s, white noise of 0.05 K, a cell of 5.28 J/K and 24 mW/K
at its plateau, 23.8 K above its surroundings. See `_plateau` for what the filter knows and which
rules of the detector are set aside (the smallest sizes). The onset lies just behind a reading, and
a delay counts to the reading at which the step is told.

Beside each: the first-order bound (the first reading by which half the sum of the fault's squared
normalised innovations reaches ln of a thousand hours of readings), and the mean (95 %) that a
detector of this one fault had in simulation with a threshold of 15 (the table's).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from benchmarks._figures import Figure
from benchmarks.check._plateau import (
    AMBIENT_DEGC,
    CELL,
    FLUTTER_K2_PER_S,
    HEAT_W,
    KNOWN,
    LOSS_W_PER_K,
    NOISE_K,
    POWER_W,
    RULES,
    Fault,
    Floats,
    Watch,
    readings,
)
from labctl.clock import NS
from labctl.events import Alarm, Beam, Emission, Reading, Sample
from labctl.monitor import Kind, Monitor, Priors
from labctl.photothermal import Inputs, PowerSteps, solve_cell

_BEFORE = 300
"""Readings of the plateau before the onset."""
_EDGE = 60
"""Readings after which the detector starts: the filter has forgotten its own start."""
_SLACK = 1.25
_SAMPLE_S = 1.0
_DARK_S = 60.0


@dataclass(frozen=True, slots=True)
class Row:
    """One of the table."""

    name: str
    fault: Fault
    table_s: float
    """Mean by one detector in simulation."""
    table_95_s: float
    at_most_s: int
    """How long to look."""

    @property
    def goal_s(self) -> float:
        """For the mean of the whole bank."""
        return _SLACK * self.table_s + _SAMPLE_S


def _power(factor: float) -> Fault:
    return Fault(watts=lambda since_s: np.full(len(since_s), POWER_W * factor))


def _bleach(since_s: Floats) -> Floats:
    return POWER_W * np.exp(-0.01 * since_s / 60.0)


def _offset(_: float, shown: Floats) -> Floats:
    return shown + 0.2


def _out(since_s: float, shown: Floats) -> Floats:
    """Out of the liquid, into air: towards the ambient temperature with 10 s."""
    left: Floats = AMBIENT_DEGC + (shown - AMBIENT_DEGC) * math.exp(-since_s / 10.0)
    return left


ROWS = (
    Row("power -10 %", _power(0.90), 17.6, 22, 60),
    Row("power -5 %", _power(0.95), 30.0, 39, 120),
    Row("power -2 %", _power(0.98), 88.0, 129, 400),
    Row(
        "heat loss +10 %",
        Fault(replace(CELL, heat_loss_w_per_k=1.1 * LOSS_W_PER_K)),
        17.3, 21, 60,
    ),
    Row("ambient +1 K", Fault(ambient_degc=AMBIENT_DEGC + 1.0), 35.5, 47, 150),
    Row(
        "evaporation +20 mW",
        Fault(replace(CELL, heat_per_watt=(HEAT_W - 0.02) / POWER_W)),
        43.7, 58, 200,
    ),
    Row("bleach 1 %/min", Fault(watts=_bleach), 156.0, 188, 500),
    Row("light on bead +0.5 K", Fault(replace(CELL, light_k_per_w=0.5 / POWER_W)), 2.8, 3, 20),
    Row("offset +0.2 K", Fault(shown=_offset), 3.2, 5, 30),
    Row("bead out", Fault(shown=_out), 2.0, 2, 20),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Delays:
    """Of the records that told of nothing before the onset."""

    seconds: Floats
    early: int
    missed: int
    """Not told within the time looked; counted with all of that time."""


def delays(row: Row, records: int, seed: int, every_s: float = 1.0) -> Delays:
    """Of that many records."""
    watch = Watch(records, RULES, every_s)
    told = np.full(records, np.inf)
    rng = np.random.default_rng(seed)
    chunks = (_BEFORE, round(row.at_most_s / every_s))
    for number, read in enumerate(readings(rng, records, chunks, row.fault, every_s)):
        if number == _EDGE:
            watch.edge()
        for record, _ in watch.take(read):
            told[record] = min(told[record], (number + 1.0 - _BEFORE) * every_s)
    after = told[told > 0.0]
    missed = int(np.isinf(after).sum())
    return Delays(np.minimum(after, row.at_most_s), records - len(after), missed)


def bound_s(row: Row, every_s: float = 1.0) -> float:
    """First-order: from the innovations that the fault alone leaves, without noise."""
    watch = Watch(1, RULES, every_s)
    half_energy, enough = 0.0, math.log(1000.0 * 3600.0 / every_s)
    chunks = (_BEFORE, round(row.at_most_s / every_s))
    for number, read in enumerate(readings(None, 1, chunks, row.fault, every_s)):
        watch.take(read)
        if number >= _BEFORE:
            half_energy += 0.5 * float(watch.normalised[0]) ** 2
            if half_energy >= enough:
                return (number + 1.0 - _BEFORE) * every_s
    return math.inf


def figure(row: Row, records: int, seed: int, profile: str) -> Figure:
    """One line of the table."""
    found = delays(row, records, seed)
    mean = float(found.seconds.mean())
    beside = (
        f"bound {bound_s(row):.0f} s; one detector {row.table_s:g} ({row.table_95_s:g}) s; "
        f"95 % by {float(np.percentile(found.seconds, 95)):.0f} s, {len(found.seconds)} records"
    )
    if found.early or found.missed:
        beside += f", {found.early} told early, {found.missed} not told"
    goal = f"mean at most {row.goal_s:.1f} s"
    holds = mean <= row.goal_s and not found.missed
    return Figure(f"delay, {row.name}", mean, "s", profile, beside, goal, holds)


@dataclass(frozen=True, slots=True)
class First:
    """A first run: light for so long before 5 % of its power is lost, and the flutter there is."""

    lit_s: float
    flutter_k2_per_s: float
    beside: str


FIRST = (
    First(240.0, 0.0, "one detector 26 s"),
    First(240.0, FLUTTER_K2_PER_S, "30 s with the cell known"),
    First(1200.0, FLUTTER_K2_PER_S, "30 s with the cell known"),
)


def first_run(first: First, seed: int) -> float | None:
    """From the dark on through the shipped monitor: the same cell, its parameters no better known
    than in a first run. Seconds from the loss of power to the first alarm; None without one within
    three minutes."""
    prior = replace(
        KNOWN,
        heat_loss_relative_sd=0.25,
        lag_relative_sd=0.3,
        heat_per_watt_sd=0.5 * HEAT_W / POWER_W,
        light_k_per_w=0.3,
        offset_sd_k=0.3,
        start_sd_k=1.0,
        flutter_k2_per_s=(max(first.flutter_k2_per_s, 1e-9),),
    )
    monitor = Monitor(
        Priors(Kind.RATE, prior, Inputs(), NOISE_K, True, False, POWER_W, steps=RULES)
    )
    rng = np.random.default_rng(seed)
    fault_s = _DARK_S + first.lit_s
    solved = solve_cell(
        replace(CELL, liquid_k=0.0, wall_k=0.0, bead_k=0.0),
        np.arange(0.0, fault_s + 180.5),
        PowerSteps(np.array([_DARK_S, fault_s]), np.array([POWER_W, 0.95 * POWER_W])),
        AMBIENT_DEGC,
        flutter_k2_per_s=first.flutter_k2_per_s,
        rng=rng,
    )
    for t_s, shown in enumerate(solved.bead_degc):
        if t_s == _DARK_S + 1.0:
            monitor.feed(Emission(round(_DARK_S * NS), Beam.ON, "commanded", POWER_W))
        probe = Reading(
            "probe.temperature", float(shown + rng.normal(0.0, NOISE_K)), "degC", t_s * NS
        )
        ambient = Reading("ambient.temperature", AMBIENT_DEGC, "degC", t_s * NS)
        said = monitor.feed(Sample(t_s * NS, t_s * NS, (probe, ambient)))
        if any(isinstance(event, Alarm) for event in said):
            return t_s - fault_s
    return None


def learning(first: First, runs: int, profile: str) -> Figure:
    """For information: the same while the parameters are still being learned."""
    found = [first_run(first, seed) for seed in range(1, runs + 1)]
    told = [delay for delay in found if delay is not None and delay > 0.0]
    early = sum(delay is not None and delay <= 0.0 for delay in found)
    flutter = f"flutter {first.flutter_k2_per_s:g}" if first.flutter_k2_per_s else "no flutter"
    return Figure(
        f"delay, power -5 % {first.lit_s:.0f} s into a first run, {flutter}",
        float(np.mean(told)) if told else math.inf,
        "s",
        profile,
        f"{first.beside}; {len(told)} of {runs} runs told, {early} early; for information: "
        "the cell's parameters are still being learned",
    )


def faster(row: Row, records: int, seed: int, profile: str) -> Figure:
    """For information: the same at 10 Hz."""
    found = delays(row, records, seed, 0.1)
    beside = f"bound {bound_s(row, 0.1):.1f} s; {records} records, {found.missed} not told"
    return Figure(f"delay at 10 Hz, {row.name}", float(found.seconds.mean()), "s", profile, beside)


def measure(profile: str) -> Iterator[Figure]:
    """200 records a fault, or 1000; a tenth as many first runs. In full at 10 Hz
    too."""
    records = 200 if profile == "short" else 1000
    for seed, row in enumerate(ROWS, start=1):
        yield figure(row, records, seed, profile)
    if profile == "full":
        for seed, row in enumerate(ROWS, start=1):
            yield faster(row, 200, seed, profile)
    for first in FIRST:
        yield learning(first, records // 10, profile)
