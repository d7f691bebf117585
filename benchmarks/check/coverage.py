"""Coverage: how often the 95 % interval holds the truth, over cells drawn from the prior.

Two nodes, wall unknown (45 %), coupling within a factor of 1.6, everything else as the shipped
priors of a bench with an ambient probe and no blank have it. 60 s of baseline, 10 min of light,
10 min of cooling, 1 Hz, 0.05 K. The world is the check's own equations (inference alone); what the
simulators' richer world makes of the intervals is another part. Intervals are those that ship,
without the inputs (which are given here) and without the allowance for what the model leaves out:
those of the verdict, from a bank that was told the record once more, and those the live bank ends
with.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from benchmarks._binomial import words
from benchmarks._figures import Figure
from benchmarks.check._cells import (
    AMBIENT_DEGC,
    Floats,
    draw_cell,
    on_all_cores,
    record,
    truth,
)
from labctl.monitor import build_priors
from labctl.photothermal import Inputs, Known, Moments, run_record, settled, thermal

_CELLS = 400
_POWER_W = 1.5
_NOISE_K = 0.05
_LEAST, _MOST = 0.93, 0.97

INPUTS = Inputs(
    volume_m3=Known(1e-6, 1e-8),
    density_kg_per_m3=Known(997.0, 0.5),
    specific_heat_j_per_kg_k=Known(4181.0, 8.0),
    absorbance=Known(1.0, 0.003),
)
PRIOR = build_priors(INPUTS, has_ambient=True, has_meter=True, nominal_power_w=_POWER_W)[0].bank


def measure(profile: str) -> Iterator[Figure]:
    """Yield the figures of this part; the full profile adds as many fresh cells."""
    yield from _figures(profile, range(1, _CELLS + 1), judged=True)
    if profile == "full":
        yield from _figures(profile, range(_CELLS + 1, 2 * _CELLS + 1), judged=False)


def _figures(profile: str, seeds: range, *, judged: bool) -> Iterator[Figure]:
    found = np.array(list(on_all_cores(one, seeds)))
    which = f"seeds {seeds[0]} to {seeds[-1]}"
    for told, when in enumerate(("at the verdict", "live")):
        for name, column in (("efficiency", 0), ("heat loss", 2)):
            z = found[:, told, column]
            hits = int((np.abs(z) <= 1.96).sum())
            share = hits / len(seeds)
            yield Figure(
                f"two nodes, wall unknown, {when}: {name} in its interval",
                100.0 * share,
                "%",
                profile,
                beside=f"95 % intended; {words(hits, len(seeds))}; {which}",
                goal="93 to 97 %" if judged else "",
                holds=_LEAST <= share <= _MOST if judged else None,
            )
            yield Figure(
                f"two nodes, wall unknown, {when}: stated sd of the {name}",
                100.0 * float(np.median(found[:, told, column + 1])),
                "%",
                profile,
                beside=f"rms error over stated sd {math.sqrt(float((z * z).mean())):.3f}; {which}",
            )


def one(seed: int) -> Floats:
    """A cell, as the verdict has it and as the live bank ends, (2, 4): error over stated deviation,
    and that deviation, of efficiency and of heat loss."""
    rng = np.random.default_rng(seed)
    cell = draw_cell(PRIOR, rng)
    drawn = record(
        PRIOR,
        cell,
        rng,
        heat_s=600.0,
        cool_s=600.0,
        power_w=_POWER_W,
        noise_sd_k=_NOISE_K,
        flutter_k2_per_s=float(rng.choice(PRIOR.flutter_k2_per_s)),
    )
    live = run_record(
        PRIOR,
        drawn.times_s,
        drawn.readings_degc,
        drawn.power,
        AMBIENT_DEGC,
        live=True,
    )
    told = (settled(live.bank).moments(), live.moments)
    return np.array([_off(moments, truth(cell)) for moments in told])


def _off(moments: Moments, true: Moments) -> tuple[float, float, float, float]:
    capacity = PRIOR.heat_capacity_j_per_k
    found, expected = (thermal(some, capacity, _POWER_W) for some in (moments, true))
    rate, true_rate = found.rate, expected.rate.k_per_s_w
    sd = math.hypot(rate.sd, rate.sd_wall)
    loss, loss_sd, loss_sd_wall = found.loss_per_s
    both = math.hypot(loss_sd, loss_sd_wall)
    return (
        (rate.k_per_s_w - true_rate) / sd,
        sd / true_rate,
        (loss - expected.loss_per_s[0]) / both,
        both / loss,
    )
