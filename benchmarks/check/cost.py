"""Cost: one reading through estimator, detectors and verdict line, at the default grid.

What is timed is `Monitor.feed` of a sample with probe, ambient probe and power meter: 10 min of
light and 10 min of cooling at 1 Hz, re-centring and all, in time of the core (what else runs on the
machine is no cost of the check). Beside it what SciPy takes to refit the same two-node equations to
the record so far.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from benchmarks._figures import Figure
from benchmarks.check._cells import AMBIENT_DEGC, BASELINE_S, Drawn, Floats, record
from benchmarks.check.coverage import INPUTS
from labctl.clock import NS
from labctl.events import Beam, Emission, Event, Reading, Sample
from labctl.monitor import Monitor, build_priors
from labctl.photothermal import CellParameters, PowerSteps, solve_cell

_POWER_W = 1.5
_NOISE_K = 0.05
_REFIT_POINTS = 1500
_MANY = 1_000_000
_CELL = CellParameters(
    heat_capacity_j_per_k=4.168,
    heat_per_watt=0.38,
    heat_loss_w_per_k=0.024,
    wall_j_per_k=1.1,
    coupling_w_per_k=0.15,
    lag_s=1.0,
    curve_per_k=0.004,
    holder_share=0.06,
)


def measure(profile: str) -> Iterator[Figure]:
    """Yield the figures of this part."""
    refit_ms = _refit_ms()
    peer = f"refit by scipy.optimize.least_squares at {_REFIT_POINTS} readings, {refit_ms:.0f} ms"
    took: list[float] = []
    for seed in range(1, 3 if profile == "short" else 11):
        took += _timed(seed)
    us = np.array(took) / 1e3
    median, last = float(np.median(us)), float(np.quantile(us, 0.999)) / 1e3
    words = "one reading, estimator + detectors + verdict line"
    yield Figure(f"{words}: least", float(us.min()), "us", profile)
    yield Figure(
        f"{words}: median",
        median,
        "us",
        profile,
        beside=peer,
        goal="<= 200 us (aim 60 us)",
        holds=median <= 200.0,
    )
    yield Figure(f"{words}: mean, re-centring spread", float(us.mean()), "us", profile)
    yield Figure(
        f"{words}: 99.9 %, re-centring",
        last,
        "ms",
        profile,
        beside=f"{len(us)} readings",
        goal="<= 20 ms",
        holds=last <= 20.0,
    )
    if profile == "full":
        yield from _many(profile)


def _monitor() -> Monitor:
    priors, assumptions = build_priors(
        INPUTS, has_ambient=True, has_meter=True, nominal_power_w=_POWER_W
    )
    return Monitor(priors, assumptions)


def _drawn(seed: int, heat_s: float = 600.0, cool_s: float = 600.0) -> Drawn:
    prior = build_priors(INPUTS, has_ambient=True, has_meter=True, nominal_power_w=_POWER_W)[0].bank
    return record(
        replace(prior, drift_k2_per_s=0.0),
        _CELL,
        np.random.default_rng(seed),
        heat_s=heat_s,
        cool_s=cool_s,
        power_w=_POWER_W,
        noise_sd_k=_NOISE_K,
        flutter_k2_per_s=1e-6,
    )


def _timed(seed: int) -> list[float]:
    """Nanoseconds of each sample of a run."""
    drawn, monitor = _drawn(seed), _monitor()
    took: list[float] = []
    was_w = 0.0
    for t_s, degc in zip(drawn.times_s, drawn.readings_degc, strict=True):
        power_w = drawn.power.at(float(t_s) - 1e-6)
        if power_w != was_w:
            monitor.feed(_edge(float(t_s) - 1.0, power_w))
            was_w = power_w
        event = _sample(float(t_s), float(degc), power_w)
        began = time.thread_time_ns()
        monitor.feed(event)
        took.append(time.thread_time_ns() - began)
    return took


def _edge(t_s: float, power_w: float) -> Event:
    lit = power_w > 0.0
    return Emission(
        round(t_s * NS), Beam.ON if lit else Beam.OFF, "commanded", power_w if lit else None
    )


def _sample(t_s: float, degc: float, power_w: float) -> Event:
    t_ns = round(t_s * NS)
    return Sample(
        t_ns,
        t_ns,
        (
            Reading("probe.temperature", degc, "degC", t_ns),
            Reading("ambient.temperature", AMBIENT_DEGC, "degC", t_ns),
            Reading("meter.power", power_w, "W", t_ns),
        ),
    )


def _refit_ms() -> float:
    """Milliseconds of one refit of seven parameters from where the last one ended."""
    from scipy.optimize import least_squares

    drawn = _drawn(1, 720.0, 720.0)
    times, readings = drawn.times_s[:_REFIT_POINTS], drawn.readings_degc[:_REFIT_POINTS]

    def cells(points: Floats) -> CellParameters:
        heat, loss, wall, coupling, lag, light, offset = points.T
        return replace(
            _CELL,
            heat_per_watt=heat,
            heat_loss_w_per_k=0.024 * np.exp(loss),
            wall_j_per_k=1.1 * np.exp(wall),
            coupling_w_per_k=0.15 * np.exp(coupling),
            lag_s=np.exp(lag),
            light_k_per_w=light,
            offset_k=offset,
        )

    def solved(points: Floats) -> Floats:
        return solve_cell(cells(points), times, drawn.power, AMBIENT_DEGC).bead_degc

    def residuals(point: Floats) -> Floats:
        left: Floats = (solved(point[None, :])[0] - readings) / _NOISE_K
        return left

    def jacobian(point: Floats) -> Floats:
        # All columns at once: the peer is not slowed by being asked one after the other.
        step = 1e-4
        n = len(point)
        moved = solved(np.concatenate([point + step * np.eye(n), point - step * np.eye(n)]))
        columns: Floats = (moved[:n] - moved[n:]).T / (2.0 * step * _NOISE_K)
        return columns

    start = np.array([0.38, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    began = time.thread_time()
    least_squares(residuals, start, jac=jacobian, method="lm", max_nfev=20)
    return (time.thread_time() - began) * 1e3


def _many(profile: str) -> Iterator[Figure]:
    """A million samples of one cell: light for ten minutes of every forty."""
    rng = np.random.default_rng(1)
    starts = np.arange(BASELINE_S, _MANY, 2400.0)
    power = PowerSteps.on_off(_POWER_W, *((t, t + 600.0) for t in starts))
    times = np.arange(float(_MANY))
    readings = solve_cell(_CELL, times, power, AMBIENT_DEGC).bead_degc
    readings += rng.normal(0.0, _NOISE_K, len(times))
    monitor = _monitor()
    before = _memory_mb()
    began = time.thread_time()
    was_w = 0.0
    for t_s, degc in enumerate(readings):
        power_w = power.at(t_s - 0.5)
        if power_w != was_w:
            monitor.feed(_edge(t_s - 1.0, power_w))
            was_w = power_w
        monitor.feed(_sample(float(t_s), float(degc), power_w))
    took = time.thread_time() - began
    grown = _memory_mb() - before
    verdict = monitor.verdict(_MANY * NS).verdict
    yield Figure("a million samples: time for each", took / _MANY * 1e6, "us", profile)
    yield Figure(
        "a million samples: memory grown",
        grown,
        "MB",
        profile,
        beside=f"verdict at the end: {verdict}",
        goal="<= 500 MB",
        holds=grown <= 500.0,
    )


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
