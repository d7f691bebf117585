"""Records as anybody has them: of a vessel that nobody stated, of a column that lies, with readings
10 and 30 s apart.

The cells are the check's own equations, so that the truth is known; what is judged goes through
`labctl.analysis` and `labctl.monitor` as shipped.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from statistics import fmean

import numpy as np

from benchmarks import _binomial
from benchmarks._figures import Figure
from benchmarks.check._cells import draw_cell, on_all_cores, truth
from labctl import sample as samples
from labctl.analysis import Given, Loaded, analyse
from labctl.monitor import ROOM
from labctl.photothermal import (
    BankPrior,
    CellParameters,
    Inputs,
    Known,
    PowerSteps,
    Record,
    solve_cell,
    thermal,
)

_N = {"short": 20, "full": 200}
_TAU_S, _TAU_LOG_SD = 220.0, 0.9
"""Of vessels of 1 mL, insulated or in a holder: a factor of 6 once in twenty."""
_LENGTHS = (0.3, 3.0)
"""Of a record without its baseline, in time constants."""
_NOISE_K = 0.05
_AMBIENT_DEGC = 22.0
_OFF_K = 10.0
_COLD_K = (4.0, 12.0)
_EVERY_S = (10.0, 30.0)


def measure(profile: str) -> Iterator[Figure]:
    """Yield the figures of this part."""
    seeds = range(1, _N[profile] + 1)
    yield from _time_constants(list(on_all_cores(short, seeds)), profile)
    yield from _probes(list(on_all_cores(probes, seeds)), profile)
    yield from _sampling(list(on_all_cores(sampled, seeds)), profile)


@cache
def _given(stated: bool = True) -> Given:
    """A dispersion of known volume and absorbance under a known power, no bench; or nothing."""
    if not stated:
        return Given()
    return Given(samples.load(samples.find("gold-nanorods")), power=Known(1.0, 0.03))


@cache
def _prior() -> tuple[BankPrior, Inputs]:
    found = analyse(_loaded(_curve(CellParameters(4.18, 0.4, 0.024, 1.1, 0.15, 1.0), 1)), _given())
    if found.check is None:
        raise RuntimeError("the dispersion has no priors")
    return found.check.priors.bank, found.check.priors.inputs


def _cell(rng: np.random.Generator) -> CellParameters:
    """Drawn from the prior, in its surroundings, with a heat of 20 to 60 % of the power."""
    return replace(
        draw_cell(_prior()[0], rng),
        heat_per_watt=rng.uniform(0.2, 0.6),
        offset_k=0.0, drift_k_per_s=0.0, holder_k=0.0, liquid_k=0.0, wall_k=0.0, bead_k=0.0,
    )  # fmt: skip


def _curve(
    cell: CellParameters,
    seed: int,
    *,
    every_s: float = 5.0,
    spans_s: tuple[float, float, float] = (60.0, 600.0, 600.0),
    phase: float = 0.0,
    ambient_off_k: float | None = None,
) -> Record:
    """Dark, light, dark; the light changes at `phase` of an interval between two readings."""
    rng = np.random.default_rng(seed)
    on_s = math.ceil(spans_s[0] / every_s) * every_s + phase * every_s
    off_s = on_s + spans_s[1]
    times = np.arange(0.0, off_s + spans_s[2], every_s)
    solved = solve_cell(
        cell, times, PowerSteps.on_off(1.0, (on_s, off_s)), _AMBIENT_DEGC,
        flutter_k2_per_s=1e-6, rng=rng,
    )  # fmt: skip
    readings = solved.bead_degc + rng.normal(0.0, _NOISE_K, len(times))
    ambient = None
    if ambient_off_k is not None:
        ambient = np.full(len(times), _AMBIENT_DEGC + ambient_off_k)
    return Record(times, readings, (times >= on_s) & (times < off_s), None, ambient)


def _loaded(record: Record) -> Loaded:
    return Loaded(record, "drawn", (), lines=range(2, len(record) + 2))


# -- vessels that nobody stated ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Short:
    """Of one record: per row (told, held); None where the row tells no time constant."""

    live: bool | None
    batch: bool | None


def short(seed: int) -> Short:
    """Every fourth with no volume either."""
    rng = np.random.default_rng(10_000 + seed)
    cell = _cell(rng)
    capacity = float(cell.heat_capacity_j_per_k)
    tau_s = _TAU_S * math.exp(float(np.clip(rng.normal(0.0, _TAU_LOG_SD), -1.8, 1.8)))
    loss = (capacity + float(cell.wall_j_per_k)) / tau_s
    cell = replace(cell, heat_loss_w_per_k=loss, heat_per_watt=rng.uniform(4.0, 20.0) * loss)
    tau_s = thermal(truth(cell), capacity, 1.0).time_constant_s[0]
    length_s = tau_s * math.exp(rng.uniform(*np.log(_LENGTHS)))
    lit = rng.uniform(0.4, 1.0)
    spans = (min(60.0, max(10.0, 0.1 * tau_s)), lit * length_s, (1.0 - lit) * length_s)
    record = _curve(cell, seed, every_s=max(1.0, round(length_s / 150.0)), spans_s=spans)
    rows = analyse(_loaded(record), _given(stated=seed % 4 != 0)).rows[:2]
    held = [
        None if row.time_constant is None
        else row.time_constant.low <= tau_s <= row.time_constant.high
        for row in rows
    ]  # fmt: skip
    return Short(held[0], held[1])


def _time_constants(found: Sequence[Short], profile: str) -> Iterator[Figure]:
    for name in ("live", "batch"):
        told = [held for each in found if (held := getattr(each, name)) is not None]
        n, held = len(told), sum(told)
        low, high = _binomial.interval(held, n)
        yield Figure(
            f"vessel not stated, {name}: 95 % interval of the time constant, where it is told",
            held / n,
            "of records",
            profile,
            beside=f"{_LENGTHS[0]:g} to {_LENGTHS[1]:g} time constants, told in {n} of "
            f"{len(found)}: {_binomial.words(held, n)}",
            goal="0.95 in its binomial interval, or above",
            holds=low <= 0.95 <= high or held / n >= 0.95,
        )


# -- an ambient probe that is off --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Probes:
    """Whether the probe was named: off, and at its place with a sample that is cold or warm."""

    off: bool
    held: bool
    """Whether the efficiency's interval holds the truth all the same."""
    cold: bool


