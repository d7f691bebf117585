"""Agreement: the filter bank beside the batch fit of the same records, same model, same priors.

100 cells drawn from the prior, with the flutter of one of its candidates: 60 s of baseline, 10 min
of light, 10 min of cooling, 1 Hz, 0.05 K, by the check's own equations (inference alone). The batch
fit shares the list of equations with the bank, not its recursion. Differences are in deviations of
the batch fit, of the heating rate (so of the efficiency, whose inputs are given) and of the heat
loss at the plateau.

A wall that is known to a factor makes the posterior skew, and its mean is then not its most likely
point. The bank tells means; so it is held against the batch fit's mean over weighed draws, and the
most likely cell stands beside it. The bank re-centres on its way as the live check does, and for
the verdict is settled: told the record once more, and then by narrow filters.

Two goals: on the root mean square over the runs, which is what the bank's shortcuts add to the
error of an answer (0.2 deviations: 2 % on the width that an interval would need), and on every
single run. The live bank has no goal of its own here: its intervals are held to theirs by
`coverage` and `early_stop`. Draws err too, by one deviation over the root of what they are worth:
with 200 of them by a tenth, in one run of a hundred by more than the 0.2 that both are to agree to.
So there are 1000, laid anew where they are worth less than half.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks._figures import Figure
from benchmarks.check._cells import AMBIENT_DEGC, Floats, draw_cell, on_all_cores, record
from benchmarks.check.coverage import PRIOR
from labctl.photothermal import Moments, fit_record, run_record, settled, thermal

_RUNS = 100
_POWER_W = 1.5
_NOISE_K = 0.05
_AGREED = 0.2
_DRAWS = {"short": 1000, "full": 2000}
_NAMES = ("efficiency", "heat loss")
_BANKS = ("the bank at the verdict", "the live bank")


def measure(profile: str) -> Iterator[Figure]:
    """Yield the figures of this part; the full profile takes more draws."""
    work = partial(one, draws=_DRAWS[profile])
    found = np.array(list(on_all_cores(work, range(1, _RUNS + 1))))
    for i, bank in enumerate(_BANKS):
        for j, name in enumerate(_NAMES):
            off, off_mode, ratio = (found[:, 6 * i + 3 * j + part] for part in range(3))
            apart = float(np.sqrt(np.mean(off**2)))
            yield Figure(
                f"{name}: {bank} from the batch fit, root mean square of {_RUNS} runs",
                apart,
                "sd",
                profile,
                beside=f"median {np.median(np.abs(off)):.3f}, 95th percentile "
                f"{np.percentile(np.abs(off), 95):.3f}, most {np.abs(off).max():.3f}, mean "
                f"{off.mean():+.3f}; from the most likely cell: median "
                f"{np.median(np.abs(off_mode)):.3f}, most {np.abs(off_mode).max():.3f}",
                goal=f"at most {_AGREED} sd (the reference's own error is in it)" if i == 0 else "",
                holds=apart <= _AGREED if i == 0 else None,
            )
            within = int((np.abs(off) <= _AGREED).sum())
            yield Figure(
                f"{name}: single runs with {bank} within {_AGREED} sd",
                float(within),
                f"of {_RUNS}",
                profile,
                goal="all" if i == 0 else "",
                holds=within == _RUNS if i == 0 else None,
            )
            yield Figure(
                f"{name}: deviation of {bank} over the batch fit's",
                float(np.median(ratio)),
                "x",
                profile,
                beside=f"5th to 95th percentile {np.percentile(ratio, 5):.3f} to "
                f"{np.percentile(ratio, 95):.3f}",
            )
    settled, draws = found[:, -2], found[:, -1]
    yield Figure(
        "batch fits that settled",
        float(settled.sum()),
        f"of {_RUNS}",
        profile,
        beside=f"what draws are worth in independent ones: median {np.median(draws):.0f}, least "
        f"{draws.min():.0f}; a mean over that many is off by {np.median(draws) ** -0.5:.2f} sd",
    )


def one(seed: int, *, draws: int) -> Floats:
    """For each bank and each of rate and heat loss: difference from the drawn mean and from the
    mode, in deviations of the batch fit, ratio of deviations; then settled, effective draws."""
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
        noise_sd_k=_NOISE_K,
        live=True,
    )
    fit = fit_record(
        PRIOR,
        drawn.times_s,
        drawn.readings_degc,
        drawn.power,
        AMBIENT_DEGC,
        noise_sd_k=_NOISE_K,
        draws=draws,
    )
    reference, sds = _rate_and_loss(fit.moments)
    mode, _ = _rate_and_loss(fit.mode)
    found: list[float] = []
    for told in (settled(live.bank).moments(), live.moments):
        values, own = _rate_and_loss(told)
        for k in range(2):
            off, off_mode = values[k] - reference[k], values[k] - mode[k]
            found.extend((off / sds[k], off_mode / sds[k], own[k] / sds[k]))
    return np.array([*found, float(fit.converged), fit.effective_draws])


def _rate_and_loss(moments: Moments) -> tuple[tuple[float, float], tuple[float, float]]:
    """Heating rate and heat loss at the plateau, and their deviations, the wall's part in it."""
    told = thermal(moments, PRIOR.heat_capacity_j_per_k, _POWER_W)
    loss, loss_sd, loss_sd_wall = told.loss_per_s
    rate_sd = float(np.hypot(told.rate.sd, told.rate.sd_wall))
    return (told.rate.k_per_s_w, loss), (rate_sd, float(np.hypot(loss_sd, loss_sd_wall)))
