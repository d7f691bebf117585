"""The bank over a whole record at once: arrays in, what is known of the cell out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from labctl.photothermal._bank import FilterBank
from labctl.photothermal._discretise import Floats
from labctl.photothermal._layout import BankPrior
from labctl.photothermal._light import PowerSteps, pieces
from labctl.photothermal._noise import NoiseEstimate
from labctl.photothermal._told import Moments

_LONGEST_S = 2.0
"""What multiplies a temperature difference takes it as constant for no longer."""
_GAP_S = 120.0
"""After so long without a reading the temperatures start anew."""
_UNEVEN = 0.2
_LINE_S = 8.0


class RecordError(ValueError):
    """A record that cannot be run, with the reason and where it lies."""


@dataclass(frozen=True, slots=True)
class RecordRun:
    """What a run over a record left."""

    bank: FilterBank
    moments: Moments
    innovations_k: Floats
    """(n - 1,): each reading but the first less its forecast in the first pass; NaN behind a
    gap."""
    variances_k2: Floats
    """(n - 1,): of those, by the forecast."""
    noise_sd_k: float
    gaps: int


def check_record(times_s: Floats, readings_degc: Floats) -> tuple[Floats, Floats]:
    """Both as float arrays of one length; RecordError for what cannot be run."""
    times = np.asarray(times_s, dtype=float)
    readings = np.asarray(readings_degc, dtype=float)
    if times.ndim != 1 or times.shape != readings.shape:
        raise RecordError("times and readings must be two arrays of one length")
    if len(times) < 2:
        raise RecordError(f"{len(times)} readings are too few: a curve has two or more")
    for name, values in (("time", times), ("reading", readings)):
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            raise RecordError(f"{name} {bad[0]} is not a finite number ({len(bad)} in all)")
    # To a millisecond, as the steps between them are taken.
    back = np.flatnonzero(np.diff(np.round(times, 3)) <= 0.0)
    if len(back):
        i = int(back[0]) + 1
        raise RecordError(
            f"time {i} ({times[i]:g} s) is not behind the one before it ({times[i - 1]:g} s)"
        )
    return times, readings


def noise_of_record(times_s: Floats, readings_degc: Floats, prior_sd_k: float = 0.05) -> float:
    """Standard deviation in K of the probe's white noise, from second differences."""
    noise = NoiseEstimate(prior_sd_k)
    steps = np.diff(times_s)
    for i, reading in enumerate(readings_degc):
        if i > 1 and abs(steps[i - 1] - steps[i - 2]) > _UNEVEN * steps[i - 2]:
            noise.restart()
        noise.add(float(reading))
    return float(noise.variance**0.5)


def run_record(
    prior: BankPrior,
    times_s: Floats,
    readings_degc: Floats,
    power: PowerSteps,
    ambients_degc: float | Floats,
    *,
    noise_sd_k: float | None = None,
    edge_spread_s: float = 0.0,
    passes: int = 1,
    live: bool = False,
) -> RecordRun:
    """Run the bank over a record; with more passes than one, again, around the curve of the pass
    before (what is told is then less wrong by the way to it, where parameters were not yet known).

    `times_s` and `readings_degc` (n,), times rising; `ambients_degc` one value or one a reading
    (the ambient probe's, or the first reading's where there is none: `offset_sd_k` of the prior
    says how far the surroundings may be from it). `live` lets the first pass re-centre on its way,
    as the live check does. Without `noise_sd_k` the readings' own is taken.
    `edge_spread_s`: by how long the probed liquid may be behind the light. RecordError for a record
    that cannot be run, LostError for readings of no cell.
    """
    times, readings = check_record(times_s, readings_degc)
    ambients = np.broadcast_to(np.asarray(ambients_degc, dtype=float), times.shape)
    if not np.isfinite(ambients).all():
        raise RecordError("an ambient reading is not a finite number")
    if noise_sd_k is None:
        noise_sd_k = noise_of_record(times, readings)
    bank = FilterBank(prior, float(readings[0]), float(ambients[0]))
    run = _once(bank, times, readings, power, ambients, noise_sd_k, edge_spread_s, live)
    for _ in range(passes - 1):
        bank = run.bank.once_more()
        run = replace(run, bank=bank, moments=bank.moments())
    return run


def _once(
    bank: FilterBank,
    times: Floats,
    readings: Floats,
    power: PowerSteps,
    ambients: Floats,
    noise_sd_k: float,
    edge_spread_s: float,
    live: bool,
) -> RecordRun:
    noise_k2 = noise_sd_k**2
    innovations = np.full(len(times) - 1, np.nan)
    variances = np.full(len(times) - 1, np.nan)
    gaps = 0
    edge_s = float(times[0])
    next_line_s = edge_s + _LINE_S
    with np.errstate(all="ignore"):
        bank.take_first(float(readings[1]), noise_k2)
        for piece in pieces(times, power, _LONGEST_S):
            i = piece.reading
            now_s = piece.end_s
            if times[i] - times[i - 1] > _GAP_S:
                if piece.arrives:
                    bank.relinearise()
                    bank.resume(float(readings[i]))
                    gaps += 1
                continue
            if piece.switched:
                bank.relinearise()
                if edge_spread_s > 0.0:
                    bank.loosen(edge_spread_s * abs(bank.mean_rate()) * piece.power_w)
                edge_s = now_s
                next_line_s = now_s + _LINE_S
            elif now_s >= next_line_s:
                bank.relinearise()
                if live:
                    bank.recentre()
                next_line_s = now_s + max(_LINE_S, now_s - edge_s)
            bank.predict(piece.dt_s, piece.power_w, float(ambients[i]))
            if piece.arrives:
                mean, variance = bank.forecast(noise_k2)
                innovations[i - 1] = readings[i] - mean
                variances[i - 1] = variance
                bank.update(float(readings[i]), noise_k2)
                if live:
                    bank.catch_up()
    return RecordRun(bank, bank.moments(), innovations, variances, noise_sd_k, gaps)