def probes(seed: int) -> Probes:
    """10 K off, either way; and a sample that begins 4 to 12 K off its surroundings."""
    rng = np.random.default_rng(20_000 + seed)
    cell = _cell(rng)
    side = 1.0 if seed % 2 else -1.0
    off = analyse(_loaded(_curve(cell, seed, ambient_off_k=side * _OFF_K)), _given())
    from_k = side * rng.uniform(*_COLD_K)
    elsewhere = replace(cell, liquid_k=from_k, wall_k=from_k, bead_k=from_k)
    cold = analyse(_loaded(_curve(elsewhere, seed, ambient_off_k=0.0)), _given())
    value = off.rows[0].efficiency
    return Probes(
        _named(off.criteria),
        value is not None and value.low <= _efficiency(cell) <= value.high,
        _named(cold.criteria),
    )


def _named(criteria: Sequence[object]) -> bool:
    whys = [getattr(each, "why", "") for each in criteria if getattr(each, "name", "") == ROOM]
    return any("that probe is off, elsewhere" in why for why in whys)


def _efficiency(cell: CellParameters) -> float:
    inputs = _prior()[1]
    particles, solvent = inputs.shares()
    return (float(cell.heat_per_watt) / inputs.wall_transmission.value - solvent) / particles


def _probes(found: Sequence[Probes], profile: str) -> Iterator[Figure]:
    n = len(found)
    named, falsely = sum(each.off for each in found), sum(each.cold for each in found)
    yield Figure(
        f"ambient column {_OFF_K:g} K off: named",
        named / n,
        "of records",
        profile,
        beside=f"{_binomial.words(named, n)}; efficiency held in {sum(e.held for e in found)}",
        goal=">= 0.95",
        holds=named / n >= 0.95,
    )
    yield Figure(
        "ambient column right, sample cold or warm: named",
        falsely,
        f"of {n}",
        profile,
        beside=f"beginning {_COLD_K[0]:g} to {_COLD_K[1]:g} K off; 95 % upper bound "
        f"{_binomial.interval(falsely, n)[1] * 100.0:.2g} %",
        goal="0",
        holds=falsely == 0,
    )


# -- readings far apart ------------------------------------------------------------------------


def sampled(seed: int) -> tuple[tuple[float, bool], ...]:
    """(relative error, held) of the efficiency for each of `_EVERY_S`; light anywhere between."""
    rng = np.random.default_rng(30_000 + seed)
    cell = _cell(rng)
    found = []
    for every_s in _EVERY_S:
        record = _curve(
            cell, seed, every_s=every_s, spans_s=(60.0, 600.0, 900.0), phase=rng.uniform(0.1, 0.9)
        )
        lit = record.laser_on
        measured = replace(
            record,
            power_w=None
            if lit is None
            else np.where(lit, rng.normal(1.0, 0.001, len(record)), 0.0),
        )
        value, true = analyse(_loaded(measured), _given()).rows[0].efficiency, _efficiency(cell)
        if value is None:
            raise RuntimeError(f"seed {seed} has no efficiency")
        found.append((value.value / true - 1.0, value.low <= true <= value.high))
    return tuple(found)


def _sampling(found: Sequence[Sequence[tuple[float, bool]]], profile: str) -> Iterator[Figure]:
    n = len(found)
    for i, every_s in enumerate(_EVERY_S):
        errors = [each[i][0] for each in found]
        held = sum(each[i][1] for each in found)
        mean = fmean(errors)
        spread = fmean((error - mean) ** 2 for error in errors) ** 0.5
        yield Figure(
            f"readings {every_s:g} s apart, power measured: mean error of the efficiency",
            mean * 100.0,
            "%",
            profile,
            beside=f"± {100.0 * spread / math.sqrt(n):.2g} of the mean, spread "
            f"{100.0 * spread:.2g} % (walls drawn to 45 %); held: {_binomial.words(held, n)}",
        )
